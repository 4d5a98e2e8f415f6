"""Who calls. Only hashes of keys are kept here, and a revoked key is believed for a second at most."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import Message

from rollcall.transport import Metadata
from server.domain.errors import PermissionDenied, Unauthenticated
from server.rpc.methods import Access
from server.store import Once, RequestKey

T = TypeVar("T")

FindProject = Callable[[str], Awaitable[str | None]]
"""The project of a key; None for a key that is unknown or revoked."""

_SCHEMES = {"token", "bearer"}
_MOST_CACHED = 10_000

MISSING = "Missing Authorization header; send one as: Authorization: Token <api_key>"
MALFORMED = "Invalid Authorization header; it should have this format: Token <api_key>"
INVALID = "Invalid or disabled API key"
INVALID_WORKER = "Invalid worker token; it stands in the file worker_token of the server's data folder"
NOT_A_WORKER = "An API key opens a project; this method takes the worker token"
NOT_A_PROJECT = "The worker token opens AgentService only; this method takes an API key"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a project, or a worker or the public (no project)."""

    project_id: str = ""
    request: RequestKey | None = None
    """Given where the call may come again and is to be carried out once."""

    def once(self, answer: Callable[[T], Message]) -> Once[T] | None:
        """For the one thing that the call does: what is stored with it as the answer."""
        return None if self.request is None else Once(self.request, answer)


_NOBODY = Caller()


class Authenticator:
    """Finds the caller of a call from its metadata."""

    def __init__(
        self,
        find_project: FindProject,
        worker_token: str,
        cache_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find_project = find_project
        self._worker_token = worker_token.encode()
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._cache: dict[bytes, tuple[float, asyncio.Future[str | None]]] = {}

    async def caller(self, access: Access, metadata: Metadata) -> Caller:
        """Raises Unauthenticated and PermissionDenied."""
        if access is Access.PUBLIC:
            return _NOBODY
        key = _key(metadata)
        is_worker = hmac.compare_digest(key.encode(), self._worker_token)
        if access is Access.WORKER:
            if is_worker:
                return _NOBODY
            if await self._project(key) is not None:
                raise PermissionDenied(NOT_A_WORKER)
            raise Unauthenticated("KEY_INVALID", INVALID_WORKER)
        if is_worker:
            raise PermissionDenied(NOT_A_PROJECT)
        project_id = await self._project(key)
        if project_id is None:
            raise Unauthenticated("KEY_INVALID", INVALID)
        return Caller(project_id)

    async def _project(self, key: str) -> str | None:
        """From the cache, or by one look-up that all who ask meanwhile share."""
        digest = hashlib.sha256(key.encode()).digest()
        now = self._clock()
        cached = self._cache.get(digest)
        if cached is not None and cached[0] > now and not _failed(cached[1]):
            return cached[1].result() if cached[1].done() else await asyncio.shield(cached[1])
        if len(self._cache) >= _MOST_CACHED:
            self._cache.clear()
        found = asyncio.ensure_future(self._find_project(key))
        self._cache[digest] = (now + self._cache_seconds, found)
        return await asyncio.shield(found)


def _failed(look_up: asyncio.Future[str | None]) -> bool:
    return look_up.done() and (look_up.cancelled() or look_up.exception() is not None)


def _key(metadata: Metadata) -> str:
    value = next((value for name, value in metadata if name.lower() == "authorization"), None)
    if not value:
        raise Unauthenticated("KEY_MISSING", MISSING)
    words = value.split() if isinstance(value, str) else []
    if len(words) != 2 or words[0].lower() not in _SCHEMES:
        raise Unauthenticated("KEY_MALFORMED", MALFORMED)
    if not words[1].isascii():
        raise Unauthenticated("KEY_INVALID", INVALID)  # no key of ours; and what is no text at all need not be hashed
    return words[1]
