from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.dialect.encode import compile_encode, instant
from rollcall.v1 import bot_pb2, event_pb2


def test_a_bot_shows_every_field_and_absent_ones_as_null() -> None:
    bot = bot_pb2.Bot(
        id="bot_0123456789abcdef",
        meeting_url="https://meet.google.com/abc-defg-hij",
        state=bot_pb2.BOT_STATE_JOINED_RECORDING,
        transcription_state=bot_pb2.TRANSCRIPTION_STATE_NOT_STARTED,
        recording_state=bot_pb2.RECORDING_STATE_IN_PROGRESS,
    )
    moment = Timestamp()
    moment.FromDatetime(datetime(2026, 11, 23, 8, 4, 55, 858668, tzinfo=UTC))
    bot.events.add(type=bot_pb2.BOT_EVENT_TYPE_JOIN_REQUESTED, created_at=moment)
    bot.events.add(
        type=bot_pb2.BOT_EVENT_TYPE_LEAVE_REQUESTED, created_at=moment, sub_type=bot_pb2.BOT_EVENT_SUB_TYPE_USER_REQUESTED
    )
    assert compile_encode(bot.DESCRIPTOR)(bot) == {
        "id": "bot_0123456789abcdef",
        "metadata": None,
        "meeting_url": "https://meet.google.com/abc-defg-hij",
        "state": "joined_recording",
        "events": [
            {"type": "join_requested", "created_at": "2026-11-23T08:04:55.858668Z"},
            {"type": "leave_requested", "created_at": "2026-11-23T08:04:55.858668Z", "sub_type": "user_requested"},
        ],
        "transcription_state": "not_started",
        "recording_state": "in_progress",
        "join_at": None,
        "deduplication_key": None,
    }


def test_an_event_shows_the_one_payload_that_it_has() -> None:
    event = event_pb2.Event(id="evt_1", bot_id="bot_1", sequence=1 << 60, position=2, kind=event_pb2.EVENT_KIND_STATE)
    event.state.new_state = bot_pb2.BOT_STATE_JOINING
    shown = compile_encode(event.DESCRIPTOR)(event)
    assert list(shown) == ["id", "bot_id", "sequence", "position", "kind", "created_time", "state"]
    assert shown["sequence"] == 1 << 60
    assert shown["state"]["new_state"] == "joining"
    assert shown["state"]["old_state"] is None
    assert shown["state"]["late_ms"] is None


def test_a_state_of_a_newer_server_is_told_and_breaks_nothing() -> None:
    assert compile_encode(bot_pb2.Bot.DESCRIPTOR)(bot_pb2.Bot.FromString(b"\x20\xe7\x07"))["state"] == "unrecognized_999"


def test_instants_have_microseconds_always() -> None:
    assert instant(Timestamp(seconds=0, nanos=0)) == "1970-01-01T00:00:00.000000Z"
    assert instant(Timestamp(seconds=-1, nanos=999_999_999)) == "1969-12-31T23:59:59.999999Z"
