"""A pause is real: nothing that was shown or said in it is in the file, and what is around it is whole, in order and in sync."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from rollcall.v1 import bot_pb2, bot_service_pb2, bot_settings_pb2, event_pb2
from tests.browser.runner.house import BOTS, House, Room
from tests.measure.media import probe
from tests.measure.picture import FrameSeen, flash_onsets, people_seen, watch
from tests.measure.sound import beep_onsets

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.timeout(300)]

FILM = bot_settings_pb2.RecordingSettings(
    format=bot_settings_pb2.RECORDING_FORMAT_MP4, resolution=bot_settings_pb2.RECORDING_RESOLUTION_720P
)
FPS = 15
ON_THE_RECORD = f"""
seconds = 280
[[people]]
name = "Ada"
camera = {{ width = 640, height = 360, fps = {FPS} }}
beeps = {{ every = 1.0 }}
"""
GRACE_NUMBER = 2
GRACE_HERTZ = 2200
OFF_THE_RECORD = f"""
seconds = 280
[[people]]
name = "Somebody silent"
camera = false
microphone = false
[[people]]
name = "Grace"
camera = {{ width = 640, height = 360, fps = {FPS} }}
beeps = {{ every = 0.5, hertz = {GRACE_HERTZ} }}
"""
ATTEMPTS = 3
OFFSET_MS = 150


async def pause(house: House, bot: str) -> None:
    await house.call(f"{BOTS}PauseRecording", bot_service_pb2.PauseRecordingRequest(bot_id=bot))
    await house.until_move(bot, "recording_paused")


async def resume(house: House, bot: str) -> None:
    await house.call(f"{BOTS}ResumeRecording", bot_service_pb2.ResumeRecordingRequest(bot_id=bot))
    await house.until_move(bot, "recording_resumed")


async def something_off_the_record(room: Room) -> None:
    """Grace comes, is seen and heard by all, and goes."""
    visit = room.people(OFF_THE_RECORD)
    await room.until_there("Grace", "Ada")
    await asyncio.sleep(3)
    visit.cancel()
    async with asyncio.timeout(30):
        while await room.names() & {"Grace", "Somebody silent"}:  # noqa: ASYNC110 - polled as a user would
            await asyncio.sleep(0.1)


async def finished(house: House, bot: str) -> Path:
    await house.leave(bot)
    await house.until_move(bot, "post_processing_completed", within_s=90)
    done = next(e.recording for e in reversed(await house.log(bot)) if e.HasField("recording"))
    assert done.state == bot_pb2.RECORDING_STATE_COMPLETE
    return house.settings.media_dir / bot / "recording.mp4"


def seconds_recorded(log: list[event_pb2.Event]) -> float:
    """What the log says was recorded: from the beginning or a resumption to a pause or the leaving."""
    total, since = 0.0, None
    begins = {bot_pb2.BOT_EVENT_TYPE_RECORDING_PERMISSION_GRANTED, bot_pb2.BOT_EVENT_TYPE_RECORDING_RESUMED}
    ends = {bot_pb2.BOT_EVENT_TYPE_RECORDING_PAUSED, bot_pb2.BOT_EVENT_TYPE_LEFT_MEETING}
    for event in (e for e in log if e.HasField("state")):
        at = event.created_time.ToNanoseconds() / 1e9
        if event.state.type in begins and since is None:
            since = at
        elif event.state.type in ends and since is not None:
            total, since = total + at - since, None
    return total


def counters(seen: list[FrameSeen]) -> list[tuple[float, int]]:
    """Time and number of each new frame of Ada's."""
    shown = [(frame.time, code.counter) for frame in seen for code in frame.codes if code.person == 1]
    return [shown[0], *(b for a, b in pairwise(shown) if a[1] != b[1])]


def offsets_ms(flashes: list[float], beeps: list[float]) -> list[float]:
    nearest = ((flash, min(beeps, key=lambda beep: abs(beep - flash))) for flash in flashes)
    return [1000 * (beep - flash) for flash, beep in nearest if abs(beep - flash) < 0.4]


def in_sync(found_ms: list[float]) -> bool:
    return len(found_ms) >= 3 and abs(median(found_ms)) <= OFFSET_MS


async def test_nothing_of_a_pause_is_in_the_film_and_the_rest_is_whole_and_in_sync(
    house: House, record_property: Callable[[str, object], None]
) -> None:
    for attempt in range(ATTEMPTS):
        room = house.room()
        room.people(ON_THE_RECORD)
        await room.until_there("Ada")
        bot = await house.create(room.url, recording_settings=FILM)
        await house.until_move(bot, "recording_permission_granted", within_s=60)
        await asyncio.sleep(6)
        await pause(house, bot)
        await something_off_the_record(room)
        await resume(house, bot)
        await asyncio.sleep(6)
        path = await finished(house, bot)

        seen = await asyncio.to_thread(watch, path)
        assert people_seen(seen) == {1}, "nobody is seen who was there in the pause only"
        assert await asyncio.to_thread(beep_onsets, path, hertz=GRACE_HERTZ) == []
        length = probe(path).duration
        assert length == pytest.approx(seconds_recorded(await house.log(bot)), abs=2), "the file is as long as was recorded"

        frames = counters(seen)
        assert all(b > a for (_, a), (_, b) in pairwise(frames)), "what came later comes later"
        jump, joint = max((b - a, at) for (_, a), (at, b) in pairwise(frames))
        assert jump > 3 * FPS, "the pause is left out"
        beeps = await asyncio.to_thread(beep_onsets, path)
        flashes = flash_onsets(seen)
        before, after = (offsets_ms([f for f in flashes if (f < joint) == early], beeps) for early in (True, False))
        record_property(f"attempt_{attempt}", f"before {before}, after {after}, joint {joint}, length {length}")
        assert min(sum(beep < joint for beep in beeps), sum(beep > joint for beep in beeps)) >= 3, "there is sound on both sides"
        # What an otherwise idle machine must reach; one that is busy with something else gets another try.
        if in_sync(before) and in_sync(after):
            return
        await room.go_home()
    assert in_sync(before)
    assert in_sync(after)


async def test_a_bot_whose_worker_goes_in_a_pause_records_nothing_until_it_is_told_to(house: House) -> None:
    room = house.room()
    room.people(ON_THE_RECORD)
    await room.until_there("Ada")
    bot = await house.create(room.url, recording_settings=FILM)
    await house.until_move(bot, "recording_permission_granted", within_s=60)
    await asyncio.sleep(3)
    await pause(house, bot)
    await house.stop_worker()
    await house.start_worker()
    await house.until(bot, lambda log: [e.state.type for e in log].count(bot_pb2.BOT_EVENT_TYPE_RECORDING_PAUSED) == 2)
    await something_off_the_record(room)
    await resume(house, bot)
    await asyncio.sleep(3)
    path = await finished(house, bot)
    assert [move for move in await house.moves(bot) if move.startswith("recording_")] == [
        "recording_permission_granted",
        "recording_paused",
        "recording_permission_granted",
        "recording_paused",
        "recording_resumed",
    ]
    seen = await asyncio.to_thread(watch, path)
    assert people_seen(seen) == {1}
    assert await asyncio.to_thread(beep_onsets, path, hertz=GRACE_HERTZ) == []
    frames = counters(seen)
    assert all(b > a for (_, a), (_, b) in pairwise(frames))
    assert len(frames) > 4 * FPS * 0.5, "what was recorded before and after is there"
    assert max(b - a for (_, a), (_, b) in pairwise(frames)) > 5 * FPS
