"""One attempt: a POST, and in a few words what came of it. Never raises for what a receiver does.

An answer counts once it is complete, or its first 64 KiB are there: a receiver that promised more than it sent, or that is not
done within the time, has not said that it has taken the delivery, and gets it again with the same key.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import httpx

from rollcall.outward import AddressRefusedError, NameUnknownError
from server.store import Attempt

_ANSWER_MOST_BYTES: Final = 64 * 1024
_USER_AGENT: Final = "Rollcall-Webhooks/1"


class Sender:
    """Sends through rollcall.outward.GuardedTransport. `timeout_s`: for all of an attempt, from the name to the last byte."""

    def __init__(self, transport: httpx.AsyncBaseTransport, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            transport=transport, trust_env=False, follow_redirects=False, timeout=timeout_s, headers={"User-Agent": _USER_AGENT}
        )

    async def close(self) -> None:
        """Ends all connections."""
        await self._client.aclose()

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Attempt:
        """What came of one attempt."""
        status: int | None = None
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream("POST", url, content=body, headers=dict(headers)) as answer,
            ):
                status = answer.status_code
                await _read(answer)
        except (TimeoutError, httpx.TimeoutException):
            return Attempt(status, f"No complete answer within {self._timeout_s:g} s.", slow=True)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as error:
            return Attempt(status, words_of(error))
        return _judged(status)


async def _read(answer: httpx.Response) -> None:
    read = 0
    async for part in answer.aiter_raw():
        read += len(part)
        if read >= _ANSWER_MOST_BYTES:
            return


def _judged(status: int) -> Attempt:
    if 200 <= status < 300:
        return Attempt(status)
    if 300 <= status < 400:
        return Attempt(status, f"Answered {status}: redirects are not followed; give the webhook the URL that it leads to.")
    return Attempt(status, f"Answered {status}.")


def words_of(error: Exception) -> str:
    """Our own words: what libraries and receivers say may hold anything."""
    if isinstance(error, AddressRefusedError | NameUnknownError):
        return str(error)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "The certificate is not one that can be trusted for this host."
        if isinstance(cause, ssl.SSLError):
            return "TLS could not be agreed on."
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return "The receiver could not be connected to."
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return "The connection was closed before the answer was complete, or the answer was not HTTP."
    return "The request could not be sent."
