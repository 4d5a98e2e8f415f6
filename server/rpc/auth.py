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
from server.domain.errors import DatabaseAway, PermissionDenied, Unauthenticated
from server.domain.limits import ProjectLimits
from server.rpc.methods import Access
from server.store import Once, RequestKey

T = TypeVar("T")

_SCHEMES = {"token", "bearer"}
_MOST_CACHED = 10_000
_SHARED = frozenset({Access.PROJECT, Access.ADMIN_OR_PROJECT})
"""What a project's key opens."""
_ADMINS = frozenset({Access.ADMIN, Access.ADMIN_OR_PROJECT})

MISSING = "Missing Authorization header; send one as: Authorization: Token <api_key>"
MALFORMED = "Invalid Authorization header; it should have this format: Token <api_key>"
INVALID = "Invalid or disabled API key"
INVALID_WORKER = "Invalid worker token; it stands in the file worker_token of the server's data folder"
INVALID_ADMIN = "Invalid admin token; it stands in the file admin_token of the server's data folder"
NOT_A_WORKER = "An API key opens a project; this method takes the worker token"
NOT_AN_ADMIN = "An API key opens a project and may not change projects or keys; this method takes the admin token"
NOT_A_PROJECT = "The worker token opens AgentService only; this method takes an API key"
ADMIN_NOT_A_PROJECT = "The admin token opens ProjectService only; this method takes an API key"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a project by one of its keys, the admin, or a worker or the public (neither)."""

    project_id: str = ""
    key_id: str = ""
    limits: ProjectLimits = ProjectLimits()  # noqa: RUF009 - frozen
    admin: bool = False
    request: RequestKey | None = None
    """Given where the call may come again and is to be carried out once."""

    def once(self, answer: Callable[[T], Message]) -> Once[T] | None:
        """For the one thing that the call does: what is stored with it as the answer."""
        return None if self.request is None else Once(self.request, answer)


FindCaller = Callable[[str], Awaitable[Caller | None]]
"""Whom a key stands for; None for a key that is unknown, revoked or over."""

_NOBODY = Caller()
_ADMIN = Caller(admin=True)


class Authenticator:
    """Finds the caller of a call from its metadata."""

    def __init__(
        self,
        find_caller: FindCaller,
        *,
        worker_token: str,
        admin_token: str,
        cache_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find_caller = find_caller
        self._worker_token = worker_token.encode()
        self._admin_token = admin_token.encode()
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._cache: dict[bytes, tuple[float, asyncio.Future[Caller | None]]] = {}
        self._forgotten = 0

    def forget(self) -> None:
        """What keys open has changed: each is looked up again, also those of open streams."""
        self._cache.clear()
        self._forgotten += 1

    async def caller(self, access: Access, metadata: Metadata) -> Caller:
        """Raises Unauthenticated and PermissionDenied."""
        if access is Access.PUBLIC:
            return _NOBODY
        key = _key(metadata)
        text = key.encode()
        if hmac.compare_digest(text, self._worker_token):
            if access is not Access.WORKER:
                raise PermissionDenied(NOT_A_PROJECT)
            return _NOBODY
        if hmac.compare_digest(text, self._admin_token):
            if access not in _ADMINS:
                raise PermissionDenied(ADMIN_NOT_A_PROJECT if access is Access.PROJECT else NOT_A_WORKER)
            return _ADMIN
        caller = await self._look_up(text)
        if access in _SHARED:
            if caller is None:
                raise Unauthenticated("KEY_INVALID", INVALID)
            return caller
        worker = access is Access.WORKER
        if caller is not None:
            raise PermissionDenied(NOT_A_WORKER if worker else NOT_AN_ADMIN)
        raise Unauthenticated("KEY_INVALID", INVALID_WORKER if worker else INVALID_ADMIN)

    def watch(self, access: Access, metadata: Metadata) -> Watched:
        """For a call that lasts: whether its caller may still do what they do."""
        return Watched(self, access, metadata)

    @property
    def mark(self) -> tuple[int, float]:
        """What a look-up was made under: how often all was forgotten, and when it is too old."""
        return self._forgotten, self._clock() + self._cache_seconds

    def is_old(self, mark: tuple[int, float]) -> bool:
        """Whether a caller found under this mark has to be looked up again."""
        return mark[0] != self._forgotten or self._clock() >= mark[1]

    async def _look_up(self, key: bytes) -> Caller | None:
        """From the cache, or by one look-up that all who ask meanwhile share."""
        digest = hashlib.sha256(key).digest()
        now = self._clock()
        cached = self._cache.get(digest)
        if cached is not None and cached[0] > now and not _failed(cached[1]):
            return cached[1].result() if cached[1].done() else await asyncio.shield(cached[1])
        if len(self._cache) >= _MOST_CACHED:
            self._cache.clear()
        found = asyncio.ensure_future(self._find_caller(key.decode()))
        self._cache[digest] = (now + self._cache_seconds, found)
        return await asyncio.shield(found)


class Watched:
    """The caller of a stream. `check` before each message: nothing is said to a key that was revoked meanwhile."""

    def __init__(self, authenticator: Authenticator, access: Access, metadata: Metadata) -> None:
        self._authenticator = authenticator
        self._access = access
        self._metadata = metadata
        self._mark = authenticator.mark

    @property
    def is_old(self) -> bool:
        """Whether there is something to check."""
        return self._authenticator.is_old(self._mark)

    async def check(self) -> None:
        """Raises Unauthenticated and PermissionDenied. A database that is away says nothing against anybody."""
        mark = self._authenticator.mark
        try:
            await self._authenticator.caller(self._access, self._metadata)
        except DatabaseAway:
            return
        self._mark = mark


def _failed(look_up: asyncio.Future[Caller | None]) -> bool:
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
