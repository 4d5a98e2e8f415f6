"""How long the known platforms' files wait before they believe what a page shows (docs/platforms.md, "How soon")."""

from __future__ import annotations

import pytest

from agents.platforms.base import UiState
from agents.platforms.file_reader import BUILT_IN, load
from tests.unit.agents.platforms.paper_page import PaperPage

TEAMS_TOOLBAR = "#callingButtons-showMoreBtn, #hangup-button, [data-tid=hangup-main-btn]"


def page_of(name: str) -> PaperPage:
    return PaperPage(load(BUILT_IN / name / "platform.toml"))


def test_jitsis_client_that_is_not_in_for_a_moment_has_not_left() -> None:
    page = page_of("jitsi")
    joined = page.program.expression("APP.conference.isJoined()")  # by the name under which the page reports it
    assert page.shows("body", joined) == ["in_meeting"]
    for _ in range(2):  # it is joining again by itself
        page.shows("body")
        assert page.after(19) == []
        page.shows("body", joined)
        page.after(5)
    page.shows("body")
    assert page.after(19.9) == []
    assert page.after(0.2) == ["ended"]


def test_whoever_has_a_session_passes_through_the_login_of_teams_and_whoever_has_none_is_told() -> None:
    page = page_of("teams")
    assert page.shows("https://login.microsoftonline.com/*") == []
    assert page.after(7.9) == []
    assert page.after(0.2) == ["login_required"]
    page = page_of("teams")
    page.shows("input[name=loginfmt]", "https://login.microsoftonline.com/*")
    assert page.after(1) == ["login_required"]


@pytest.mark.parametrize("media", ["contributors", "remote_videos"])
def test_media_that_come_in_for_an_instant_are_no_meeting(media: str) -> None:
    page = page_of("teams")
    assert page.shows(TEAMS_TOOLBAR, media) == []
    page.after(0.7)
    page.shows()
    page.after(0.3)
    page.shows(TEAMS_TOOLBAR, media)
    assert page.after(0.9) == []
    assert page.after(0.2) == ["in_meeting"]


def test_zooms_page_of_a_host_that_is_absent_is_opened_anew_every_fifteen_seconds() -> None:
    reload = load(BUILT_IN / "zoom" / "platform.toml").reload
    assert (set(reload.states), reload.every_seconds) == ({UiState.HOST_ABSENT}, 15)
