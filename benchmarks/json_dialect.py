"""What one message costs in the gateway's JSON dialect beside protobuf's own json_format: `python -m benchmarks.json_dialect`."""

from __future__ import annotations

import json
import time
import timeit
from collections.abc import Callable

import orjson
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.dialect.decode import compile_fill
from gateway.dialect.encode import compile_encode
from gateway.dialect.parse import parse_object
from gateway.dialect.problems import Problem
from rollcall.v1 import bot_pb2, event_pb2
from rollcall.v1.bot_service_pb2 import CreateBotRequest, ListBotsResponse

SMALL = {"meeting_url": "https://meet.google.com/abc-defg-hij", "bot_name": "My Bot"}
LARGE = {
    **SMALL,
    "join_at": "2027-06-01T12:00:00+02:00",
    "deduplication_key": "meeting-4711",
    "metadata": {"customer": "4711", "team": "blue", "language": "en"},
    "bot_chat_message": {"message": "Hello, I take notes.", "to": "everyone"},
    "automatic_leave_settings": {
        "silence_timeout_seconds": 600,
        "waiting_room_timeout_seconds": 900,
        "bot_keywords": ["bot", "notes"],
    },
    "recording_settings": {"format": "mp4", "view": "speaker_view", "resolution": "720p"},
    "transcription_settings": {"deepgram": {"language": "en", "keyterms": ["Rollcall"]}},
    "webhooks": [{"url": "https://example.com/hook", "triggers": ["bot.state_change", "transcript.update"]}],
}


def _microseconds(work: Callable[[], object]) -> float:
    """CPU of one call, best of five runs; a busy machine disturbs that less than the time on the wall."""
    timer = timeit.Timer(work, timer=time.process_time)
    count, _ = timer.autorange()
    return min(timer.repeat(5, count)) / count * 1e6


def _bot() -> bot_pb2.Bot:
    now = Timestamp(seconds=1795420800, nanos=858668000)
    events = [bot_pb2.BotEvent(type=kind, created_at=now) for kind in (1, 4, 5)]  # type: ignore[arg-type]  # plain numbers
    return bot_pb2.Bot(
        id="bot_weIAju4OXNZkDTpZ",
        metadata={"customer": "4711"},
        meeting_url=SMALL["meeting_url"],
        state=bot_pb2.BOT_STATE_JOINED_RECORDING,
        events=events,
        transcription_state=bot_pb2.TRANSCRIPTION_STATE_NOT_STARTED,
        recording_state=bot_pb2.RECORDING_STATE_IN_PROGRESS,
    )


def _event() -> event_pb2.Event:
    event = event_pb2.Event(
        id="evt_0123456789abcdef", bot_id="bot_0123456789abcdef", sequence=5, position=99, kind=event_pb2.EVENT_KIND_STATE
    )
    event.created_time.seconds = 1795420800
    event.state.new_state = bot_pb2.BOT_STATE_JOINED_RECORDING
    return event


def _decoders(body: dict[str, object]) -> tuple[Callable[[], object], Callable[[], object]]:
    raw = orjson.dumps(body)
    fill = compile_fill(CreateBotRequest.DESCRIPTOR)
    # json_format knows the contract's own names of enum values only.
    theirs = json.dumps(body)
    for word, name in (
        ("everyone", "CHAT_MESSAGE_TO_EVERYONE"),
        ("mp4", "RECORDING_FORMAT_MP4"),
        ("720p", "RECORDING_RESOLUTION_720P"),
    ):
        theirs = theirs.replace(f'"{word}"', f'"{name}"')
    theirs = theirs.replace('"speaker_view"', '"RECORDING_VIEW_SPEAKER_VIEW"')

    def ours() -> Message:
        problems: list[Problem] = []
        message = CreateBotRequest()
        fill(parse_object(raw), message, (), problems)
        assert not problems
        return message

    def json_format_parse() -> Message:
        return json_format.Parse(theirs, CreateBotRequest())

    assert ours() == json_format_parse()
    return ours, json_format_parse


def _encoders(message: Message) -> tuple[Callable[[], object], Callable[[], object]]:
    encode = compile_encode(message.DESCRIPTOR)  # type: ignore[arg-type]  # the stubs name the C class too

    def ours() -> bytes:
        return orjson.dumps(encode(message))

    def json_format_print() -> bytes:
        return json_format.MessageToJson(message, preserving_proto_field_name=True, indent=None).encode()

    return ours, json_format_print


def main() -> None:
    """Prints a table."""
    rows = {
        "decode a bot of 2 fields": _decoders(dict(SMALL)),
        "decode a bot of 10 fields": _decoders(dict(LARGE)),
        "encode a bot with 3 events": _encoders(_bot()),
        "encode a page of 25 bots": _encoders(ListBotsResponse(results=[_bot()] * 25)),
        "encode an event of the stream": _encoders(_event()),
    }
    print("| microseconds of CPU, best of 5 | ours | json_format | |\n|---|---|---|---|")
    for name, (ours, theirs) in rows.items():
        mine, other = _microseconds(ours), _microseconds(theirs)
        print(f"| {name} | {mine:.1f} | {other:.1f} | {other / mine:.1f}x |")


if __name__ == "__main__":
    main()
