"""Turns the samples into what the runner reports: a verdict every ten seconds, and at once when things turn bad. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from agents.capture.base import HealthSample

WINDOW_MS = 10_000
PATIENCE_MS = 5_000
"""So long must sound or picture be missing before it is said: "known within 15 s" with room for the way."""
SILENCE_DBFS = -65.0
"""The recorded mix at or below this holds no speech."""
SPEECH_DBFS = -50.0
"""Incoming sound above this is somebody who speaks."""
BLACK = 4.0
"""Mean brightness, 0 to 255, at or below which nothing can be seen, of the whole picture or of the videos in it; a page around
black videos has 8."""
MOVING_FRAMES = 3
"""So many frames a second on the page are a moving picture."""


class Condition(StrEnum):
    """As CaptureCondition of the contract."""

    OK = "ok"
    SILENT = "silent"
    BLACK = "black"
    DEGRADED = "degraded"
    STALLED = "stalled"


DETAILS = {
    Condition.OK: "",
    Condition.SILENT: "People are heard in the meeting, but the recording is silent.",
    Condition.BLACK: "The recorded picture is black or stands still while people's pictures move.",
    Condition.DEGRADED: "Fewer frames or less sound are recorded than the meeting has: the machine may be overloaded.",
    Condition.STALLED: "Nothing is being recorded.",
}


@dataclass(frozen=True, slots=True)
class Health:
    """A verdict over `window_ms`; the fields are those of CaptureHealth."""

    condition: Condition
    audio_level_dbfs: float
    audio_ms: int
    audio_tracks: int
    video_frames: int
    video_frames_expected: int
    video_brightness: float
    bytes_written: int
    window_ms: int
    detail: str


@dataclass(slots=True)
class HealthMeter:
    """Gathers samples. A verdict is due every `window_ms`, and at once when a fault has lasted `patience_ms` or was overcome."""

    window_ms: int = WINDOW_MS
    patience_ms: int = PATIENCE_MS
    _samples: list[HealthSample] = field(default_factory=list)
    _bad_ms: dict[Condition, int] = field(default_factory=dict)
    _unheard_ms: int = 0
    """How long nobody has spoken: after a window of that, nothing is said of a silence that was found before."""
    _last: Condition = Condition.OK

    def add(self, sample: HealthSample) -> Health | None:
        """Takes a sample; the verdict if one is due."""
        self._samples.append(sample)
        for condition, bad in _faults(sample).items():
            if bad is not None:
                self._bad_ms[condition] = self._bad_ms.get(condition, 0) + sample.window_ms if bad else 0
        self._unheard_ms = 0 if _is_spoken(sample) else self._unheard_ms + sample.window_ms
        condition = self._condition()
        covered = sum(s.window_ms for s in self._samples)
        turned = condition is not self._last and condition is not Condition.DEGRADED
        if covered < self.window_ms and not turned:
            return None
        return self._verdict(condition, covered)

    def restart(self) -> None:
        """Forgets what was gathered: after a pause, or a new segment."""
        self._samples.clear()
        self._bad_ms.clear()
        self._unheard_ms = 0

    def _condition(self) -> Condition:
        for condition in (Condition.STALLED, Condition.SILENT, Condition.BLACK):
            forgotten = condition is Condition.SILENT and self._unheard_ms >= self.window_ms
            if self._bad_ms.get(condition, 0) >= self.patience_ms and not forgotten:
                return condition
        return Condition.DEGRADED if _is_thin(self._samples, self.window_ms) else Condition.OK

    def _verdict(self, condition: Condition, covered: int) -> Health:
        samples, self._samples = self._samples, []
        self._last = condition
        seen = [s.video_brightness for s in samples if s.video_brightness >= 0]
        return Health(
            condition=condition,
            audio_level_dbfs=round(_mean([s.audio_level_dbfs for s in samples], of_nothing=-120.0), 1),
            audio_ms=sum(s.audio_ms for s in samples),
            audio_tracks=samples[-1].audio_tracks,
            video_frames=sum(s.video_frames for s in samples),
            video_frames_expected=sum(s.video_frames_expected for s in samples),
            video_brightness=round(_mean(seen, of_nothing=0.0), 1),
            bytes_written=sum(s.bytes_written for s in samples),
            window_ms=covered,
            detail=DETAILS[condition],
        )


def _is_spoken(sample: HealthSample) -> bool:
    return sample.incoming_level_dbfs > SPEECH_DBFS


def _faults(sample: HealthSample) -> dict[Condition, bool | None]:
    """Which faults the sample shows; None where it tells nothing of one: a silent recording of nobody is neither good nor bad."""
    silent = sample.audio_level_dbfs <= SILENCE_DBFS
    dark = 0 <= sample.video_brightness <= BLACK
    blind = 0 <= sample.video_light <= BLACK
    # A tab gives one frame a second when it stands still, for we ask for one.
    still = (
        sample.video_frames * 1000 <= 2 * sample.window_ms
        and sample.video_frames_expected * 1000 > MOVING_FRAMES * sample.window_ms
    )
    return {
        Condition.STALLED: sample.bytes_written == 0,
        Condition.SILENT: (True if _is_spoken(sample) else None) if silent else False,
        Condition.BLACK: sample.incoming_video_moving and (dark or still or blind),
    }


def _is_thin(samples: list[HealthSample], window_ms: int) -> bool:
    covered = sum(s.window_ms for s in samples)
    if covered < window_ms:
        return False
    frames, expected = sum(s.video_frames for s in samples), sum(s.video_frames_expected for s in samples)
    return frames < expected * 0.6 or sum(s.audio_ms for s in samples) < covered * 0.8


def _mean(values: list[float], *, of_nothing: float) -> float:
    return sum(values) / len(values) if values else of_nothing
