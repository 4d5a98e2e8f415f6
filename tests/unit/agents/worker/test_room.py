from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import psutil
import pytest

from agents.room import BotNeeds, Load, Machine, Room

NEEDS = BotNeeds(cores=0.5, mb=400)


class Measured:
    def __init__(self, *, cores: float = 4, idle: float | None = 4, free_mb: int | None = 10_000) -> None:
        self.load = Load(cores, idle, free_mb)
        self.now = 0.0

    def room(self, most: int | None = None) -> Room:
        return Room(most=most, needs=NEEDS, measure=lambda: self.load, monotonic=lambda: self.now)


def test_what_the_operator_set_is_all_that_counts() -> None:
    room = Measured(idle=0, free_mb=0).room(most=2)
    assert room.threads == 2
    assert [room.take("a"), room.take("b"), room.take("c")] == [True, True, False]
    room.give_back("a")
    assert room.take("c")


def test_idle_cores_and_free_memory_both_bound() -> None:
    assert Measured(idle=4, free_mb=10_000).room().more() == 8
    assert Measured(idle=4, free_mb=200 + 3 * 400).room().more() == 3


def test_a_young_bot_is_reckoned_with_before_its_load_shows() -> None:
    measured = Measured(cores=1, idle=2)
    room = measured.room()
    room.take("a")
    room.take("b")
    assert room.more() == 2
    measured.now = 30
    assert room.more() == 4


def test_one_bot_a_core_has_room_on_a_busy_machine() -> None:
    room = Measured(cores=2, idle=0).room()
    assert [room.take("a"), room.take("b"), room.take("c")] == [True, True, False]


def test_no_bot_is_taken_without_memory() -> None:
    assert not Measured(free_mb=300).room().take("a")


def test_where_nothing_can_be_measured_the_cores_decide() -> None:
    assert Measured(cores=2, idle=None, free_mb=None).room().more() == 16


MEMORY_OF_LINUX = """\
MemTotal:        8000000 kB
MemFree:         1000000 kB
MemAvailable:    2048000 kB
Buffers:          100000 kB
Cached:          1000000 kB
Active:          1000000 kB
Inactive:        1000000 kB
Shmem:               100 kB
Slab:                100 kB
SReclaimable:        100 kB
"""


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What Linux tells of a machine, to be written by the test."""
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it in files")
def test_the_machine_is_read_with_the_limits_of_its_container(proc: Path) -> None:
    (proc / "stat").write_text("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 …\n")
    (proc / "meminfo").write_text(MEMORY_OF_LINUX)
    (proc / "cpu.max").write_text("50000 100000\n")
    (proc / "memory.max").write_text(f"{1024 * 1024 * 1024}\n")
    (proc / "memory.current").write_text(f"{900 * 1024 * 1024}\n")
    (proc / "memory.stat").write_text(f"anon 1\ninactive_file {400 * 1024 * 1024}\n")
    load = Machine(cgroup=proc).measure()
    assert load == Load(cores=0.5, idle_cores=None, free_mb=524)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it in files")
def test_idle_cores_are_those_since_the_last_look(proc: Path) -> None:
    stat = proc / "stat"
    (proc / "meminfo").write_text(MEMORY_OF_LINUX)
    stat.write_text("cpu  100 0 100 800 0 0 0 0 0 0\n")
    machine = Machine(cgroup=proc)
    first = machine.measure()
    assert (first.idle_cores, first.free_mb) == (None, 2000)
    stat.write_text("cpu  125 0 100 865 10 0 0 0 25 0\n")
    machine._last_at -= 5
    later = machine.measure()
    assert later.idle_cores == later.cores * 0.75, "waiting for a disk is idle, a guest's time is a user's"


class TimesOfAMac(NamedTuple):
    user: float
    nice: float
    system: float
    idle: float


def test_a_mac_which_tells_less_is_measured_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=3 * 1024**3))
    monkeypatch.setattr(psutil, "cpu_times", lambda: TimesOfAMac(100, 0, 100, 800))
    machine = Machine(cgroup=tmp_path / "none")
    machine.measure()
    monkeypatch.setattr(psutil, "cpu_times", lambda: TimesOfAMac(125, 0, 125, 850))
    machine._last_at -= 5
    assert machine.measure() == Load(cores=8, idle_cores=4, free_mb=3072)


def test_a_machine_that_tells_nothing_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses() -> None:
        raise PermissionError

    monkeypatch.setattr(psutil, "cpu_times", refuses)
    monkeypatch.setattr(psutil, "virtual_memory", refuses)
    load = Machine(cgroup=tmp_path / "none").measure()
    assert (load.idle_cores, load.free_mb) == (None, None)
    assert load.cores >= 1
