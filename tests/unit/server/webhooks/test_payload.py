from __future__ import annotations

import json
from typing import Any

from rollcall.v1 import bot_pb2, event_pb2
from server.domain.webhooks import DeliveryState, WebhookTrigger, mask_of
from server.store import DeliveryRecord, Parcel
from server.webhooks.payload import body_of


def payload(event: event_pb2.Event, trigger: WebhookTrigger, metadata: str | None = None) -> dict[str, Any]:
    delivery = DeliveryRecord(
        "whd_1", "wh_1", "bot_1", 1, mask_of([trigger]), "key-1", DeliveryState.PENDING, 0, 0, 0, None, None, None
    )
    event.bot_id = "bot_1"
    event.created_time.seconds, event.created_time.nanos = 1_700_000_000, 123_456_789
    body = body_of(Parcel(delivery, event.SerializeToString(), metadata))
    assert body is not None
    found: dict[str, Any] = json.loads(body)
    assert list(found) == sorted(found) == ["bot_id", "bot_metadata", "data", "idempotency_key", "trigger"]
    assert (found["bot_id"], found["idempotency_key"], found["trigger"]) == ("bot_1", "key-1", trigger.value)
    return found


def test_a_state_change_has_the_fields_that_users_read() -> None:
    event = event_pb2.Event(kind=event_pb2.EVENT_KIND_STATE)
    event.state.old_state, event.state.new_state = bot_pb2.BOT_STATE_POST_PROCESSING, bot_pb2.BOT_STATE_ENDED
    event.state.type = bot_pb2.BOT_EVENT_TYPE_POST_PROCESSING_COMPLETED
    found = payload(event, WebhookTrigger.BOT_STATE_CHANGE, '{"a":"b"}')
    assert found["bot_metadata"] == {"a": "b"}
    assert found["data"] == {
        "new_state": "ended",
        "old_state": "post_processing",
        "created_at": "2023-11-14T22:13:20.123456Z",
        "event_type": "post_processing_completed",
        "event_sub_type": None,
        "event_metadata": {},
    }
    event.state.sub_type, event.state.detail, event.state.late_ms = bot_pb2.BOT_EVENT_SUB_TYPE_LOGIN_REQUIRED, "Sign in.", 5
    data = payload(event, WebhookTrigger.BOT_STATE_CHANGE)["data"]
    assert (data["event_sub_type"], data["event_metadata"]) == ("login_required", {"detail": "Sign in.", "late_ms": 5})
    event.state.page.url, event.state.page.text = "https://m/1", "Sign in to join"
    page = payload(event, WebhookTrigger.BOT_STATE_CHANGE)["data"]["event_metadata"]["page"]
    assert page == {"url": "https://m/1", "text": "Sign in to join"}


def test_words_and_chat_and_people_have_the_fields_that_rest_shows() -> None:
    event = event_pb2.Event()
    said = event_pb2.Utterance(speaker_name="Ada", speaker_uuid="1", timestamp_ms=7, transcript="Hi", final=True)
    event.utterance.CopyFrom(said)
    found = payload(event, WebhookTrigger.TRANSCRIPT_UPDATE)
    assert found["bot_metadata"] is None
    assert found["data"] == {
        "speaker_name": "Ada",
        "speaker_uuid": "1",
        "speaker_user_uuid": None,
        "speaker_is_host": False,
        "timestamp_ms": 7,
        "duration_ms": 0,
        "transcription": {"transcript": "Hi"},
    }
    event.chat.CopyFrom(bot_pb2.ChatMessage(id="msg_1", text="é", to=bot_pb2.CHAT_MESSAGE_TO_EVERYONE, sender_user_uuid="u"))
    data = payload(event, WebhookTrigger.CHAT_MESSAGES_UPDATE)["data"]
    assert data == {
        "id": "msg_1",
        "text": "é",
        "timestamp": 0,
        "timestamp_ms": 0,
        "to": "everyone",
        "sender_name": "",
        "sender_uuid": "",
        "sender_user_uuid": "u",
        "additional_data": {},
    }
    did = bot_pb2.ParticipantEvent(id="pe_1", participant_name="Ada", event_type=bot_pb2.PARTICIPANT_EVENT_TYPE_SPEECH_START)
    event.speech.CopyFrom(did)
    data = payload(event, WebhookTrigger.PARTICIPANT_SPEECH)["data"]
    assert (data["event_type"], data["event_data"], data["participant_is_host"]) == ("speech_start", {}, False)
    event.participant.CopyFrom(did)
    assert payload(event, WebhookTrigger.PARTICIPANT_JOIN_LEAVE)["data"] == data
    event.id = "evt_1"
    event.log.CopyFrom(event_pb2.LogEntry(level=event_pb2.LOG_LEVEL_WARNING, code="page_hung", message="…"))
    data = payload(event, WebhookTrigger.BOT_LOGS_UPDATE)["data"]
    assert (data["id"], data["level"], data["entry_type"]) == ("evt_1", "warning", "page_hung")


def test_what_was_deleted_is_not_told() -> None:
    delivery = DeliveryRecord("whd_1", "wh_1", "bot_1", 1, 1, "k", DeliveryState.PENDING, 0, 0, 0, None, None, None)
    assert body_of(Parcel(delivery, None, None)) is None
    assert body_of(Parcel(delivery, event_pb2.Event().SerializeToString(), None)) is None
    event = event_pb2.Event(redacted=True)
    event.chat.id = "msg_1"
    assert body_of(Parcel(delivery, event.SerializeToString(), None)) is None
    event.state.new_state = bot_pb2.BOT_STATE_DATA_DELETED
    assert body_of(Parcel(delivery, event.SerializeToString(), None)) is not None, "a move tells of nobody"
