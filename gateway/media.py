"""`/media/{token}`: a recording over HTTP, ranges included. The signed token in the path is the permission."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import quote

import structlog
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status
from starlette.types import Receive, Scope, Send

from gateway import errors, http
from gateway.errors import Answer, HttpError
from gateway.paths import split
from rollcall.transport import CallError, Metadata, Transport
from rollcall.v1.media_service_pb2 import MediaDescription, ReadMediaRequest

_log = structlog.get_logger(__name__)
PREFIX = "/media/"
_CALL = "/rollcall.v1.MediaService/ReadMedia"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_UNSAFE = re.compile(r'[^A-Za-z0-9 ._()+-]|[/\\"]')
_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; media-src 'self'; sandbox; frame-ancestors 'self'"),
    (b"cache-control", b"private, no-cache"),
    (b"accept-ranges", b"bytes"),
    # A recording may be shown by a page from elsewhere that has its URL, as an <audio> or <video>.
    (b"cross-origin-resource-policy", b"cross-origin"),
)


class Range(NamedTuple):
    """A range as ReadMedia takes it: a negative offset counts from the end, no length is all that follows."""

    offset: int
    length: int | None


def parse_range(header: str) -> Range | None:
    """The one range of a `Range` header; None for what is to be answered with the whole file (RFC 9110 allows that).

    Other units, more than one range and what cannot be read are such.
    """
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None:
        return None
    first, last = found.groups()
    if first and last:
        return Range(int(first), int(last) - int(first) + 1) if int(last) >= int(first) else None
    if first:
        return Range(int(first), None)
    return Range(-int(last), None) if last and int(last) else None


class Media:
    """The ASGI app of `/media/`."""

    def __init__(self, transport: Transport) -> None:
        """`transport` reaches MediaService."""
        self._transport = transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        headers = dict(scope["headers"])
        request = http.request_id(headers)
        head = scope["method"] == "HEAD"
        try:
            segments = split(scope["raw_path"])
            if segments is None or len(segments) != 2 or not segments[1]:
                raise HttpError(404, {"error": "Not found"})
            if scope["method"] not in ("GET", "HEAD"):
                raise HttpError(405, {"detail": f'Method "{scope["method"]}" not allowed.'}, ((b"allow", b"GET, HEAD"),))
            await self._serve(segments[1], scope, receive, send, request)
        except HttpError as error:
            await http.send_answer(send, error.answer, request, head=head)
        except CallError as error:
            await http.send_answer(send, _refused(error), request, head=head)

    async def _serve(self, token: str, scope: Scope, receive: Receive, send: Send, request: str) -> None:
        headers = dict(scope["headers"])
        metadata = http.metadata_of(None, request, headers)
        wanted = parse_range(headers.get(b"range", b"").decode("latin-1"))
        if scope["method"] == "HEAD":
            wanted = None  # RFC 9110: Range is for GET
            file, parts = await self._open(token, Range(0, 0), metadata)
        else:
            file, parts = await self._open(token, wanted or Range(0, None), metadata)
        try:
            etag = f'"{file.etag}"'
            if etag.encode() in [tag.strip() for tag in headers.get(b"if-none-match", b"").split(b",")]:
                await http.send_answer(send, Answer(304, None, ((b"etag", etag.encode()),)), request)
                return
            condition = headers.get(b"if-range")
            if wanted is not None and condition is not None and condition != etag.encode():
                wanted = None
                await _close(parts)
                file, parts = await self._open(token, Range(0, None), metadata)
            gone = asyncio.create_task(http.disconnected(receive))
            try:
                download = b"download" in scope["query_string"]
                await _send_file(send, file, parts, gone, partial=wanted is not None, download=download)
            finally:
                gone.cancel()
        finally:
            await _close(parts)

    async def _open(self, token: str, part: Range, metadata: Metadata) -> tuple[MediaDescription, AsyncIterator[Any]]:
        """The description, and the messages with bytes that follow it. Raises CallError."""
        request = ReadMediaRequest(token=token, offset=part.offset, length=part.length)
        parts: AsyncIterator[Any] = self._transport.stream(_CALL, request, metadata)
        first = await anext(parts, None)
        if first is None:
            raise CallError(Status(code=code_pb2.INTERNAL))
        return first.description, parts


async def _send_file(
    send: Send, file: MediaDescription, parts: AsyncIterator[Any], gone: asyncio.Task[None], *, partial: bool, download: bool
) -> None:
    """Headers and bytes; stops when the client is gone. A file that breaks off ends the connection short of its length."""
    whole = file.length == 0 and not partial  # the description of a HEAD
    length = file.size_bytes if whole else file.length
    headers = [
        (b"content-type", (file.content_type if _TYPE.fullmatch(file.content_type) else "application/octet-stream").encode()),
        (b"content-length", str(length).encode()),
        (b"content-disposition", disposition(file.file_name, download=download).encode()),
        (b"etag", f'"{file.etag}"'.encode()),
        *_SECURITY,
    ]
    if partial:
        last = file.offset + file.length - 1
        headers.append((b"content-range", f"bytes {file.offset}-{last}/{file.size_bytes}".encode()))
    await send({"type": "http.response.start", "status": 206 if partial else 200, "headers": headers})
    try:
        async for message in parts:
            if gone.done():
                return
            await send({"type": "http.response.body", "body": message.data, "more_body": True})
            await asyncio.sleep(0)  # a send to a client that is gone does not wait: let the news of it through
    except CallError as error:
        _log.warning("media_broke_off", code=code_pb2.Code.Name(error.status.code))
        return  # the server closes the connection, so the client sees that bytes are missing and resumes
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def disposition(name: str, *, download: bool) -> str:
    """`Content-Disposition` (RFC 6266): a plain name for old clients, the true one in UTF-8."""
    kind = "attachment" if download else "inline"
    plain = _UNSAFE.sub("_", name) or "recording"
    exact = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'{kind}; filename="{plain}"{exact}'


def _refused(error: CallError) -> Answer:
    """As elsewhere, but that a range outside the file is 416, with the file's size."""
    if error.status.code != code_pb2.OUT_OF_RANGE:
        return errors.answer(error.status)
    info, _, _ = errors.details(error.status)
    size = info.metadata.get("size_bytes", "*")
    return Answer(416, {"error": error.status.message}, ((b"content-range", f"bytes */{size}".encode()),))


async def _close(parts: AsyncIterator[Any]) -> None:
    close = getattr(parts, "aclose", None)
    if close is not None:
        with contextlib.suppress(CallError):
            await close()
