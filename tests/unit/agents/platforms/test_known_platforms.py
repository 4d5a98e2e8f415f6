"""The files of the known platforms: what can be said of them without a browser."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from agents.browser.api import BrowserOptions
from agents.platforms.adapter import DeclarativeAdapter
from agents.platforms.base import JoinRequest, UiState
from agents.platforms.platform_file import PlatformFile
from agents.platforms.registry import Registry
from agents.platforms.urls import open_url, variables
from rollcall.v1 import bot_pb2 as bot

KNOWN = ("google_meet", "zoom", "teams", "jitsi")
LANGUAGES = ("[texts.en]", "[texts.de]", "[texts.ja]")


def file_of(name: str) -> PlatformFile:
    adapter = Registry().find(name)
    assert isinstance(adapter, DeclarativeAdapter)
    return adapter.file


def opened(name: str, url: str, bot_name: str = "Bot") -> str:
    file = file_of(name)
    return open_url(file, variables(file, JoinRequest(url, bot_name)))


def test_every_platform_of_the_contract_has_an_adapter() -> None:
    names = {name.removeprefix("PLATFORM_").lower() for name in bot.Platform.keys()}  # noqa: SIM118 -- an enum, not a dict
    for name in names - {"unspecified", "declarative"}:
        assert Registry().find(name).name == name


@pytest.mark.parametrize("name", KNOWN)
def test_the_language_is_pinned_to_english(name: str) -> None:
    flags = DeclarativeAdapter(file_of(name)).browser_options(BrowserOptions()).flags
    assert "--lang=en-US" in flags
    assert "--accept-lang=en-US,en" in flags


@pytest.mark.parametrize("name", KNOWN)
def test_texts_are_there_in_english_german_and_japanese(name: str) -> None:
    text = Path(file_of(name).path).read_text(encoding="utf-8")
    assert all(language in text for language in LANGUAGES)


@pytest.mark.parametrize("name", KNOWN)
def test_each_outcome_that_a_guest_may_meet_has_evidence(name: str) -> None:
    told = {state for state, _ in file_of(name).evidence}
    always = {UiState.PRE_JOIN, UiState.NAME_ASKED, UiState.LOBBY, UiState.HOST_ABSENT, UiState.IN_MEETING, UiState.DENIED}
    always |= {UiState.NOT_FOUND, UiState.LOGIN_REQUIRED, UiState.CAPTCHA, UiState.BLOCKED, UiState.FULL}
    always |= {UiState.REMOVED, UiState.ENDED, UiState.PAGE_LOST}
    assert always <= told


LISTED = {
    "google_meet": "[role=listitem][data-participant-id]",
    "zoom": ".participants-li, .participants-item",
    "teams": '[data-cid="roster-participant"], [data-tid^="participantsInCall-"]',
}


PROVES = {"others", "contributors", "remote_videos", "listed"}
"""Counters of what only a meeting has. A lobby may have connections, and tracks that bring silence."""
COUNTS_SOMEBODY = '[aria-label*=",["]:not([aria-label*=",[0]"])'


@pytest.mark.parametrize("name", KNOWN)
def test_being_in_needs_somebody_else_the_list_of_people_or_the_clients_own_word(name: str) -> None:
    for condition in dict(file_of(name).evidence)[UiState.IN_MEETING]:
        parts = (condition, *condition.every, *condition.some)
        elements = [part.element for part in parts if part.element is not None]
        counters = {counter for part in parts for counter, _ in part.counters}
        listed = any(element.css == LISTED.get(name) or element.css.endswith(COUNTS_SOMEBODY) for element in elements)
        said = any(element.text and not element.css for element in elements)
        assert counters or condition.js or listed or said, condition.where
        assert counters <= PROVES, condition.where


@pytest.mark.parametrize("name", LISTED)
def test_where_nothing_else_tells_a_meeting_from_a_lobby_the_list_of_people_is_looked_at(name: str) -> None:
    file = file_of(name)
    assert file.doubt.when
    assert file.people
    opens, waits, closes = file.doubt.look or file.people.look
    assert (opens.action, closes.action) == ("click", "click")
    assert [one.element.css for one in waits.wait_for if one.element] == [LISTED[name]]


def test_google_meet_is_asked_for_english() -> None:
    assert opened("google_meet", "https://meet.google.com/abc-defg-hij") == "https://meet.google.com/abc-defg-hij?hl=en"


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://zoom.us/j/84315220467?pwd=Ab.1_-", "https://app.zoom.us/wc/84315220467/join?pwd=Ab.1_-"),
        ("https://us02web.zoom.us/w/84315220467?pwd=x&tk=y.z", "https://app.zoom.us/wc/84315220467/join?pwd=x&tk=y.z"),
        ("https://acme.zoom.us/s/84315220467", "https://app.zoom.us/wc/84315220467/join"),
        ("https://zoom.us/wc/join/84315220467?pwd=x", "https://app.zoom.us/wc/84315220467/join?pwd=x"),
        ("https://app.zoom.us/wc/84315220467/start", "https://app.zoom.us/wc/84315220467/join"),
    ],
)
def test_invitations_of_zoom_lead_to_its_web_client(url: str, wanted: str) -> None:
    assert opened("zoom", url) == wanted


def test_links_of_teams_are_opened_as_they_are() -> None:
    for url in ("https://teams.live.com/meet/9389547634?p=abc", "https://teams.microsoft.com/meet/123?p=abc"):
        assert opened("teams", url) == url


def test_jitsi_is_told_everything_by_the_address_but_not_the_passcode() -> None:
    parts = urlsplit(opened("jitsi", "https://jitsi.example.org:8443/Room?jwt=a.b.c&pwd=s%20e", 'Ada "the" Bot & Söhne'))
    assert (parts.netloc, parts.path, parts.query) == ("jitsi.example.org:8443", "/Room", "jwt=a.b.c")
    told = dict(parse_qsl(parts.fragment))
    assert told["userInfo.displayName"] == '"Ada \\"the\\" Bot & Söhne"'
    assert told["config.prejoinConfig.enabled"] == "false"
    assert told["config.startWithAudioMuted"] == "true"
    assert told["config.startWithVideoMuted"] == "true"
    request = JoinRequest("https://jitsi.example.org/Room?jwt=a.b.c&pwd=s%20e", "Bot")
    assert variables(file_of("jitsi"), request)["passcode"] == "s e"


def test_a_bot_with_tokens_goes_into_zooms_web_client_with_them() -> None:
    file, url = file_of("zoom"), "https://us05web.zoom.us/j/84315220467?pwd=abc"
    values = variables(file, JoinRequest(url, "Bot"))
    assert open_url(file, values, {"zoom_zak": "z.1"}) == "https://app.zoom.us/wc/84315220467/join?pwd=abc&zak=z.1"
    assert open_url(file, values) == "https://app.zoom.us/wc/84315220467/join?pwd=abc"
