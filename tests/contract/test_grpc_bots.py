"""BotService: the same answers by gRPC and within the process."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest
from google.rpc import code_pb2

from rollcall.transport import CallError, Transport
from rollcall.v1 import bot_pb2, bot_service_pb2, bot_settings_pb2
from rollcall.v1.bot_service_pb2 import (
    CreateBotRequest,
    GetBotRequest,
    GetRecordingRequest,
    LeaveMeetingRequest,
    ListBotsRequest,
    ListChatMessagesRequest,
    ListParticipantEventsRequest,
    ListParticipantsRequest,
    SendChatMessageRequest,
)
from rollcall.v1.media_service_pb2 import ReadMediaRequest
from tests.contract.harness import BOTS, MEET, PATIENCE_S, FakeAgent, Running, info_of, violations_of


async def ask(caller: Transport, running: Running, method: str, request: Any) -> Any:
    return await caller.unary(BOTS + method, request, running.auth)


async def refusal(caller: Transport, running: Running, method: str, request: Any) -> Any:
    with pytest.raises(CallError) as refused:
        await ask(caller, running, method, request)
    return refused.value.status


async def create(caller: Transport, running: Running, **fields: Any) -> bot_pb2.Bot:
    request = CreateBotRequest(**{"bot_name": "My Bot", "meeting_url": MEET} | fields)
    answer = await ask(caller, running, "CreateBot", request)
    bot: bot_pb2.Bot = answer.bot
    return bot


async def test_a_bot_joins_at_once_and_a_worker_is_told(caller: Transport, running: Running) -> None:
    bot = await create(caller, running, metadata={"a": "b", "é": "ü"}, deduplication_key="k")
    assert bot.id.startswith("bot_")
    assert len(bot.id) == 20
    assert bot.state == bot_pb2.BOT_STATE_JOINING
    assert [event.type for event in bot.events] == [bot_pb2.BOT_EVENT_TYPE_JOIN_REQUESTED]
    assert bot.events[0].created_at.seconds > 1_700_000_000
    assert bot.recording_state == bot_pb2.RECORDING_STATE_NOT_STARTED
    assert bot.transcription_state == bot_pb2.TRANSCRIPTION_STATE_NOT_STARTED
    assert (dict(bot.metadata), bot.deduplication_key) == ({"a": "b", "é": "ü"}, "k")
    assert not bot.HasField("join_at")
    assert running.dispatcher.sent == [bot.id]
    assert (await ask(caller, running, "GetBot", GetBotRequest(bot_id=bot.id))).bot == bot


async def test_a_meetings_url_is_stored_in_its_one_spelling(caller: Transport, running: Running) -> None:
    bot = await create(caller, running, meeting_url="<MEET.google.com/ABC-defg-hij?authuser=1>")
    assert bot.meeting_url == MEET


async def test_a_bot_with_a_time_is_scheduled_and_nobody_is_told_yet(caller: Transport, running: Running) -> None:
    request = CreateBotRequest(bot_name="x", meeting_url=MEET)
    request.join_at.GetCurrentTime()
    request.join_at.seconds += 86_400
    request.join_at.nanos = 123_456_000
    bot = (await ask(caller, running, "CreateBot", request)).bot
    assert bot.state == bot_pb2.BOT_STATE_SCHEDULED
    assert bot.join_at == request.join_at
    assert not bot.events
    assert running.dispatcher.sent == []


async def test_the_rehearsal_is_a_meeting(caller: Transport, running: Running) -> None:
    url = running.settings.public + "/rehearsal/blue"
    assert (await create(caller, running, meeting_url=url)).meeting_url == url


async def test_a_platform_file_makes_its_meetings_known_without_a_restart(caller: Transport, running: Running) -> None:
    url = "http://127.0.0.1:4000/demos/demo_multiparty.html?roomName=blue"
    status = await refusal(caller, running, "CreateBot", CreateBotRequest(bot_name="x", meeting_url=url))
    assert list(violations_of(status)) == ["meeting_url"]
    folder = running.settings.platforms_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "easyrtc.toml").write_text('[match]\nurls = ["http://127.0.0.1:4000/demos/*"]')
    bot = await _as_soon_as_known(caller, running, url)
    assert bot.meeting_url == url
    granted = await FakeAgent(running, bot.id).claim()
    assert (granted.bot.platform, granted.bot.platform_name) == (bot_pb2.PLATFORM_DECLARATIVE, "easyrtc")


async def _as_soon_as_known(caller: Transport, running: Running, url: str) -> bot_pb2.Bot:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(CallError):
                return await create(caller, running, meeting_url=url)
            await asyncio.sleep(0.05)


async def test_all_that_is_wrong_comes_in_one_answer(caller: Transport, running: Running) -> None:
    request = CreateBotRequest(meeting_url="https://example.com", deduplication_key="")
    request.recording_settings.format = 9  # type: ignore[assignment]  # on purpose
    request.rtmp_settings.destination_url = "rtmp://x"
    status = await refusal(caller, running, "CreateBot", request)
    assert status.code == code_pb2.INVALID_ARGUMENT
    assert info_of(status).reason == "INVALID_FIELDS"
    found = violations_of(status)
    assert set(found) == {
        "bot_name",
        "meeting_url",
        "deduplication_key",
        "recording_settings.format",
        "rtmp_settings.stream_key",
    }
    assert running.dispatcher.sent == []


async def test_a_setting_that_nothing_would_act_on_is_refused(caller: Transport, running: Running) -> None:
    request = CreateBotRequest(bot_name="x", meeting_url=MEET)
    request.websocket_settings.audio.url = "wss://x.example.org"
    status = await refusal(caller, running, "CreateBot", request)
    assert "not available" in violations_of(status)["websocket_settings"]


async def test_a_calendar_event_is_none_of_this_project(caller: Transport, running: Running) -> None:
    status = await refusal(caller, running, "CreateBot", CreateBotRequest(bot_name="x", calendar_event_id="evt_x"))
    assert status.code == code_pb2.FAILED_PRECONDITION
    assert status.message.startswith("Calendar event with id evt_x does not exist in this project")


async def test_a_deduplication_key_is_taken_until_its_bot_has_ended(caller: Transport, running: Running) -> None:
    first = await create(caller, running, deduplication_key="meeting-1")
    request = CreateBotRequest(bot_name="x", meeting_url=MEET, deduplication_key="meeting-1")
    status = await refusal(caller, running, "CreateBot", request)
    assert status.code == code_pb2.ALREADY_EXISTS
    assert info_of(status).reason == "DEDUPLICATION_KEY_IN_USE"
    agent = FakeAgent(running, first.id)
    await agent.claim()
    await agent.stored(await agent.move("could_not_join_meeting", "meeting_not_found"))
    await agent.close()
    assert (await create(caller, running, deduplication_key="meeting-1")).id != first.id


async def test_a_picture_of_ten_mebibytes_arrives(caller: Transport, running: Running) -> None:
    data = b"\x89PNG\r\n\x1a\n" + bytes(10 * 1024 * 1024 - 8)
    image = bot_settings_pb2.BotImage(type=bot_settings_pb2.IMAGE_TYPE_PNG, data=data)
    bot = await create(caller, running, bot_image=image)
    granted = await FakeAgent(running, bot.id).claim()
    assert granted.bot.settings.bot_image.data == data


@pytest.mark.parametrize(
    ("method", "request_type"),
    [
        ("GetBot", GetBotRequest),
        ("LeaveMeeting", LeaveMeetingRequest),
        ("GetRecording", GetRecordingRequest),
        ("ListParticipants", ListParticipantsRequest),
        ("ListChatMessages", ListChatMessagesRequest),
        ("ListParticipantEvents", ListParticipantEventsRequest),
    ],
)
async def test_a_bot_of_another_project_is_not_there(caller: Transport, running: Running, method: str, request_type: Any) -> None:
    bot = await running.create()
    other = await running.server.create_key(project="other")
    for key, bot_id in ((other, bot.id), (running.key, "bot_nope"), (running.key, ""), (running.key, "x" * 5_000)):
        with pytest.raises(CallError) as refused:
            await caller.unary(BOTS + method, request_type(bot_id=bot_id), (("authorization", f"Token {key}"),))
        assert refused.value.status.code == code_pb2.NOT_FOUND
        assert refused.value.status.message == "Bot not found"


@pytest.mark.parametrize(
    ("metadata", "code", "reason"),
    [
        ((), code_pb2.UNAUTHENTICATED, "KEY_MISSING"),
        ((("authorization", "Basic x"),), code_pb2.UNAUTHENTICATED, "KEY_MALFORMED"),
        ((("authorization", "Token nope"),), code_pb2.UNAUTHENTICATED, "KEY_INVALID"),
    ],
)
async def test_without_a_good_key_nothing_is_answered(caller: Transport, metadata: Any, code: int, reason: str) -> None:
    with pytest.raises(CallError) as refused:
        await caller.unary(BOTS + "CreateBot", CreateBotRequest(), metadata)
    assert (refused.value.status.code, info_of(refused.value.status).reason) == (code, reason)


async def test_a_worker_token_opens_no_project(caller: Transport, running: Running) -> None:
    metadata = (("authorization", f"Token {running.server.worker_token}"),)
    with pytest.raises(CallError) as refused:
        await caller.unary(BOTS + "ListBots", ListBotsRequest(), metadata)
    assert refused.value.status.code == code_pb2.PERMISSION_DENIED


async def test_bots_come_in_pages_oldest_first_and_by_what_is_asked(caller: Transport, running: Running) -> None:
    made = [(await running.create(deduplication_key=f"k{number}")).id for number in range(30)]
    first = await ask(caller, running, "ListBots", ListBotsRequest())
    assert [bot.id for bot in first.results] == made[:25]
    assert not first.HasField("previous")
    second = await ask(caller, running, "ListBots", ListBotsRequest(cursor=first.next))
    assert [bot.id for bot in second.results] == made[25:]
    assert not second.HasField("next")
    back = await ask(caller, running, "ListBots", ListBotsRequest(cursor=second.previous))
    assert [bot.id for bot in back.results] == made[:25]

    async def found(**filters: Any) -> int:
        return len((await ask(caller, running, "ListBots", ListBotsRequest(**filters))).results)

    assert await found(deduplication_key="k3") == 1
    assert await found(meeting_url="meet.google.com/abc-defg-hij") == 25
    assert await found(meeting_url="nonsense") == 0
    assert await found(states=[bot_pb2.BOT_STATE_SCHEDULED]) == 0
    assert await found(states=[bot_pb2.BOT_STATE_SCHEDULED, bot_pb2.BOT_STATE_JOINING]) == 25


@pytest.mark.parametrize("cursor", ["x", "c" * 500, "%00", "start"])
async def test_a_made_up_cursor_is_refused(caller: Transport, running: Running, cursor: str) -> None:
    status = await refusal(caller, running, "ListBots", ListBotsRequest(cursor=cursor))
    assert status.code == code_pb2.INVALID_ARGUMENT
    assert list(violations_of(status)) == ["cursor"]


async def test_a_bot_on_its_way_can_be_told_to_leave(caller: Transport, running: Running) -> None:
    bot = await running.create()
    answer = await ask(caller, running, "LeaveMeeting", LeaveMeetingRequest(bot_id=bot.id))
    assert answer.bot.state == bot_pb2.BOT_STATE_LEAVING
    assert answer.bot.events[-1].sub_type == bot_pb2.BOT_EVENT_SUB_TYPE_USER_REQUESTED


async def test_a_scheduled_bot_has_no_meeting_to_leave(caller: Transport, running: Running) -> None:
    request = CreateBotRequest(bot_name="x", meeting_url=MEET)
    request.join_at.GetCurrentTime()
    request.join_at.seconds += 3_600
    bot = (await ask(caller, running, "CreateBot", request)).bot
    status = await refusal(caller, running, "LeaveMeeting", LeaveMeetingRequest(bot_id=bot.id))
    assert status.code == code_pb2.FAILED_PRECONDITION
    assert status.message == "Bot is in state scheduled and cannot leave"
    assert "joined_recording" in info_of(status).metadata["allowed_states"].split(",")


async def test_chat_needs_a_meeting(caller: Transport, running: Running) -> None:
    bot = await running.create()
    status = await refusal(caller, running, "SendChatMessage", SendChatMessageRequest(bot_id=bot.id, message="hi"))
    assert status.code == code_pb2.FAILED_PRECONDITION
    assert status.message == "Bot is in state joining and cannot send chat messages"
    assert info_of(status).metadata["state"] == "joining"
    status = await refusal(caller, running, "SendChatMessage", SendChatMessageRequest(bot_id=bot.id))
    assert violations_of(status) == {"message": "This field is required."}


async def test_a_finished_recording_has_a_url_that_opens_it(caller: Transport, running: Running) -> None:
    bot = await running.create()
    status = await refusal(caller, running, "GetRecording", GetRecordingRequest(bot_id=bot.id))
    assert status.code == code_pb2.NOT_FOUND
    assert status.message.startswith("No recording file found for bot")
    agent = FakeAgent(running, bot.id)
    await agent.join()
    path = running.settings.media_dir / bot.id / "recording.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"film" * 100_000)
    await agent.report(
        recording={
            "state": bot_pb2.RECORDING_STATE_COMPLETE,
            "file_path": f"{bot.id}/recording.mp4",
            "content_type": "video/mp4",
            "start_timestamp_ms": 1_700_000_000_123,
            "duration_ms": 5_000,
            "size_bytes": 400_000,
        }
    )
    await agent.stored(await agent.move("meeting_ended"))
    recording = (await ask(caller, running, "GetRecording", GetRecordingRequest(bot_id=bot.id))).recording
    assert recording.start_timestamp_ms == 1_700_000_000_123
    prefix = running.settings.public + "/media/"
    assert recording.url.startswith(prefix)
    read = "/rollcall.v1.MediaService/ReadMedia"
    request = ReadMediaRequest(token=recording.url.removeprefix(prefix), offset=-8)
    messages = [one async for one in caller.stream(read, request, ())]
    assert b"".join(one.data for one in messages) == b"filmfilm"  # type: ignore[attr-defined]  # ReadMediaResponse
    with pytest.raises(CallError) as refused:
        _ = [one async for one in caller.stream(read, ReadMediaRequest(token="x" + request.token), ())]
    assert refused.value.status.code == code_pb2.PERMISSION_DENIED


async def test_people_and_chat_are_listed_as_seen(caller: Transport, running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    for number in range(3):
        await agent.report(
            participant=bot_pb2.ParticipantEvent(
                participant_name=f"Person {number}",
                participant_uuid=f"u{number}",
                participant_is_host=number == 0,
                event_type=bot_pb2.PARTICIPANT_EVENT_TYPE_JOIN,
                timestamp_ms=1_700_000_000_000 + number,
            )
        )
    await agent.stored(
        await agent.report(chat=bot_pb2.ChatMessage(text="hello", sender_name="Person 1", sender_uuid="u1", timestamp_ms=5))
    )
    people = (await ask(caller, running, "ListParticipants", ListParticipantsRequest(bot_id=bot.id))).results
    assert [(one.name, one.is_host) for one in people] == [("Person 0", True), ("Person 1", False), ("Person 2", False)]
    hosts = (await ask(caller, running, "ListParticipants", ListParticipantsRequest(bot_id=bot.id, is_host=True))).results
    assert [one.name for one in hosts] == ["Person 0"]
    one_person = ListParticipantsRequest(bot_id=bot.id, id=people[2].id)
    assert [one.name for one in (await ask(caller, running, "ListParticipants", one_person)).results] == ["Person 2"]
    events = (await ask(caller, running, "ListParticipantEvents", ListParticipantEventsRequest(bot_id=bot.id))).results
    assert [one.participant_name for one in events] == ["Person 0", "Person 1", "Person 2"]
    later = ListParticipantEventsRequest(bot_id=bot.id)
    later.after.FromMilliseconds(1_700_000_000_001)
    assert [one.participant_uuid for one in (await ask(caller, running, "ListParticipantEvents", later)).results] == ["u2"]
    chat = (await ask(caller, running, "ListChatMessages", ListChatMessagesRequest(bot_id=bot.id))).results
    assert [(one.text, one.sender_name) for one in chat] == [("hello", "Person 1")]


async def test_metadata_is_given_back_as_it_came(caller: Transport, running: Running) -> None:
    metadata = {"quote": '"', "slash": "\\", "nul-ish": "\u0001", "emoji": "🎉", "": "empty key"}
    bot = await create(caller, running, metadata=metadata)
    assert dict((await ask(caller, running, "GetBot", GetBotRequest(bot_id=bot.id))).bot.metadata) == metadata
    assert json.dumps(metadata)
    assert bot_service_pb2.DESCRIPTOR.package == "rollcall.v1"
