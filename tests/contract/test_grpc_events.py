"""EventService: everything once, in order, resumable; streams that end say why."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from google.rpc import code_pb2

from rollcall.transport import CallError, Transport
from rollcall.v1 import agent_service_pb2 as agent_pb
from rollcall.v1 import bot_pb2, event_pb2
from rollcall.v1.event_service_pb2 import (
    ListBotEventsRequest,
    ListEventsRequest,
    WatchBotRequest,
    WatchEventsRequest,
)
from server.app import Server
from server.clock import ManualClock
from server.dispatch import RecordingDispatcher
from tests.contract.harness import EVENTS, PATIENCE_S, FakeAgent, Running, info_of, running_server, until, violations_of


class Watch:
    """A stream that is read in the background."""

    def __init__(self, stream: Any) -> None:
        self.messages: list[Any] = []
        self.error: CallError | None = None
        self._task = asyncio.ensure_future(self._read(stream))

    async def _read(self, stream: Any) -> None:
        try:
            async with aclosing(stream):
                async for message in stream:
                    self.messages.append(message)
        except CallError as error:
            self.error = error

    @property
    def events(self) -> list[event_pb2.Event]:
        return [one.event for one in self.messages if one.HasField("event")]

    @property
    def bookmarks(self) -> list[event_pb2.Bookmark]:
        return [one.bookmark for one in self.messages if one.HasField("bookmark")]

    async def end(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.shield(self._task)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def watching(caller: Transport, running: Running, request: Any) -> AsyncIterator[Watch]:
    method = request.DESCRIPTOR.name.removesuffix("Request")
    watch = Watch(caller.stream(EVENTS + method, request, running.auth))
    try:
        yield watch
    finally:
        await watch.close()


async def test_a_bots_story_is_told_to_its_end(caller: Transport, running: Running) -> None:
    bot = await running.create()
    async with watching(caller, running, WatchBotRequest(bot_id=bot.id, after_sequence=0)) as watch:
        await until(lambda: watch.bookmarks)
        assert watch.bookmarks[0].caught_up
        agent = FakeAgent(running, bot.id)
        await agent.join()
        await agent.move("meeting_ended")
        await agent.stored(await agent.move("post_processing_completed"))
        await agent.say(release=agent_pb.ReleaseLease())
        await watch.end()
    assert watch.error is None, "a bot that has ended and was let go ends its stream with OK"
    moves = [event.state.new_state for event in watch.events if event.kind == event_pb2.EVENT_KIND_STATE]
    assert moves[0] == bot_pb2.BOT_STATE_JOINING
    assert moves[-1] == bot_pb2.BOT_STATE_ENDED
    assert [event.sequence for event in watch.events] == list(range(1, len(watch.events) + 1))
    assert [one.sequence for one in watch.messages if one.HasField("event")] == [event.sequence for event in watch.events]
    assert watch.events == await running.log(bot.id)


async def test_a_stream_resumes_after_what_was_seen(caller: Transport, running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    log = await running.log(bot.id)
    for seen in range(len(log) + 1):
        async with watching(caller, running, WatchBotRequest(bot_id=bot.id, after_sequence=seen)) as watch:
            await until(lambda watch=watch: watch.bookmarks)
        assert watch.events == log[seen:]
        assert watch.messages[-1].sequence == len(log)


async def test_without_a_position_only_what_comes_is_told(caller: Transport, running: Running) -> None:
    bot = await running.create()
    async with watching(caller, running, WatchBotRequest(bot_id=bot.id)) as watch:
        await until(lambda: watch.bookmarks)
        await running.leave(bot.id)
        await until(lambda: watch.events)
    assert [event.state.type for event in watch.events] == [bot_pb2.BOT_EVENT_TYPE_LEAVE_REQUESTED]


async def test_only_the_kinds_that_were_asked_for_come(caller: Transport, running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await agent.stored(await agent.report(chat=bot_pb2.ChatMessage(text="x", sender_name="A", sender_uuid="u")))
    request = WatchBotRequest(bot_id=bot.id, after_sequence=0, kinds=[event_pb2.EVENT_KIND_CHAT])
    async with watching(caller, running, request) as watch:
        await until(lambda: watch.bookmarks)
    assert [event.chat.text for event in watch.events] == ["x"]


async def test_a_position_that_was_never_given_is_out_of_range(caller: Transport, running: Running) -> None:
    bot = await running.create()
    async with watching(caller, running, WatchBotRequest(bot_id=bot.id, after_sequence=1_000)) as watch:
        await watch.end()
    assert watch.error is not None
    assert watch.error.status.code == code_pb2.OUT_OF_RANGE
    assert "earliest" in info_of(watch.error.status).metadata


async def test_a_negative_position_is_no_position(caller: Transport, running: Running) -> None:
    bot = await running.create()
    async with watching(caller, running, WatchBotRequest(bot_id=bot.id, after_sequence=-1)) as watch:
        await watch.end()
    assert watch.error is not None
    assert list(violations_of(watch.error.status)) == ["after_sequence"]


async def test_a_strangers_bot_cannot_be_watched(caller: Transport, running: Running) -> None:
    bot = await running.create()
    other = await running.server.create_key(project="other")
    request = WatchBotRequest(bot_id=bot.id, after_sequence=0)
    watch = Watch(caller.stream(EVENTS + "WatchBot", request, (("authorization", f"Token {other}"),)))
    await watch.end()
    assert watch.error is not None
    assert watch.error.status.code == code_pb2.NOT_FOUND
    assert not watch.events


async def test_a_project_is_followed_across_its_bots_and_resumes(caller: Transport, running: Running) -> None:
    bots = [await running.create() for _ in range(3)]
    async with watching(caller, running, WatchEventsRequest(cursor="start")) as watch:
        await until(lambda: len(watch.events) == 3)
        await running.leave(bots[1].id)
        await until(lambda: len(watch.events) == 4)
    assert [event.bot_id for event in watch.events] == [bot.id for bot in bots] + [bots[1].id]
    assert [event.position for event in watch.events] == [1, 2, 3, 4]
    told = [one for one in watch.messages if one.HasField("event")]
    async with watching(caller, running, WatchEventsRequest(cursor=told[1].cursor)) as resumed:
        await until(lambda: len(resumed.events) == 2)
    assert resumed.events == watch.events[2:]


async def test_a_project_is_filtered(caller: Transport, running: Running) -> None:
    first = await running.create(metadata={"team": "a"})
    second = await running.create(metadata={"team": "b"})
    await running.leave(second.id)

    async def told(**filters: Any) -> list[str]:
        async with watching(caller, running, WatchEventsRequest(cursor="start", **filters)) as watch:
            await until(lambda: any(bookmark.caught_up for bookmark in watch.bookmarks))
        return [event.bot_id for event in watch.events]

    assert await told(metadata={"team": "b"}) == [second.id, second.id]
    assert await told(bot_ids=[first.id]) == [first.id]
    assert await told(states=[bot_pb2.BOT_STATE_LEAVING]) == [second.id]
    assert await told(kinds=[event_pb2.EVENT_KIND_CHAT]) == []


@pytest.mark.parametrize("cursor", ["nonsense", "c0", "", "C1"])
async def test_a_made_up_cursor_is_refused(caller: Transport, running: Running, cursor: str) -> None:
    async with watching(caller, running, WatchEventsRequest(cursor=cursor)) as watch:
        await watch.end()
    assert watch.error is not None
    assert list(violations_of(watch.error.status)) == ["cursor"]


async def test_silence_is_broken_by_bookmarks(caller: Transport, running: Running) -> None:
    bot = await running.create()
    async with watching(caller, running, WatchBotRequest(bot_id=bot.id)) as watch:
        await until(lambda: len(watch.bookmarks) >= 3)
    assert not watch.events


async def test_a_log_is_read_in_pages(caller: Transport, running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    for number in range(40):
        last = await agent.report(chat=bot_pb2.ChatMessage(text=str(number), sender_name="A", sender_uuid="u"))
    await agent.stored(last)
    log = await running.log(bot.id)
    assert [event.sequence for event in log] == list(range(1, len(log) + 1))
    assert [event.chat.text for event in log if event.HasField("chat")] == [str(number) for number in range(40)]
    request = ListBotEventsRequest(bot_id=bot.id, after_sequence=len(log) - 2)
    page: Any = await caller.unary(EVENTS + "ListBotEvents", request, running.auth)
    assert list(page.results) == log[-2:]
    whole: Any = await caller.unary(EVENTS + "ListEvents", ListEventsRequest(), running.auth)
    assert list(whole.results) == log[:25]
    rest: Any = await caller.unary(EVENTS + "ListEvents", ListEventsRequest(cursor=whole.next), running.auth)
    assert list(rest.results) == log[25:50]


async def test_a_server_that_drains_ends_its_streams_and_they_resume_elsewhere(running: Running) -> None:
    bot = await running.create()
    request = WatchBotRequest(bot_id=bot.id, after_sequence=0)
    async with (
        watching(running.grpc, running, request) as by_grpc,
        watching(running.local, running, request) as local,
        watching(running.grpc, running, WatchEventsRequest(cursor="start")) as project,
    ):
        for watch in (by_grpc, local, project):
            await until(lambda watch=watch: watch.bookmarks)
        began = asyncio.get_running_loop().time()
        await running.server.drain()
        for watch in (by_grpc, local, project):
            await watch.end()
            assert watch.error is not None
            assert watch.error.status.code == code_pb2.UNAVAILABLE
            assert info_of(watch.error.status).reason == "DRAINING"
        assert asyncio.get_running_loop().time() - began < 1.5, "endless streams do not hold up the end"
    await running.restart()
    async with watching(running.grpc, running, request) as again:
        await until(lambda: again.bookmarks)
    assert again.events == by_grpc.events


async def test_events_that_are_no_longer_kept_are_told_with_the_earliest_position(caller: Transport, running: Running) -> None:
    bot = await running.create()
    await running.leave(bot.id)
    store = running.server._store
    project_id = (await store.get_bot(None, bot.id)).project_id
    while (await store.bounds_of_project(project_id)).earliest < 2:
        await store.drop_events(time.time_ns() // 1000, 0, most=100)
    requests = (WatchBotRequest(bot_id=bot.id, after_sequence=1), WatchEventsRequest(cursor="c1"))
    for request, earliest in zip(requests, ("2", "c2"), strict=True):
        async with watching(caller, running, request) as watch:
            await watch.end()
        assert watch.error is not None
        assert watch.error.status.code == code_pb2.OUT_OF_RANGE
        assert info_of(watch.error.status).metadata["earliest"] == earliest
        assert f"resume after {earliest} or later" in watch.error.status.message
    request = ListBotEventsRequest(bot_id=bot.id, after_sequence=1)
    with pytest.raises(CallError) as refused:
        await caller.unary(EVENTS + "ListBotEvents", request, running.auth)
    assert refused.value.status.code == code_pb2.OUT_OF_RANGE


async def test_a_bots_stream_shows_the_states_that_were_asked_for(caller: Transport, running: Running) -> None:
    bot = await running.create()
    request = WatchBotRequest(bot_id=bot.id, after_sequence=0, states=[bot_pb2.BOT_STATE_LEAVING, bot_pb2.BOT_STATE_ENDED])
    async with watching(caller, running, request) as watch:
        await until(lambda: watch.bookmarks)
        await running.leave(bot.id)
        await until(lambda: len(watch.events) == 1)
    assert watch.events[0].state.new_state == bot_pb2.BOT_STATE_LEAVING


async def test_a_server_that_keeps_events_for_a_time_drops_them_by_itself(tmp_path: Path, database_url: str) -> None:
    async with running_server(tmp_path / "short", database_url, limit_event_days=1) as running:
        bot = await running.create()
        assert await running.log(bot.id)
    clock = ManualClock(time.time_ns() // 1000 + 2 * 86_400_000_000)
    later = Server(running.settings, RecordingDispatcher(), clock)
    await later.start()
    try:
        store = later._store
        project_id = (await store.get_bot(None, bot.id)).project_id
        async with asyncio.timeout(PATIENCE_S):
            while not (await store.bounds_of_project(project_id)).earliest:  # noqa: ASYNC110 - nobody says when it is done
                await asyncio.sleep(0.01)
    finally:
        await later.stop()
