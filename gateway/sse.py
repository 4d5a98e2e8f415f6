"""A server-streaming call as server-sent events or as lines of JSON."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import structlog
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status
from starlette.types import Receive, Send

from gateway import contract, errors, http
from gateway.dialect.encode import compile_encode
from gateway.routes import Route
from rollcall.transport import CallError

_log = structlog.get_logger(__name__)
SSE = "text/event-stream"
NDJSON = "application/x-ndjson"
_START_AFTER_S = 1.0
"""Headers are held back so long for the first message, so that a refusal is still an HTTP error."""
_RETRY_MS = 2000
_BREATH = 16
"""Neither a long replay nor a send to a client that is gone waits; others, and the news of its going, get a turn so often."""


def wanted(accept: bytes) -> str | None:
    """The form of stream that an `Accept` header asks for, or None."""
    lowered = accept.lower()
    if SSE.encode() in lowered:
        return SSE
    return NDJSON if NDJSON.encode() in lowered else None


class Writer:
    """Response messages as the bytes of one form of stream.

    Of a message with a resume position and a oneof, an event shows what the oneof holds: `id:` is the position, `event:` the
    word of its `kind` or the member's own name. Lines of JSON show the whole message.
    """

    def __init__(self, descriptor: Descriptor, form: str) -> None:
        """`form` is SSE or NDJSON."""
        self._form = form
        self._whole = compile_encode(descriptor)
        self._position = next((contract.json_name(f) for f in descriptor.fields if contract.field_json(f).resume_position), None)
        self._oneof = next((oneof.name for oneof in descriptor.oneofs if contract.is_open_union(oneof.fields[0])), None)
        self._names = {field.name: contract.json_name(field) for field in descriptor.fields}
        self._kinds = {field.name: _kind_words(field) for field in descriptor.fields if field.message_type is not None}

    def message(self, message: Any) -> bytes:
        """One message."""
        data = self._whole(message)
        if self._form == NDJSON:
            return orjson.dumps(data) + b"\n"
        member = message.WhichOneof(self._oneof) if self._oneof else None
        if member is None:
            return b"data: " + orjson.dumps(data) + b"\n\n"
        kinds = self._kinds.get(member)
        name = kinds.get(getattr(message, member).kind, member) if kinds else member
        place = f"id: {data[self._position]}\n" if self._position else ""
        return f"{place}event: {name}\ndata: ".encode() + orjson.dumps(data[self._names[member]]) + b"\n\n"

    def start(self) -> bytes:
        """What comes first."""
        return f"retry: {_RETRY_MS}\n\n".encode() if self._form == SSE else b""

    def comment(self) -> bytes:
        """What keeps a silent connection open; lines of JSON have no comments."""
        return b": keep-alive\n\n" if self._form == SSE else b""

    def end(self) -> bytes:
        """Said when there is nothing more to come, so that a client need not connect again to learn it."""
        return b"event: end\ndata: {}\n\n" if self._form == SSE else b""

    def error(self, status: Status) -> bytes:
        """An error after the headers."""
        answer = errors.answer(status)
        code = code_pb2.Code.Name(status.code) if status.code in code_pb2.Code.values() else "UNKNOWN"
        data = {**answer.payload, "code": code.lower(), "status": answer.status}
        if self._form == NDJSON:
            return orjson.dumps({"error": data}) + b"\n"
        return b"event: error\ndata: " + orjson.dumps(data) + b"\n\n"


def _kind_words(field: FieldDescriptor) -> dict[int, str] | None:
    kind = contract.message_type(field).fields_by_name.get("kind")
    return contract.enum_words(kind.enum_type) if kind is not None and kind.enum_type is not None else None


class Stream:
    """One call being streamed to one client."""

    def __init__(self, route: Route, form: str, send: Send, *, request_id: str, keepalive_s: float) -> None:
        """Nothing is sent before `run`."""
        self._writer = Writer(route.response_type, form)
        self._form = form
        self._send = send
        self._request_id = request_id
        self._keepalive_s = keepalive_s
        self._started = False
        self._busy = False
        self._last = time.monotonic()

    async def run(self, messages: AsyncIterator[Message], receive: Receive, draining: asyncio.Event) -> None:
        """Sends until the call ends, the client goes, or the process drains. Raises CallError only before anything was sent."""
        pump = asyncio.create_task(self._pump(messages))
        others = [
            asyncio.create_task(http.disconnected(receive)),
            asyncio.create_task(draining.wait()),
            asyncio.create_task(self._keep_alive()),
        ]
        try:
            await asyncio.wait([pump, *others], return_when=asyncio.FIRST_COMPLETED)
            if pump.done():
                await self._finish(pump)
            elif others[1].done():
                pump.cancel()
                await self._fail(Status(code=code_pb2.UNAVAILABLE, message="The service is stopping. Connect again and resume."))
        finally:
            for task in (pump, *others):
                task.cancel()
            await asyncio.gather(pump, *others, return_exceptions=True)

    async def _pump(self, messages: AsyncIterator[Message]) -> None:
        sent = 0
        try:
            async for message in messages:
                await self._start()
                await self._write(self._writer.message(message))
                sent += 1
                if sent % _BREATH == 0:
                    await asyncio.sleep(0)
        finally:
            close = getattr(messages, "aclose", None)
            if close is not None:
                with contextlib.suppress(CallError):
                    await close()

    async def _finish(self, pump: asyncio.Task[None]) -> None:
        try:
            pump.result()
        except CallError as error:
            if not self._started:
                raise
            await self._fail(error.status)
            return
        except Exception:
            if not self._started:
                raise
            _log.exception("stream_failed", request_id=self._request_id)
            await self._fail(Status(code=code_pb2.INTERNAL))
            return
        await self._start()
        await self._write(self._writer.end())
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _fail(self, status: Status) -> None:
        await self._start()
        await self._write(self._writer.error(status))
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _start(self) -> None:
        if self._started:
            return
        self._started = True
        headers = [
            (b"content-type", f"{self._form}; charset=utf-8".encode()),
            (b"x-request-id", self._request_id.encode()),
            (b"x-accel-buffering", b"no"),  # nginx would hold events back
            *http.SECURITY,
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._write(self._writer.start())

    async def _write(self, body: bytes) -> None:
        """Waits while the client does not read: the call is not read either, and the server sees a slow reader."""
        if not body:
            return
        self._busy = True
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
        self._busy = False
        self._last = time.monotonic()

    async def _keep_alive(self) -> None:
        await asyncio.sleep(min(_START_AFTER_S, self._keepalive_s))
        await self._start()
        while True:
            silent = time.monotonic() - self._last
            await asyncio.sleep(max(self._keepalive_s - silent, 0.01))
            if not self._busy and time.monotonic() - self._last >= self._keepalive_s:
                await self._write(self._writer.comment())
                self._last = time.monotonic()
