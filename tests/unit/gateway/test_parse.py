from __future__ import annotations

import pytest

from gateway.dialect.parse import NotJsonError, parse_object


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{bad", "JSON parse error"),
        (b"null", "must be one JSON object, as {…}, not null"),
        (b"[1]", "not a list"),
        (b'"x"', "not a string"),
        (b"1", "not a number"),
        (b'{"a": NaN}', "JSON parse error"),
        (b'{"a": Infinity}', "JSON parse error"),
        (b'{"a": "\xff"}', "JSON parse error"),
        (b'{"a": "\\ud800"}', "JSON parse error"),
        (b'{"a": 1, "a": 1}', 'the key "a" stands twice'),
        (b'{"a": 1, "\\u0061": 1}', 'the key "a" stands twice'),
        (b'{"a": {"b": "", "b": ""}}', 'the key "b" stands twice'),
        (b'{"a": [{"b": 1, "b": 2}], "c": "\\n"}', 'the key "b" stands twice'),
        (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "deeper than 32"),
        (b'{"a": ' * 33 + b"1" + b"}" * 33, "deeper than 32"),
        (b"[" * 100_000, "JSON parse error"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON parse error"),
    ],
)
def test_what_is_not_one_clean_object_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(NotJsonError, match=r".") as caught:
        parse_object(body)
    assert words in str(caught.value)


def test_an_empty_body_is_an_empty_object() -> None:
    assert parse_object(b"") == {}


def test_a_huge_number_is_read_however_the_body_is_checked() -> None:
    assert parse_object(b'{"a": ' + b"9" * 300 + b', "b": "\\n"}')["a"] > 1e299


def test_equal_keys_in_different_objects_are_fine() -> None:
    assert parse_object('{"a": [{"b": "é"}, {"b": "\\u00e9"}]}'.encode()) == {"a": [{"b": "é"}, {"b": "é"}]}


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert parse_object(b'{"a": [' + b"{}," * 100 + b"{}]}")["a"] == [{}] * 101


def test_thirty_two_levels_are_allowed() -> None:
    parse_object(b'{"a": ' * 32 + b"1" + b"}" * 32)
