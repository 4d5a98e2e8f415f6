"""Attendances told from claim to release, on fakes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from agents.attendance.evidence import MOST_OF_A_KIND, Evidence
from agents.browser.errors import (
    BrowserLostError,
    ChromiumNotFoundError,
    LoadFailure,
    PageCrashedError,
    PageHungError,
    PageLoadError,
)
from agents.browser.fakes import FakePage
from agents.capture.base import CaptureError
from agents.capture.ffmpeg import FinishError, NothingRecordedError
from agents.platforms.base import RECEIVER_STEP, ChatSeen, JoinStepError, PersonSeen, UiState
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import bot_settings_pb2 as settings
from rollcall.v1 import event_pb2 as event
from tests.unit.agents.runner.stage import FakeCapture, Stage, StoryAttendance, a_sample


async def test_a_lease_that_is_not_granted_is_given_up_without_a_browser(stage: Stage) -> None:
    stage.granted = False
    stage.start()
    await stage.end()
    assert stage.launcher.launched == []
    assert stage.link.closed


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


async def test_chromium_is_closed_before_the_recording_is_finished(stage: Stage) -> None:
    stage.finish_holds = asyncio.Event()
    stage.start()
    await stage.join()
    stage.leave()
    await stage.until(lambda: "finish" in stage.calls)
    assert stage.browser.closed
    stage.finish_holds.set()
    await stage.end()


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


async def test_a_bot_that_is_refused_when_it_comes_back_has_seen_the_end_of_its_meeting(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.break_page(PageHungError("no answer"))
    await stage.until_entered(2)
    stage.show(UiState.NOT_FOUND)
    await stage.end()
    assert stage.moves()[-2:] == [("meeting_ended", ""), ("post_processing_completed", "")]


async def test_a_bot_that_waits_in_vain_to_come_back_gives_up(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.break_page(PageHungError("no answer"))
    await stage.until_entered(2)
    stage.show(UiState.LOBBY)
    await stage.end()
    assert ("meeting_ended", "") in stage.moves()
    assert len(stage.attendances) == 2


async def test_a_second_agent_that_is_refused_has_seen_the_end_of_its_meeting(stage: Stage) -> None:
    stage.spec.attempt = 2
    stage.spec.recording_state = bot.RECORDING_STATE_IN_PROGRESS
    stage.spec.joined_timestamp_ms = 1_600_000_000_000
    stage.start()
    await stage.until_entered()
    stage.show(UiState.NOT_FOUND)
    await stage.end()
    assert stage.triggers() == ["meeting_ended", "post_processing_completed"]
    assert stage.of("recording")[-1].recording.state == bot.RECORDING_STATE_COMPLETE


async def test_a_page_that_shows_the_meeting_no_more_is_rejoined(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.show(UiState.PRE_JOIN)
    await stage.until_entered(2)
    assert "rejoining" in stage.codes()


async def test_a_moment_without_the_meeting_is_nothing(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.show(UiState.LOADING)
    stage.show(UiState.IN_MEETING)
    await asyncio.sleep(0.4)
    assert len(stage.attendances) == 1


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


async def test_a_page_that_tells_of_more_than_any_meeting_has_is_given_up_and_fills_no_log(stage: Stage) -> None:
    stage.start()
    await stage.join()
    hears = stage.hears
    for turn in range(30):
        hears.people([PersonSeen(f"{turn} {n}", "Ada") for n in range(300)])
        hears.chat(ChatSeen(f"{turn}", "hello", "Ada", "p"))
    await stage.until(lambda: "rejoining" in stage.codes())
    assert "page_flood" in stage.codes()
    assert len(stage.of("participant")) + len(stage.of("chat")) < 5000
    stage.leave()
    await stage.end()


async def test_people_and_chat_are_told_from_the_joining_on(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.hears.people([PersonSeen("me", "Ada", is_self=True), PersonSeen("p1", "Grace", is_host=True)])
    assert stage.of("participant") == []
    stage.show(UiState.IN_MEETING)
    await stage.until(lambda: bool(stage.of("participant")))
    stage.hears.chat(ChatSeen("k1", "hello", "Grace", "p1"))
    stage.hears.chat(ChatSeen("k1", "hello", "Grace", "p1"))
    stage.hears.chat(ChatSeen("k2", "mine", "Ada", "me", is_self=True))
    stage.hears.people([PersonSeen("me", "Ada", is_self=True)])
    joined, left = (r.participant for r in stage.of("participant"))
    assert (joined.participant_name, joined.participant_is_host) == ("Grace", True)
    assert left.event_type == bot.PARTICIPANT_EVENT_TYPE_LEAVE
    assert [r.chat.text for r in stage.of("chat")] == ["hello"]


async def test_speech_is_told_only_to_those_who_asked_but_always_breaks_the_silence(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.hears.people([PersonSeen("p1", "Grace")])
    await asyncio.sleep(0.02)
    assert stage.link.listeners.situation().silent_ms > 0
    stage.hears.speaking("p1", True)
    assert stage.link.listeners.situation().silent_ms == 0
    assert [r.participant.event_type for r in stage.of("participant")] == [bot.PARTICIPANT_EVENT_TYPE_JOIN]


async def test_speech_events_where_asked_for(stage: Stage) -> None:
    stage.spec.settings.recording_settings.record_participant_speech_start_stop_events = True
    stage.start()
    await stage.join()
    stage.hears.people([PersonSeen("p1", "Grace")])
    stage.hears.speaking("p1", True)
    stage.hears.speaking("p1", True)
    stage.hears.speaking("p1", False)
    stage.hears.speaking("stranger", True)
    kinds = [r.participant.event_type for r in stage.of("participant")]
    assert kinds == [
        bot.PARTICIPANT_EVENT_TYPE_JOIN,
        bot.PARTICIPANT_EVENT_TYPE_SPEECH_START,
        bot.PARTICIPANT_EVENT_TYPE_SPEECH_STOP,
    ]


async def test_the_bots_first_message_is_said_once_after_joining(stage: Stage) -> None:
    stage.spec.settings.bot_chat_message.message = "I record."
    stage.start()
    await stage.join()
    await stage.until(lambda: bool(stage.attendances[0].said))
    stage.break_page(PageCrashedError("gone"))
    await stage.until_entered(2)
    stage.show(UiState.IN_MEETING)
    await stage.until(lambda: stage.calls.count("start") == 2)
    stage.leave()
    await stage.end()
    assert [a.said for a in stage.attendances] == [[("I record.", None)], []]


async def test_a_bot_that_was_attended_before_does_not_greet_again(stage: Stage) -> None:
    stage.spec.settings.bot_chat_message.message = "I record."
    stage.spec.attempt = 2
    stage.start()
    await stage.join()
    stage.leave()
    await stage.end()
    assert stage.attendances[0].said == []


async def test_a_chat_command_is_done_and_answered(stage: Stage) -> None:
    stage.start()
    await stage.join()
    wish = agent.SendChatCommand(message="hi", to=bot.CHAT_MESSAGE_TO_SPECIFIC_USER, to_user_uuid="p1")
    stage.command(agent.Command(command_id="cmd_1", send_chat=wish))
    await stage.until(lambda: bool(stage.link.answers))
    assert stage.attendances[0].said == [("hi", "p1")]
    assert stage.link.answers == [("cmd_1", True, "")]


async def test_a_message_to_everyone_but_the_host_goes_to_each_of_them_alone(stage: Stage) -> None:
    stage.start()
    await stage.join()
    wish = agent.SendChatCommand(message="hi", to=bot.CHAT_MESSAGE_TO_EVERYONE_BUT_HOST)
    stage.command(agent.Command(command_id="cmd_1", send_chat=wish))
    await stage.until(lambda: len(stage.link.answers) == 1)
    assert stage.link.answers[0][1] is False, "nobody else is there"
    people = [PersonSeen("p1", "Ada", is_host=True), PersonSeen("p2", "Grace"), PersonSeen("p3", "Alan", user_uuid="u3")]
    stage.hears.people(people)
    stage.command(agent.Command(command_id="cmd_2", send_chat=wish))
    await stage.until(lambda: len(stage.link.answers) == 2)
    assert stage.link.answers[1] == ("cmd_2", True, "")
    assert stage.attendances[0].said == [("hi", "p2"), ("hi", "u3")]


async def test_a_receiver_who_is_not_there_is_said(stage: Stage) -> None:
    def without(attendance: StoryAttendance) -> None:
        attendance.chat_error = JoinStepError(RECEIVER_STEP, "the list has no such entry")

    stage.on_attend = without
    stage.start()
    await stage.join()
    wish = agent.SendChatCommand(message="hi", to=bot.CHAT_MESSAGE_TO_SPECIFIC_USER, to_user_uuid="nobody")
    stage.command(agent.Command(command_id="cmd_1", send_chat=wish))
    await stage.until(lambda: bool(stage.link.answers))
    assert "nobody with that id" in stage.link.answers[0][2]


async def test_a_chat_command_that_fails_says_why(stage: Stage) -> None:
    def mute(attendance: StoryAttendance) -> None:
        attendance.chat_error = JoinStepError("open chat", "no button")

    stage.on_attend = mute
    stage.start()
    await stage.join()
    stage.command(agent.Command(command_id="cmd_1", send_chat=agent.SendChatCommand(message="hi")))
    await stage.until(lambda: bool(stage.link.answers))
    (_, done, detail), *_ = stage.link.answers
    assert not done
    assert "open chat" in detail


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


async def test_a_lost_lease_leaves_at_once_and_writes_nothing_more(stage: Stage) -> None:
    stage.start()
    await stage.join()
    before = len(stage.link.reports)
    stage.link.listeners.lost()
    stage.hears.people([PersonSeen("p1", "Grace")])
    await stage.end()
    assert stage.attendances[0].left
    assert stage.browser.closed
    assert "finish" not in stage.calls
    assert stage.link.released == []
    assert [r for r in stage.link.reports[before:] if not r.HasField("transition")] == []


async def test_a_worker_that_stops_says_goodbye_and_hands_over(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.runner.shut_down()
    await stage.end()
    assert stage.attendances[0].left
    assert "stop" in stage.calls
    assert "finish" not in stage.calls
    assert stage.link.released == [True]
    assert "left_meeting" not in stage.triggers()


async def test_a_cancellation_is_a_hand_over(stage: Stage) -> None:
    task = stage.start()
    await stage.join()
    task.cancel()
    await asyncio.wait({task})
    assert stage.link.released == [True]
    assert stage.browser.closed


async def test_a_worker_that_stops_while_finishing_hands_over(stage: Stage) -> None:
    stage.finish_holds = asyncio.Event()
    stage.start()
    await stage.join()
    stage.leave()
    await stage.until(lambda: "finish" in stage.calls)
    stage.runner.shut_down()
    await stage.end()
    assert stage.link.released == [True]
    assert "post_processing_completed" not in stage.triggers()


async def test_a_finish_task_only_finishes(stage: Stage) -> None:
    stage.task = agent.AGENT_TASK_FINISH
    stage.spec.recording_state = bot.RECORDING_STATE_IN_PROGRESS
    stage.spec.recording_start_timestamp_ms = 1_600_000_000_000
    stage.start()
    await stage.end()
    assert stage.launcher.launched == []
    assert stage.triggers() == ["post_processing_completed"]
    recording = stage.of("recording")[0].recording
    assert (recording.state, recording.start_timestamp_ms) == (bot.RECORDING_STATE_COMPLETE, 1_600_000_000_000)


async def test_a_second_agent_keeps_the_start_of_the_first(stage: Stage) -> None:
    stage.spec.attempt = 2
    stage.spec.recording_state = bot.RECORDING_STATE_IN_PROGRESS
    stage.spec.recording_start_timestamp_ms = 1_600_000_000_000
    stage.start()
    await stage.join()
    await stage.until(lambda: bool(stage.of("recording")))
    assert stage.of("recording")[0].recording.start_timestamp_ms == 1_600_000_000_000


async def test_a_second_agents_stay_counts_from_the_first_joining_also_where_nothing_is_recorded(stage: Stage) -> None:
    stage.spec.attempt = 2
    stage.spec.settings.recording_settings.format = settings.RECORDING_FORMAT_NONE
    stage.spec.joined_timestamp_ms = 1_600_000_000_000
    stage.start()
    await stage.join()
    assert stage.link.listeners.situation().in_meeting_ms > 1_000_000


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


async def test_a_platform_without_adapter_is_said_so(stage: Stage) -> None:
    stage.no_adapter = True
    stage.start()
    await stage.end()
    assert stage.moves() == [("fatal_error", "bot_not_launched")]
    assert "No adapter" in stage.last_detail()


async def test_what_a_page_showed_to_a_bot_that_it_did_not_let_in_is_kept_and_told(stage: Stage) -> None:
    stage.spec.meeting_url = "https://m/1?pwd=s3cret&x=ab"
    stage.start()
    await stage.until_entered()
    stage.page.address = "https://m/1/refused?pwd=s3cret#x"
    stage.page.visible_text = "You can't join with s3cret"
    stage.show(UiState.BLOCKED, text="You can't join with s3cret")
    await stage.end()
    (text,) = (stage.media_dir / stage.spec.bot_id / "debug").glob("*page_blocked.txt")
    assert text.read_text() == "You can't join with [secret]"
    assert not list(text.parent.glob("*.png"))  # it would show the passcode
    told = {r.log.code: dict(r.log.fields) for r in stage.of("log")}
    assert told["page_blocked"] == {"url": "https://m/1/refused", "text": "You can't join with [secret]"}
    assert told["evidence_kept"]["evidence"] == text.stem
    assert "s3cret" not in str(stage.link.reports)


async def test_the_log_says_what_a_page_showed_before_the_picture_of_it_is_made(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(UiState.DENIED, text="Not you")
    await stage.end()
    codes = [code for code in stage.codes() if code in {"page_denied", "evidence_kept"}]
    assert codes == ["page_denied", "evidence_kept"]
    assert list((stage.media_dir / stage.spec.bot_id / "debug").glob("*page_denied.png"))


async def test_of_a_meeting_nothing_is_kept_but_for_those_who_asked(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.show(UiState.REMOVED, text="You've been removed")
    await stage.end()
    assert not (stage.media_dir / stage.spec.bot_id / "debug").exists()
    assert next(dict(r.log.fields) for r in stage.of("log") if r.log.code == "page_removed")["text"] == "You've been removed"


async def test_a_picture_that_is_made_while_the_bot_comes_in_is_not_kept(tmp_path: Path) -> None:
    class SlowPage(FakePage):
        async def screenshot(self, *, timeout_s: float = 5.0) -> bytes:
            evidence.enter_meeting()
            return b"somebody"

    told: list[str] = []
    evidence = Evidence(tmp_path, lambda code, _message, **_fields: told.append(code), epoch=1, asked=False, unasked=True)
    await evidence.tell(SlowPage(), "page_unknown")
    assert told == []
    assert list((tmp_path / "debug").glob("*")) == []


async def test_of_a_meeting_that_another_agent_was_in_nothing_is_kept_either(stage: Stage) -> None:
    stage.spec.joined_timestamp_ms = 1_700_000_000_000
    stage.start()
    await stage.until_entered()
    stage.show(UiState.UNKNOWN)
    stage.show(UiState.DENIED)
    await stage.end()
    assert not (stage.media_dir / stage.spec.bot_id / "debug").exists()


async def test_an_operator_may_have_nothing_kept_unasked(stage: Stage) -> None:
    stage.join_evidence = False
    stage.start()
    await stage.until_entered()
    stage.show(UiState.BLOCKED)
    await stage.end()
    assert not (stage.media_dir / stage.spec.bot_id).exists()


async def test_a_page_that_is_unknown_again_and_again_fills_no_disk(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    for _ in range(MOST_OF_A_KIND + 5):
        stage.show(UiState.UNKNOWN)
        stage.show(UiState.LOBBY)
    await stage.until(lambda: stage.codes().count("evidence_kept") == MOST_OF_A_KIND)
    stage.show(UiState.DENIED)
    await stage.end()
    kept = [path.name for path in (stage.media_dir / stage.spec.bot_id / "debug").glob("*.txt")]
    assert sum(name.endswith("page_unknown.txt") for name in kept) == MOST_OF_A_KIND
    assert any(name.endswith("page_denied.txt") for name in kept)


async def test_every_failure_is_a_remark_with_its_code(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(UiState.DENIED)
    await stage.end()
    remark = next(r.log for r in stage.of("log") if r.log.code == "page_denied")
    assert remark.level == event.LOG_LEVEL_ERROR


async def test_a_bot_without_server_and_without_people_leaves_in_the_end(stage: Stage) -> None:
    stage.patience = replace(stage.patience, forsaken_s=0.2)
    stage.start()
    await stage.join()
    stage.hears.people([])
    stage.link.away_s = 1000.0
    await stage.until_move("meeting_ended")
    await stage.end()
    assert stage.attendances[0].left or stage.browser.closed


async def test_a_bot_without_server_stays_with_people(stage: Stage) -> None:
    stage.patience = replace(stage.patience, forsaken_s=0.2)
    stage.start()
    await stage.join()
    stage.hears.people([PersonSeen("p1", "Grace")])
    stage.link.away_s = 1000.0
    await asyncio.sleep(1.3)
    assert stage.triggers() == ["joined_meeting", "recording_permission_granted"]


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


async def test_an_unknown_page_is_kept_and_waited_on(stage: Stage) -> None:
    stage.spec.settings.debug_settings.create_debug_recording = True
    stage.on_attend = lambda attendance: setattr(attendance, "hang", True)  # its steps go on
    stage.start()
    await stage.until_entered()
    stage.show(UiState.UNKNOWN)
    await stage.until(lambda: "evidence_kept" in stage.codes())
    assert list((stage.media_dir / stage.spec.bot_id / "debug").glob("*page_unknown.png"))
    assert stage.triggers() == []
    stage.show(UiState.LOBBY)
    await stage.until_move("put_in_waiting_room")


async def test_an_unknown_page_after_asking_to_join_may_be_a_lobby_and_is_waited_on_as_long(stage: Stage) -> None:
    stage.spec.settings.automatic_leave_settings.waiting_room_timeout_seconds = 1
    stage.start()
    await stage.until_entered()
    stage.show(UiState.UNKNOWN)
    began = asyncio.get_running_loop().time()
    await stage.until(lambda: "join_step_failed" in stage.codes())
    assert asyncio.get_running_loop().time() - began >= 1 > stage.patience.evidence_s


async def test_a_page_that_lost_its_connection_has_longer_to_find_back(stage: Stage) -> None:
    stage.patience = replace(stage.patience, back_s=0.01, lost_s=30)
    stage.start()
    await stage.join()
    stage.show(UiState.PAGE_LOST)
    await asyncio.sleep(0.1)  # ten times as long as for any other page
    stage.show(UiState.IN_MEETING)
    stage.leave()
    await stage.end()
    assert "rejoining" not in stage.codes()
    assert stage.triggers().count("joined_meeting") == 1


@pytest.mark.parametrize("state", [UiState.REMOVED, UiState.ENDED])
async def test_what_the_page_showed_at_the_end_is_kept_for_those_who_asked(stage: Stage, state: UiState) -> None:
    stage.spec.settings.debug_settings.create_debug_recording = True
    stage.start()
    await stage.join()
    stage.show(state)
    await stage.end()
    assert list((stage.media_dir / stage.spec.bot_id / "debug").glob(f"*page_{state.value}.png"))
