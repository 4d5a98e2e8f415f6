"""Machines without ffmpeg or without room on the disk: what was recorded is not lost, and the bot's owner is told what to do."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from rollcall.v1 import bot_pb2, event_pb2
from tests.browser.runner.house import House
from tests.browser.runner.house import house as open_house
from tests.browser.runner.test_attendance import ADA
from tests.services import missing

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

ROOMY_MB = 260
"""A recording begins only where 200 MB are free."""


FFMPEG = {name: shutil.which(name) for name in ("ffmpeg", "ffprobe")}


@pytest.fixture
def no_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with every program but these; the folder where they would be found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            if program.name not in FFMPEG:
                (folder / program.name).unlink(missing_ok=True)
                (folder / program.name).symlink_to(program)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        missing("the right to mount a disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOMY_MB}m", "tmpfs", folder], check=False)
    if mounted.returncode:
        missing("the right to mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
async def house_on_small_disk(tmp_path: Path, small_disk: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "data", media_dir=small_disk, finish_again_seconds=0.2) as one:
        yield one


async def a_recording_bot(house: House) -> str:
    room = house.room()
    room.people(ADA)
    await room.until_there("Ada")
    bot = await house.create(room.url)
    await house.until(bot, lambda log: [e for e in log if e.capture_health.bytes_written])
    return bot


def recording_of(log: list[event_pb2.Event]) -> event_pb2.RecordingChange:
    return next(e.recording for e in reversed(log) if e.HasField("recording"))


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)
    return filler


async def test_without_ffmpeg_it_is_said_what_to_install_and_the_recording_is_finished_once_it_is_there(
    tmp_path: Path, no_ffmpeg: Path
) -> None:
    async with open_house(tmp_path / "data", finish_again_seconds=1.0) as house:
        bot = await a_recording_bot(house)
        await house.leave(bot)
        told = await house.until(bot, lambda log: [e for e in log if e.log.code == "recording_not_finished"])
        assert "install the package ffmpeg" in told[0].log.message
        segments = house.settings.media_dir / bot / "segments"
        assert list(segments.iterdir()), "a later try can still make the file"
        for name, program in FFMPEG.items():
            (no_ffmpeg / name).symlink_to(str(program))
        await house.until_move(bot, "post_processing_completed", within_s=60)
        done = recording_of(await house.log(bot))
        assert done.state == bot_pb2.RECORDING_STATE_COMPLETE
        assert not segments.exists(), "what is in the finished file takes no room twice"


async def test_a_disk_that_fills_up_is_told_at_once_and_the_bot_comes_to_a_clear_end(house_on_small_disk: House) -> None:
    house = house_on_small_disk
    bot = await a_recording_bot(house)
    fill(house.settings.media_dir)
    told = await house.until(bot, lambda log: [e for e in log if e.log.code == "capture_failed"])
    assert "ROLLCALL_MEDIA_DIR" in told[0].log.message
    await house.leave(bot)
    await house.until_move(bot, "post_processing_completed", within_s=60)
    done = recording_of(await house.log(bot))
    assert done.state == bot_pb2.RECORDING_STATE_FAILED
    assert "its pieces are kept" in done.detail
    assert "ROLLCALL_MEDIA_DIR" in done.detail


async def test_what_was_recorded_before_the_disk_was_full_becomes_a_file_where_there_is_room_again(
    house_on_small_disk: House,
) -> None:
    house = house_on_small_disk
    bot = await a_recording_bot(house)
    filler = fill(house.settings.media_dir)
    await house.until(bot, lambda log: [e for e in log if e.log.code == "capture_failed"])
    filler.unlink()
    await house.until(bot, lambda log: [e for e in log if e.log.code == "capture_restarted"])
    await house.leave(bot)
    await house.until_move(bot, "post_processing_completed")
    done = recording_of(await house.log(bot))
    assert done.state == bot_pb2.RECORDING_STATE_COMPLETE
    assert done.impaired
    assert done.duration_ms > 5000
