"""Looks after what nobody asks for: `join_at`, leases that end, bots that nobody took. Safe with many servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from server.clock import Clock, SystemClock
from server.regularly import Regularly
from server.store import Attention, Outcome, Store

_log = structlog.get_logger(__name__)

_AT_ONCE: Final = 256
_TIDY_EVERY_US: Final = 60_000_000
_TIDY_AT_ONCE: Final = 1000
_STOOD_STILL_US: Final = 3_000_000
"""A sweep so long after the one before means that this process was stopped, or its machine: no agent could be heard meanwhile."""
_QUIET: Final = frozenset({Outcome.HINT, Outcome.NOTHING})


class Scheduler:
    """Sweeps every second.

    hint: tells the broker that a bot can be claimed, as `Dispatcher.send`; must not block or raise.
    start_grace_s: no lease is expired for so long after the start, or after the process stood still (one lease: agents need time
    to find the server again).
    """

    def __init__(
        self,
        store: Store,
        hint: Callable[[str], None],
        *,
        start_grace_s: float,
        every_s: float = 1.0,
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._hint = hint
        self._every_s = every_s
        self._clock = clock or SystemClock()
        self._grace_us = round(start_grace_s * 1_000_000)
        self._swept_us = self._clock.now_us()
        self._expire_after_us = self._swept_us + self._grace_us
        self._tidied_us = 0
        self._regularly = Regularly("sweep", self._work, every_s)

    async def start(self) -> None:
        """Begins to sweep."""
        await self._regularly.start()

    async def stop(self) -> None:
        """Ends the sweep."""
        await self._regularly.stop()

    async def sweep(self) -> list[Attention]:
        """One sweep now; hints are sent for what can be claimed. Raises DatabaseAway."""
        now_us = self._clock.now_us()
        if now_us - self._swept_us > _STOOD_STILL_US + round(self._every_s * 1_000_000):
            self._expire_after_us = now_us + self._grace_us
        self._swept_us = now_us
        expire = now_us >= self._expire_after_us
        done: list[Attention] = []
        while True:
            some = await self._store.sweep(expire_leases=expire, limit=_AT_ONCE)
            for attention in some:
                self._tell(attention)
            done += some
            if len(some) < _AT_ONCE:
                return done

    async def tidy(self) -> None:
        """Has what is kept for a time only forgotten, now and then. Raises DatabaseAway."""
        now_us = self._clock.now_us()
        if now_us - self._tidied_us >= _TIDY_EVERY_US:
            while await self._store.tidy(_TIDY_AT_ONCE) == _TIDY_AT_ONCE:
                pass  # what others asked for meanwhile is before the next part in the writer's line
            self._tidied_us = now_us

    def _tell(self, attention: Attention) -> None:
        if attention.outcome not in _QUIET:
            _log.info("bot_looked_after", bot_id=attention.bot_id, outcome=attention.outcome.value)
        if attention.hint:
            self._hint(attention.bot_id)

    async def _work(self) -> None:
        await self.sweep()
        await self.tidy()
