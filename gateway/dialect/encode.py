"""Protobuf message -> what orjson writes."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable
from datetime import date
from operator import attrgetter
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from gateway import contract

Encode = Callable[[Any], dict[str, Any]]
_Read = Callable[[Any], Any]

_OMIT = object()
_compiled: dict[str, Encode] = {}
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def compile_encode(descriptor: Descriptor) -> Encode:
    """The closure that makes a dict of a message of this type: every field in the contract's order, absent ones null.

    Left out are fields marked `omit_empty` and the members of a oneof that are not set.
    """
    if descriptor.full_name in _compiled:
        return _compiled[descriptor.full_name]
    always: list[tuple[str, _Read]] = []
    sometimes = False

    def encode(message: Any) -> dict[str, Any]:
        return {name: read(message) for name, read in always}

    def encode_some(message: Any) -> dict[str, Any]:
        return {name: value for name, read in always if (value := read(message)) is not _OMIT}

    fields = [field for field in descriptor.fields if contract.in_answers(field)]
    for field in fields:
        sometimes = sometimes or _can_be_omitted(field)
    compiled = encode_some if sometimes else encode
    _compiled[descriptor.full_name] = compiled  # before its fields: a message may hold itself
    always.extend((contract.json_name(field), _reader(field)) for field in fields)
    return compiled


def instant(stamp: Timestamp) -> str:
    """`2026-11-23T08:04:55.858668Z`, always with microseconds."""
    days, seconds = divmod(stamp.seconds, 86400)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_day(days)}T{hour:02}:{minute:02}:{second:02}.{stamp.nanos // 1000:06}Z"


@functools.lru_cache(maxsize=64)
def _day(days: int) -> str:
    return date.fromordinal(_EPOCH_DAY + days).isoformat()


def _can_be_omitted(field: FieldDescriptor) -> bool:
    return bool(contract.field_json(field).omit_empty) or contract.is_open_union(field)


def _reader(field: FieldDescriptor) -> _Read:
    options = contract.field_json(field)
    absent = _OMIT if _can_be_omitted(field) else None
    name = field.name
    if contract.is_map(field):
        return _map_reader(field, absent if options.empty_as_null or options.omit_empty else {})
    one = _value(field)
    get = attrgetter(name)
    if field.is_repeated:
        empty = absent if options.omit_empty else []
        if one is None:
            return lambda message: list(get(message)) or empty
        return lambda message: [one(item) for item in get(message)] or empty
    if field.has_presence:
        return _present_reader(name, one, absent)
    if options.empty_as_null or options.omit_empty:
        return lambda message: (get(message) if one is None else one(get(message))) or absent
    return get if one is None else lambda message: one(get(message))


def _present_reader(name: str, one: _Read | None, absent: object) -> _Read:
    get = attrgetter(name)
    if one is None:
        return lambda message: get(message) if message.HasField(name) else absent
    return lambda message: one(get(message)) if message.HasField(name) else absent


def _map_reader(field: FieldDescriptor, empty: object) -> _Read:
    one = _value(contract.map_value(field))
    get = attrgetter(field.name)
    if one is None:
        return lambda message: dict(get(message)) or empty
    return lambda message: {key: one(value) for key, value in get(message).items()} or empty


def _value(field: FieldDescriptor) -> _Read | None:
    """How one value is written; None where orjson writes it as it is."""
    if field.enum_type is not None:
        words = contract.enum_words(field.enum_type)
        # A number without a word is a newer server's: told as such, never a failure.
        return lambda number: words.get(number) or (f"unrecognized_{number}" if number else None)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda value: base64.b64encode(value).decode()
    if field.message_type is None:
        return None
    if field.message_type.full_name == "google.protobuf.Timestamp":
        return instant
    if field.message_type.full_name.startswith("google.protobuf."):
        return _well_known
    return compile_encode(field.message_type)


def _well_known(message: Message) -> Any:
    return json_format.MessageToDict(message)
