"""On the way in: refusals, faults that are tried again, lobbies."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from agents.browser.errors import (
    ChromiumNotFoundError,
    LoadFailure,
    PageCrashedError,
    PageLoadError,
)
from agents.platforms.base import JoinStepError, UiState
from rollcall.v1 import agent_service_pb2 as agent
from tests.unit.agents.runner.stage import Stage, StoryAttendance


@pytest.mark.parametrize(
    ("state", "move"),
    [
        (UiState.DENIED, ("could_not_join_meeting", "request_to_join_denied")),
        (UiState.NOT_FOUND, ("could_not_join_meeting", "meeting_not_found")),
        (UiState.WRONG_PASSCODE, ("could_not_join_meeting", "unable_to_connect_to_meeting")),
        (UiState.LOGIN_REQUIRED, ("could_not_join_meeting", "login_required")),
        (UiState.CAPTCHA, ("could_not_join_meeting", "blocked_by_captcha")),
        (UiState.BLOCKED, ("could_not_join_meeting", "blocked_by_platform")),
        (UiState.ENCRYPTED, ("could_not_join_meeting", "blocked_by_platform")),
        (UiState.FULL, ("could_not_join_meeting", "unable_to_connect_to_meeting")),
        (UiState.REMOVED, ("could_not_join_meeting", "request_to_join_denied")),
    ],
)
async def test_a_refusal_is_told_as_what_it_is(stage: Stage, state: UiState, move: tuple[str, str]) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(state)
    await stage.end()
    assert stage.moves() == [move]
    assert stage.link.released == [False]
    assert stage.browser.closed


async def test_without_chromium_the_bot_fails_with_what_to_do(stage: Stage) -> None:
    stage.launcher.error = ChromiumNotFoundError("Install chromium.")
    stage.start()
    await stage.end()
    assert stage.moves() == [("fatal_error", "bot_not_launched")]
    assert "Install chromium." in stage.last_detail()


async def test_a_page_that_never_loads_is_tried_three_times(stage: Stage) -> None:
    def refuse(attendance: StoryAttendance) -> None:
        attendance.enter_error = PageLoadError(LoadFailure.TIMEOUT, "http://m/1?pwd=secret")

    stage.on_attend = refuse
    stage.start()
    await stage.end()
    assert stage.moves() == [("could_not_join_meeting", "unable_to_connect_to_meeting")]
    assert len(stage.launcher.launched) == 3
    assert all(browser.closed for _, browser in stage.launcher.launched)
    assert "3 tries" in stage.last_detail()
    assert "secret" not in str(stage.link.reports)


async def test_a_page_that_never_loads_is_given_up_when_the_meeting_should_have_begun(stage: Stage) -> None:
    def hang(attendance: StoryAttendance) -> None:
        attendance.hang = True

    stage.on_attend = hang
    stage.patience = replace(stage.patience, join_s=0.1)
    stage.start()
    await stage.end()
    assert stage.moves() == [("could_not_join_meeting", "unable_to_connect_to_meeting")]
    assert "did not load in time" in stage.last_detail()
    assert len(stage.launcher.launched) == 1
    tries = [
        r.log.fields["try_number"] for r in stage.of("log") if r.log.code == "page_not_loaded" and "try_number" in r.log.fields
    ]
    assert tries == ["1"]


async def test_a_page_that_is_not_there_is_not_asked_again(stage: Stage) -> None:
    def missing(attendance: StoryAttendance) -> None:
        attendance.enter_error = PageLoadError(LoadFailure.HTTP, "http://m/1", status=404)

    stage.on_attend = missing
    stage.start()
    await stage.end()
    assert stage.moves() == [("could_not_join_meeting", "meeting_not_found")]
    assert len(stage.launcher.launched) == 1


async def test_a_missing_control_is_looked_for_three_times_and_named(stage: Stage) -> None:
    def miss(attendance: StoryAttendance) -> None:
        attendance.enter_error = JoinStepError("type name", "no name field in 10 s")

    stage.on_attend = miss
    stage.start()
    await stage.end()
    assert stage.moves() == [("fatal_error", "ui_element_not_found")]
    assert "type name" in stage.last_detail()
    assert len(stage.launcher.launched) == 3


async def test_the_second_try_may_succeed(stage: Stage) -> None:
    def first_fails(attendance: StoryAttendance) -> None:
        if len(stage.attendances) == 1:
            attendance.enter_error = PageCrashedError("gone")

    stage.on_attend = first_fails
    stage.start()
    await stage.until_entered(2)
    stage.show(UiState.IN_MEETING)
    await stage.until_move("joined_meeting")
    assert stage.attendances[-1].entered[0].attempt == 2


async def test_a_page_that_shows_nothing_known_is_a_fault_in_time(stage: Stage) -> None:
    def unknown(attendance: StoryAttendance) -> None:
        async def show() -> None:
            await stage.until(lambda: bool(attendance.entered))
            stage.show(UiState.UNKNOWN)

        stage.helper = asyncio.create_task(show())  # type: ignore[attr-defined]

    stage.on_attend = unknown
    stage.start()
    await stage.end()
    assert stage.moves() == [("fatal_error", "ui_element_not_found")]


async def test_the_lobby_has_no_limit_of_the_agents_own(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(UiState.LOBBY)
    await asyncio.sleep(0.5)
    assert stage.triggers() == ["put_in_waiting_room"]
    assert stage.link.listeners.situation().phase == agent.AGENT_PHASE_WAITING_ROOM


async def test_a_lobby_that_the_platform_gave_up_is_asked_again(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(UiState.LOBBY)
    stage.show(UiState.LOBBY_GAVE_UP)
    await stage.until_entered(2)
    assert len(stage.launcher.launched) == 1
    stage.show(UiState.LOBBY)
    stage.show(UiState.IN_MEETING)
    await stage.until_move("joined_meeting")
    assert stage.triggers().count("put_in_waiting_room") == 1


async def test_an_abandoned_bot_leaves_without_a_word(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(UiState.LOBBY)
    stage.leave(abandoned=True)
    await stage.end()
    assert stage.triggers() == ["put_in_waiting_room"]
    assert stage.attendances[0].left
    assert stage.link.released == [False]


async def test_leaving_while_still_joining_ends_the_bot(stage: Stage) -> None:
    def hang(attendance: StoryAttendance) -> None:
        attendance.hang = True

    stage.on_attend = hang
    stage.start()
    await stage.until_entered()
    stage.leave()
    await stage.end()
    assert stage.triggers() == ["left_meeting", "post_processing_completed"]
    assert stage.browser.closed


async def test_a_platform_without_adapter_is_said_so(stage: Stage) -> None:
    stage.no_adapter = True
    stage.start()
    await stage.end()
    assert stage.moves() == [("fatal_error", "bot_not_launched")]
    assert "No adapter" in stage.last_detail()
