"""What the bot is to play, taken apart by ffmpeg: in bounded memory however long it is, and ended with whoever asked for it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from enum import StrEnum
from pathlib import Path

from agents.media_devices.virtual_devices import HEIGHT, SAMPLE_RATE, WIDTH, DeviceError

FRAMES_PER_SECOND = 12
"""Of a film. More costs a fifth of a core for each ten, most of it the browser's."""
_PIECE_BYTES = 2 * SAMPLE_RATE
"""A second of sound."""
_READ_BYTES = 1 << 16
_LARGEST_FRAME = 4 << 20
_MOST_PIXELS = "9000000"
"""Of a film's frame: 4K. A few bytes can stand for more than any machine has room for."""
_END_OF_JPEG = b"\xff\xd9"


class Kind(StrEnum):
    """A file's format, by the name of ffmpeg's demuxer: none but this one reads it, so no file can name others to be read."""

    MP3 = "mp3"
    MP4 = "mov"


async def sound_of(path: Path, kind: Kind) -> AsyncGenerator[bytes, None]:
    """The sound as 16 bit samples, one channel, 48 kHz, a second at a time; nothing where there is none. Raises DeviceError."""
    wanted = ["-map", "0:a:0?", "-ac", "1", "-ar", str(SAMPLE_RATE), "-f", "s16le", "-"]
    async with _reading(path, kind, wanted) as stream:
        while True:
            try:
                yield await stream.readexactly(_PIECE_BYTES)
            except asyncio.IncompleteReadError as last:
                whole = last.partial[: len(last.partial) // 2 * 2]
                if whole:
                    yield whole
                return


async def frames_of(path: Path, kind: Kind) -> AsyncGenerator[bytes, None]:
    """The picture as JPEG files, FRAMES_PER_SECOND of them, at most as large as the camera. Raises DeviceError."""
    size = f"scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=decrease,fps={FRAMES_PER_SECOND}"
    wanted = ["-map", "0:v:0?", "-vf", size, "-c:v", "mjpeg", "-q:v", "6", "-f", "image2pipe", "-"]
    async with _reading(path, kind, wanted) as stream, aclosing(_split(stream)) as frames:
        async for frame in frames:
            yield frame


async def _split(stream: asyncio.StreamReader) -> AsyncGenerator[bytes, None]:
    """JPEG files that follow each other; the mark of the end is nowhere else in one."""
    rest = b""
    while piece := await stream.read(_READ_BYTES):
        rest += piece
        while (end := rest.find(_END_OF_JPEG)) >= 0:
            yield rest[: end + 2]
            rest = rest[end + 2 :]
        if len(rest) > _LARGEST_FRAME:
            raise DeviceError("The film cannot be played: its frames are too large.")


@asynccontextmanager
async def _reading(path: Path, kind: Kind, wanted: Sequence[str]) -> AsyncIterator[asyncio.StreamReader]:
    program = shutil.which("ffmpeg")
    if program is None:
        raise DeviceError("ffmpeg is not installed on the worker's machine: install the package ffmpeg, then ask again.")
    last = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
    command = [*last, program, "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-max_pixels", _MOST_PIXELS]
    process = await asyncio.create_subprocess_exec(
        *command,
        *("-f", kind.value, "-threads", "1", "-i", str(path), *wanted),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()  # `wait` alone never returns where what it said last was not read
