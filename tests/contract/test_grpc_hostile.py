"""Requests that nobody means well: each is answered with a client's error or a plain nothing, never with ours."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import code_pb2

from rollcall.transport import CallError
from rollcall.v1.bot_service_pb2 import (
    CreateBotRequest,
    GetBotRequest,
    ListBotsRequest,
    ListChatMessagesRequest,
    ListParticipantEventsRequest,
    ListParticipantsRequest,
    SendChatMessageRequest,
)
from rollcall.v1.event_service_pb2 import ListBotEventsRequest, ListEventsRequest, WatchBotRequest, WatchEventsRequest
from rollcall.v1.media_service_pb2 import ReadMediaRequest
from tests.contract.harness import BOTS, EVENTS, MEET, FakeAgent, Running

OURS = {code_pb2.INTERNAL, code_pb2.UNKNOWN, code_pb2.DATA_LOSS, code_pb2.UNAVAILABLE}
NUL = "a\x00b"
FAR = Timestamp(seconds=2**62, nanos=5)
LONG_AGO = Timestamp(seconds=-(2**62), nanos=-5)
TEXTS = [NUL, "'; DROP TABLE bot; --", "%", "\\", "🎉" * 500, "x" * 100_000, "\u202e", "null", "../../etc/passwd"]


async def harmless(running: Running, path: str, request: Any) -> None:
    """By gRPC, for that is how strangers come."""
    code = await code_of(running.grpc.unary(path, request, running.auth, timeout_s=10))
    assert code not in OURS, (path, request)


async def code_of(call: Awaitable[object]) -> int:
    try:
        await call
    except CallError as error:
        return error.status.code
    return code_pb2.OK


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
async def test_any_text_in_any_field_is_harmless(running: Running, text: str) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    requests: list[tuple[str, Any]] = [
        (BOTS + "CreateBot", CreateBotRequest(bot_name=text, meeting_url=MEET)),
        (BOTS + "CreateBot", CreateBotRequest(bot_name="x", meeting_url=text)),
        (BOTS + "CreateBot", CreateBotRequest(bot_name="x", meeting_url=MEET, deduplication_key=text)),
        (BOTS + "CreateBot", CreateBotRequest(bot_name="x", meeting_url=MEET, metadata={text: text})),
        (BOTS + "CreateBot", CreateBotRequest(bot_name="x", calendar_event_id=text)),
        (
            BOTS + "CreateBot",
            CreateBotRequest(bot_name="x", meeting_url=MEET, bot_chat_message={"message": text, "to": 2, "to_user_uuid": text}),
        ),
        (BOTS + "GetBot", GetBotRequest(bot_id=text)),
        (BOTS + "ListBots", ListBotsRequest(meeting_url=text)),
        (BOTS + "ListBots", ListBotsRequest(deduplication_key=text)),
        (BOTS + "ListBots", ListBotsRequest(cursor=text)),
        (BOTS + "ListParticipants", ListParticipantsRequest(bot_id=bot.id, id=text)),
        (BOTS + "ListParticipants", ListParticipantsRequest(bot_id=bot.id, cursor=text)),
        (BOTS + "ListChatMessages", ListChatMessagesRequest(bot_id=bot.id, cursor=text)),
        (BOTS + "ListParticipantEvents", ListParticipantEventsRequest(bot_id=bot.id, cursor=text)),
        (BOTS + "SendChatMessage", SendChatMessageRequest(bot_id=bot.id, message=text, to=2, to_user_uuid=text)),
        (BOTS + "SendChatMessage", SendChatMessageRequest(bot_id=text, message="x")),
        (EVENTS + "ListBotEvents", ListBotEventsRequest(bot_id=text)),
        (EVENTS + "ListBotEvents", ListBotEventsRequest(bot_id=bot.id, cursor=text)),
        (EVENTS + "ListEvents", ListEventsRequest(cursor=text)),
    ]
    for path, request in requests:
        await harmless(running, path, request)
    for path, request in (
        (EVENTS + "WatchBot", WatchBotRequest(bot_id=text, after_sequence=0)),
        (EVENTS + "WatchEvents", WatchEventsRequest(cursor=text)),
        ("/rollcall.v1.MediaService/ReadMedia", ReadMediaRequest(token=text)),
    ):
        code = await code_of(anext(running.grpc.stream(path, request, running.auth)))
        assert code not in OURS | {code_pb2.OK}, (path, request)
    assert not agent.ended.done()


@pytest.mark.parametrize("time", [FAR, LONG_AGO, Timestamp(nanos=-1), Timestamp(seconds=5, nanos=2**31 - 1)], ids=str)
async def test_any_time_is_harmless(running: Running, time: Timestamp) -> None:
    bot = await running.create()
    for path, request in (
        (BOTS + "CreateBot", CreateBotRequest(bot_name="x", meeting_url=MEET, join_at=time)),
        (BOTS + "ListBots", ListBotsRequest(join_at_after=time)),
        (BOTS + "ListBots", ListBotsRequest(join_at_before=time)),
        (BOTS + "ListChatMessages", ListChatMessagesRequest(bot_id=bot.id, updated_after=time)),
        (BOTS + "ListParticipantEvents", ListParticipantEventsRequest(bot_id=bot.id, after=time, before=time)),
    ):
        await harmless(running, path, request)


@pytest.mark.parametrize("number", [2**63 - 1, 2**31, -(2**63)])
async def test_any_number_is_harmless(running: Running, number: int) -> None:
    bot = await running.create()
    await harmless(running, EVENTS + "ListBotEvents", ListBotEventsRequest(bot_id=bot.id, after_sequence=number))
    agent = FakeAgent(running, bot.id)
    await agent.claim()
    await agent.situation("in_meeting", phase_ms=number, alone_ms=number, silent_ms=number, people_known=True)
    await agent.report(participant={"participant_name": "x", "participant_uuid": "u", "event_type": 1, "timestamp_ms": number})
    await agent.report(recording={"state": 2, "start_timestamp_ms": number, "duration_ms": number, "size_bytes": number})
    await agent.report(chat={"text": "x", "sender_name": "x", "sender_uuid": "u", "timestamp_ms": number, "timestamp": number})
    await agent.stored(await agent.report(utterance={"transcript": "x", "speaker_uuid": "u", "timestamp_ms": number}))


async def test_an_empty_report_and_unknown_words_are_harmless(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    await agent.report()
    await agent.report(transition={"trigger": 99, "sub_type": 99})
    await agent.report(transition={"trigger": 0})
    await agent.report(transition={"trigger": 18, "sub_type": 24})
    await agent.report(recording={"state": 77, "file_path": "../../etc/passwd"})
    await agent.report(participant={"event_type": 55})
    last = await agent.report(log={"level": 9, "fields": {NUL: NUL}})
    await agent.say(result={"command_id": "cmd_nobody", "done": True})
    await agent.stored(last)
    await agent.stored(await agent.report(capture_health={"audio_level_dbfs": float("nan"), "condition": 66}))
