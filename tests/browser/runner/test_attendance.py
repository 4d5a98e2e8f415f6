"""Bots that really attend: server, worker, Chromium and the rehearsal, from CreateBot to the finished recording."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from rollcall.v1 import bot_pb2, bot_service_pb2, bot_settings_pb2, event_pb2
from tests.browser.runner.house import House, Room

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

ADA = """
seconds = 170
[[people]]
name = "Ada"
camera = false
says = [{ at = 1.0, text = "Good morning, shall we begin with the plan for this week?" }]
"""
TWO_PEOPLE = """
seconds = 170
[[people]]
name = "Ada"
says = [
  { at = 1.0, text = "Good morning, shall we begin with the plan for this week?" },
  { at = 9.0, text = "And then we can show it to the others." },
]
chats = [{ at = 4.0, text = "Here is the agenda" }]
[[people]]
name = "Grace"
says = [{ at = 5.0, text = "Yes, the first part is done." }]
"""
BEEPING = """
seconds = 170
[[people]]
name = "Ada"
camera = false
beeps = { every = 1.0 }
"""
MUTE = """
seconds = 170
[[people]]
name = "Grace"
camera = false
microphone = false
"""
TRIO = "seconds = 170\n" + "".join(
    f'[[people]]\nname = "{name}"\ncamera = false\nmicrophone = false\nhost = {"true" if name == "Ada" else "false"}\n'
    for name in ("Ada", "Grace", "Alan")
)
ENDS = (event_pb2.MEDIA_REQUEST_STATE_DONE, event_pb2.MEDIA_REQUEST_STATE_FAILED)
NO_RECORDING = bot_settings_pb2.RecordingSettings(format=bot_settings_pb2.RECORDING_FORMAT_NONE)
WITHIN_S = 3.0


async def with_ada(house: House) -> Room:
    """A room with one person in it."""
    room = house.room()
    room.people(ADA)
    await room.until_there("Ada")
    return room


def delay_s(event: event_pb2.Event, since: float) -> float:
    return event.created_time.ToNanoseconds() / 1e9 - since


@pytest.mark.alone
async def test_a_bot_joins_records_and_leaves_when_asked(house: House) -> None:
    room = house.room()
    room.people(TWO_PEOPLE)
    await room.until_there("Ada", "Grace")
    bot = await house.create(room.url)
    await house.until(bot, lambda log: [e for e in log if e.HasField("capture_health")])
    asked = time.time()
    await house.leave(bot)
    assert delay_s(await house.until_move(bot, "left_meeting"), asked) < WITHIN_S
    await house.until_move(bot, "post_processing_completed")
    assert await house.moves(bot) == [
        "join_requested",
        "joined_meeting",
        "recording_permission_granted",
        "leave_requested/user_requested",
        "left_meeting",
        "post_processing_completed",
    ]
    log = await house.log(bot)
    assert [e.sequence for e in log] == list(range(1, len(log) + 1))
    assert {e.participant.participant_name for e in log if e.HasField("participant")} == {"Ada", "Grace"}
    assert [e.chat.text for e in log if e.HasField("chat")] == ["Here is the agenda"]
    done = next(e.recording for e in reversed(log) if e.HasField("recording"))
    assert done.state == bot_pb2.RECORDING_STATE_COMPLETE
    assert done.duration_ms > 8000
    assert not done.impaired
    assert (house.folder / "media" / bot / "recording.mp3").stat().st_size == done.size_bytes


async def test_a_bot_in_the_lobby_is_admitted(house: House) -> None:
    room = await with_ada(house)
    await room.control("require_admission", on=True)
    bot = await house.create(room.url, recording_settings=NO_RECORDING)
    await house.until_move(bot, "put_in_waiting_room")
    await room.control("admit", person="all")
    await house.until_move(bot, "joined_meeting")


@pytest.mark.alone
async def test_a_denied_bot_says_so_within_three_seconds(house: House) -> None:
    room = await with_ada(house)
    await room.control("require_admission", on=True)
    bot = await house.create(room.url)
    await house.until_move(bot, "put_in_waiting_room")
    since = time.time()
    await room.control("deny", person="all")
    denied = await house.until_move(bot, "could_not_join_meeting/request_to_join_denied")
    assert delay_s(denied, since) < WITHIN_S


@pytest.mark.parametrize(("action", "arguments"), [("kick", {"person": "Rollcall"}), ("end", {})])
@pytest.mark.alone
async def test_a_kick_and_the_end_of_the_meeting_are_told_within_three_seconds(
    house: House, action: str, arguments: dict[str, str]
) -> None:
    room = await with_ada(house)
    bot = await house.create(room.url)
    await house.until_move(bot, "recording_permission_granted")
    since = time.time()
    await room.control(action, **arguments)
    ended = await house.until_move(bot, "meeting_ended")
    assert delay_s(ended, since) < WITHIN_S
    await house.until_move(bot, "post_processing_completed")


async def test_a_bot_speaks_first_and_when_told(house: House) -> None:
    room = await with_ada(house)
    bot = await house.create(
        room.url, recording_settings=NO_RECORDING, bot_chat_message=bot_settings_pb2.BotChatMessage(message="I am here.")
    )
    await house.until_move(bot, "joined_meeting")
    wish = bot_service_pb2.SendChatMessageRequest(bot_id=bot, message="On your wish.", to=bot_pb2.CHAT_MESSAGE_TO_EVERYONE)
    await house.call("/rollcall.v1.BotService/SendChatMessage", wish)
    done = event_pb2.MEDIA_REQUEST_STATE_DONE
    await house.until(bot, lambda log: [e for e in log if e.HasField("media_request") and e.media_request.state == done])
    said = [message["text"] for message in (await room.state())["chat"]]
    assert sorted(said) == ["I am here.", "On your wish."]
    assert not [e for e in await house.log(bot) if e.HasField("chat")], "its own words are no news"


async def test_a_message_reaches_only_those_whom_it_is_for(house: House) -> None:
    room = house.room()
    room.people(TRIO)
    await room.until_there("Ada", "Grace", "Alan")
    bot = await house.create(room.url, recording_settings=NO_RECORDING)
    known = await house.until(
        bot, lambda log: {e.participant.participant_name: e.participant for e in log if e.HasField("participant")}.get("Alan")
    )

    async def say(text: str, to: bot_pb2.ChatMessageTo.ValueType, user: str | None = None) -> event_pb2.MediaRequest:
        wish = bot_service_pb2.SendChatMessageRequest(bot_id=bot, message=text, to=to, to_user_uuid=user)
        before = len([e for e in await house.log(bot) if e.media_request.state in ENDS])
        await house.call("/rollcall.v1.BotService/SendChatMessage", wish)
        ends = await house.until(bot, lambda log: [e for e in log if e.media_request.state in ENDS][before:])
        ended: event_pb2.MediaRequest = ends[0].media_request
        return ended

    assert (await say("To Alan", bot_pb2.CHAT_MESSAGE_TO_SPECIFIC_USER, known.participant_user_uuid)).state == ENDS[0]
    assert (await say("Not to Ada", bot_pb2.CHAT_MESSAGE_TO_EVERYONE_BUT_HOST)).state == ENDS[0]
    nobody = await say("To nobody", bot_pb2.CHAT_MESSAGE_TO_SPECIFIC_USER, "nobody-of-that-id")
    assert nobody.state == ENDS[1]
    assert "nobody with that id" in nobody.detail
    state = await room.state()
    names = {person["id"]: person["name"] for person in state["people"]}
    assert sorted((message["text"], names.get(message["to"])) for message in state["chat"]) == [
        ("Not to Ada", "Alan"),
        ("Not to Ada", "Grace"),
        ("To Alan", "Alan"),
    ]


async def test_chromium_killed_in_the_meeting_is_replaced_and_the_recording_goes_on(house: House) -> None:
    room = await with_ada(house)
    bot = await house.create(room.url)
    await house.until_move(bot, "recording_permission_granted")
    await asyncio.sleep(2)  # something to be recorded
    for pid in chromiums_of(house):
        os.kill(pid, signal.SIGKILL)
    await house.until(bot, lambda log: [e for e in log if e.HasField("log") and e.log.code == "capture_restarted"])
    await asyncio.sleep(2)
    await house.leave(bot)
    await house.until_move(bot, "post_processing_completed")
    assert (await house.moves(bot)).count("joined_meeting") == 1
    done = next(e.recording for e in reversed(await house.log(bot)) if e.HasField("recording"))
    assert done.state == bot_pb2.RECORDING_STATE_COMPLETE
    assert done.duration_ms > 3000


def chromiums_of(house: House) -> list[int]:
    """The browser processes with a profile of this house's."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            own = any(str(house.worker_settings.profiles.resolve()).encode() in word for word in words)
            if own and not any(word.startswith(b"--type=") for word in words):
                found.append(int(process.name))
    assert found, "no Chromium of this worker runs"
    return found


async def test_a_worker_that_stops_hands_over_and_the_next_one_goes_on(house: House) -> None:
    room = await with_ada(house)
    bot = await house.create(room.url)
    await house.until_move(bot, "recording_permission_granted")
    await asyncio.sleep(2)
    await house.stop_worker()
    assert "Rollcall" not in await room.names(), "it said goodbye"
    await house.start_worker()
    await house.until(bot, lambda log: len([e for e in log if e.HasField("recording")]) >= 2)
    await house.until(bot, lambda log: log[-1].state.epoch == 2 or any(e.state.epoch == 2 for e in log))
    await asyncio.sleep(2)
    await house.leave(bot)
    await house.until_move(bot, "post_processing_completed")
    done = next(e.recording for e in reversed(await house.log(bot)) if e.HasField("recording"))
    assert done.state == bot_pb2.RECORDING_STATE_COMPLETE
    assert done.duration_ms > 3000


async def test_two_bots_in_two_meetings_never_hear_each_other(house: House) -> None:
    loud, quiet = house.room(), house.room()
    loud.people(BEEPING)
    quiet.people(MUTE)
    await loud.until_there("Ada")
    await quiet.until_there("Grace")
    bots = [await house.create(room.url) for room in (loud, quiet)]
    for bot in bots:
        await house.until(bot, lambda log: [e for e in log if e.HasField("capture_health")], within_s=60)
    levels = []
    for bot in bots:
        await house.leave(bot)
        await house.until_move(bot, "post_processing_completed")
        levels.append(loudest_dbfs(house.folder / "media" / bot / "recording.mp3"))
    assert levels[0] > -40
    assert levels[1] < -80


def loudest_dbfs(recording: Path) -> float:
    command = ["ffmpeg", "-hide_banner", "-i", recording, "-af", "volumedetect", "-f", "null", "-"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    return float(printed.split("max_volume: ")[1].split(" dB")[0])
