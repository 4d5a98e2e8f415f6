"""A bot with `join_at`, over gRPC: its agent is there before, and goes in on time."""

from __future__ import annotations

import time

from google.protobuf.timestamp_pb2 import Timestamp

from rollcall.v1 import bot_pb2, event_pb2
from tests.contract.harness import FakeAgent, Running, until


async def test_a_scheduled_bots_agent_is_told_how_long_to_wait_and_says_when_it_goes_in(running: Running) -> None:
    join_at = Timestamp()
    join_at.FromNanoseconds(time.time_ns() + 30 * 10**9)
    bot = await running.create(join_at=join_at)
    assert bot.state == bot_pb2.BOT_STATE_SCHEDULED
    await until(lambda: bot.id in running.dispatcher.sent, "a worker is asked ahead of the time")
    agent = FakeAgent(running, bot.id)
    granted = await agent.claim()
    assert granted.bot.state == bot_pb2.BOT_STATE_STAGED
    assert 0 < granted.bot.join_in_ms <= 30_000
    await agent.move("join_requested")
    await agent.stored(await agent.move("joined_meeting"))
    states = [event.state for event in await running.log(bot.id) if event.kind == event_pb2.EVENT_KIND_STATE]
    assert [state.new_state for state in states] == [
        bot_pb2.BOT_STATE_STAGED,
        bot_pb2.BOT_STATE_JOINING,
        bot_pb2.BOT_STATE_JOINED_NOT_RECORDING,
    ]
    assert [state.HasField("late_ms") for state in states] == [False, True, True]


async def test_a_bot_that_joins_at_once_has_no_lateness_and_nothing_to_wait_for(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    assert not agent.granted.bot.HasField("join_in_ms")
    assert not any(event.state.HasField("late_ms") for event in await running.log(bot.id))
