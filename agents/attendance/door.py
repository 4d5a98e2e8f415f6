"""Keeps a bot that was sent ahead of its time at the door until the time has come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

NEAR_S = 15.0
"""Enough to load any page; and short, for a page that waits may tire of it."""


class Door:
    """Shut for `join_in_ms` from now; open at once for None. `go_in` is called once, as the bot goes in."""

    def __init__(self, join_in_ms: int | None, go_in: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._opens = self._loop.time() + (join_in_ms or 0) / 1000
        self._go_in = go_in
        self.passed = join_in_ms is None
        """Whether the bot has gone in, or never had to wait."""

    @property
    def left_s(self) -> float:
        """Seconds until it opens."""
        return max(0.0, self._opens - self._loop.time())

    async def come_near(self) -> None:
        """Returns when it is near enough to the time for the meeting's page to be opened."""
        await asyncio.sleep(max(0.0, self.left_s - NEAR_S))

    async def go_through(self) -> None:
        """Returns when the time has come."""
        await asyncio.sleep(self.left_s)
        self.open()

    def open_if_due(self) -> None:
        """If the time has come the bot goes in, ready or not."""
        if not self.left_s:
            self.open()

    def open(self) -> None:
        """The bot goes in, whatever the time."""
        if not self.passed:
            self.passed = True
            self._go_in()
