"""How much a page may have to say: more than any meeting has, and less than fills a log."""

from __future__ import annotations

from agents.attendance.clock import Clock

BURST = 4000
"""At once: a meeting of 1,000 people into which the bot comes, with room."""
A_SECOND = 40.0
"""From then on."""


class Allowance:
    """A bucket of things that may still be told; it fills up again with time."""

    def __init__(self, clock: Clock, *, burst: int = BURST, a_second: float = A_SECOND) -> None:
        self._clock = clock
        self._burst = burst
        self._a_second = a_second
        self._left = float(burst)
        self._at = clock.monotonic()

    def spend(self, count: int) -> bool:
        """Takes so many; False where that was more than is allowed."""
        now = self._clock.monotonic()
        self._left = min(self._left + (now - self._at) * self._a_second, self._burst) - count
        self._at = now
        return self._left >= 0

    def refill(self) -> None:
        """Another page begins."""
        self._left = float(self._burst)
