"""What is said of a capture, with a clock that is moved. The judge has tests of its own."""

from __future__ import annotations

from agents.attendance.clock import MovedClock
from agents.attendance.health import HealthWatch
from rollcall.v1 import event_pb2 as event
from tests.unit.agents.runner.stage import a_sample

SILENT = {"audio_level_dbfs": -120.0}


class Watched:
    """Feeds one sample a second."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.watch = HealthWatch(self.clock)
        self.watch.start()

    def feed(self, seconds: int, *, somebody_speaks: bool = True, **changes: float) -> list[tuple[int, str, event.CaptureHealth]]:
        told = []
        for second in range(1, seconds + 1):
            self.clock.move(1)
            health = self.watch.add(a_sample(**changes), somebody_speaks=somebody_speaks)
            if health is not None:
                told.append((second, event.CaptureCondition.Name(health.condition).removeprefix("CAPTURE_CONDITION_"), health))
        return told

    def conditions(self, seconds: int, *, somebody_speaks: bool = True, **changes: float) -> list[str]:
        return [name for _, name, _ in self.feed(seconds, somebody_speaks=somebody_speaks, **changes)]


def test_a_good_capture_is_told_of_every_ten_seconds() -> None:
    told = Watched().feed(30)
    assert [(second, name) for second, name, _ in told] == [(10, "OK"), (20, "OK"), (30, "OK")]
    health = told[0][2]
    assert (health.window_ms, health.video_frames, health.bytes_written, health.audio_tracks) == (10_000, 150, 1_000_000, 2)
    assert health.audio_level_dbfs == -30.0


def test_silence_while_people_speak_is_told_within_fifteen_seconds_and_stays_a_mark() -> None:
    watched = Watched()
    told = watched.feed(14, **SILENT)
    assert told[0][1] == "SILENT"
    assert told[0][0] < 15
    assert watched.conditions(1) == ["OK"]
    assert watched.watch.impaired


def test_marks_of_people_who_pause_between_sentences_tell_that_a_track_without_a_voice_is_silent() -> None:
    watched = Watched()
    told = []
    for second in range(15):
        told += watched.conditions(1, somebody_speaks=second % 4 < 2, incoming_level_dbfs=-112.0, audio_level_dbfs=-112.0)
    assert told[0] == "SILENT"
    assert watched.watch.impaired


def test_a_mark_that_went_out_long_ago_tells_nothing() -> None:
    watched = Watched()
    watched.feed(1)
    assert watched.conditions(10, somebody_speaks=False, incoming_level_dbfs=-120.0, **SILENT) == ["OK"]


def test_silence_while_nobody_speaks_is_no_fault() -> None:
    watched = Watched()
    assert watched.conditions(10, somebody_speaks=False, incoming_level_dbfs=-120.0, **SILENT) == ["OK"]
    assert not watched.watch.impaired


def test_what_the_page_marks_counts_where_no_track_is_seen_at_all() -> None:
    assert "SILENT" in Watched().conditions(10, incoming_level_dbfs=-120.0, audio_tracks=0, **SILENT)


def test_a_capture_that_says_nothing_has_stalled_and_is_told_of_again() -> None:
    watched = Watched()
    told = []
    for _ in range(30):
        watched.clock.move(1)
        health = watched.watch.tick()
        if health is not None:
            told.append(health.condition)
    assert len(told) >= 3
    assert set(told) == {event.CAPTURE_CONDITION_STALLED}
    assert watched.watch.impaired


def test_a_paused_capture_is_not_judged() -> None:
    watched = Watched()
    watched.watch.stop()
    assert watched.conditions(30, bytes_written=0, **SILENT) == []
    watched.clock.move(30)
    assert watched.watch.tick() is None
    watched.watch.start()
    assert watched.conditions(4) == []
