"""Which capture for which format, with the figures that decided it (docs/benchmarks.md has the table)."""

from __future__ import annotations

from agents.capture.base import Capture, CaptureRequest, Format
from agents.capture.levels import LevelsOnly
from agents.capture.page_capture import AUDIO_MIMES, PageCapture, Recording

AUDIO_BITS = 48_000
"""One channel of Opus: speech is transparent from about 32 kbit/s on."""
FPS = 15
VIDEO_MIMES = (
    # As cheap to encode as VP8 here (measured within 1 %), and an mp4 is made of it without encoding again.
    "video/x-matroska;codecs=avc1,opus",
    "video/webm;codecs=h264,opus",
    "video/webm;codecs=vp8,opus",
    "video/webm",
)
SHARING_BAR = 56
"""Pixels that "this tab is being shared" takes off a page while it is captured."""


def make_capture(request: CaptureRequest, *, methods: tuple[str, ...] = ("tab", "tracks")) -> Capture:
    """The capture for `request.format`. `methods`: how to get a picture, in the order of preference."""
    match request.format:
        case Format.MP3:
            return PageCapture(request, Recording(AUDIO_MIMES, {"audioBitsPerSecond": AUDIO_BITS}))
        case Format.MP4:
            return PageCapture(request, _video(request.width, request.height, methods))
        case Format.NONE:
            return LevelsOnly()


def _video(width: int, height: int, methods: tuple[str, ...]) -> Recording:
    return Recording(
        mimes=VIDEO_MIMES,
        rates={
            "audioBitsPerSecond": AUDIO_BITS,
            "videoBitsPerSecond": video_bits(width, height),
            "videoKeyFrameIntervalDuration": 4000,  # a player seeks to these
        },
        picture={"width": width, "height": height, "fps": FPS, "methods": list(methods)},
        flags=(
            # A window without tool bars, of the size that leaves exactly width x height while the tab is captured: then nothing
            # is scaled, which saves a tenth of a core at 720p.
            "--kiosk",
            f"--screen-info={{{width}x{height + SHARING_BAR}}}",
            f"--window-size={width},{height + SHARING_BAR}",
            "--auto-accept-this-tab-capture",
            # Without a graphics card the software compositor is cheaper than OpenGL in software: 0.05 of a core at 720p.
            "--disable-gpu",
            "--disable-software-rasterizer",
        ),
    )


def video_bits(width: int, height: int) -> int:
    """Bits a second: 1.5 Mbit/s at 720p, 2.8 at 1080p. A meeting's picture rarely needs them."""
    return round(1_500_000 * float((width * height / (1280 * 720)) ** 0.77))
