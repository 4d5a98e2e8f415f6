"""What the bot says, and to whom; who and what it hears."""

from __future__ import annotations

import asyncio

from agents.browser.errors import (
    PageCrashedError,
)
from agents.platforms.base import RECEIVER_STEP, ChatSeen, JoinStepError, PersonSeen, UiState
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from tests.unit.agents.runner.stage import Stage, StoryAttendance


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
