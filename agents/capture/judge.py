"""Whether a finished recording holds what it should: measured in the file, not believed."""

from __future__ import annotations

import re
from pathlib import Path

from agents.capture.ffmpeg import Probed, ffmpeg

SILENT_DBFS = -60.0
BLACK_LUMA = 32
"""Brightest pixel of a black picture (16 is black in video levels, and encoders leave traces)."""
LOUDEST = re.compile(r"max_volume: (-?[\d.]+|-inf) dB")
BRIGHTEST = re.compile(r"lavfi\.signalstats\.YMAX=([\d.]+)")


def loudest_dbfs(printed: str) -> float:
    """The peak that ffmpeg's volumedetect printed; -120 for digital silence or no sound at all."""
    found = LOUDEST.findall(printed)
    return max((-120.0 if peak == "-inf" else float(peak) for peak in found), default=-120.0)


def is_as_long(probed: Probed, expected_ms: int) -> bool:
    """Whether a file is as long as the pieces it was made of, to what lengths of files are worth."""
    return probed.duration_ms >= expected_ms * 0.98 - 1000


async def judge(path: Path, probed: Probed, peak_dbfs: float, expected_ms: int) -> tuple[bool, str]:
    """Whether the whole file is silent or black, or shorter than its pieces, and the words for it."""
    faults = []
    if not is_as_long(probed, expected_ms):
        faults.append(f"{(expected_ms - probed.duration_ms) / 1000:.0f} s could not be read back.")
    if peak_dbfs <= SILENT_DBFS:
        faults.append("There is no sound in the whole recording.")
    if probed.video_codec and await _is_black(path):
        faults.append("The picture is black in the whole recording.")
    return bool(faults), " ".join(faults)


async def _is_black(path: Path) -> bool:
    """Only key frames are decoded: one in four seconds, a second of work for an hour."""
    look = "scale=160:90,signalstats,metadata=print:key=lavfi.signalstats.YMAX"
    printed = await ffmpeg(
        ["-skip_frame", "nokey", "-i", path, "-map", "0:v:0", "-vf", look, "-fps_mode", "passthrough", "-f", "null", "-"]
    )
    brightest = [float(value) for value in BRIGHTEST.findall(printed)]
    return bool(brightest) and max(brightest) <= BLACK_LUMA
