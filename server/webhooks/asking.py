"""A question to a user's own server: a signed POST whose answer counts, once it is complete and small enough."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import httpx

from server.webhooks.sender import words_of

ANSWER_MOST_BYTES: Final = 64 * 1024
_USER_AGENT: Final = "Rollcall-Callbacks/1"


class NoAnswerError(Exception):
    """There is no answer that counts; the text says why, in words of ours. Raised by `Asker.ask`."""


class Asker:
    """Asks through rollcall.outward.GuardedTransport. `timeout_s`: for all of it, from the name to the last byte."""

    def __init__(self, transport: httpx.AsyncBaseTransport, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            timeout=timeout_s,
            headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},  # what is small is small when it is read, too
        )

    async def close(self) -> None:
        """Ends all connections."""
        await self._client.aclose()

    async def ask(self, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The body of a 2xx. Raises NoAnswerError."""
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream("POST", url, content=body, headers=dict(headers)) as answer,
            ):
                if not answer.is_success:
                    raise NoAnswerError(f"It answered {answer.status_code}.")
                return await _read(answer)
        except (TimeoutError, httpx.TimeoutException):
            raise NoAnswerError(f"No complete answer within {self._timeout_s:g} s.") from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as error:
            raise NoAnswerError(words_of(error)) from None


async def _read(answer: httpx.Response) -> bytes:
    read = bytearray()
    async for part in answer.aiter_raw():
        read += part
        if len(read) > ANSWER_MOST_BYTES:
            raise NoAnswerError(f"Its answer has more than {ANSWER_MOST_BYTES:,} bytes.")
    return bytes(read)
