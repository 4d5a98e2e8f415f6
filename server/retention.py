"""Drops events that were kept long enough, little by little: the writer has others to serve."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from server.clock import Clock, SystemClock
from server.domain.errors import DatabaseAway
from server.store import Store
from server.tasks import end_tasks

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
        self._every_s = every_s
        self._at_once = at_once
        self._clock = clock or SystemClock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to look."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Ends it, between two transactions."""
        if self._task is not None:
            await end_tasks([self._task])
            self._task = None

    async def sweep(self) -> int:
        """Drops all that is old enough now; gives how many events that were. Raises DatabaseAway."""
        now_us, dropped = self._clock.now_us(), 0
        while some := await self._store.drop_events(now_us, self._days, most=self._at_once):
            dropped += some
            await asyncio.sleep(_BREATH_S)
        return dropped

    async def _run(self) -> None:
        while True:
            try:
                dropped = await self.sweep()
            except DatabaseAway:
                _log.warning("retention_waits", reason="database away")
            except Exception as error:  # noqa: BLE001 - a fault in one sweep must not end all later ones
                _log.error("retention_failed", error=type(error).__name__)
            else:
                if dropped:
                    _log.info("events_dropped", count=dropped)
            await asyncio.sleep(self._every_s)
