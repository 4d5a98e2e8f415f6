"""What is recorded of an attendance, and what becomes of it."""

from __future__ import annotations

import asyncio

from agents.browser.errors import (
    BrowserLostError,
    PageCrashedError,
)
from agents.capture.base import CaptureError
from agents.capture.ffmpeg import FinishError, NothingRecordedError
from agents.platforms.base import UiState
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import bot_settings_pb2 as settings
from tests.unit.agents.runner.stage import Stage, a_sample


async def test_a_whole_attendance_from_lobby_to_finished_recording(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(UiState.LOBBY)
    await stage.until_move("put_in_waiting_room")
    stage.show(UiState.IN_MEETING)
    await stage.until_move("recording_permission_granted")
    stage.leave()
    await stage.end()
    assert stage.triggers() == [
        "put_in_waiting_room",
        "joined_meeting",
        "recording_permission_granted",
        "left_meeting",
        "post_processing_completed",
    ]
    assert stage.calls == ["prepare", "enter", "arm", "start", "stop", "leave", "finish"]
    assert stage.link.released == [False]
    assert stage.link.answers == [("leave", True, "")]
    assert stage.browser.closed


async def test_options_come_from_platform_and_capture(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    options, _ = stage.launcher.launched[0]
    assert options.flags == ("--of-platform", "--of-capture")


async def test_the_recording_begins_before_the_joining_is_told(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(UiState.IN_MEETING)
    await stage.until(lambda: bool(stage.of("transition")))
    assert "start" in stage.calls
    await stage.until(lambda: bool(stage.of("recording")))
    started = stage.of("recording")[0].recording
    assert (started.state, started.start_timestamp_ms) == (bot.RECORDING_STATE_IN_PROGRESS, 1_700_000_000_000)


async def test_a_recording_that_begins_slowly_does_not_hold_up_the_news_of_joining(stage: Stage) -> None:
    stage.on_capture = lambda capture: capture.start_errors.extend([CaptureError("not yet")] * 100)
    stage.start()
    await stage.join()
    assert stage.triggers() == ["joined_meeting"]


async def test_a_capture_armed_before_a_navigation_is_armed_again(stage: Stage) -> None:
    stage.on_capture = lambda capture: capture.start_errors.append(CaptureError("the page went on"))
    stage.start()
    await stage.join()
    await stage.until_move("recording_permission_granted")
    assert stage.calls.count("arm") == 2
    assert "capture_not_started" not in stage.codes()


async def test_with_format_none_nothing_is_recorded_and_nothing_finished(stage: Stage) -> None:
    stage.spec.settings.recording_settings.format = settings.RECORDING_FORMAT_NONE
    stage.start()
    await stage.join()
    stage.leave()
    await stage.end()
    assert stage.triggers() == ["joined_meeting", "left_meeting", "post_processing_completed"]
    assert stage.of("recording") == []
    assert stage.calls == ["prepare", "enter", "leave"]


async def test_chromium_is_closed_before_the_recording_is_finished(stage: Stage) -> None:
    stage.finish_holds = asyncio.Event()
    stage.start()
    await stage.join()
    stage.leave()
    await stage.until(lambda: "finish" in stage.calls)
    assert stage.browser.closed
    stage.finish_holds.set()
    await stage.end()


async def test_a_page_lost_in_the_meeting_is_rejoined_once_and_the_recording_goes_on(stage: Stage) -> None:
    stage.start()
    await stage.join()
    await stage.until_move("recording_permission_granted")
    stage.break_page(PageCrashedError("gone"))
    await stage.until_entered(2)
    stage.show(UiState.IN_MEETING)
    await stage.until(lambda: stage.calls.count("start") == 2)
    await stage.until(lambda: "capture_restarted" in stage.codes())
    assert stage.launcher.launched[0][1].closed
    assert stage.codes() == ["page_crashed", "rejoining", "capture_restarted"]
    stage.break_page(BrowserLostError("gone again"))
    await stage.end()
    assert stage.moves()[-1] == ("fatal_error", "process_terminated")
    assert stage.of("recording")[-1].recording.state == bot.RECORDING_STATE_COMPLETE
    assert stage.triggers().count("joined_meeting") == 1


async def test_a_capture_that_fails_is_started_anew_and_marks_the_recording(stage: Stage) -> None:
    stage.start()
    await stage.join()
    await stage.until_move("recording_permission_granted")
    stage.capture_hears().failed("the disk was full")
    await stage.until(lambda: stage.calls.count("start") == 2)
    stage.leave()
    await stage.end()
    assert "capture_failed" in stage.codes()
    assert stage.of("recording")[-1].recording.impaired


async def test_a_recording_of_which_nothing_is_playable_has_failed(stage: Stage) -> None:
    stage.finish_error = NothingRecordedError("No sound and no picture was written.")
    stage.start()
    await stage.join()
    stage.leave()
    await stage.end()
    last = stage.of("recording")[-1].recording
    assert (last.state, last.detail) == (bot.RECORDING_STATE_FAILED, "No sound and no picture was written.")
    assert stage.triggers()[-1] == "post_processing_completed"


async def test_a_recording_that_cannot_be_finished_now_is_left_to_a_later_try_with_why(stage: Stage) -> None:
    stage.finish_error = FinishError("The disk is full: make room.")
    stage.start()
    await stage.join()
    await stage.until_move("recording_permission_granted")
    stage.leave()
    await stage.end()
    assert stage.codes() == ["recording_not_finished"]
    assert stage.of("recording")[-1].recording.state == bot.RECORDING_STATE_IN_PROGRESS
    assert stage.triggers()[-1] == "left_meeting"
    assert (stage.link.released, stage.link.unfinished) == ([False], "The disk is full: make room.")


async def test_segments_are_kept_for_those_who_debug(stage: Stage) -> None:
    stage.spec.settings.debug_settings.create_debug_recording = True
    stage.start()
    await stage.join()
    await stage.until_move("recording_permission_granted")
    stage.leave()
    await stage.end()
    assert stage.calls[-1] == "finish and keep"


async def test_health_is_told_and_marks_the_recording(stage: Stage) -> None:
    stage.start()
    await stage.join()
    await stage.until_move("recording_permission_granted")
    stage.capture_hears().health(a_sample())
    story = stage.capture_hears()
    story.health(a_sample(audio_level_dbfs=-120.0))
    stage.leave()
    await stage.end()
    assert stage.of("capture_health") == [], "ten seconds are not over and a second proves nothing"


async def test_a_capture_that_cannot_begin_says_why_once_and_at_the_end(stage: Stage) -> None:
    stage.on_capture = lambda capture: capture.start_errors.extend([CaptureError("The disk is full.")] * 1000)
    stage.start()
    await stage.join()
    await asyncio.sleep(0.1)
    stage.leave()
    await stage.end()
    assert stage.codes().count("capture_not_started") == 1
    last = stage.of("recording")[-1].recording
    assert last.state == bot.RECORDING_STATE_FAILED
    assert "The disk is full." in last.detail
