"""pyppeteer 2.0.0's connection and sessions, with what is broken in them put right.

The library is no longer maintained; its version is pinned, and each fix has a test that fails on the library as it is
(tests/browser/browser/test_pyppeteer_faults.py):

1. An answer to a call that was cancelled ended the receive loop, and with it every other call for ever.
2. So did whatever a listener of an event raised.
3. A connection that broke left calls waiting; a call made after that waited too, or left a task that nobody heard.
4. Sessions were of the kind that Chromium has deprecated: each message was JSON within JSON, which doubles the work for big ones.
5. Connecting started at once in the background, so its failure was heard by nobody, and messages were compressed on loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import orjson
import structlog
from pyee import EventEmitter
from pyppeteer.connection import CDPSession, Connection
from pyppeteer.errors import NetworkError
from websockets.exceptions import ConnectionClosed
from websockets.legacy.client import WebSocketClientProtocol
from websockets.legacy.client import connect as open_websocket

from agents.browser.json_text import loads

log = structlog.get_logger(__name__)

LARGEST_MESSAGE_BYTES = 64 * 1024 * 1024
"""A page that sends more loses its browser, not us our memory."""

Params = dict[str, Any]


class ProtocolError(NetworkError):  # type: ignore[misc]  # pyppeteer has no types
    """Chromium refused a call; the text is Chromium's."""


class SessionGoneError(NetworkError):  # type: ignore[misc]  # pyppeteer has no types
    """The session or its connection is no more."""


class _Calls(EventEmitter):
    """Calls that wait for their answers, and listeners that may raise: what a connection and a session have in common."""

    def __init__(self) -> None:
        EventEmitter.__init__(self)
        self._waiting: dict[int, asyncio.Future[Params]] = {}
        self._gone: Exception | None = None

    def _emit_run(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            f(*args, **kwargs)
        except Exception:  # whatever a listener does, the others and the connection live on
            log.exception("browser.listener_failed")

    def _expect(self, number: int) -> asyncio.Future[Params]:
        answer: asyncio.Future[Params] = asyncio.get_running_loop().create_future()
        if self._gone is not None:
            answer.set_exception(self._gone)
            return answer
        self._waiting[number] = answer
        answer.add_done_callback(lambda _: self._waiting.pop(number, None))
        return answer

    def take(self, message: Params) -> None:
        """An answer or an event from Chromium."""
        if "id" not in message:
            self.emit(message["method"], message.get("params", {}))
            return
        answer = self._waiting.get(message["id"])
        if answer is None or answer.done():
            return  # nobody waits any more
        if "error" in message:
            answer.set_exception(ProtocolError(message["error"].get("message", "unknown error")))
        else:
            answer.set_result(message.get("result", {}))

    def fail(self, error: Exception) -> None:
        """Every waiting call and every later one fails with `error`."""
        self._gone = self._gone or error
        for answer in list(self._waiting.values()):
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # heard, even where the caller has gone away


class SafeSession(_Calls, CDPSession):  # type: ignore[misc]  # pyppeteer has no types
    """A flat session on one target. pyppeteer's keyboard and mouse work with it unchanged."""

    def __init__(self, connection: SafeConnection, session_id: str, kind: str) -> None:
        _Calls.__init__(self)
        self._connection: SafeConnection | None = connection
        self._sessionId = session_id
        self._targetType = kind

    @property
    def session_id(self) -> str:
        """Chromium's name for it."""
        return self._sessionId

    def send(self, method: str, params: Params | None = None) -> asyncio.Future[Params]:
        """Sends a call; the future has its result, ProtocolError or SessionGoneError. Cancelling it is harmless."""
        if self._connection is None:
            return self._expect(0)
        return self._connection.send_to(self, self._sessionId, method, params or {})

    def cast(self, method: str, params: Params | None = None) -> None:
        """Sends a call whose answer nobody needs."""
        self.send(method, params).add_done_callback(hear)

    def _on_closed(self) -> None:
        self.fail(SessionGoneError("the session was closed"))
        self._connection = None
        self.emit("closed", {})


class SafeConnection(_Calls, Connection):  # type: ignore[misc]  # pyppeteer has no types
    """The connection to one browser. Made by `connect`."""

    def __init__(self, url: str, websocket: WebSocketClientProtocol) -> None:
        # Not Connection.__init__, which would open a second socket (fault 5).
        _Calls.__init__(self)
        self._url = url
        self._websocket = websocket
        self._last_number = 0
        self._sessions: dict[str, SafeSession] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection is no more, for whatever reason."""
        self.is_ending = False
        """Set by whoever ends the browser, so that its pages know why they go."""
        self._receiver = asyncio.create_task(self._receive())

    @classmethod
    async def connect(cls, url: str, *, timeout_s: float) -> SafeConnection:
        """Connects to a ws:// address of DevTools. Raises OSError, TimeoutError, websockets' errors."""
        websocket = await open_websocket(
            url,
            open_timeout=timeout_s,
            close_timeout=1,
            ping_interval=None,
            compression=None,
            max_size=LARGEST_MESSAGE_BYTES,
            read_limit=2**20,
        )
        return cls(url, websocket)

    def send(self, method: str, params: Params | None = None) -> asyncio.Future[Params]:
        """Sends a call to the browser itself; the future has its result, ProtocolError or SessionGoneError."""
        return self.send_to(self, None, method, params or {})

    def send_to(self, calls: _Calls, session_id: str | None, method: str, params: Params) -> asyncio.Future[Params]:
        """Sends a call in the name of a session, which will get the answer."""
        self._last_number += 1
        message: Params = {"id": self._last_number, "method": method, "params": params}
        if session_id is not None:
            message["sessionId"] = session_id
        answer = calls._expect(self._last_number)  # noqa: SLF001 -- the same class's
        if not answer.done():
            task = asyncio.create_task(self._write(orjson.dumps(message).decode()))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return answer

    def session(self, session_id: str, kind: str) -> SafeSession:
        """The session that Chromium has just attached. Call it before anything else is awaited, so that no event is missed."""
        session = SafeSession(self, session_id, kind)
        self._sessions[session_id] = session
        return session

    async def dispose(self) -> None:
        """Closes the connection. Never raises."""
        self._receiver.cancel()
        await asyncio.wait([self._receiver])

    async def _write(self, text: str) -> None:
        with contextlib.suppress(ConnectionClosed, OSError):  # the receiver sees it too, and tells everybody
            await self._websocket.send(text)

    async def _receive(self) -> None:
        try:
            async for text in self._websocket:
                self._dispatch(loads(text))
        except (ConnectionClosed, OSError, orjson.JSONDecodeError) as error:
            if not self.is_ending:
                log.info("browser.connection_ended", reason=type(error).__name__)
        finally:
            self._end()
            with contextlib.suppress(Exception):
                await self._websocket.close()

    def _dispatch(self, message: Params) -> None:
        session_id = message.get("sessionId")
        calls: _Calls | None = self if session_id is None else self._sessions.get(session_id)
        if calls is not None:
            calls.take(message)
        if message.get("method") == "Target.detachedFromTarget":
            session = self._sessions.pop(message["params"]["sessionId"], None)
            if session is not None:
                session._on_closed()  # noqa: SLF001 -- pyppeteer's name for it

    def _end(self) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        self.fail(SessionGoneError("the connection to the browser is closed"))
        for session in list(self._sessions.values()):
            session._on_closed()  # noqa: SLF001 -- pyppeteer's name for it
        self._sessions.clear()


def hear(answer: asyncio.Future[Params]) -> None:
    """Takes note of an answer that nobody needs, lest asyncio complain about its error."""
    if not answer.cancelled():
        answer.exception()
