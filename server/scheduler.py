"""Looks after what nobody asks for: `join_at`, leases that end, bots that nobody took. Safe with many servers."""

from __future__ import annotations

from collections.abc import Callable

from server.store import Attention, Store


class Scheduler:
    """Sweeps every second.

    hint: tells the broker that a bot can be claimed, as `Dispatcher.send`; must not block or raise.
    start_grace_s: no lease is expired for so long after the start (one lease: agents need time to find the server again).
    """

    def __init__(self, store: Store, hint: Callable[[str], None], *, start_grace_s: float, every_s: float = 1.0) -> None:
        self._store = store
        self._hint = hint
        self._start_grace_s = start_grace_s
        self._every_s = every_s

    async def start(self) -> None:
        """Begins to sweep."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Ends the sweep."""
        raise NotImplementedError

    async def sweep(self) -> list[Attention]:
        """One sweep now; hints are sent for what can be claimed."""
        raise NotImplementedError
