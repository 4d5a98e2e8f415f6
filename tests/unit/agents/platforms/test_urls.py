from __future__ import annotations

import pytest

from agents.platforms.base import JoinRequest
from agents.platforms.file_reader import PlatformFileError, read_text
from agents.platforms.urls import open_url, variables
from tests.unit.agents.platforms.paper_page import MATCH

EVIDENCE = '[evidence]\nin_meeting = [".tile"]\n'


def opened(rules: str, url: str = "https://meet.example.org/room?x=1#top", name: str = 'Ann "B" & Söhne') -> str:
    file = read_text(MATCH + EVIDENCE + rules)
    return open_url(file, variables(file, JoinRequest(url, name)))


def test_without_rules_the_meetings_url_is_opened() -> None:
    assert opened("") == "https://meet.example.org/room?x=1#top"


def test_query_and_fragment_are_added_encoded() -> None:
    rules = (
        "[url]\nquery = { name = '{bot_name}' }\nfragment = { 'userInfo.displayName' = '\"{bot_name}\"', 'config.a' = 'true' }\n"
    )
    assert opened(rules, name="A b&") == (
        "https://meet.example.org/room?x=1&name=A%20b%26#top&userInfo.displayName=%22A%20b%26%22&config.a=true"
    )


def test_a_url_is_rewritten_by_patterns_in_order() -> None:
    rules = (
        "[[url.rewrite]]\nfrom = '^https://[^/]*/j/(\\d+)\\?pwd=(.*)$'\nto = 'https://app.example.org/wc/\\1/join?pwd=\\2'\n"
        "[[url.rewrite]]\nfrom = '$'\nto = '&un={bot_name}'\n"
    )
    assert opened(rules, "https://meet.example.org/j/12?pwd=a", "B c") == "https://app.example.org/wc/12/join?pwd=a&un=B%20c"


def test_variables_come_from_the_meetings_url() -> None:
    rules = "[variables]\nroom = '/([^/?#]+)\\?'\nnone = 'zz(z)'\n[url]\nopen = 'https://meet.example.org/#/join/{room}/{none}?n={bot_name}'\n"
    assert opened(rules, "https://meet.example.org/my%20room?x", "B") == "https://meet.example.org/#/join/my%20room/?n=B"


def test_rules_that_make_no_web_address_are_refused() -> None:
    with pytest.raises(ValueError, match="make no http"):
        opened("[url]\nopen = 'file:///etc/passwd'\n")


SECRETS = "[url]\nquery = { zak = '{zoom_zak}', tk = '{zoom_join_token}', hl = 'en' }\n"


def with_secrets(url: str, **secrets: str) -> str:
    file = read_text(MATCH + EVIDENCE + SECRETS)
    return open_url(file, variables(file, JoinRequest(url, "Ann")), secrets)


def test_secrets_are_added_encoded_in_place_of_those_that_were_there() -> None:
    url = "https://meet.example.org/j?tk=old&pwd=a&zak=#top"
    expected = "https://meet.example.org/j?pwd=a&zak=a%2Fb%26c%3D&tk=new&hl=en#top"
    assert with_secrets(url, zoom_zak="a/b&c=", zoom_join_token="new") == expected


def test_a_parameter_whose_secret_is_not_there_is_left_out_and_one_of_the_url_stays() -> None:
    assert with_secrets("https://meet.example.org/j?tk=own") == "https://meet.example.org/j?tk=own&hl=en"
    assert with_secrets("https://meet.example.org/j?zak=x", zoom_zak="z") == "https://meet.example.org/j?zak=z&hl=en"


@pytest.mark.parametrize(
    "rules",
    [
        "[url]\nopen = 'https://x.example.org/{zoom_zak}'\n",
        "[url]\nfragment = { a = '{zoom_zak}' }\n",
        "[[join]]\nfill = '#a'\nwith = '{zoom_join_token}'\n",
        "[[join]]\nopen = 'https://x.example.org/{zoom_zak}'\n",
    ],
)
def test_secrets_are_for_the_query_alone(rules: str) -> None:
    with pytest.raises(PlatformFileError, match="stands for nothing"):
        read_text(MATCH + EVIDENCE + rules)


def test_no_variable_of_a_file_takes_the_name_of_a_secret() -> None:
    with pytest.raises(PlatformFileError, match="choose another name"):
        read_text(MATCH + EVIDENCE + "[variables]\nzoom_zak = 'a(b)'\n")
