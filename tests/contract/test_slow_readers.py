"""A reader that does not read is ended with RESOURCE_EXHAUSTED, by gRPC and by SSE; nobody waits for it, and little is held."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import code_pb2

from gateway.app import create_app
from gateway.serve import serving
from gateway.settings import GatewaySettings
from rollcall.grpc_transport import OPTIONS
from rollcall.v1 import agent_service_pb2, event_pb2, event_service_pb2_grpc
from rollcall.v1.event_service_pb2 import WatchEventsRequest
from server.domain.errors import SlowReader
from server.store import Lease
from tests.contract.harness import PATIENCE_S, Running, info_of, running_server, status_of, until

EVENT_BYTES = 50_000
BEHIND = 100
"""Events that may pass a reader by."""


@pytest.fixture
async def bounded(tmp_path: Path, database_url: str) -> AsyncIterator[Running]:
    """A server that lets few events pass a reader by."""
    async with running_server(tmp_path / "bounded", database_url, lease_seconds=600) as one:
        feed = one.server._feed
        feed._config = dataclasses.replace(feed._config, queue_events=20, behind_events=BEHIND)
        yield one


async def written(running: Running, lease: Lease, first: int, count: int) -> None:
    """Large events, one by one."""
    for number in range(first, first + count):
        entry = event_pb2.LogEntry(code="large", message="x" * EVENT_BYTES)
        await running.server._store.store_reports(lease.bot.id, lease.epoch, [agent_service_pb2.Report(number=number, log=entry)])


@asynccontextmanager
async def following(running: Running) -> AsyncIterator[Any]:
    """A stream by gRPC that is caught up; nothing more of it is read unless the test does."""
    channel = grpc.aio.insecure_channel(running.address, options=[*OPTIONS, ("grpc.http2.lookahead_bytes", 16_384)])
    async with channel:
        stub: Any = event_service_pb2_grpc.EventServiceStub(channel)
        call = stub.WatchEvents(WatchEventsRequest(), metadata=running.auth)
        assert (await call.read()).bookmark.caught_up
        yield call


@asynccontextmanager
async def following_by_sse(running: Running) -> AsyncIterator[asyncio.StreamReader]:
    """The same by SSE, on a socket that holds little."""
    async with AsyncExitStack() as stack:
        app = create_app(running.local, GatewaySettings())
        port = await stack.enter_async_context(serving(app, "127.0.0.1:0", drain_s=1))
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=plain, limit=4096)
        stack.callback(writer.close)
        head = "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
        writer.write(f"{head}Authorization: Token {running.key}\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE_S):
            await reader.readuntil(b"event: bookmark")
        yield reader


async def test_who_does_not_read_is_ended_and_nobody_waits_for_it(bounded: Running) -> None:
    bot = await bounded.create()
    lease = await bounded.server._store.claim_lease(bot.id, "worker")
    async with following(bounded) as slow, following_by_sse(bounded) as slow_by_sse, following(bounded) as quick:
        got: list[int] = []
        reading = asyncio.create_task(_read(quick, got))
        (topic,) = bounded.server._feed._topics.values()
        last = 1
        while sum(isinstance(one._error, SlowReader) for one in topic.subscriptions) < 2:
            assert last < 2000, "they hold 100 MB by now"
            await written(bounded, lease, last, 20)
            last += 20
            await until(lambda last=last: got and got[-1] == last, "the quick one has everything")
        assert got == list(range(2, last + 1)), "in order and whole"
        assert max(one._bytes for one in topic.subscriptions) <= bounded.server._feed._config.queue_bytes
        reading.cancel()
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await _read(slow, [])
        status = status_of(ended.value)
        assert status.code == code_pb2.RESOURCE_EXHAUSTED
        assert info_of(status).reason == "SLOW_READER"
        assert b'"code":"resource_exhausted"' in await _last_event(slow_by_sse)


async def _read(call: Any, got: list[int]) -> None:
    """To its end, one message at a time."""
    async with asyncio.timeout(PATIENCE_S):
        while (message := await call.read()) is not grpc.aio.EOF:
            if message.HasField("event"):
                got.append(message.event.sequence)


async def _last_event(reader: asyncio.StreamReader) -> bytes:
    """What stands in the stream after `event: error`."""
    tail = b""
    async with asyncio.timeout(PATIENCE_S):
        while b"event: error" not in tail or not tail.rstrip(b"\r\n0").endswith(b"}"):
            part = await reader.read(65536)
            assert part, "the stream ends with an error"
            tail = (tail + part)[-2000:]
    return tail.partition(b"event: error")[2]
