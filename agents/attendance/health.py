"""Judges what a capture delivers: every ten seconds in any case, at once when its condition changes. Pure, but for the clock.

A condition has to hold for some seconds before it is believed, and is then told within 15 s of its beginning.
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

from agents.attendance.clock import Clock
from agents.capture.base import HealthSample
from rollcall.v1 import event_pb2 as event

Condition: TypeAlias = event.CaptureCondition.ValueType

REPORT_EVERY_S = 10.0
_BELIEVED_AFTER_S = 8.0
"""Speech has pauses and people turn cameras off and on: shorter than this is no fault."""
_STALLED_AFTER_S = 6.0
_HEARD_DBFS = -55.0
"""What comes in above this is somebody's voice."""
_SILENT_DBFS = -75.0
"""A recorded mix below this holds nothing of it."""
_BLACK_BRIGHTNESS = 6.0
_FEW_FRAMES = 0.6
_LITTLE_AUDIO = 0.8

IMPAIRING = frozenset({event.CAPTURE_CONDITION_SILENT, event.CAPTURE_CONDITION_BLACK, event.CAPTURE_CONDITION_STALLED})

_DETAILS: dict[Condition, str] = {
    event.CAPTURE_CONDITION_SILENT: "People speak and the recording hears nothing.",
    event.CAPTURE_CONDITION_BLACK: "People's pictures move and the recorded picture is black.",
    event.CAPTURE_CONDITION_DEGRADED: "Fewer frames or less sound come than should: the machine may be overloaded.",
    event.CAPTURE_CONDITION_STALLED: "Nothing comes from the capture.",
}


class HealthWatch:
    """Watches one capture. `impaired` stays true once the recording was."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running = False
        self._window: deque[HealthSample] = deque()
        self._since: dict[Condition, float] = {}
        self._last_bytes_at = 0.0
        self._last_report_at = 0.0
        self.condition: Condition = event.CAPTURE_CONDITION_OK
        self.impaired = False

    def start(self) -> None:
        """A segment begins, or goes on after a pause."""
        now = self._clock.monotonic()
        if not self._running:
            self._last_bytes_at = self._last_report_at = now
            self._window.clear()
            self._since.clear()
        self._running = True

    def stop(self) -> None:
        """Nothing is expected now: paused, or over."""
        self._running = False

    def add(self, sample: HealthSample, *, somebody_speaks: bool) -> event.CaptureHealth | None:
        """Takes a sample; returns what has to be reported now, if anything."""
        if not self._running:
            return None
        now = self._clock.monotonic()
        self._window.append(sample)
        if sample.bytes_written > 0:
            self._last_bytes_at = now
        for condition, holds in _judge(sample, somebody_speaks=somebody_speaks):
            if holds is False:
                self._since.pop(condition, None)
            elif holds:
                self._since.setdefault(condition, now)
        return self.tick()

    def tick(self) -> event.CaptureHealth | None:
        """As `add` without a sample; call it every second or two, for a dead capture sends none."""
        if not self._running:
            return None
        now = self._clock.monotonic()
        condition = self._believed(now)
        changed = condition != self.condition
        if not changed and now - self._last_report_at < REPORT_EVERY_S:
            return None
        self.condition = condition
        self.impaired = self.impaired or condition in IMPAIRING
        return self._report(now)

    def _believed(self, now: float) -> Condition:
        if now - self._last_bytes_at >= _STALLED_AFTER_S:
            return event.CAPTURE_CONDITION_STALLED
        for condition in (event.CAPTURE_CONDITION_SILENT, event.CAPTURE_CONDITION_BLACK, event.CAPTURE_CONDITION_DEGRADED):
            since = self._since.get(condition)
            if since is not None and now - since >= _BELIEVED_AFTER_S:
                return condition
        return event.CAPTURE_CONDITION_OK

    def _report(self, now: float) -> event.CaptureHealth:
        samples = list(self._window)
        window_ms = sum(sample.window_ms for sample in samples)
        weigh = max(window_ms, 1)
        health = event.CaptureHealth(
            condition=self.condition,
            audio_level_dbfs=sum(s.audio_level_dbfs * s.window_ms for s in samples) / weigh if samples else -120.0,
            audio_ms=sum(sample.audio_ms for sample in samples),
            video_frames=sum(sample.video_frames for sample in samples),
            video_frames_expected=sum(sample.video_frames_expected for sample in samples),
            video_brightness=sum(s.video_brightness * s.window_ms for s in samples) / weigh,
            bytes_written=sum(sample.bytes_written for sample in samples),
            window_ms=window_ms or round((now - self._last_report_at) * 1000),
            detail=_DETAILS.get(self.condition, ""),
            audio_tracks=samples[-1].audio_tracks if samples else 0,
        )
        self._window.clear()
        self._last_report_at = now
        return health


def _judge(sample: HealthSample, *, somebody_speaks: bool) -> list[tuple[Condition, bool | None]]:
    """Each condition and whether this sample speaks for it (True), against it (False), or tells nothing (None)."""
    voices = sample.incoming_level_dbfs > _HEARD_DBFS or (somebody_speaks and sample.incoming_level_dbfs <= -119.0)
    silent: bool | None = None
    if sample.audio_level_dbfs > _SILENT_DBFS:
        silent = False
    elif voices:
        silent = True
    black: bool | None = False
    if sample.video_frames_expected and sample.video_brightness < _BLACK_BRIGHTNESS:
        black = True if sample.incoming_video_moving else None
    few = sample.video_frames < _FEW_FRAMES * sample.video_frames_expected
    little = sample.audio_ms < _LITTLE_AUDIO * sample.window_ms
    return [
        (event.CAPTURE_CONDITION_SILENT, silent),
        (event.CAPTURE_CONDITION_BLACK, black),
        (event.CAPTURE_CONDITION_DEGRADED, few or little),
    ]
