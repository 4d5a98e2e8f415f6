"""Playing in real time, on a page that only notes what it is told."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from agents.browser.api import Json
from agents.browser.fakes import FakePage
from agents.media_devices.decode import FRAMES_PER_SECOND, Kind
from agents.media_devices.player import play_film, play_sound
from agents.media_devices.virtual_devices import FRAME, HUSH, SOUND, DeviceError, VirtualDevices

TONE = ("-f", "lavfi", "-i", "aevalsrc=0.5*sin(440*2*PI*t):s=48000:d=2")
FILM = ("-f", "lavfi", "-i", "testsrc=size=320x180:rate=25:duration=1")


def made(path: Path, *arguments: str) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", *arguments, str(path)], check=True)
    return path


def a_page(*, left_s: float = 0.0) -> FakePage:
    def answer(function: str, args: tuple[Json, ...]) -> Json:
        return left_s if function == SOUND else None

    return FakePage(answer=answer)


def told(page: FakePage, function: str) -> list[tuple[Json, ...]]:
    return [arguments for name, arguments in page.evaluated if name == function]


async def until(page: FakePage, function: str, times: int = 1) -> None:
    async with asyncio.timeout(20):
        while len(told(page, function)) < times:  # noqa: ASYNC110 - ffmpeg does it
            await asyncio.sleep(0.01)


async def test_a_sound_is_over_when_it_was_heard_to_its_end(tmp_path: Path) -> None:
    page = a_page()
    assert await play_sound(VirtualDevices(page), made(tmp_path / "a.mp3", *TONE), Kind.MP3) == pytest.approx(2, abs=0.1)
    assert {channel for channel, _ in told(page, SOUND)} == {"voice"}
    assert told(page, HUSH) == []


async def test_a_sound_that_is_ended_early_is_hushed(tmp_path: Path) -> None:
    page = a_page(left_s=60.0)
    playing = asyncio.create_task(play_sound(VirtualDevices(page), made(tmp_path / "a.mp3", *TONE), Kind.MP3))
    await until(page, SOUND)
    playing.cancel()
    await asyncio.wait({playing}, timeout=10)
    assert playing.cancelled()
    assert told(page, HUSH) == [("voice",)]


async def test_a_film_has_its_frames_and_its_sound_and_then_the_picture_is_back(tmp_path: Path) -> None:
    page, began = a_page(), asyncio.Event()
    path = made(tmp_path / "a.mp4", *FILM, *TONE, "-pix_fmt", "yuv420p")
    assert await play_film(VirtualDevices(page), path, mute=False, began=began.set) == pytest.approx(2, abs=0.1)
    assert began.is_set()
    frames = [frame for (frame,) in told(page, FRAME)]
    assert frames[-1] is None
    assert 0 < len(frames) - 1 <= FRAMES_PER_SECOND
    assert {channel for channel, _ in told(page, SOUND)} == {"film"}


async def test_a_film_that_is_ended_early_is_gone_at_once_with_its_sound(tmp_path: Path) -> None:
    page, began = a_page(left_s=60.0), asyncio.Event()
    path = made(tmp_path / "a.mp4", *FILM, *TONE, "-pix_fmt", "yuv420p")
    playing = asyncio.create_task(play_film(VirtualDevices(page), path, mute=False, began=began.set))
    await until(page, SOUND)
    playing.cancel()
    await asyncio.wait({playing}, timeout=10)
    assert playing.cancelled()
    assert told(page, HUSH) == [("film",)]
    assert told(page, FRAME)[-1] == (None,)


async def test_a_mute_film_says_nothing(tmp_path: Path) -> None:
    page = a_page()
    path = made(tmp_path / "a.mp4", *FILM, *TONE, "-pix_fmt", "yuv420p")
    assert await play_film(VirtualDevices(page), path, mute=True, began=lambda: None) == pytest.approx(1, abs=0.1)
    assert told(page, SOUND) == []


async def test_what_nobody_hears_or_what_holds_nothing_is_an_error_and_leaves_nothing_running(tmp_path: Path) -> None:
    film = made(tmp_path / "a.mp4", *FILM, *TONE, "-pix_fmt", "yuv420p")
    with pytest.raises(DeviceError, match="microphone"):
        await play_film(VirtualDevices(a_page(left_s=-1.0)), film, mute=False, began=lambda: None)
    film.write_bytes(b"no film")
    with pytest.raises(DeviceError, match="neither picture nor sound"):
        await play_film(VirtualDevices(a_page()), film, mute=False, began=lambda: None)
    with pytest.raises(DeviceError, match="no sound"):
        await play_sound(VirtualDevices(a_page()), film, Kind.MP3)
