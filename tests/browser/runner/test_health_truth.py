"""A recording that lacks what people say is told while it happens, and is marked."""

from __future__ import annotations

import time

import pytest

from rollcall.v1 import bot_settings_pb2, event_pb2
from tests.browser.runner.house import House

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.timeout(180)]

WITHIN_S = 15.0
FILM = bot_settings_pb2.RecordingSettings(
    format=bot_settings_pb2.RECORDING_FORMAT_MP4, resolution=bot_settings_pb2.RECORDING_RESOLUTION_720P
)
LINE = "Good morning everybody, shall we begin with the plan for this week, and then go on with the next."
TALKING = f"""
seconds = 170
[[people]]
name = "Ada"
camera = false
says = [{", ".join(f'{{ at = {1 + 9 * n}.0, text = "{LINE}" }}' for n in range(18))}]
"""


async def test_sound_that_is_lost_while_people_speak_is_told_and_marks_the_recording(house: House) -> None:
    room = house.room()
    room.people(TALKING)
    await room.until_there("Ada")
    bot = await house.create(room.url)
    healthy = await house.until(bot, lambda log: [e for e in log if e.HasField("capture_health")])
    assert healthy[0].capture_health.condition == event_pb2.CAPTURE_CONDITION_OK, "nothing is wrong before it begins"

    since = time.time()
    await room.control("go_silent", person="Ada", on=True)
    told = await house.until(
        bot, lambda log: next((e for e in log if e.capture_health.condition == event_pb2.CAPTURE_CONDITION_SILENT), None)
    )
    assert told.created_time.ToNanoseconds() / 1e9 - since < WITHIN_S
    assert told.capture_health.detail

    await room.control("go_silent", person="Ada", on=False)
    await house.leave(bot)
    await house.until_move(bot, "post_processing_completed", within_s=60)
    done = next(e.recording for e in reversed(await house.log(bot)) if e.HasField("recording"))
    assert done.impaired


async def test_a_picture_that_goes_black_while_people_show_themselves_is_told_and_marks_the_recording(house: House) -> None:
    room = house.room()
    room.people(TALKING.replace("camera = false", "camera = { width = 640, height = 360, fps = 20 }"))
    await room.until_there("Ada")
    bot = await house.create(room.url, recording_settings=FILM)
    healthy = await house.until(bot, lambda log: [e for e in log if e.HasField("capture_health")])
    assert healthy[0].capture_health.condition != event_pb2.CAPTURE_CONDITION_BLACK, "nothing is wrong before it begins"

    since = time.time()
    await room.control("black", person="Ada", on=True)
    told = await house.until(
        bot, lambda log: next((e for e in log if e.capture_health.condition == event_pb2.CAPTURE_CONDITION_BLACK), None)
    )
    assert told.created_time.ToNanoseconds() / 1e9 - since < WITHIN_S
    assert told.capture_health.detail

    await house.leave(bot)
    await house.until_move(bot, "post_processing_completed", within_s=60)
    done = next(e.recording for e in reversed(await house.log(bot)) if e.HasField("recording"))
    assert done.impaired
