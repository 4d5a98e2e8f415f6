"""Pauses of a recording, from the wish to what is recorded after it."""

from __future__ import annotations

import asyncio

from agents.browser.errors import (
    PageCrashedError,
)
from agents.capture.base import CaptureError
from agents.platforms.base import ChatSeen, UiState
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import bot_settings_pb2 as settings
from tests.unit.agents.runner.stage import FakeCapture, Stage


async def test_pause_and_resume(stage: Stage) -> None:
    stage.start()
    await stage.join()
    await stage.until_move("recording_permission_granted")
    stage.command(agent.Command(command_id="cmd_1", pause_recording=agent.PauseRecordingCommand()))
    await stage.until_move("recording_paused")
    stage.hears.chat(ChatSeen("k1", "off the record", "Grace"))
    stage.command(agent.Command(command_id="cmd_2", resume_recording=agent.ResumeRecordingCommand()))
    await stage.until_move("recording_resumed")
    assert stage.calls[-2:] == ["pause", "start"]
    assert [answer[:2] for answer in stage.link.answers] == [("cmd_1", True), ("cmd_2", True)]
    stage.hears.chat(ChatSeen("k1", "off the record", "Grace"))
    assert stage.of("chat") == [], "what was written in the pause is not told later either, though the page shows it still"


def pause(stage: Stage, command_id: str = "cmd_1") -> None:
    stage.command(agent.Command(command_id=command_id, pause_recording=agent.PauseRecordingCommand()))


def resume(stage: Stage, command_id: str = "cmd_2") -> None:
    stage.command(agent.Command(command_id=command_id, resume_recording=agent.ResumeRecordingCommand()))


async def test_pausing_where_nothing_is_to_be_recorded_is_answered_with_why(stage: Stage) -> None:
    stage.spec.settings.recording_settings.format = settings.RECORDING_FORMAT_NONE
    stage.start()
    await stage.until_entered()
    pause(stage)
    await stage.until(lambda: bool(stage.link.answers))
    (_, done, detail), *_ = stage.link.answers
    assert not done
    assert "format is none" in detail


async def test_a_second_agent_of_a_paused_bot_records_nothing_before_it_is_told_to_go_on(stage: Stage) -> None:
    stage.spec.attempt = 2
    stage.spec.recording_state = bot.RECORDING_STATE_PAUSED
    stage.spec.recording_start_timestamp_ms = 1_600_000_000_000
    stage.start()
    await stage.join()
    await stage.until_move("recording_paused")
    stage.hears.chat(ChatSeen("k1", "off the record", "Grace"))
    assert stage.triggers() == ["joined_meeting", "recording_permission_granted", "recording_paused"]
    assert "start" not in stage.calls
    assert stage.of("recording") == []
    resume(stage)
    await stage.until_move("recording_resumed")
    assert stage.calls[-1] == "start"
    assert stage.of("recording")[0].recording.start_timestamp_ms == 1_600_000_000_000
    assert stage.of("chat") == []


async def test_a_page_lost_in_a_pause_is_rejoined_and_still_nothing_is_recorded(stage: Stage) -> None:
    stage.start()
    await stage.join()
    await stage.until_move("recording_permission_granted")
    pause(stage)
    await stage.until_move("recording_paused")
    stage.break_page(PageCrashedError("gone"))
    await stage.until_entered(2)
    resume(stage, "cmd_early")
    await stage.until(lambda: len(stage.link.answers) == 2)
    assert stage.link.answers[1][1] is False, "there is no page that could be recorded"
    stage.show(UiState.IN_MEETING)
    await stage.until(lambda: stage.calls.count("arm") == 2)
    resume(stage)
    await stage.until_move("recording_resumed")
    assert stage.calls.count("start") == 2
    stage.leave()
    await stage.end()
    assert not stage.of("recording")[-1].recording.impaired, "nothing was lost: nothing was to be recorded"


async def test_a_pause_while_the_page_is_lost_holds_when_it_is_back(stage: Stage) -> None:
    stage.start()
    await stage.join()
    await stage.until_move("recording_permission_granted")
    stage.break_page(PageCrashedError("gone"))
    await stage.until_entered(2)
    pause(stage)
    await stage.until_move("recording_paused")
    stage.show(UiState.IN_MEETING)
    await stage.until(lambda: stage.link.listeners.situation().phase == agent.AGENT_PHASE_IN_MEETING)
    assert stage.calls.count("start") == 1


async def test_a_recording_that_cannot_go_on_stays_paused_and_says_why(stage: Stage) -> None:
    stage.start()
    await stage.join()
    await stage.until_move("recording_permission_granted")
    pause(stage)
    await stage.until_move("recording_paused")
    stage.captures[-1].start_errors.append(CaptureError("The disk is full: make room."))
    resume(stage)
    await stage.until(lambda: len(stage.link.answers) == 2)
    assert stage.link.answers[1] == ("cmd_2", False, "The disk is full: make room.")
    assert "recording_resumed" not in stage.triggers()
    resume(stage, "cmd_3")
    await stage.until_move("recording_resumed")


async def test_what_begins_while_a_pause_is_asked_for_is_ended_by_it(stage: Stage) -> None:
    begins = asyncio.Event()

    def slow(capture: FakeCapture) -> None:
        capture.start_holds = begins

    stage.on_capture = slow
    stage.start()
    await stage.join()
    await stage.until(lambda: "starting" in stage.calls)
    pause(stage)
    begins.set()
    await stage.until_move("recording_paused")
    assert stage.calls[-2:] == ["start", "pause"]
    assert stage.triggers()[-2:] == ["recording_permission_granted", "recording_paused"]
