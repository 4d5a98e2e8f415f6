"""A media file's streams, samples and frames, by ffprobe and ffmpeg."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Picture = NDArray[np.uint8]

SAMPLE_RATE = 48_000


@dataclass(frozen=True)
class Stream:
    """One stream of a file. Sizes in pixels, rates a second; 0 where they do not apply or are not known."""

    kind: str
    codec: str
    width: int = 0
    height: int = 0
    fps: float = 0.0
    sample_rate: int = 0
    channels: int = 0


@dataclass(frozen=True)
class MediaInfo:
    """A file as ffprobe sees it. `duration` is in seconds, 0 where the file does not say."""

    container: str
    duration: float
    start: float
    streams: tuple[Stream, ...]

    def of(self, kind: str) -> Stream | None:
        """The first stream of a kind: `audio` or `video`."""
        return next((s for s in self.streams if s.kind == kind), None)


def probe(path: Path) -> MediaInfo:
    """What the file says of itself. Raises CalledProcessError where ffprobe cannot read it."""
    answer = json.loads(_run("ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)))
    streams = tuple(_stream(entry) for entry in answer.get("streams", []))
    form = answer["format"]
    return MediaInfo(form["format_name"], float(form.get("duration", 0)), float(form.get("start_time", 0)), streams)


def samples(path: Path) -> Samples:
    """The sound as one channel at 48 kHz, from the file's start on, with silence where the file has gaps."""
    fill = "aresample=async=1:first_pts=0"
    raw = _run(
        "ffmpeg", "-v", "error", "-i", str(path), "-vn", "-af", fill, "-ac", "1", "-ar", str(SAMPLE_RATE), "-f", "f32le", "-"
    )
    return np.frombuffer(raw, np.float32)


def frame_times(path: Path) -> list[float]:
    """When each frame of the picture is shown, in seconds after the file's start."""
    show = ("-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time", "-of", "csv=p=0")
    lines = _run("ffprobe", "-v", "error", *show, str(path)).decode().split()
    start = probe(path).start
    return [float(line.strip(",")) - start for line in lines if line.strip(",") not in {"", "N/A"}]


def frames(path: Path, *, width: int | None = None) -> Iterator[tuple[float, Picture]]:
    """Each frame as grey values with its time; scaled to `width` where it is given. No frame is repeated or dropped."""
    video = probe(path).of("video")
    if video is None:
        return
    wide = width or video.width
    high = round(video.height * wide / video.width)
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(path),
        "-map",
        "0:v:0",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "1:1000000",
    ]
    command += ["-vf", f"scale={wide}:{high}", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    times = frame_times(path)
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        for time in times:
            raw = process.stdout.read(wide * high)
            if len(raw) < wide * high:
                return
            yield time, np.frombuffer(raw, np.uint8).reshape(high, wide)
    finally:
        process.stdout.close()
        process.kill()
        process.wait()


def _stream(entry: dict[str, Any]) -> Stream:
    over, _, under = str(entry.get("avg_frame_rate", "0/1")).partition("/")
    return Stream(
        kind=str(entry["codec_type"]),
        codec=str(entry.get("codec_name", "")),
        width=int(entry.get("width", 0)),
        height=int(entry.get("height", 0)),
        fps=float(over) / float(under) if float(under or 0) else 0.0,
        sample_rate=int(entry.get("sample_rate", 0)),
        channels=int(entry.get("channels", 0)),
    )


def _run(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout
