from __future__ import annotations

from pathlib import Path

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


def test_the_machine_is_read_with_the_limits_of_its_container(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 …\n")
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    2048000 kB\n")
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "memory.max").write_text(f"{1024 * 1024 * 1024}\n")
    (tmp_path / "memory.current").write_text(f"{900 * 1024 * 1024}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {400 * 1024 * 1024}\n")
    load = Machine(proc=tmp_path, cgroup=tmp_path).measure()
    assert load == Load(cores=0.5, idle_cores=None, free_mb=524)


def test_idle_cores_are_those_since_the_last_look(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 0 100 800 0 0 0 0 0 0\n")
    machine = Machine(proc=tmp_path, cgroup=tmp_path)
    first = machine.measure()
    assert first.idle_cores is None
    stat.write_text("cpu  125 0 100 875 0 0 0 0 0 0\n")
    machine._last_at -= 5
    later = machine.measure()
    assert later.idle_cores == later.cores * 0.75


def test_a_machine_without_proc_is_no_error(tmp_path: Path) -> None:
    load = Machine(proc=tmp_path / "none", cgroup=tmp_path / "none").measure()
    assert (load.idle_cores, load.free_mb) == (None, None)
    assert load.cores >= 1
