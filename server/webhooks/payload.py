"""The body of a delivery: a stored event as the fields that programs for the existing API read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from rollcall.v1 import bot_pb2, event_pb2
from server.domain.webhooks import triggers_of
from server.store import Parcel
from server.webhooks.signing import canonical_json

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def body_of(parcel: Parcel) -> bytes | None:
    """The bytes to be sent; None where what it would tell was deleted."""
    if parcel.event is None:
        return None
    event = event_pb2.Event.FromString(parcel.event)
    kind = event.WhichOneof("payload")
    if kind not in _DATA or (event.redacted and kind != "state"):
        return None
    return canonical_json(
        {
            "idempotency_key": parcel.delivery.idempotency_key,
            "bot_id": event.bot_id,
            "bot_metadata": json.loads(parcel.metadata_json) if parcel.metadata_json else None,
            "trigger": triggers_of(parcel.delivery.trigger)[0].value,
            "data": _DATA[kind](event),
        }
    )


def _state_change(event: event_pb2.Event) -> dict[str, Any]:
    change = event.state
    more: dict[str, Any] = {}
    if change.detail:
        more["detail"] = change.detail
    if change.HasField("late_ms"):
        more["late_ms"] = change.late_ms
    if change.HasField("page"):
        more["page"] = {"url": change.page.url, "text": change.page.text}
    return {
        "new_state": _word(bot_pb2.BotState.Name(change.new_state), "BOT_STATE_"),
        "old_state": _word(bot_pb2.BotState.Name(change.old_state), "BOT_STATE_"),
        "created_at": _instant(event.created_time),
        "event_type": _word(bot_pb2.BotEventType.Name(change.type), "BOT_EVENT_TYPE_"),
        "event_sub_type": _word(bot_pb2.BotEventSubType.Name(change.sub_type), "BOT_EVENT_SUB_TYPE_"),
        "event_metadata": more,
    }


def _utterance(event: event_pb2.Event) -> dict[str, Any]:
    said = event.utterance
    return {
        "speaker_name": said.speaker_name,
        "speaker_uuid": said.speaker_uuid,
        "speaker_user_uuid": said.speaker_user_uuid if said.HasField("speaker_user_uuid") else None,
        "speaker_is_host": said.speaker_is_host,
        "timestamp_ms": said.timestamp_ms,
        "duration_ms": said.duration_ms,
        "transcription": {"transcript": said.transcript},
    }


def _chat(event: event_pb2.Event) -> dict[str, Any]:
    chat = event.chat
    return {
        "id": chat.id,
        "text": chat.text,
        "timestamp": chat.timestamp,
        "timestamp_ms": chat.timestamp_ms,
        "to": _word(bot_pb2.ChatMessageTo.Name(chat.to), "CHAT_MESSAGE_TO_"),
        "sender_name": chat.sender_name,
        "sender_uuid": chat.sender_uuid,
        "sender_user_uuid": chat.sender_user_uuid if chat.HasField("sender_user_uuid") else None,
        "additional_data": dict(chat.additional_data),
    }


def _did(did: bot_pb2.ParticipantEvent) -> dict[str, Any]:
    return {
        "id": did.id,
        "participant_name": did.participant_name,
        "participant_uuid": did.participant_uuid,
        "participant_user_uuid": did.participant_user_uuid if did.HasField("participant_user_uuid") else None,
        "participant_is_host": did.participant_is_host,
        "event_type": _word(bot_pb2.ParticipantEventType.Name(did.event_type), "PARTICIPANT_EVENT_TYPE_"),
        "event_data": dict(did.event_data),
        "timestamp_ms": did.timestamp_ms,
    }


def _log(event: event_pb2.Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "level": _word(event_pb2.LogLevel.Name(event.log.level), "LOG_LEVEL_"),
        "entry_type": event.log.code,
        "message": event.log.message,
        "created_at": _instant(event.created_time),
    }


_DATA: Final[Mapping[str | None, Callable[[event_pb2.Event], dict[str, Any]]]] = {
    "state": _state_change,
    "utterance": _utterance,
    "chat": _chat,
    "participant": lambda event: _did(event.participant),
    "speech": lambda event: _did(event.speech),
    "log": _log,
}


def _word(name: str, prefix: str) -> str | None:
    word = name.removeprefix(prefix).lower()
    return None if word == "unspecified" else word


def _instant(time: Timestamp) -> str:
    """ISO 8601 in UTC with microseconds, as everywhere in the JSON face."""
    at = _EPOCH + timedelta(seconds=time.seconds, microseconds=time.nanos // 1000)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
