"""ffmpeg and ffprobe as child processes: at low priority, on one thread, and gone when their parent is."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import structlog

from agents.capture.files import DISK_FULL

log = structlog.get_logger(__name__)

KEPT_LINES = 15
PROBE_SECONDS = 60.0
_NO_SPACE = os.strerror(errno.ENOSPC)


class FinishError(Exception):
    """A recording could not be finished; the text says why and what to do. Raised by `finish`."""


class NothingRecordedError(FinishError):
    """There is neither sound nor picture in any segment: no later try will find any. Raised by `finish`."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What ffprobe says of a file. Sizes in pixels, 0 without a picture."""

    duration_ms: int
    video_codec: str
    audio_codec: str
    width: int
    height: int
    header: str
    """A digest of the decoder's settings: streams with the same one can follow each other without encoding."""


async def ffmpeg(arguments: Sequence[str | Path]) -> str:
    """Runs ffmpeg; what it printed. Raises FinishError with the last of it."""
    program = _program("ffmpeg")
    command = [*_politely(), program, "-hide_banner", "-nostdin", "-nostats", "-y", "-threads", "1", *map(str, arguments)]
    code, _, printed = await _run(command)
    full = _NO_SPACE in printed  # it may end well all the same, with a file that lacks its end
    if code or full:
        log.warning("capture.ffmpeg_failed", code=code, printed=printed.splitlines()[-KEPT_LINES:])
        if full:
            raise FinishError(DISK_FULL)
        raise FinishError(f"ffmpeg could not make the recording (it ended with {code}; its words are in the worker's log).")
    return printed


async def probe(path: Path) -> Probed | None:
    """What is in the file; None where it holds neither sound nor picture."""
    entries = "format=duration:stream=codec_type,codec_name,width,height,duration,extradata_hash"
    command = [_program("ffprobe"), "-v", "error", "-show_data_hash", "MD5", "-show_entries", entries, "-of", "json", str(path)]
    try:
        _, out, _ = await asyncio.wait_for(_run(command), PROBE_SECONDS)
    except TimeoutError as error:
        raise FinishError("ffprobe gave no answer: the disk of the media folder may hang.") from error
    return _probed(orjson.loads(out or b"{}"))


def _probed(said: dict[str, Any]) -> Probed | None:
    video: dict[str, Any] = next((s for s in said.get("streams", ()) if s.get("codec_type") == "video"), {})
    audio: dict[str, Any] = next((s for s in said.get("streams", ()) if s.get("codec_type") == "audio"), {})
    if not video and not audio:
        return None
    return Probed(
        duration_ms=round(float(said.get("format", {}).get("duration", 0)) * 1000),
        video_codec=video.get("codec_name", ""),
        audio_codec=audio.get("codec_name", ""),
        width=int(video.get("width", 0)),
        height=int(video.get("height", 0)),
        header=str(video.get("extradata_hash", "")),
    )


async def _run(command: Sequence[str]) -> tuple[int, bytes, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, err = await process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    return process.returncode or 0, out, err.decode(errors="replace")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise FinishError(f"{name} is not installed: install the package ffmpeg, then finish the recording again.")
    return found


@cache
def _politely() -> tuple[str, ...]:
    """A meeting that is being attended goes first. `setpriv` ends the child with its parent, also after a kill -9 (Linux)."""
    last = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
    return (*last, "nice", "-n", "10") if shutil.which("nice") else last
