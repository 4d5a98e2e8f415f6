"""Attendances told from claim to release, on fakes."""

from __future__ import annotations

import asyncio

import pytest

from agents.platforms.base import UiState
from rollcall.v1 import bot_pb2 as bot
from tests.unit.agents.runner.stage import Stage, StoryAttendance


async def test_a_lease_that_is_not_granted_is_given_up_without_a_browser(stage: Stage) -> None:
    stage.granted = False
    stage.start()
    await stage.end()
    assert stage.launcher.launched == []
    assert stage.link.closed


@pytest.mark.parametrize("state", [UiState.REMOVED, UiState.ENDED])
async def test_the_end_of_the_meeting_is_told_before_anything_that_takes_time(stage: Stage, state: UiState) -> None:
    stage.finish_holds = asyncio.Event()
    stage.start()
    await stage.join()
    stage.show(state)
    await stage.until_move("meeting_ended")
    stage.finish_holds.set()
    await stage.end()
    assert stage.triggers()[-2:] == ["meeting_ended", "post_processing_completed"]
    assert stage.of("recording")[-1].recording.state == bot.RECORDING_STATE_COMPLETE
    assert stage.of("recording")[-1].recording.file_path == f"{stage.spec.bot_id}/recording.mp4"


async def test_a_fault_of_ours_ends_the_bot_with_an_id_and_no_words_of_the_exception(stage: Stage) -> None:
    def break_down(attendance: StoryAttendance) -> None:
        attendance.enter_error = RuntimeError("secret password 123")

    stage.on_attend = break_down
    stage.start()
    await stage.end()
    assert stage.moves() == [("fatal_error", "internal_error")]
    assert "secret" not in str(stage.link.reports)
    assert stage.link.released == [False]
    assert stage.browser.closed
