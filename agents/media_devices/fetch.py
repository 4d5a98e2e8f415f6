"""Fetches a film that a user named by its URL: from public addresses only, without redirects, within bounds of size and time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

from agents.media_devices.virtual_devices import DeviceError
from rollcall.outward import AddressRefusedError, GuardedTransport, NameUnknownError, Policy, problem_of

MOST_BYTES = 200 << 20
MOST_SECONDS = 120.0
_SILENT_SECONDS = 15.0


async def fetch(url: str, target: Path, policy: Policy) -> None:
    """Writes what is at `url` to `target`. Raises DeviceError, with why for the user, and OSError where it cannot be written."""
    problem = problem_of(url, policy)
    if problem is not None:
        raise DeviceError(f"The film's url: {problem}")
    try:
        async with (
            asyncio.timeout(MOST_SECONDS),
            httpx.AsyncClient(transport=GuardedTransport(policy), trust_env=False, timeout=_SILENT_SECONDS) as client,
            client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise DeviceError(f"The film's server answered {answer.status_code}; needed is 200, without a redirect.")
            await _write(answer, target)
    except TimeoutError:
        raise DeviceError(f"The film could not be fetched within {MOST_SECONDS:.0f} s.") from None
    except (AddressRefusedError, NameUnknownError) as error:
        raise DeviceError(f"The film could not be fetched. {error}") from None
    except httpx.TimeoutException:
        raise DeviceError(f"The film's server said nothing for {_SILENT_SECONDS:.0f} s.") from None
    except httpx.HTTPError as error:
        raise DeviceError(f"The film could not be fetched ({type(error).__name__}).") from None


async def _write(answer: httpx.Response, target: Path) -> None:
    written = 0
    with target.open("wb") as file:
        async for piece in answer.aiter_raw():
            written += len(piece)
            if written > MOST_BYTES:
                raise DeviceError(f"The film is too large: at most {MOST_BYTES >> 20} MiB.")
            file.write(piece)
