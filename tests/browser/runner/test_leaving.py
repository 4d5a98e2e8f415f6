"""Each leave rule once for real, with short settings."""

from __future__ import annotations

import pytest

from rollcall.v1 import bot_settings_pb2
from tests.browser.runner.house import House
from tests.browser.runner.test_attendance import ADA, NO_RECORDING

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SILENT_ADA = """
seconds = 170
[[people]]
name = "Ada"
camera = false
microphone = false
"""
NOTETAKER = SILENT_ADA.replace("Ada", "Some Notetaker")


def rules(**limits: object) -> bot_settings_pb2.AutomaticLeaveSettings:
    return bot_settings_pb2.AutomaticLeaveSettings(**limits)  # type: ignore[arg-type]


async def test_alone(house: House) -> None:
    bot = await house.create(
        house.room().url,
        recording_settings=NO_RECORDING,
        automatic_leave_settings=rules(only_participant_in_meeting_timeout_seconds=2),
    )
    await house.until_move(bot, "leave_requested/auto_leave_only_participant_in_meeting")
    await house.until_move(bot, "post_processing_completed")


async def test_alone_with_other_bots(house: House) -> None:
    room = house.room()
    room.people(NOTETAKER)
    await room.until_there("Some Notetaker")
    bot = await house.create(
        room.url,
        recording_settings=NO_RECORDING,
        automatic_leave_settings=rules(only_participant_in_meeting_timeout_seconds=2, bot_keywords=["notetaker"]),
    )
    await house.until_move(bot, "leave_requested/auto_leave_only_participant_in_meeting")


async def test_silence(house: House) -> None:
    room = house.room()
    room.people(SILENT_ADA)
    await room.until_there("Ada")
    bot = await house.create(
        room.url,
        recording_settings=NO_RECORDING,
        automatic_leave_settings=rules(silence_timeout_seconds=2, silence_activate_after_seconds=1),
    )
    await house.until_move(bot, "leave_requested/auto_leave_silence")


async def test_longest_stay(house: House) -> None:
    room = house.room()
    room.people(ADA)
    await room.until_there("Ada")
    bot = await house.create(room.url, recording_settings=NO_RECORDING, automatic_leave_settings=rules(max_uptime_seconds=2))
    await house.until_move(bot, "leave_requested/auto_leave_max_uptime_exceeded")


async def test_waiting_room(house: House) -> None:
    room = house.room()
    await room.control("require_admission", on=True)
    bot = await house.create(room.url, automatic_leave_settings=rules(waiting_room_timeout_seconds=2))
    await house.until_move(bot, "could_not_join_meeting/waiting_room_timeout_exceeded")
    await house.until(bot, lambda log: log)
    assert (await house.moves(bot))[-1] == "could_not_join_meeting/waiting_room_timeout_exceeded"


async def test_host_who_does_not_come(house: House) -> None:
    room = house.room()
    await room.control("host_absent", on=True)
    bot = await house.create(room.url, automatic_leave_settings=rules(wait_for_host_to_start_meeting_timeout_seconds=2))
    await house.until_move(bot, "could_not_join_meeting/meeting_not_started_waiting_for_host")
