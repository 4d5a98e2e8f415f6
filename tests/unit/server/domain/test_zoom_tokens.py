from __future__ import annotations

from typing import Any

import pytest

from server.domain.zoom_tokens import LONGEST, TokensError, checked

NONE = {"zak_token": "", "join_token": ""}


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({}, {}),
        ({"zak_token": "a.b-c_d=="}, {"zak_token": "a.b-c_d=="}),
        ({"zak_token": None, "join_token": "j", "app_privilege_token": "p"}, {"join_token": "j"}),
        ({"zak_token": "z", "app_privilege_token": ["no use", "for it"]}, {"zak_token": "z"}),
        ({"join_token": "j" * LONGEST, "something_new": [1]}, {"join_token": "j" * LONGEST}),
    ],
)
def test_each_token_may_be_there(answer: Any, found: dict[str, str]) -> None:
    assert checked(answer) == NONE | found


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([], "must be a JSON object with any of zak_token"),
        ("s3cret", "must be a JSON object"),
        (None, "must be a JSON object"),
        ({"zak_token": 5}, "zak_token must be a text"),
        ({"zak_token": ["s3cret"]}, "zak_token must be a text"),
        ({"join_token": "s3cret" * LONGEST}, "at most 4,096 characters; it has 24,576"),
        ({"join_token": "s3cret\n"}, "join_token must be of printable ASCII"),
        ({"zak_token": "s3cret und mehr"}, "without spaces"),
        ({"zak_token": "s3crét"}, "printable ASCII"),
    ],
)
def test_what_else_may_not_be_there_is_told_without_a_word_of_it(answer: Any, words: str) -> None:
    with pytest.raises(TokensError, match=words) as caught:
        checked(answer)
    assert "s3cr" not in str(caught.value)
