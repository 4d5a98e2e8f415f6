"""Bots that come to Zoom with tokens: asked for anew for each visit, used in the address alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.browser.errors import PageCrashedError
from agents.platforms.base import UiState
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from tests.unit.agents.runner.stage import Stage, StoryAttendance

GIVEN = agent.ZoomTokensGiven(zak_token="zak-s3cret", join_token="tk-s3cret")


def start(stage: Stage, given: agent.ZoomTokensGiven = GIVEN, platform: bot.Platform.ValueType = bot.PLATFORM_ZOOM) -> None:
    stage.spec.platform = platform
    stage.spec.settings.callback_settings.zoom_tokens_url = "https://tokens.example.com"
    stage.start()
    stage.link.zoom_tokens = given


def told(stage: Stage) -> bytes:
    return b"".join(report.SerializeToString() for report in stage.link.reports)


async def test_the_tokens_go_along_with_the_request_to_join_and_into_no_log(stage: Stage) -> None:
    start(stage)
    await stage.until_entered()
    [request] = stage.attendances[-1].entered
    assert request.secrets == {"zoom_zak": "zak-s3cret", "zoom_join_token": "tk-s3cret"}
    assert "s3cret" not in repr(request)
    assert "zoom_tokens_taken" in stage.codes()
    assert b"zak_token and join_token" in told(stage)
    assert b"s3cret" not in told(stage)


async def test_each_try_has_tokens_of_its_own(stage: Stage) -> None:
    def first_fails(attendance: StoryAttendance) -> None:
        if len(stage.attendances) == 1:
            attendance.enter_error = PageCrashedError("gone")

    stage.on_attend = first_fails
    start(stage)
    await stage.until_entered(2)
    assert stage.link.token_asks == 2


async def test_a_callback_that_fails_ends_the_bot_with_what_to_do(stage: Stage) -> None:
    start(stage, agent.ZoomTokensGiven(problem="It answered 500. Look at it, then send the bot again."))
    await stage.end()
    assert stage.moves() == [("could_not_join_meeting", "zoom_authorization_failed")]
    assert stage.last_detail() == "It answered 500. Look at it, then send the bot again."
    assert stage.attendances[-1].entered == []
    assert stage.link.token_asks == len(stage.launcher.launched) == 1


async def test_tokens_that_zoom_does_not_take_are_told_as_such(stage: Stage) -> None:
    start(stage)
    await stage.until_entered()
    stage.show(UiState.LOGIN_REQUIRED)
    await stage.end()
    assert stage.moves() == [("could_not_join_meeting", "zoom_authorization_failed")]
    assert "have not expired" in stage.last_detail()


async def test_who_got_no_tokens_comes_as_a_guest(stage: Stage) -> None:
    start(stage, agent.ZoomTokensGiven())
    await stage.until_entered()
    stage.show(UiState.LOGIN_REQUIRED)
    await stage.end()
    assert stage.moves() == [("could_not_join_meeting", "login_required")]


@pytest.mark.parametrize("platform", [bot.PLATFORM_GOOGLE_MEET, bot.PLATFORM_TEAMS, bot.PLATFORM_JITSI])
async def test_elsewhere_nobody_is_asked(stage: Stage, platform: bot.Platform.ValueType) -> None:
    start(stage, platform=platform)
    await stage.until_entered()
    assert (stage.link.token_asks, stage.attendances[-1].entered[0].secrets) == (0, {})


async def test_evidence_shows_no_token(stage: Stage, tmp_path: Path) -> None:
    stage.spec.settings.debug_settings.create_debug_recording = True
    start(stage)
    await stage.until_entered()
    stage.page.visible_text = "The webpage at https://app.zoom.us/wc/1/join?zak=zak-s3cret&tk=tk-s3cret might be down"
    stage.page.address = "https://app.zoom.us/wc/1/join?zak=zak-s3cret"
    stage.show(UiState.LOGIN_REQUIRED)
    await stage.end()
    kept = list(tmp_path.rglob("debug/*"))
    assert {path.suffix for path in kept} == {".txt", ".url"}, "no picture of a page that shows one"
    assert all(b"s3cret" not in path.read_bytes() for path in kept)
