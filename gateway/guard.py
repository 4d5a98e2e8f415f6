"""What a connection may do before there is a request: how long the head of one may be, and how long it may take.

uvicorn's parser has no bound of either, so that a client who never ends its headers would be remembered for ever, and one who
sends a letter a minute would hold its connection as long as it likes.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

import orjson
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_log = structlog.get_logger(__name__)

HEAD_BYTES: Final = 64 * 1024
"""Of request line and headers together, and of trailers; what one read brings (256 KiB at most) is looked at in any case."""
HEAD_SECONDS = 20.0
"""From the first byte of a connection, or of a later request on it, to the end of the headers."""
BAD: Final = "The request is not HTTP/1.1 as RFC 9112 writes it."
_LARGE: Final = f"Request line and headers may have {HEAD_BYTES:,} bytes together."
_SLOW: Final = f"The request's headers have to be there within {HEAD_SECONDS:.0f} seconds."


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with bounds."""

    _in_head = True
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The first request has to come soon."""
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Lets go of the timer."""
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts what belongs to the head; what the parser stumbles over is the client's fault, whatever it raises."""
        self._head_bytes += len(data)
        try:
            super().data_received(data)
        except Exception as error:  # noqa: BLE001 - a target without a path, or in no encoding, raises what it likes in uvicorn
            _log.warning("http_not_understood", error=type(error).__name__)
            self.send_400_response(BAD)
            return
        if self._head_bytes > HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _LARGE)

    def on_body(self, body: bytes) -> None:
        """Body, which has bounds of its own: what counts as head are trailers and extensions of chunks beside it."""
        self._head_bytes = 0
        super().on_body(body)

    def on_message_begin(self) -> None:
        """A request begins; the first one's clock runs since the connection was made."""
        super().on_message_begin()
        if not self._in_head:
            self._begin_head()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._end_head()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """As all other answers: JSON."""
        self._refuse(HTTPStatus.BAD_REQUEST, BAD if msg.startswith("Invalid HTTP") else msg)

    def _begin_head(self) -> None:
        self._end_head()
        self._in_head = True
        self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT, _SLOW)

    def _end_head(self) -> None:
        self._in_head, self._head_bytes = False, 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        self._end_head()
        if self.transport.is_closing():
            return
        body = orjson.dumps({"detail": detail})
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()
