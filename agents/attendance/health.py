"""What is said of a capture's health, and whether it marks the recording. The judge itself is agents.capture.health."""

from __future__ import annotations

from dataclasses import replace

from agents.attendance.clock import Clock
from agents.capture.base import HealthSample
from agents.capture.health import SILENCE_DBFS, Condition, Health, HealthMeter
from rollcall.v1 import event_pb2 as event

_QUIET_S = 5.0
"""A capture that has given no sample for so long gives nothing."""
_A_VOICE_DBFS = -40.0
_PAUSE_S = 3.0
"""Marks go out between sentences; so long after one, somebody still speaks."""

_CONDITIONS = {
    Condition.OK: event.CAPTURE_CONDITION_OK,
    Condition.SILENT: event.CAPTURE_CONDITION_SILENT,
    Condition.BLACK: event.CAPTURE_CONDITION_BLACK,
    Condition.DEGRADED: event.CAPTURE_CONDITION_DEGRADED,
    Condition.STALLED: event.CAPTURE_CONDITION_STALLED,
}
_IMPAIRING = frozenset({Condition.SILENT, Condition.BLACK, Condition.STALLED})


class HealthWatch:
    """Watches what is captured from `start` to `stop`. `impaired` stays true once the recording was."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._meter = HealthMeter()
        self._running = False
        self._heard_at = 0.0
        self._marked_at: float | None = None
        self.impaired = False

    def start(self) -> None:
        """A segment begins, or goes on after a pause."""
        if not self._running:
            self._meter.restart()
            self._heard_at = self._clock.monotonic()
            self._marked_at = None
        self._running = True

    def stop(self) -> None:
        """Nothing is expected now: paused, or over."""
        self._running = False

    def add(self, sample: HealthSample, *, somebody_speaks: bool) -> event.CaptureHealth | None:
        """Takes a sample; returns what has to be reported now, if anything.

        `somebody_speaks`: by the page's own marks. Where no track that the capture sees has a voice, they are what tells of one;
        a track that is there proves nothing: its decoder hums at -112 dBFS and the like when nothing comes.
        """
        if not self._running:
            return None
        now = self._heard_at = self._clock.monotonic()
        if somebody_speaks:
            self._marked_at = now
        spoken = self._marked_at is not None and now - self._marked_at <= _PAUSE_S
        if spoken and sample.incoming_level_dbfs <= SILENCE_DBFS:
            sample = replace(sample, incoming_level_dbfs=_A_VOICE_DBFS)
        return self._told(self._meter.add(sample))

    def tick(self) -> event.CaptureHealth | None:
        """As `add` where no sample came; call it every second, for a dead capture gives none."""
        quiet_s = self._clock.monotonic() - self._heard_at
        if not self._running or quiet_s < _QUIET_S:
            return None
        self._heard_at = self._clock.monotonic()
        nothing = HealthSample(
            window_ms=round(quiet_s * 1000),
            audio_ms=0,
            audio_level_dbfs=-120.0,
            incoming_level_dbfs=-120.0,
            audio_tracks=0,
            video_frames=0,
            video_frames_expected=0,
            video_brightness=-1.0,
            incoming_video_moving=False,
            bytes_written=0,
        )
        return self._told(self._meter.add(nothing))

    def _told(self, health: Health | None) -> event.CaptureHealth | None:
        if health is None:
            return None
        self.impaired = self.impaired or health.condition in _IMPAIRING
        return event.CaptureHealth(
            condition=_CONDITIONS[health.condition],
            audio_level_dbfs=health.audio_level_dbfs,
            audio_ms=health.audio_ms,
            video_frames=health.video_frames,
            video_frames_expected=health.video_frames_expected,
            video_brightness=health.video_brightness,
            bytes_written=health.bytes_written,
            window_ms=health.window_ms,
            detail=health.detail,
            audio_tracks=health.audio_tracks,
        )
