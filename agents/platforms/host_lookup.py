"""Looks up who is host where that stands in a list that is not always open: when people have come or gone, and now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

SOON_SECONDS = 5.0
"""After people have come or gone: several come at a time. Each look shows the list for a moment, also in the recording, so looks
that follow each other are twice as far apart each time.
"""
SELDOM_SECONDS = 300.0
"""A host who hands over and stays is noticed after so long at the latest."""


class HostLookup:
    """`see` wakes `keep`, which runs while the bot is in the meeting."""

    def __init__(self) -> None:
        self._wanted = asyncio.Event()
        self._there: frozenset[str] = frozenset()

    def see(self, people: frozenset[str]) -> None:
        """Who is there now, by id."""
        if people != self._there:
            self._there = people
            self._wanted.set()

    def want(self) -> None:
        """Only the list says who is still there."""
        self._wanted.set()

    async def keep(self, look: Callable[[], Awaitable[None]], *, passed: Callable[[], bool]) -> None:
        """Until it is cancelled, or the bot has left; one has looked already."""
        wait = SOON_SECONDS
        self._wanted.clear()
        while not passed():
            try:
                async with asyncio.timeout(SELDOM_SECONDS):
                    await self._wanted.wait()
            except TimeoutError:
                wait = SOON_SECONDS
            else:
                await asyncio.sleep(wait)
                wait = min(2 * wait, SELDOM_SECONDS)
            self._wanted.clear()
            if not passed():
                await look()
