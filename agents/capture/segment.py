"""One segment while it is recorded: its file, and the count of what is in it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from agents.capture.base import HealthSample
from agents.capture.files import SegmentWriter
from agents.capture.matroska import BlockCounter
from agents.capture.wire import Chunk, Sample


@dataclass(slots=True)
class Segment:
    """Made before the page is asked to record; the file is made with the first thing known of it."""

    folder: Path
    epoch: int
    number: int
    side: bool = False
    frames_per_second: int = 0
    """What the picture should have at most; 0 without a picture."""
    last_chunk_at: float = field(default_factory=time.monotonic)
    last_sample_at: float = field(default_factory=time.monotonic)
    sample: Sample | None = None
    """The page's newest."""
    _writer: SegmentWriter | None = None
    _counter: BlockCounter = field(default_factory=BlockCounter)
    _told: tuple[int, int, int] = (0, 0, 0)
    _closed: bool = False

    def open(self, *, mime: str, start_ms: int) -> None:
        """Creates the file, once. Raises CaptureError."""
        if self._writer is None and not self._closed:
            self._writer = SegmentWriter(self.folder, self.epoch, self.number, mime=mime, start_ms=start_ms, side=self.side)

    def take(self, chunk: Chunk) -> None:
        """Writes a chunk. Raises CaptureError."""
        if self._closed:
            return
        self.open(mime=chunk.mime, start_ms=chunk.started_ms)
        assert self._writer is not None
        self._writer.write(chunk.data)
        self._counter.feed(chunk.data)
        self.last_chunk_at = time.monotonic()

    async def sync(self) -> None:
        """As SegmentWriter.sync."""
        if self._writer is not None:
            await self._writer.sync()

    def close(self) -> None:
        """No more is written."""
        self._closed = True
        if self._writer is not None:
            self._writer.close()

    def health(self, sample: Sample | None, window_ms: int, sides: list[Segment]) -> HealthSample:
        """What this segment and those beside it got since the last call; `sample` None when the page said nothing."""
        self.last_sample_at = time.monotonic()
        audio_ms, frames, size = self._gained()
        heard = [s for s in (sample, *(side.sample for side in sides)) if s is not None]
        shown = sample.shown if sample else 0
        most = round(self.frames_per_second * window_ms / 1000)
        return HealthSample(
            window_ms=window_ms,
            audio_ms=audio_ms,
            audio_level_dbfs=max((s.level for s in heard), default=-120.0),
            incoming_level_dbfs=max((s.incoming for s in heard), default=-120.0),
            audio_tracks=sum(s.tracks for s in heard),
            video_frames=frames,
            video_frames_expected=min(most, max(shown, window_ms // 1000)),
            video_brightness=sample.brightness if sample else -1.0,
            video_light=sample.light if sample else -1.0,
            incoming_video_moving=shown > 2,
            bytes_written=size + sum(side.gained_bytes() for side in sides),
        )

    def gained_bytes(self) -> int:
        """Bytes since the last call."""
        return self._gained()[2]

    def _gained(self) -> tuple[int, int, int]:
        counted = self._counter.counted
        now = (counted.audio_end_ms, counted.video_frames, self._writer.bytes_written if self._writer else 0)
        gained = tuple(new - old for new, old in zip(now, self._told, strict=True))
        self._told = now
        return gained[0], gained[1], gained[2]
