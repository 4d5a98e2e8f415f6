"""What a project may ask of this process: how often, and how much at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from google.protobuf.message import Message

from server.domain.errors import QuotaExceeded
from server.rpc.auth import Caller
from server.rpc.methods import Method

_MINUTE_S: Final = 60.0
_MOST_BUCKETS: Final = 10_000


class _Bucket:
    """Tokens of one project: a minute's worth at most, and filled again evenly."""

    __slots__ = ("_filled_at", "_tokens")

    def __init__(self, tokens: float, now: float) -> None:
        self._tokens = tokens
        self._filled_at = now

    def take(self, per_minute: int, now: float) -> float:
        """Takes a token; gives 0, or how many seconds it is until there is one."""
        rate = per_minute / _MINUTE_S
        tokens = min(per_minute, self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
        enough = tokens >= 1
        self._tokens = tokens - enough
        return 0.0 if enough else (1 - tokens) / rate


class Limiter:
    """Counts in memory, so each server process counts for itself: with n servers a project may have n times its rate, and what
    was counted is forgotten at a restart. One that counts for all would cost each call a visit to the database.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def admit(self, method: Method, request: Message, caller: Caller) -> None:
        """Raises QuotaExceeded."""
        if not caller.project_id:
            return
        limits = caller.limits
        if limits.request_bytes is not None and (size := request.ByteSize()) > limits.request_bytes:
            raise QuotaExceeded(
                f"The request has {size:,} bytes in protobuf's format; this project may send {limits.request_bytes:,} at most.",
                reason="REQUEST_TOO_LARGE",
            )
        if method.posts and limits.posts_per_minute is not None:
            wait_s = self._take(caller.project_id, limits.posts_per_minute)
            if wait_s:
                raise QuotaExceeded(
                    f"Too many calls: this project may POST {limits.posts_per_minute:,} times a minute. Try again in a moment.",
                    reason="POST_RATE_LIMIT",
                    retry_after_s=wait_s,
                )

    def _take(self, project_id: str, per_minute: int) -> float:
        now = self._clock()
        bucket = self._buckets.get(project_id)
        if bucket is None:
            if len(self._buckets) >= _MOST_BUCKETS:
                self._buckets.clear()
            bucket = self._buckets[project_id] = _Bucket(per_minute, now)
        return bucket.take(per_minute, now)
