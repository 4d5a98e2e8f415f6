"""The segments of a recording on disk: `<folder>/segments/e<epoch>-<n>.(webm|mkv)`, each with a note `….json` beside it.

A segment is only ever appended to, without a buffer of ours: what was written survives the end of any process. What a machine
without power loses is bounded by `sync`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from agents.capture.base import CaptureError

LEAST_FREE_BYTES = 200 * 1024 * 1024
"""Less than this is minutes of video: a recording does not begin."""
NAME = re.compile(r"e(\d+)-(\d+)\.(webm|mkv)")
DISK_FULL = "The disk of the media folder is full: make room there, or set ROLLCALL_MEDIA_DIR to a larger disk."


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """A segment found on disk."""

    path: Path
    epoch: int
    number: int
    start_ms: int
    """Its first frame or sound, ms since the Unix epoch."""
    side: bool
    """True for the sound of a frame of another origin, recorded beside the main segments."""


class SegmentWriter:
    """Appends to one segment. Making it creates the file; CaptureError where that fails."""

    def __init__(self, folder: Path, epoch: int, number: int, *, mime: str, start_ms: int, side: bool = False) -> None:
        segments = folder / "segments"
        suffix = "mkv" if "matroska" in mime else "webm"
        self.path = segments / f"e{epoch}-{number}.{suffix}"
        note = {"start_ms": start_ms, "side": side, "mime": mime}
        with _translated():
            segments.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
            self.path.with_suffix(".json").write_bytes(orjson.dumps(note))
        self.bytes_written = 0
        self._closed = False

    def write(self, data: bytes) -> None:
        """Appends; the bytes are the kernel's when this returns. Raises CaptureError (a full disk)."""
        if self._closed:
            return
        view = memoryview(data)
        with _translated():
            while view:
                written = os.write(self._file, view)
                self.bytes_written += written
                view = view[written:]

    async def sync(self) -> None:
        """Brings what was written to the disk itself; in a thread, for it may take long."""
        if not self._closed:
            copy = os.dup(self._file)
            await asyncio.to_thread(_sync, copy)

    def close(self) -> None:
        """Ends the segment; an empty one goes away."""
        if self._closed:
            return
        self._closed = True
        os.close(self._file)
        if not self.bytes_written:
            with contextlib.suppress(OSError):
                self.path.unlink()
                self.path.with_suffix(".json").unlink()


def _sync(file: int) -> None:
    try:
        with contextlib.suppress(OSError):
            os.fdatasync(file) if hasattr(os, "fdatasync") else os.fsync(file)
    finally:
        os.close(file)


def check_room(folder: Path, *, least_bytes: int = LEAST_FREE_BYTES) -> None:
    """Raises CaptureError where the folder cannot be made or its disk is nearly full."""
    with _translated():
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    if free < least_bytes:
        raise CaptureError(f"{DISK_FULL} ({free >> 20} MB are free, {least_bytes >> 20} MB are needed.)")


def next_number(folder: Path, epoch: int) -> int:
    """The first number that no segment of this epoch has."""
    return 1 + max((s.number for s in list_segments(folder) if s.epoch == epoch), default=0)


def list_segments(folder: Path) -> list[SegmentFile]:
    """The segments in the order in which they were recorded; files that are no segments are left out."""
    segments = folder / "segments"
    names = ((path, NAME.fullmatch(path.name)) for path in (segments.iterdir() if segments.is_dir() else ()))
    found = [_described(path, int(match[1]), int(match[2])) for path, match in names if match]
    return sorted(found, key=lambda s: (s.epoch, s.start_ms, s.number))


def _described(path: Path, epoch: int, number: int) -> SegmentFile:
    try:
        note = orjson.loads(path.with_suffix(".json").read_bytes())
        return SegmentFile(path, epoch, number, int(note["start_ms"]), bool(note["side"]))
    except (OSError, ValueError, KeyError, TypeError):  # killed between the two files
        return SegmentFile(path, epoch, number, int(path.stat().st_ctime * 1000), side=False)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CaptureError(words_for(error)) from error


def words_for(error: OSError) -> str:
    """What a person should do about a media folder that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    return f"The media folder cannot be written ({error.strerror or type(error).__name__}): check its owner."
