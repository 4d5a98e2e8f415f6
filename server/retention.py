"""Drops events that were kept long enough, little by little: the writer has others to serve."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from server.clock import Clock, SystemClock
from server.regularly import Regularly
from server.store import Store

_log = structlog.get_logger(__name__)

_AT_ONCE: Final = 200
"""Events in one transaction: some milliseconds of the writer's time."""
_BREATH_S: Final = 0.02
"""Between two transactions."""


class Retention:
    """Looks every minute for events older than `days` (None: all are kept), or than the days that a project has of its own."""

    def __init__(
        self, store: Store, days: int | None, *, every_s: float = 60.0, at_once: int = _AT_ONCE, clock: Clock | None = None
    ) -> None:
        self._store = store
        self._days = days
        self._at_once = at_once
        self._clock = clock or SystemClock()
        self._regularly = Regularly("retention", self._work, every_s)

    async def start(self) -> None:
        """Begins to look."""
        await self._regularly.start()

    async def stop(self) -> None:
        """Ends it, between two transactions."""
        await self._regularly.stop()

    async def sweep(self) -> int:
        """Drops all that is old enough now; gives how many events that were. Raises DatabaseAway."""
        now_us, dropped = self._clock.now_us(), 0
        while some := await self._store.drop_events(now_us, self._days, most=self._at_once):
            dropped += some
            await asyncio.sleep(_BREATH_S)
        return dropped

    async def _work(self) -> None:
        dropped = await self.sweep()
        if dropped:
            _log.info("events_dropped", count=dropped)
