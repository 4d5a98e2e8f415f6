"""How many more bots a worker has room for, from what is measured of the machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

_YOUNG_S = 20.0
"""What a bot costs shows in the measurement only after so long: until then it is reckoned with."""
_SPARE_MB = 200
_MOST_PER_CORE = 8


@dataclass(frozen=True, slots=True)
class Load:
    """A machine, or the part of it that we may use."""

    cores: float
    idle_cores: float | None
    """None where it cannot be measured."""
    free_mb: int | None
    """None where it cannot be measured."""


@dataclass(frozen=True, slots=True)
class BotNeeds:
    """What one more bot is thought to need."""

    cores: float = 0.5
    mb: int = 400


class Room:
    """Room for bots. `most` is what the operator set and is then all that counts; else it is measured.

    One bot a core always has room as far as CPU goes: a busy machine must not keep every bot out of its meeting.
    """

    def __init__(
        self,
        *,
        most: int | None,
        needs: BotNeeds,
        measure: Callable[[], Load],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._needs = needs
        self._measure = measure
        self._monotonic = monotonic
        self._taken: dict[str, float] = {}

    @property
    def threads(self) -> int:
        """The most bots that could ever be run here at a time."""
        return self._most or max(2, round(self._measure().cores * _MOST_PER_CORE))

    def more(self) -> int:
        """How many more bots can be taken now; 0 or more."""
        running = len(self._taken)
        if self._most is not None:
            return max(0, self._most - running)
        load = self._measure()
        now = self._monotonic()
        young = sum(1 for since in self._taken.values() if now - since < _YOUNG_S)
        by_cpu = self.threads - running
        if load.idle_cores is not None:
            by_cpu = max(int(load.idle_cores / self._needs.cores) - young, round(load.cores) - running, 1 - running)
        by_memory = by_cpu
        if load.free_mb is not None:
            by_memory = (load.free_mb - _SPARE_MB) // self._needs.mb - young
        return max(0, min(by_cpu, by_memory))

    def take(self, bot_id: str) -> bool:
        """Takes room for a bot; False where there is none."""
        if self.more() < 1:
            return False
        self._taken[bot_id] = self._monotonic()
        return True

    def give_back(self, bot_id: str) -> None:
        """The bot is gone."""
        self._taken.pop(bot_id, None)


class Machine:
    """Measures this machine, by the same calls on Linux and macOS; on Linux the limits of its container too."""

    def __init__(self, cgroup: Path = Path("/sys/fs/cgroup")) -> None:
        self._cgroup = cgroup
        self._last: tuple[float, float] | None = None
        self._last_at = 0.0
        self._idle: float | None = None

    def measure(self) -> Load:
        """The load now; CPU is that of the time since the last measurement, which should be some seconds ago."""
        cores = self._cores()
        return Load(cores=cores, idle_cores=self._idle_cores(cores), free_mb=self._free_mb())

    def _cores(self) -> float:
        own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        quota, _, period = self._read(self._cgroup / "cpu.max").partition(" ")
        return min(float(own), int(quota) / int(period)) if quota.isdigit() and period.strip().isdigit() else float(own)

    def _idle_cores(self, cores: float) -> float | None:
        now = time.monotonic()
        if self._last is not None and now - self._last_at < 1.0:
            return self._idle
        try:
            times = psutil.cpu_times()
        except (OSError, psutil.Error):
            return None
        # The time of guests, which Linux gives last, is in that of users already.
        total, idle = sum(times[:8]), times.idle + getattr(times, "iowait", 0.0)
        last, self._last, self._last_at = self._last, (total, idle), now
        if last is not None and total > last[0]:
            self._idle = cores * (idle - last[1]) / (total - last[0])
        return self._idle

    def _free_mb(self) -> int | None:
        free = [mb for mb in (self._free_of_machine(), self._free_of_container()) if mb is not None]
        return min(free) if free else None

    @staticmethod
    def _free_of_machine() -> int | None:
        try:
            return int(psutil.virtual_memory().available) // (1024 * 1024)
        except (OSError, psutil.Error):
            return None

    def _free_of_container(self) -> int | None:
        limit, used = self._read(self._cgroup / "memory.max").strip(), self._read(self._cgroup / "memory.current").strip()
        if not (limit.isdigit() and used.isdigit()):
            return None
        # What files left in memory is counted as used, and is given up when it is needed.
        inactive = 0
        for line in self._read(self._cgroup / "memory.stat").splitlines():
            if line.startswith("inactive_file "):
                inactive = int(line.split()[1])
        return (int(limit) - int(used) + inactive) // (1024 * 1024)

    @staticmethod
    def _read(path: Path) -> str:
        try:
            return path.read_text()
        except OSError:
            return ""
