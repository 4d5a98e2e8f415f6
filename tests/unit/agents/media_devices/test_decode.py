"""What ffmpeg makes of files, and that it is gone when nobody wants any more of them."""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import aclosing
from pathlib import Path

import pytest

from agents.media_devices import decode
from agents.media_devices.decode import FRAMES_PER_SECOND, Kind, frames_of, sound_of
from agents.media_devices.virtual_devices import SAMPLE_RATE, DeviceError

TONE = ("-f", "lavfi", "-i", "aevalsrc=0.5*sin(440*2*PI*t):s=22050:d=30")
FILM = ("-f", "lavfi", "-i", "testsrc=size=320x180:rate=25:duration=3")


def made(path: Path, *arguments: str) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", *arguments, str(path)], check=True)
    return path


async def test_a_sound_comes_second_by_second(tmp_path: Path) -> None:
    path = made(tmp_path / "tone.mp3", *TONE)
    pieces = [piece async for piece in sound_of(path, Kind.MP3)]
    assert {len(piece) for piece in pieces[:-1]} == {2 * SAMPLE_RATE}
    assert sum(map(len, pieces)) / 2 / SAMPLE_RATE == pytest.approx(30, abs=0.2)


async def test_a_film_comes_frame_by_frame(tmp_path: Path) -> None:
    path = made(tmp_path / "film.mp4", *FILM, "-pix_fmt", "yuv420p")
    frames = [frame async for frame in frames_of(path, Kind.MP4)]
    assert len(frames) == 3 * FRAMES_PER_SECOND
    assert all(frame.startswith(b"\xff\xd8") and frame.endswith(b"\xff\xd9") for frame in frames)
    assert [piece async for piece in sound_of(path, Kind.MP4)] == [], "there is no sound in it"


async def test_whoever_stops_early_waits_for_nothing(tmp_path: Path) -> None:
    path = made(tmp_path / "tone.mp3", *TONE)
    async with asyncio.timeout(20), aclosing(sound_of(path, Kind.MP3)) as pieces:
        assert await anext(pieces)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense" * 100, b"#EXTM3U\n/etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n"]
)
async def test_what_is_no_such_file_gives_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert [frame async for frame in frames_of(path, Kind.MP4)] == []
    assert [piece async for piece in sound_of(path, Kind.MP3)] == []


async def test_a_missing_ffmpeg_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode.shutil, "which", lambda _: None)
    with pytest.raises(DeviceError, match="install the package ffmpeg"):
        await anext(sound_of(tmp_path / "tone.mp3", Kind.MP3))
