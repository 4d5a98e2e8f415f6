"""A thousand readers by gRPC and SSE, of two servers on one database: they drop and resume at random while writers write, and one
server is drained and another comes. Nobody loses an event or sees one twice.

About 20 s on two quiet cores: 40,000 deliveries and 4,000 connections, all in this process.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.app import create_app
from gateway.serve import serving
from gateway.settings import GatewaySettings
from rollcall.grpc_transport import GrpcTransport
from rollcall.transport import CallError
from rollcall.v1 import agent_service_pb2, event_pb2
from rollcall.v1.event_service_pb2 import WatchBotRequest, WatchEventsRequest
from server.store import StoredEvent
from tests.contract.harness import EVENTS, Running, running_server

READERS = 1000
BOTS = 10
REPORTS = 9
"""Of each bot, after its first event."""
TOTAL = BOTS * (1 + REPORTS)
CHANNELS = 10
"""Of each server, for readers by gRPC."""
PATIENCE_S = 240

pytestmark = pytest.mark.timeout(300)


@dataclass
class Site:
    """A server with its HTTP face."""

    running: Running
    http_port: int
    channels: list[GrpcTransport]


@asynccontextmanager
async def site(folder: Path, database_url: str, readers: AsyncExitStack) -> AsyncIterator[Site]:
    """`readers` closes their channels, which outlive the server."""
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            running_server(folder, database_url, lease_seconds=600, bookmark_seconds=1, worker_token="w", reuse_port=True)
        )
        port = await stack.enter_async_context(serving(create_app(running.local, GatewaySettings()), "127.0.0.1:0", drain_s=2))
        channels = [GrpcTransport(running.address) for _ in range(CHANNELS)]
        for channel in channels:
            readers.push_async_callback(channel.close)
        yield Site(running, port, channels)


@dataclass
class Reader:
    """One who follows, drops, and resumes; `seen` are positions (of a project) or sequences (of one bot), as they came."""

    number: int
    key: str
    sites: list[Site]
    chance: random.Random
    bot_id: str | None = None
    """Whose own log is followed."""
    bot_ids: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    place: int = 0
    cursor: str = "start"
    seen: list[int] = field(default_factory=list)
    connections: int = 0

    @property
    def _end(self) -> int:
        return TOTAL if self.bot_id is None else 1 + REPORTS

    async def follow(self) -> None:
        """Until the end of what will be written."""
        while self.place < self._end:
            one = self.chance.choice(self.sites)
            self.connections += 1
            most = self.chance.randrange(3, 60)
            try:
                await (self._by_grpc(one, most) if self.number % 2 else self._by_sse(one, most))
            except (CallError, OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.05)  # that server is going: another one

    def _take(self, place: int, cursor: str, *, is_event: bool) -> bool:
        """Whether there is still something to come."""
        if is_event:
            self.seen.append(place)
        self.place, self.cursor = max(self.place, place), cursor
        return self.place < self._end

    async def _by_grpc(self, one: Site, most: int) -> None:
        request: Any
        if self.bot_id is not None:
            request = WatchBotRequest(bot_id=self.bot_id, after_sequence=self.place)
        else:
            request = WatchEventsRequest(cursor=self.cursor, bot_ids=self.bot_ids, metadata=self.metadata)
        method = request.DESCRIPTOR.name.removesuffix("Request")
        channel = one.channels[self.number // 2 % CHANNELS]
        stream = channel.stream(EVENTS + method, request, (("authorization", f"Token {self.key}"),))
        async with aclosing(stream):
            async for message in stream:
                answer: Any = message
                cursor = "" if self.bot_id else answer.cursor
                place = answer.sequence if self.bot_id else _position(cursor)
                most -= 1
                if not self._take(place, cursor, is_event=answer.HasField("event")) or most == 0:
                    return

    async def _by_sse(self, one: Site, most: int) -> None:
        path = f"/api/v1/bots/{self.bot_id}/events" if self.bot_id else "/api/v1/events"
        query = urlencode([("bot_ids", bot) for bot in self.bot_ids] + [(f"metadata.{k}", v) for k, v in self.metadata.items()])
        resume = str(self.place) if self.bot_id else self.cursor
        reader, writer = await asyncio.open_connection("127.0.0.1", one.http_port)
        try:
            head = f"GET {path}?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {self.key}\r\n"
            writer.write(f"{head}Accept: text/event-stream\r\nLast-Event-ID: {resume}\r\n\r\n".encode())
            status = await reader.readline()
            if b" 200 " not in status:
                raise ConnectionError(status)
            place, cursor, kind = 0, "", ""
            while line := await reader.readline():
                name, _, value = line.decode().rstrip("\r\n").partition(": ")
                if name == "id":
                    cursor, place = value, int(value) if self.bot_id else _position(value)
                elif name == "event":
                    kind = value
                elif name == "data":
                    if kind in {"error", "end"}:
                        raise ConnectionError(kind)
                    is_event = kind != "bookmark"
                    assert not is_event or place == json.loads(value)["sequence" if self.bot_id else "position"]
                    most -= 1
                    if not self._take(place, cursor, is_event=is_event) or most == 0:
                        return
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _position(cursor: str) -> int:
    return 0 if cursor == "start" else int(cursor[1:], 36)


async def write(sites: list[Site], bot_id: str, epoch: int) -> None:
    """A bot's reports, through whichever server is there."""
    for number in range(1, REPORTS + 1):
        report = agent_service_pb2.Report(number=number, log=event_pb2.LogEntry(code=f"note{number}", message="x" * 200))
        store = sites[number % len(sites)].running.server._store
        assert await store.store_reports(bot_id, epoch, [report]) == number
        await asyncio.sleep(0.3)


async def test_nobody_loses_or_repeats_an_event(tmp_path: Path, new_postgresql_url: Callable[[], str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 65536, hard))
    url = new_postgresql_url()
    try:
        async with asyncio.timeout(PATIENCE_S), AsyncExitStack() as stack:
            first = await stack.enter_async_context(site(tmp_path / "first", url, stack))
            second = AsyncExitStack()
            stack.push_async_callback(second.aclose)
            sites = [first, await second.enter_async_context(site(tmp_path / "second", url, stack))]
            key, store = first.running.key, first.running.server._store
            bots = [await first.running.create(metadata={"team": "ab"[number % 2]}) for number in range(BOTS)]
            leases = [await store.claim_lease(bot.id, "worker") for bot in bots]
            readers = [_reader(number, key, sites, [bot.id for bot in bots]) for number in range(READERS)]
            following = [asyncio.create_task(reader.follow()) for reader in readers]
            writing = [asyncio.create_task(write(sites, lease.bot.id, lease.epoch)) for lease in leases]
            project_id = leases[0].bot.project_id
            while await store.last_position(project_id) < TOTAL // 2:  # noqa: ASYNC110 - this is about what was committed
                await asyncio.sleep(0.02)
            await _replace_the_second(sites, second, site(tmp_path / "third", url, stack))
            await asyncio.gather(*writing)
            await asyncio.gather(*following)
            _judge(await store.project_events_after(project_id, 0, 10 * TOTAL), readers)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _reader(number: int, key: str, sites: list[Site], bots: list[str]) -> Reader:
    """Of four that read alike two come by gRPC: everything, some bots, one team, one bot's own log."""
    reader = Reader(number, key, sites, random.Random(number))
    bot_id = bots[number // 8 % BOTS]
    match number // 2 % 4:
        case 1:
            reader.bot_ids = (bot_id, bots[0])
        case 2:
            reader.metadata = {"team": "ab"[number // 8 % 2]}
        case 3:
            reader.bot_id = bot_id
    return reader


async def _replace_the_second(sites: list[Site], second: AsyncExitStack, third: Any) -> None:
    """As a deployment does: nobody is sent to it any more, it drains, it stops; a new one takes its place."""
    gone = sites.pop()
    await gone.running.server.drain()
    await second.aclose()
    sites.append(await second.enter_async_context(third))


def _judge(log: list[StoredEvent], readers: list[Reader]) -> None:
    assert [event.position for event in log] == list(range(1, TOTAL + 1))
    wrong = []
    for reader in readers:
        expected = [
            event.sequence if reader.bot_id else event.position
            for event in log
            if (not reader.bot_id or event.bot_id == reader.bot_id)
            and (not reader.bot_ids or event.bot_id in reader.bot_ids)
            and reader.metadata.items() <= event.metadata().items()
        ]
        if reader.seen != expected:
            by = "gRPC" if reader.number % 2 else "SSE"
            wrong.append(f"reader {reader.number} by {by} after {reader.connections} connections: {reader.seen} for {expected}")
    assert wrong == []
    assert sum(reader.connections for reader in readers) > 2 * READERS, "most of them dropped and resumed"
