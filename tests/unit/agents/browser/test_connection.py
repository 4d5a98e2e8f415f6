"""The connection against a browser that answers as the test says."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import structlog.testing
from websockets.legacy.server import WebSocketServerProtocol, serve

from agents.browser.pyppeteer_fixes import ProtocolError, SafeConnection, SessionGoneError

Browser = Callable[[WebSocketServerProtocol, dict[str, Any]], Awaitable[None]]


class FakeDevTools:
    """Answers every call with its method, unless told otherwise; `send` sends anything."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        """Methods that are not answered."""
        self.calls: list[dict[str, Any]] = []
        self.socket: WebSocketServerProtocol | None = None

    async def serve(self, socket: WebSocketServerProtocol) -> None:
        self.socket = socket
        async for text in socket:
            message = json.loads(text)
            self.calls.append(message)
            if message["method"] not in self.held:
                await self.answer(message)

    async def answer(self, message: dict[str, Any]) -> None:
        failed = message["method"].startswith("Bad.")
        result = {"error": {"message": "no such method"}} if failed else {"result": {"method": message["method"]}}
        session = {"sessionId": message["sessionId"]} if "sessionId" in message else {}
        await self.send({"id": message["id"], **session, **result})

    async def send(self, message: Any) -> None:
        assert self.socket is not None
        await self.socket.send(message if isinstance(message, str) else json.dumps(message))


@pytest.fixture
async def devtools() -> FakeDevTools:
    return FakeDevTools()


@pytest.fixture
async def connection(devtools: FakeDevTools) -> AsyncIterator[SafeConnection]:
    async with serve(devtools.serve, "127.0.0.1", 0, max_size=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        connection = await SafeConnection.connect(f"ws://127.0.0.1:{port}/", timeout_s=5)
        yield connection
        await connection.dispose()


async def test_answers_find_their_calls(connection: SafeConnection) -> None:
    session = connection.session("S", "page")
    answers = await asyncio.gather(connection.send("A.a"), session.send("B.b"), connection.send("C.c"))
    assert [answer["method"] for answer in answers] == ["A.a", "B.b", "C.c"]


async def test_a_refused_call_says_why(connection: SafeConnection) -> None:
    with pytest.raises(ProtocolError, match="no such method"):
        await connection.send("Bad.call")


async def test_a_late_answer_to_a_cancelled_call_is_dropped(connection: SafeConnection, devtools: FakeDevTools) -> None:
    devtools.held.add("Slow.call")
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.send("Slow.call"), 0.01)
    for message in list(devtools.calls):
        await devtools.answer(message)
    await devtools.send({"id": 999_999, "result": {}})
    assert (await connection.send("A.a"))["method"] == "A.a"
    assert connection._waiting == {}


async def test_a_listener_that_raises_stops_neither_the_others_nor_the_connection(
    connection: SafeConnection, devtools: FakeDevTools
) -> None:
    heard: list[Any] = []

    def fails(_: Any) -> None:
        raise ValueError

    connection.on("X.happened", fails)
    connection.on("X.happened", heard.append)
    with structlog.testing.capture_logs() as logs:
        await connection.send("A.a")
        await devtools.send({"method": "X.happened", "params": {"n": 1}})
        assert (await connection.send("A.a"))["method"] == "A.a"
    assert heard == [{"n": 1}]
    assert logs[0]["event"] == "browser.listener_failed"


async def test_events_go_to_their_session_alone_and_in_order(connection: SafeConnection, devtools: FakeDevTools) -> None:
    heard: list[Any] = []
    first, second = connection.session("1", "page"), connection.session("2", "page")
    first.on("X.x", lambda params: heard.append((1, params["n"])))
    second.on("X.x", lambda params: heard.append((2, params["n"])))
    await connection.send("A.a")
    for n in range(50):
        await devtools.send({"sessionId": str(n % 2 + 1), "method": "X.x", "params": {"n": n}})
    await devtools.send({"sessionId": "unknown", "method": "X.x", "params": {}})
    await connection.send("A.a")
    assert heard == [(n % 2 + 1, n) for n in range(50)]


async def test_big_messages_pass(connection: SafeConnection, devtools: FakeDevTools) -> None:
    heard: list[Any] = []
    connection.on("X.x", heard.append)
    await connection.send("A.a", {"data": "x" * 5_000_000})
    await devtools.send({"method": "X.x", "params": {"data": "y" * 5_000_000}})
    await connection.send("A.a")
    assert heard == [{"data": "y" * 5_000_000}]


async def test_calls_of_a_session_that_is_gone_fail_at_once(connection: SafeConnection, devtools: FakeDevTools) -> None:
    session = connection.session("S", "page")
    closed: list[Any] = []
    session.on("closed", closed.append)
    devtools.held.add("Slow.call")
    waiting = session.send("Slow.call")
    await connection.send("A.a")
    await devtools.send({"method": "Target.detachedFromTarget", "params": {"sessionId": "S"}})
    with pytest.raises(SessionGoneError):
        await asyncio.wait_for(waiting, 1)
    with pytest.raises(SessionGoneError):
        await asyncio.wait_for(session.send("A.a"), 1)
    assert closed == [{}]
    assert (await connection.send("A.a"))["method"] == "A.a"


@pytest.mark.parametrize("end", ["closed", "broken", "nonsense"])
async def test_calls_on_a_lost_connection_fail_at_once(connection: SafeConnection, devtools: FakeDevTools, end: str) -> None:
    session = connection.session("S", "page")
    devtools.held.add("Slow.call")
    waiting = [connection.send("Slow.call"), session.send("Slow.call")]
    await connection.send("A.a")
    assert devtools.socket is not None
    if end == "closed":
        await devtools.socket.close()
    elif end == "broken":
        devtools.socket.transport.abort()
    else:
        await devtools.send("{")
    await asyncio.wait_for(asyncio.shield(connection.lost), 2)
    for call in [*waiting, connection.send("A.a"), session.send("A.a")]:
        with pytest.raises(SessionGoneError):
            await asyncio.wait_for(call, 1)
    await connection.dispose()
    assert connection._receiver.cancelled() or connection._receiver.exception() is None, "nothing goes unheard"


async def test_calls_that_nobody_waits_for_make_no_noise(
    connection: SafeConnection, devtools: FakeDevTools, caplog: pytest.LogCaptureFixture
) -> None:
    session = connection.session("S", "page")
    session.cast("Bad.call")
    devtools.held.add("Slow.call")
    session.cast("Slow.call")
    session.send("Slow.call").cancel()
    await connection.send("A.a")
    await connection.dispose()
    session.cast("A.a")
    await asyncio.sleep(0)
    gc.collect()
    assert caplog.records == []


async def test_nobody_at_the_address_is_an_error_at_once(unused_tcp_port: int) -> None:
    with pytest.raises(OSError, match="Connect call failed"):
        await SafeConnection.connect(f"ws://127.0.0.1:{unused_tcp_port}/", timeout_s=1)


async def test_half_a_character_that_a_page_wrote_does_not_end_the_connection(
    connection: SafeConnection, devtools: FakeDevTools
) -> None:
    # As Chromium tells of a page that logs the first half of an emoji.
    heard: list[Any] = []
    connection.on("X.logged", heard.append)
    await connection.send("A.a")
    await devtools.send('{"method": "X.logged", "params": {"text": "\\ud83d!"}}')
    assert (await connection.send("A.a"))["method"] == "A.a"
    assert heard == [{"text": "?!"}]
