"""The agent's clocks, behind a seam that tests can move."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one for durations, one for instants."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    def unix_ms(self) -> int:
        """Milliseconds since the Unix epoch, by the machine's clock."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """As time.monotonic."""
        return time.monotonic()

    def unix_ms(self) -> int:
        """As time.time."""
        return time.time_ns() // 1_000_000


@dataclass
class MovedClock:
    """A clock for tests: stands still until it is moved."""

    seconds: float = 1000.0
    started_unix_ms: int = 1_800_000_000_000

    def monotonic(self) -> float:
        """The time it was moved to."""
        return self.seconds

    def unix_ms(self) -> int:
        """In step with `monotonic`."""
        return self.started_unix_ms + round((self.seconds - 1000.0) * 1000)

    def move(self, seconds: float) -> None:
        """Lets time pass."""
        self.seconds += seconds
