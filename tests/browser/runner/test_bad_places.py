"""Machines and pages that are not as they should be: each a clear end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import agents.platforms
from agents.settings import WorkerSettings
from tests.browser.runner.house import House
from tests.browser.runner.test_attendance import NO_RECORDING

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PLATFORM = Path(agents.platforms.__file__).parent / "rehearsal" / "platform.toml"


async def test_without_chromium_the_bot_fails_and_says_what_to_do(house: House) -> None:
    await house.stop_worker()
    house.worker_settings = WorkerSettings(
        **{
            **house.worker_settings.model_dump(),
            "chromium": Path("/nowhere/chromium"),
            "worker_token": house.settings.worker_token,
        }
    )
    await house.start_worker()
    bot = await house.create(house.room().url)
    failed = await house.until_move(bot, "fatal_error/bot_not_launched")
    assert "/nowhere/chromium" in failed.state.detail


@pytest.mark.parametrize(
    ("view", "move"),
    [
        ("not-found", "could_not_join_meeting/meeting_not_found"),
        ("login-required", "could_not_join_meeting/login_required"),
        ("captcha", "could_not_join_meeting/blocked_by_captcha"),
    ],
)
async def test_a_refusing_page_is_told_as_what_it_is(house: House, view: str, move: str) -> None:
    room = house.room()
    await room.control("obstacle", view=view)
    bot = await house.create(room.url, recording_settings=NO_RECORDING)
    await house.until_move(bot, move)


async def test_what_the_page_showed_to_a_bot_that_did_not_get_in_is_kept_unasked(house: House) -> None:
    room = house.room()
    await room.control("obstacle", view="captcha")
    bot = await house.create(room.url, recording_settings=NO_RECORDING)
    await house.until_move(bot, "could_not_join_meeting/blocked_by_captcha")
    kept = house.settings.media_dir / bot / "debug"
    async with asyncio.timeout(20):  # the end is told first
        while not any(path.read_bytes().startswith(b"\x89PNG") for path in kept.glob("*.png")):  # noqa: ASYNC110 - on the disk
            await asyncio.sleep(0.05)
        while not any(path.read_text().strip() for path in kept.glob("*.txt")):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("part", ["document", "response"])
async def test_a_page_that_never_loads_is_tried_again_and_then_told(house: House, part: str) -> None:
    patient = PLATFORM.read_text()
    assert patient.count("[url]\n") == 1
    mine = house.worker_settings.platforms / "rehearsal.toml"
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text(patient.replace("[url]\n", "[url]\ntimeout_seconds = 2\n"))
    room = house.room()
    await room.control("never_load", visitors=-1, part=part)
    bot = await house.create(room.url, recording_settings=NO_RECORDING)
    failed = await house.until_move(bot, "could_not_join_meeting/unable_to_connect_to_meeting", within_s=60)
    assert "did not load in time" in failed.state.detail
    assert len([e for e in await house.log(bot) if e.log.code == "page_not_loaded"]) == 4, "three tries, and the end"


async def test_a_page_that_closes_itself_in_the_meeting_is_joined_again(house: House) -> None:
    room = house.room()
    bot = await house.create(room.url, recording_settings=NO_RECORDING)
    await house.until_move(bot, "joined_meeting")
    await room.until_there("Rollcall")
    await room.control("close_page", person="Rollcall")
    await house.until(bot, lambda log: [e for e in log if e.HasField("log") and e.log.code == "rejoining"])
    await room.until_there("Rollcall")


async def test_a_page_that_hangs_in_the_meeting_is_joined_again(house: House) -> None:
    room = house.room()
    bot = await house.create(room.url, recording_settings=NO_RECORDING)
    await house.until_move(bot, "joined_meeting")
    await room.until_there("Rollcall")
    await room.control("freeze", person="Rollcall", seconds=100)
    await house.until(bot, lambda log: [e for e in log if e.HasField("log") and e.log.code == "rejoining"], within_s=60)
