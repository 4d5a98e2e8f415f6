"""The little of HTTP that the API needs, on bare ASGI: a framework's request and response cost more than all the JSON."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import parse_qsl

import orjson
from starlette.types import Message, Receive, Scope, Send

from gateway.errors import CHALLENGE, Answer, HttpError, query_error
from gateway.ids import new_id
from rollcall.transport import Metadata

SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
BODY_WAIT_S = 20.0
"""How long a client may fall silent within a body."""
_JSON = ((b"content-type", b"application/json"), *SECURITY)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_KEY = re.compile(rb"(?i:token|bearer) +([A-Za-z0-9._~+/=-]{1,512})")
_PASSED = (b"traceparent",)
_PRINTABLE = re.compile(rb"[\x20-\x7e]{0,1024}")
_MEDIA_TYPE = re.compile(rb'application/json *(?:; *charset="?utf-?8"?)?', re.IGNORECASE)

RequestHeaders = dict[bytes, bytes]


def request_id(headers: RequestHeaders) -> str:
    """The caller's `X-Request-Id` where it is one, else a new id."""
    given = headers.get(b"x-request-id", b"")
    return given.decode() if _REQUEST_ID.fullmatch(given) else new_id("req_")


def credentials(headers: RequestHeaders) -> tuple[str, str]:
    """The key as call metadata. Raises HttpError 401 where there is none that could be one; the server checks it."""
    given = headers.get(b"authorization")
    if given is None:
        raise HttpError(401, {"detail": "The Authorization header is missing. Send: Authorization: Token <key>"}, (CHALLENGE,))
    found = _KEY.fullmatch(given.strip())
    if found is None:
        text = "The Authorization header cannot be read. It should be: Authorization: Token <key>"
        raise HttpError(401, {"detail": text}, (CHALLENGE,))
    return "authorization", f"Token {found.group(1).decode()}"


def passed_on(headers: RequestHeaders) -> list[tuple[str, str]]:
    """Headers that the service is to see, as call metadata. Raises HttpError."""
    metadata = []
    for name in _PASSED:
        value = headers.get(name)
        if value is not None:
            if not _PRINTABLE.fullmatch(value):
                raise HttpError(400, {"error": f"The header {name.decode()} must be at most 1024 printable ASCII characters."})
            metadata.append((name.decode(), value.decode()))
    return metadata


def parameters(query_string: bytes) -> list[tuple[str, str]]:
    """The query's parameters in order. Raises HttpError."""
    if not query_string:
        return []
    try:
        return parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError:  # UnicodeDecodeError is one
        raise query_error(["The query must be UTF-8, percent-encoded, with at most 200 parameters."]) from None


def check_content_type(headers: RequestHeaders) -> None:
    """Raises HttpError 415 unless the body is said to be JSON."""
    given = headers.get(b"content-type", b"")
    if not _MEDIA_TYPE.fullmatch(given.strip()):
        shown = given.decode("latin-1")[:100] if given.isascii() else "?"
        raise HttpError(415, {"detail": f'Unsupported media type "{shown}" in request. Send Content-Type: application/json.'})


async def read_body(headers: RequestHeaders, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises HttpError: 413 above `limit` bytes, unread where its length is said; 408 where it stops."""
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    message = await _more(receive)
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit:
            raise _too_large(limit)
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await _more(receive)
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


async def _more(receive: Receive) -> Message:
    """The next part. Raises HttpError 408 where none comes for long."""
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            return await receive()
    except TimeoutError:
        text = f"Nothing came of the body for {BODY_WAIT_S:.0f} seconds."
        raise HttpError(408, {"detail": text}, ((b"connection", b"close"),)) from None


def _too_large(limit: int) -> HttpError:
    return HttpError(413, {"detail": f"The body is larger than {limit} bytes."}, ((b"connection", b"close"),))


async def disconnected(receive: Receive) -> None:
    """Returns when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def base_url(scope: Scope, headers: RequestHeaders, public_url: str | None) -> str:
    """Scheme and host of the URL that the request came to."""
    if public_url is not None:
        return public_url.rstrip("/")
    host = headers.get(b"host", b"localhost").decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}"


async def send_answer(send: Send, answer: Answer, request: str, *, head: bool = False) -> None:
    """One whole answer."""
    body = b"" if answer.payload is None else orjson.dumps(answer.payload)
    await send_json(send, answer.status, body, request, answer.headers, head=head)


async def send_json(
    send: Send,
    status: int,
    body: bytes,
    request: str,
    more: tuple[tuple[bytes, bytes], ...] = (),
    *,
    head: bool = False,
) -> None:
    """One whole answer whose body is written."""
    fixed = _JSON if body else SECURITY
    headers = [(b"content-length", str(len(body)).encode()), (b"x-request-id", request.encode()), *fixed, *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


def metadata_of(key: tuple[str, str] | None, request: str, headers: RequestHeaders) -> Metadata:
    """All metadata of a call. Raises HttpError."""
    metadata = [("x-request-id", request), *passed_on(headers)]
    if key is not None:
        metadata.append(key)
    return metadata
