"""Attend: nothing lost, nothing doubled, whoever dies; and what the bot is told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from google.rpc import code_pb2

from rollcall.transport import CallError
from rollcall.v1 import agent_service_pb2 as agent_pb
from rollcall.v1 import bot_pb2, event_pb2
from rollcall.v1.bot_service_pb2 import SendChatMessageRequest
from rollcall.v1.bot_settings_pb2 import AutomaticLeaveSettings
from rollcall.v1.event_service_pb2 import WatchBotRequest
from tests.contract.harness import MEET, FakeAgent, Running, info_of, running_server, until, violations_of

S = bot_pb2
LEASE_S = 1.0


@pytest.fixture
async def quick(tmp_path: Path, database_url: str) -> Any:
    """A server with short leases."""
    async with running_server(tmp_path / "quick", database_url, lease_seconds=LEASE_S) as one:
        yield one


def chat(text: str) -> bot_pb2.ChatMessage:
    return bot_pb2.ChatMessage(text=text, sender_name="A", sender_uuid="u")


async def chats(running: Running, bot_id: str) -> list[str]:
    return [event.chat.text for event in await running.log(bot_id) if event.HasField("chat")]


# -- Leases ------------------------------------------------------------------------------------------------------------


async def test_a_worker_gets_all_that_it_needs(running: Running) -> None:
    bot = await running.create(automatic_leave_settings=AutomaticLeaveSettings(bot_keywords=["notetaker"]))
    granted = await FakeAgent(running, bot.id).claim()
    assert (granted.epoch, granted.task, granted.last_report_number) == (1, agent_pb.AGENT_TASK_ATTEND, 0)
    assert granted.lease_ms == 3_000
    assert granted.heartbeat_ms == 1_000
    spec = granted.bot
    assert (spec.bot_id, spec.bot_name, spec.meeting_url, spec.attempt) == (bot.id, "Bot", MEET, 1)
    assert (spec.platform, spec.state) == (S.PLATFORM_GOOGLE_MEET, S.BOT_STATE_JOINING)
    leave = spec.settings.automatic_leave_settings
    assert (leave.waiting_room_timeout_seconds, list(leave.bot_keywords)) == (900, ["notetaker"])


async def test_one_worker_runs_a_bot_and_the_others_forget_it(running: Running) -> None:
    bot = await running.create()
    first, second = FakeAgent(running, bot.id), FakeAgent(running, bot.id, "worker_2")
    await first.claim()
    with pytest.raises(CallError) as refused:
        await second.claim()
    assert refused.value.status.code == code_pb2.FAILED_PRECONDITION
    assert info_of(refused.value.status).reason == "LEASE_NOT_AVAILABLE"
    with pytest.raises(CallError):
        await FakeAgent(running, "bot_nope").claim()
    assert not first.ended.done()


async def test_a_worker_that_did_not_hear_of_its_lease_claims_again_and_the_log_tells_nothing_of_it(running: Running) -> None:
    bot = await running.create()
    unheard = FakeAgent(running, bot.id)
    await unheard.claim()
    await unheard.close()
    agent = FakeAgent(running, bot.id)
    granted = await agent.claim()
    assert (granted.epoch, granted.bot.attempt) == (2, 1)
    with pytest.raises(CallError):
        await unheard.resume()
    await agent.stored(await agent.move("joined_meeting"))
    types = [event.state.type for event in await running.log(bot.id) if event.HasField("state")]
    assert types == [S.BOT_EVENT_TYPE_JOIN_REQUESTED, S.BOT_EVENT_TYPE_JOINED_MEETING]


async def test_only_workers_attend(running: Running) -> None:
    bot = await running.create()
    first = agent_pb.AttendRequest(claim=agent_pb.ClaimLease(bot_id=bot.id, worker_id="w"))
    for token, code in ((running.key, code_pb2.PERMISSION_DENIED), ("wrong", code_pb2.UNAUTHENTICATED)):
        agent = FakeAgent(running, bot.id)
        await agent.open(first, token)
        status = await agent.end()
        assert status is not None
        assert status.code == code


@pytest.mark.parametrize(
    "first",
    [
        agent_pb.AttendRequest(),
        agent_pb.AttendRequest(situation=agent_pb.Situation()),
        agent_pb.AttendRequest(claim=agent_pb.ClaimLease(bot_id="b")),
    ],
)
async def test_a_stream_begins_with_a_lease(running: Running, first: agent_pb.AttendRequest) -> None:
    agent = FakeAgent(running, "b")
    await agent.open(first)
    status = await agent.end()
    assert status is not None
    assert status.code == code_pb2.INVALID_ARGUMENT


async def test_a_lease_that_is_renewed_lasts(quick: Running) -> None:
    bot = await quick.create()
    agent = FakeAgent(quick, bot.id)
    await agent.claim()
    loop = asyncio.get_running_loop()
    until_time = loop.time() + 3 * LEASE_S
    while loop.time() < until_time:
        await agent.situation("joining")
        await asyncio.sleep(LEASE_S / 3)
    assert not agent.ended.done()
    renewals = [one.renewed.lease_ms for one in agent.heard if one.HasField("renewed")]
    assert 5 <= len(renewals) <= 10
    assert set(renewals) == {1_000}


async def test_heartbeats_are_written_a_third_of_a_lease_apart_at_most(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.claim()
    for _ in range(50):
        await agent.situation("joining")
    await agent.stored(await agent.report(chat=chat("x")))
    assert not [one for one in agent.heard if one.HasField("renewed")]


async def test_a_silent_worker_loses_its_bot_and_another_goes_on(quick: Running) -> None:
    bot = await quick.create()
    lost = FakeAgent(quick, bot.id)
    await lost.join()
    await lost.close()
    await until(lambda: quick.dispatcher.sent.count(bot.id) >= 2, "a new hint")
    assert (await quick.get(bot.id)).state == S.BOT_STATE_JOINING
    successor = FakeAgent(quick, bot.id, "worker_2")
    granted = await successor.claim()
    assert (granted.epoch, granted.bot.attempt, granted.task) == (2, 2, agent_pb.AGENT_TASK_ATTEND)
    assert granted.bot.recording_state == S.RECORDING_STATE_IN_PROGRESS
    assert granted.bot.joined_timestamp_ms > 0, "so that max_uptime_seconds counts from the first joining"
    with pytest.raises(CallError) as refused:
        await lost.resume()
    assert refused.value.status.code == code_pb2.ABORTED
    assert info_of(refused.value.status).reason == "LEASE_LOST"
    types = [event.state.type for event in await quick.log(bot.id) if event.HasField("state")]
    assert types.count(S.BOT_EVENT_TYPE_AGENT_LOST) == 1


async def test_the_log_of_a_bot_that_ended_ends_though_its_worker_died_without_a_word(quick: Running) -> None:
    bot = await quick.create()
    agent = FakeAgent(quick, bot.id)
    await agent.claim()
    await agent.stored(await agent.move("could_not_join_meeting", "meeting_not_found"))
    await agent.close()
    request = WatchBotRequest(bot_id=bot.id, after_sequence=0)
    async with asyncio.timeout(20):
        told = [one async for one in quick.local.stream("/rollcall.v1.EventService/WatchBot", request, quick.auth)]
    assert [one.event.state.type for one in told if one.event.HasField("state")] == [
        S.BOT_EVENT_TYPE_JOIN_REQUESTED,
        S.BOT_EVENT_TYPE_COULD_NOT_JOIN_MEETING,
    ]


async def test_a_stream_whose_lease_ran_out_is_told_so(quick: Running) -> None:
    bot = await quick.create()
    agent = FakeAgent(quick, bot.id)
    await agent.claim()
    status = await agent.end()
    assert status is not None
    assert info_of(status).reason == "LEASE_LOST"


async def test_the_newer_of_two_streams_wins(running: Running) -> None:
    bot = await running.create()
    first, second = FakeAgent(running, bot.id), FakeAgent(running, bot.id)
    granted = await first.claim()
    await second.resume(granted.epoch)
    status = await first.end()
    assert status is not None
    assert status.code == code_pb2.ABORTED
    second.numbers = first.numbers
    await second.stored(await second.move("joined_meeting"))


async def test_a_stranger_cannot_resume_anothers_lease(running: Running) -> None:
    bot = await running.create()
    await FakeAgent(running, bot.id).claim()
    for worker, epoch in (("worker_2", 1), ("worker_1", 2), ("worker_1", 0)):
        with pytest.raises(CallError) as refused:
            await FakeAgent(running, bot.id, worker).resume(epoch)
        assert info_of(refused.value.status).reason == "LEASE_LOST"


async def test_a_worker_that_hands_over_costs_no_attempt(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await agent.say(release=agent_pb.ReleaseLease(hand_over=True))
    assert await agent.end() is None
    assert running.dispatcher.sent == [bot.id, bot.id]
    granted = await FakeAgent(running, bot.id, "worker_2").claim()
    assert (granted.epoch, granted.bot.attempt) == (2, 1)


async def test_a_bot_that_is_done_is_released_without_a_word_to_the_broker(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await agent.move("meeting_ended")
    await agent.stored(await agent.move("post_processing_completed"))
    await agent.say(release=agent_pb.ReleaseLease())
    assert await agent.end() is None
    assert running.dispatcher.sent == [bot.id]
    with pytest.raises(CallError):
        await FakeAgent(running, bot.id).claim()


# -- Reports -----------------------------------------------------------------------------------------------------------


async def test_reports_that_come_twice_are_stored_once(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    for number in (3, 4, 3, 4, 5, 1, 5):
        await agent.report(number, chat=chat(str(number)))
    await agent.stored(5)
    assert await chats(running, bot.id) == ["3", "4", "5"]


async def test_reports_that_come_out_of_order_are_put_in_order(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    for number in (5, 7, 4, 6, 3):
        await agent.report(number, chat=chat(str(number)))
    await agent.stored(7)
    assert await chats(running, bot.id) == ["3", "4", "5", "6", "7"]


async def test_many_reports_are_stored_together_and_acknowledged_together(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    for number in range(1_000):
        last = await agent.report(chat=chat(str(number)))
    await agent.stored(last)
    assert await chats(running, bot.id) == [str(number) for number in range(1_000)]
    assert len([one for one in agent.heard if one.HasField("accepted")]) < 500


async def test_what_came_before_a_report_that_makes_no_sense_is_stored(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    for number in range(3, 13):
        await agent.report(number, chat=chat(str(number)))
    await agent.say(report=agent_pb.Report(number=0))
    status = await agent.end()
    assert status is not None
    assert status.code == code_pb2.INVALID_ARGUMENT
    assert list(violations_of(status)) == ["report.number"]
    assert agent.accepted == 12
    assert len(await chats(running, bot.id)) == 10


async def test_a_move_that_is_too_late_is_accepted_and_ignored(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await running.leave(bot.id)
    await agent.stored(await agent.move("recording_paused"))
    assert (await running.get(bot.id)).state == S.BOT_STATE_LEAVING


async def test_a_restart_of_the_server_loses_and_doubles_nothing(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await agent.stored(await agent.report(chat=chat("before")))
    for number in range(20):
        await agent.report(chat=chat(f"during {number}"))
    await running.restart()
    granted = await agent.resume()
    assert granted.epoch == 1
    assert granted.last_report_number >= 3
    for number in range(20):  # the agent knows only what was acknowledged, and says the rest again
        await agent.report(4 + number, chat=chat(f"during {number}"))
    await agent.stored(await agent.report(chat=chat("after")))
    assert await chats(running, bot.id) == ["before", *(f"during {number}" for number in range(20)), "after"]
    types = [event.state.type for event in await running.log(bot.id) if event.HasField("state")]
    assert S.BOT_EVENT_TYPE_AGENT_LOST not in types, "a restart is invisible in the log"


async def test_hostile_text_is_stored_as_it_is(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    hostile = "\x00'; DROP TABLE bot; --\ud7ff😀" + "x" * 100_000
    await agent.report(chat=bot_pb2.ChatMessage(text=hostile, sender_name="\x00" * 300, sender_uuid="\x00"))
    event = bot_pb2.ParticipantEvent(participant_name=hostile, participant_uuid="\x00u", event_type=1)
    await agent.stored(await agent.report(participant=event))
    assert not agent.ended.done()
    assert len(await chats(running, bot.id)) == 1


# -- What the bot is told ----------------------------------------------------------------------------------------------


async def test_a_users_leave_reaches_the_agent_within_a_second(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    began = asyncio.get_running_loop().time()
    await running.leave(bot.id)
    command = await agent.command("leave")
    assert asyncio.get_running_loop().time() - began < 1.0
    assert (command.command_id, command.leave.abandoned) == ("leave", False)
    assert command.leave.sub_type == S.BOT_EVENT_SUB_TYPE_USER_REQUESTED
    await agent.move("left_meeting")
    await agent.stored(await agent.move("post_processing_completed"))
    assert (await running.get(bot.id)).state == S.BOT_STATE_ENDED
    assert len(agent.commands) == 1


async def test_a_leave_that_no_agent_heard_is_said_again_after_a_reconnect(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await agent.close()
    await running.leave(bot.id)
    await agent.resume()
    assert (await agent.command("leave")).command_id == "leave"


async def test_a_chat_message_is_said_once_and_its_fate_is_told(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await running.call("SendChatMessage", SendChatMessageRequest(bot_id=bot.id, message="hello"))
    command = await agent.command("send_chat")
    assert (command.send_chat.message, command.send_chat.to) == ("hello", S.CHAT_MESSAGE_TO_EVERYONE)
    result = agent_pb.CommandResult(command_id=command.command_id, done=True)
    await agent.say(result=result)
    await agent.say(result=result)
    await agent.stored(await agent.report(chat=chat("x")))
    requests = [event.media_request for event in await running.log(bot.id) if event.HasField("media_request")]
    assert [one.state for one in requests] == [event_pb2.MEDIA_REQUEST_STATE_REQUESTED, event_pb2.MEDIA_REQUEST_STATE_DONE]
    assert {one.command_id for one in requests} == {command.command_id}
    await agent.resume()
    await running.call("SendChatMessage", SendChatMessageRequest(bot_id=bot.id, message="again"))
    await until(lambda: len(agent.commands) == 2)
    assert [one.send_chat.message for one in agent.commands] == ["hello", "again"]


async def test_a_wish_without_a_result_is_sent_again_after_a_reconnect(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await running.call("SendChatMessage", SendChatMessageRequest(bot_id=bot.id, message="hello"))
    first = await agent.command("send_chat")
    await running.restart()
    await agent.resume()
    await until(lambda: len(agent.commands) == 2)
    assert agent.commands[1] == first


async def test_a_wish_that_nobody_can_carry_out_any_more_has_failed(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await running.call("SendChatMessage", SendChatMessageRequest(bot_id=bot.id, message="hello"))
    await agent.command("send_chat")
    await agent.move("meeting_ended")

    async def states() -> list[int]:
        return [event.media_request.state for event in await running.log(bot.id) if event.HasField("media_request")]

    async with asyncio.timeout(10):
        while len(await states()) < 2:  # noqa: ASYNC110 - polled on purpose: this is about what a reader sees
            await asyncio.sleep(0.01)
    assert await states() == [event_pb2.MEDIA_REQUEST_STATE_REQUESTED, event_pb2.MEDIA_REQUEST_STATE_FAILED]


# -- Leave rules -------------------------------------------------------------------------------------------------------

RULES = AutomaticLeaveSettings(
    silence_timeout_seconds=2,
    silence_activate_after_seconds=3,
    only_participant_in_meeting_timeout_seconds=2,
    wait_for_host_to_start_meeting_timeout_seconds=2,
    waiting_room_timeout_seconds=2,
    max_uptime_seconds=60,
    enable_closed_captions_timeout_seconds=2,
)


@pytest.mark.parametrize(
    ("facts", "sub_type"),
    [
        ({"people": 0, "alone_ms": 2_000}, S.BOT_EVENT_SUB_TYPE_AUTO_LEAVE_ONLY_PARTICIPANT_IN_MEETING),
        ({"people": 2, "silent_ms": 2_000, "in_meeting_ms": 5_000}, S.BOT_EVENT_SUB_TYPE_AUTO_LEAVE_SILENCE),
        ({"people": 2, "in_meeting_ms": 60_000}, S.BOT_EVENT_SUB_TYPE_AUTO_LEAVE_MAX_UPTIME_EXCEEDED),
        ({"people": 2, "captions_off_ms": 2_000}, S.BOT_EVENT_SUB_TYPE_AUTO_LEAVE_COULD_NOT_ENABLE_CLOSED_CAPTIONS),
    ],
)
async def test_a_leave_rule_makes_the_bot_leave(running: Running, facts: dict[str, int], sub_type: int) -> None:
    bot = await running.create(automatic_leave_settings=RULES)
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await agent.situation("in_meeting", people=2, people_known=True, in_meeting_ms=1_000)
    for _ in range(3):
        await agent.situation("in_meeting", people_known=True, **facts)
    command = await agent.command("leave")
    assert (command.leave.sub_type, command.leave.abandoned) == (sub_type, False)
    found = await running.get(bot.id)
    assert found.state == S.BOT_STATE_LEAVING
    assert found.events[-1].sub_type == sub_type
    await agent.stored(await agent.move("left_meeting"))
    assert len(agent.commands) == 1, "once is enough"


@pytest.mark.parametrize(
    ("phase", "trigger", "sub_type"),
    [
        ("waiting_room", "put_in_waiting_room", S.BOT_EVENT_SUB_TYPE_WAITING_ROOM_TIMEOUT_EXCEEDED),
        ("waiting_for_host", "", S.BOT_EVENT_SUB_TYPE_MEETING_NOT_STARTED_WAITING_FOR_HOST),
    ],
)
async def test_a_wait_has_an_end(running: Running, phase: str, trigger: str, sub_type: int) -> None:
    bot = await running.create(automatic_leave_settings=RULES)
    agent = FakeAgent(running, bot.id)
    await agent.claim()
    if trigger:
        await agent.move(trigger)
    await agent.situation(phase, phase_ms=1_999)
    await agent.situation(phase, phase_ms=2_000)
    command = await agent.command("leave")
    assert (command.leave.sub_type, command.leave.abandoned) == (sub_type, True)
    found = await running.get(bot.id)
    assert found.state == S.BOT_STATE_FATAL_ERROR
    assert found.events[-1].sub_type == sub_type
    await agent.say(release=agent_pb.ReleaseLease())
    assert await agent.end() is None


async def test_an_agent_that_has_not_heard_that_its_bot_failed_is_told_by_its_next_heartbeat(running: Running) -> None:
    bot = await running.create(automatic_leave_settings=RULES)
    agent = FakeAgent(running, bot.id)
    await agent.claim()
    await agent.situation("waiting_for_host", phase_ms=2_000)
    await running.state_is(bot.id, S.BOT_STATE_FATAL_ERROR)
    await agent.resume()
    before = len(agent.commands)
    await agent.situation("waiting_for_host", phase_ms=3_000)
    await until(lambda: len(agent.commands) > before)
    assert agent.commands[-1].leave.abandoned


async def test_an_agents_own_failure_is_not_told_to_it(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.claim()
    await agent.move("could_not_join_meeting", "meeting_not_found")
    await agent.situation("leaving")
    await agent.stored(await agent.report(log=event_pb2.LogEntry(code="x", message="y")))
    assert agent.commands == []


# -- The end of a server -----------------------------------------------------------------------------------------------


async def test_a_server_that_drains_sends_its_agents_elsewhere(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await running.server.drain()
    status = await agent.end()
    assert status is not None
    assert (status.code, info_of(status).reason) == (code_pb2.UNAVAILABLE, "DRAINING")
    await running.restart()
    await agent.resume()
    await agent.stored(await agent.report(chat=chat("still here")))
