from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from rollcall.v1 import event_pb2
from server.store.redact import redacted

SECRET = "Ada Lovelace"
PAYLOADS = [field.name for field in event_pb2.Event.DESCRIPTOR.oneofs_by_name["payload"].fields]
KEPT_TEXTS = {"id", "command_id", "action", "code"}
"""Texts that this service makes itself: ids and fixed words."""


def full(payload: str) -> event_pb2.Event:
    """An event of which every field of every depth is set, each text to the secret."""
    event = event_pb2.Event(id="evt_1", bot_id="bot_1", sequence=7, position=9, kind=event_pb2.EVENT_KIND_LOG)
    event.created_time.CopyFrom(Timestamp(seconds=5))
    _fill(getattr(event, payload))
    return event


def _fill(message: Any) -> None:
    message.SetInParent()
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            getattr(message, field.name)[SECRET] = SECRET
        elif field.message_type is not None and field.is_repeated:
            _fill(getattr(message, field.name).add())
        elif field.message_type is not None:
            _fill(getattr(message, field.name))
        else:
            value = SECRET if field.type == FieldDescriptor.TYPE_STRING else 1
            setattr(message, field.name, [value] if field.is_repeated else value)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_personal_is_left_of_any_payload(payload: str) -> None:
    event = full(payload)
    left = redacted(event)
    for name in KEPT_TEXTS & {field.name for field in getattr(left, payload).DESCRIPTOR.fields}:
        setattr(getattr(left, payload), name, "")
    assert SECRET.encode() not in left.SerializeToString()
    assert b"Ada" not in left.SerializeToString()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_numbers_an_event_stays(payload: str) -> None:
    event = full(payload)
    left = redacted(event)
    assert left.redacted
    assert left.WhichOneof("payload") == payload
    for name in ("id", "bot_id", "sequence", "position", "kind", "created_time"):
        assert getattr(left, name) == getattr(event, name)


def test_where_a_bot_went_and_what_was_recorded_is_still_told() -> None:
    state = redacted(full("state")).state
    assert (state.type, state.sub_type, state.old_state, state.new_state) == (1, 1, 1, 1)
    recording = redacted(full("recording")).recording
    assert (recording.state, recording.duration_ms, recording.size_bytes) == (1, 1, 1)


def test_an_event_without_a_payload_this_version_knows_is_marked_all_the_same() -> None:
    assert redacted(event_pb2.Event(id="evt_1")) == event_pb2.Event(id="evt_1", redacted=True)
