"""The judge of a capture, with a clock that is moved."""

from __future__ import annotations

from agents.attendance.clock import MovedClock
from agents.attendance.health import HealthWatch
from rollcall.v1 import event_pb2 as event
from tests.unit.agents.runner.stage import a_sample

SILENT = {"audio_level_dbfs": -120.0}
BLACK = {"video_brightness": 0.0}


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

    def conditions(self, seconds: int, *, somebody_speaks: bool = True, **changes: float) -> list[tuple[int, str]]:
        return [(second, name) for second, name, _ in self.feed(seconds, somebody_speaks=somebody_speaks, **changes)]


def test_a_good_capture_is_told_of_every_ten_seconds() -> None:
    told = Watched().feed(30)
    assert [(second, name) for second, name, _ in told] == [(10, "OK"), (20, "OK"), (30, "OK")]
    health = told[0][2]
    assert (health.window_ms, health.video_frames, health.bytes_written, health.audio_tracks) == (10_000, 150, 1_000_000, 2)
    assert health.audio_level_dbfs == -30.0


def test_silence_while_people_speak_is_told_within_fifteen_seconds_and_stays_a_mark() -> None:
    watched = Watched()
    ((second, name),) = watched.conditions(10, **SILENT)
    assert name == "SILENT"
    assert second <= 15
    assert watched.conditions(1) == [(1, "OK")]
    assert watched.watch.impaired


def test_silence_while_nobody_speaks_is_no_fault() -> None:
    watched = Watched()
    assert watched.conditions(10, somebody_speaks=False, incoming_level_dbfs=-120.0, **SILENT) == [(10, "OK")]
    assert not watched.watch.impaired


def test_what_the_page_marks_counts_where_no_track_is_seen_at_all() -> None:
    assert Watched().conditions(9, incoming_level_dbfs=-120.0, audio_tracks=0, **SILENT) == [(9, "SILENT")]


def test_a_pause_in_speech_does_not_excuse_a_silent_capture() -> None:
    watched = Watched()
    watched.conditions(5, **SILENT)
    watched.conditions(2, somebody_speaks=False, incoming_level_dbfs=-90.0, **SILENT)
    assert ("SILENT") in [name for _, name in watched.conditions(3, **SILENT)]


def test_a_black_picture_is_a_fault_while_others_move() -> None:
    watched = Watched()
    assert watched.conditions(9, **BLACK) == [(9, "BLACK")]
    assert watched.watch.impaired


def test_a_black_picture_of_dark_cameras_is_no_fault() -> None:
    assert Watched().conditions(10, incoming_video_moving=False, **BLACK) == [(10, "OK")]


def test_sound_alone_has_no_picture_to_be_black() -> None:
    assert Watched().conditions(10, video_frames=0, video_frames_expected=0, **BLACK) == [(10, "OK")]


def test_too_few_frames_are_told_and_do_not_impair() -> None:
    watched = Watched()
    assert watched.conditions(9, video_frames=5) == [(9, "DEGRADED")]
    assert not watched.watch.impaired


def test_a_capture_that_writes_nothing_has_stalled() -> None:
    watched = Watched()
    assert watched.conditions(6, bytes_written=0) == [(6, "STALLED")]
    assert watched.watch.impaired


def test_a_capture_that_says_nothing_has_stalled() -> None:
    watched = Watched()
    watched.clock.move(7)
    health = watched.watch.tick()
    assert health is not None
    assert health.condition == event.CAPTURE_CONDITION_STALLED


def test_a_paused_capture_is_not_judged() -> None:
    watched = Watched()
    watched.watch.stop()
    assert watched.conditions(30, bytes_written=0, **SILENT) == []
    watched.watch.start()
    assert watched.conditions(5) == []
