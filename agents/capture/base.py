"""What a capture method is. There is more than one behind it: in-page tracks, the page's picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from agents.browser.api import BrowserOptions, Page


class Format(StrEnum):
    """What the finished file is."""

    MP4 = "mp4"
    MP3 = "mp3"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """What to capture and where to."""

    format: Format
    width: int
    height: int
    folder: Path
    """The bot's own folder below the media folder; segments go to `<folder>/segments/`."""
    epoch: int
    """Names the segments, so that two epochs never write the same file."""


@dataclass(frozen=True, slots=True)
class HealthSample:
    """What came in one second or so. All are sums or means over `window_ms`."""

    window_ms: int
    audio_ms: int
    audio_level_dbfs: float
    """Of the recorded mix; -120 for digital silence."""
    incoming_level_dbfs: float
    """Of what the peer connections received, measured apart from the recording; -120 where nothing came or nothing is known."""
    audio_tracks: int
    video_frames: int
    video_frames_expected: int
    video_brightness: float
    """Mean, 0 to 255; -1 where it is not known."""
    incoming_video_moving: bool
    """Whether any remote picture changed."""
    bytes_written: int
    video_light: float = -1.0
    """Of the lightest video that is shown and moving on the page, 0 to 255; -1 where there is none or it cannot be read."""


@dataclass(slots=True)
class CaptureListeners:
    """Called from the event loop; must return at once."""

    health: Callable[[HealthSample], None]
    speaking: Callable[[str, bool], None]
    """Track or source id, whether sound is heard from it now (from the tracks themselves, for `silence`)."""
    failed: Callable[[str], None]
    """The capture stopped by itself and cannot go on by itself; the text says why. The runner starts it anew."""
    hearing: Callable[[bool], None] = lambda _page: None
    """True: no track of a connection brings people's sound, and the page's own sound is taken; False: tracks bring it again."""


class Capture(Protocol):
    """One method at work on one page. Calls in order: options, prepare, arm, start, (pause, start)*, stop."""

    def browser_options(self, options: BrowserOptions) -> BrowserOptions:
        """Adds the switches that the method needs."""
        ...

    async def prepare(self, page: Page, listeners: CaptureListeners) -> None:
        """Installs page scripts and bindings; before the page is opened."""
        ...

    async def arm(self) -> None:
        """Gets everything ready (as the tab's picture), so that `start` takes milliseconds; the page must be open.

        May be called again. After a navigation the capture does this by itself, and goes on in a new segment if it recorded.
        """
        ...

    async def start(self) -> int:
        """Begins to write a new segment; returns the instant of its first frame or sound, ms since the Unix epoch.

        Raises CaptureError.
        """
        ...

    async def pause(self) -> None:
        """Ends the segment: nothing of what follows is written, whatever the page does. Never raises, at most 5 s.

        `start` goes on in a new segment, which follows the one before the pause at once in the finished file.
        """
        ...

    async def stop(self) -> None:
        """Ends the segment; all that was captured is on disk when this returns. Never raises, at most 5 s."""
        ...


class CaptureError(Exception):
    """A capture could not be started; the text says what to do. Raised by `start` and `arm`."""


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A finished recording."""

    path: Path
    content_type: str
    duration_ms: int
    size_bytes: int
    impaired: bool
    detail: str
