"""What a finished recording holds is measured, not trusted: sync, frames, size, level, words, and the first second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from rollcall.v1 import bot_pb2, bot_settings_pb2, event_pb2
from tests.browser.runner.house import House
from tests.measure.media import probe
from tests.measure.picture import frames_kept, is_black, people_seen, watch
from tests.measure.sound import levels_by_second
from tests.measure.sync import av_offset
from tests.measure.words import LINES, heard, share_kept

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.timeout(300)]

SECONDS = 24
FPS = 15
OFFSET_MS = 100
ATTEMPTS = 3
WORDS_KEPT = 0.9  # of what the recogniser hears in the clean originals
KEPT = 0.9
BEEPING = """
seconds = 200
[[people]]
name = "Ada"
camera = { width = 640, height = 360, fps = 20 }
beeps = { every = 2.0, start = 0.5 }
"""
TALKING = f"""
seconds = 200
[[people]]
name = "Grace"
camera = {{ width = 640, height = 360, fps = 15 }}
says = [{", ".join(f'{{ at = {4 + 6 * n}.0, text = "{LINES[n % 4]}" }}' for n in range(20))}]
"""


async def recorded(house: House, script: str, name: str) -> tuple[Path, list[event_pb2.Event]]:
    """A 720p recording of SECONDS of a meeting with one person, and the bot's log."""
    room = house.room()
    room.people(script)
    await room.until_there(name)
    settings = bot_settings_pb2.RecordingSettings(
        format=bot_settings_pb2.RECORDING_FORMAT_MP4, resolution=bot_settings_pb2.RECORDING_RESOLUTION_720P
    )
    bot = await house.create(room.url, recording_settings=settings)
    await house.until_move(bot, "recording_permission_granted", within_s=60)
    await asyncio.sleep(SECONDS)
    await house.leave(bot)
    await house.until_move(bot, "post_processing_completed", within_s=90)
    return house.settings.media_dir / bot / "recording.mp4", await house.log(bot)


async def test_picture_and_sound_are_together_and_frames_are_whole(
    house: House, record_property: Callable[[str, object], None]
) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        path, log = await recorded(house, BEEPING, "Ada")
        info = await asyncio.to_thread(probe, path)
        video, sound = info.of("video"), info.of("audio")
        assert video is not None
        assert sound is not None
        assert (video.codec, video.width, video.height) == ("h264", 1280, 720)
        assert SECONDS - 1 < info.duration < SECONDS + 8
        assert recording_began_ms(log) <= joined_ms(log), "the first second after joining is in the file"
        seen = await asyncio.to_thread(watch, path)
        assert not is_black(seen)
        sync = await asyncio.to_thread(av_offset, path, seen=seen)
        kept = frames_kept(seen, 1)
        assert sync is not None, "no beep with a flash was found"
        assert kept is not None, "no frame counter was found"
        assert sync.pairs >= SECONDS // 2 - 3
        record_property(f"attempt_{attempt}", f"{sync} {kept} {kept.fps:.1f} fps")
        # What one bot on an otherwise idle machine must reach; a machine that is busy with something else gets another try.
        if abs(sync.median_ms) <= OFFSET_MS and kept.fps >= KEPT * FPS:
            return
        await house.rooms[-1].go_home()
    assert abs(sync.median_ms) <= OFFSET_MS
    assert kept.fps >= KEPT * FPS


def joined_ms(log: list[event_pb2.Event]) -> int:
    moves = (event for event in log if event.HasField("state"))
    return next(e.created_time.ToMilliseconds() for e in moves if e.state.type == bot_pb2.BOT_EVENT_TYPE_JOINED_MEETING)


def recording_began_ms(log: list[event_pb2.Event]) -> int:
    return next(e.recording.start_timestamp_ms for e in log if e.HasField("recording") and e.recording.start_timestamp_ms)


async def test_every_word_and_the_first_second_are_there(house: House, record_property: Callable[[str, object], None]) -> None:
    path, _ = await recorded(house, TALKING, "Grace")
    text = await asyncio.to_thread(heard, path)
    levels = await asyncio.to_thread(levels_by_second, path)
    record_property("heard", text)
    record_property("levels", [round(level) for level in levels])
    said = [line for line in LINES if await share_kept([line], text) >= WORDS_KEPT]
    assert len(said) >= SECONDS // 6 - 1, text
    assert max(levels) > -40
    assert people_seen(await asyncio.to_thread(watch, path)) == {1}
