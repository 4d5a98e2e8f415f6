"""From samples to verdicts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.capture.base import HealthSample
from agents.capture.health import Condition, Health, HealthMeter

GOOD = HealthSample(
    window_ms=1000,
    audio_ms=1000,
    audio_level_dbfs=-25.0,
    incoming_level_dbfs=-25.0,
    audio_tracks=2,
    video_frames=15,
    video_frames_expected=15,
    video_brightness=80.0,
    incoming_video_moving=True,
    bytes_written=100_000,
)
SILENT = replace(GOOD, audio_level_dbfs=-120.0)
QUIET_ROOM = replace(GOOD, audio_level_dbfs=-120.0, incoming_level_dbfs=-120.0)
DARK = replace(GOOD, video_brightness=0.5)
STILL = replace(GOOD, video_frames=1)
STILL_PAGE = replace(GOOD, video_frames=1, video_frames_expected=1, incoming_video_moving=False)
SOUND_ONLY = replace(GOOD, video_frames=0, video_frames_expected=0, video_brightness=-1.0, incoming_video_moving=False)
NOTHING = replace(GOOD, bytes_written=0, audio_ms=0, video_frames=0)
THIN = replace(GOOD, video_frames=6)
HOLES = replace(SOUND_ONLY, audio_ms=600)


def verdicts(meter: HealthMeter, samples: list[HealthSample]) -> list[tuple[int, Health]]:
    """Each verdict with the second in which it came."""
    given = ((second, meter.add(sample)) for second, sample in enumerate(samples, 1))
    return [(second, health) for second, health in given if health is not None]


def test_a_good_capture_is_ok_every_ten_seconds() -> None:
    told = verdicts(HealthMeter(), [GOOD] * 30)
    assert [(second, health.condition) for second, health in told] == [(10, Condition.OK), (20, Condition.OK), (30, Condition.OK)]
    assert told[0][1] == Health(Condition.OK, -25.0, 10_000, 2, 150, 150, 80.0, 1_000_000, 10_000, "")


@pytest.mark.parametrize("sample", [QUIET_ROOM, STILL_PAGE, SOUND_ONLY])
def test_a_quiet_room_a_still_page_and_sound_alone_are_ok(sample: HealthSample) -> None:
    assert {health.condition for _, health in verdicts(HealthMeter(), [sample] * 20)} == {Condition.OK}


@pytest.mark.parametrize(
    ("sample", "condition"),
    [(SILENT, Condition.SILENT), (DARK, Condition.BLACK), (STILL, Condition.BLACK), (NOTHING, Condition.STALLED)],
)
@pytest.mark.parametrize("good", range(1, 21))
def test_a_fault_is_told_within_six_seconds_wherever_it_begins(sample: HealthSample, condition: Condition, good: int) -> None:
    told = verdicts(HealthMeter(), [GOOD] * good + [sample] * 15)
    first = next((second, health) for second, health in told if health.condition is condition)
    assert first[0] - good <= 6
    assert first[1].detail


def test_a_fault_is_told_again_every_ten_seconds_while_it_lasts_and_its_end_at_once() -> None:
    told = verdicts(HealthMeter(), [SILENT] * 25 + [GOOD] * 10)
    assert [(second, health.condition) for second, health in told] == [
        (5, Condition.SILENT),
        (15, Condition.SILENT),
        (25, Condition.SILENT),
        (26, Condition.OK),
    ]


def test_a_fault_of_a_moment_is_none() -> None:
    told = verdicts(HealthMeter(), ([SILENT] * 3 + [GOOD]) * 5)
    assert {health.condition for _, health in told} == {Condition.OK}


def test_silence_is_found_also_where_people_speak_in_short_sentences_with_long_pauses() -> None:
    told = verdicts(HealthMeter(), ([SILENT] * 2 + [QUIET_ROOM] * 6) * 3)
    assert Condition.SILENT in {health.condition for _, health in told}


def test_nothing_is_said_of_silence_once_nobody_has_spoken_for_a_while_and_at_once_when_somebody_does() -> None:
    told = verdicts(HealthMeter(), [SILENT] * 5 + [QUIET_ROOM] * 25 + [SILENT])
    assert [(second, health.condition) for second, health in told] == [
        (5, Condition.SILENT),
        (15, Condition.OK),
        (25, Condition.OK),
        (31, Condition.SILENT),
    ]


@pytest.mark.parametrize("sample", [THIN, HOLES])
def test_too_few_frames_or_too_little_sound_is_degraded(sample: HealthSample) -> None:
    told = verdicts(HealthMeter(), [sample] * 10)
    assert [(second, health.condition) for second, health in told] == [(10, Condition.DEGRADED)]


def test_nothing_is_worse_than_silence() -> None:
    worst = replace(NOTHING, audio_level_dbfs=-120.0, video_brightness=0.0)
    assert verdicts(HealthMeter(), [worst] * 5)[0][1].condition is Condition.STALLED


def test_a_restart_forgets_what_was_before() -> None:
    meter = HealthMeter()
    assert verdicts(meter, [SILENT] * 4) == []
    meter.restart()
    assert verdicts(meter, [SILENT] * 4) == []


def test_black_videos_on_a_lit_page_are_black_and_videos_that_do_not_tell_are_not() -> None:
    told = verdicts(HealthMeter(), [replace(GOOD, video_light=0.5)] * 6)
    assert [(second, health.condition) for second, health in told] == [(5, Condition.BLACK)]
    assert [health.condition for _, health in verdicts(HealthMeter(), [replace(GOOD, video_light=-1.0)] * 10)] == [Condition.OK]
