"""An example of every value in the contract: what OpenAPI, the docs page and docs/api.md show, and what the tests send.

`examples.json` says what no rule can: it is looked up by message and field (`BotImage.data`), then by the field alone (`bot_id`).
Words of enums, truth values, instants and numbers are examples by themselves.
"""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway import contract

Json = dict[str, Any]
INSTANT = "2027-01-18T09:00:00.000000Z"
_FRACTIONS = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)


@functools.cache
def _given() -> Json:
    text = resources.files("gateway").joinpath("examples.json").read_text(encoding="utf-8")
    found: Json = json.loads(text)
    return found


def value(field: FieldDescriptor) -> Any:
    """An example of a field as its JSON, for a list a list of one. Raises LookupError for a text of which no example is given."""
    one = _one(field)
    if contract.is_map(field) or not field.is_repeated or (isinstance(one, list) and not _is_object(field)):
        return one
    return [one]


def _one(field: FieldDescriptor) -> Any:
    fields = _given()["fields"]
    for name in (f"{_owner(field)}.{field.name}", field.name):
        if name in fields:
            return fields[name]
    if contract.is_map(field):
        return {"team": "red"}
    if field.enum_type is not None:
        return _word(field)
    return _message(field.message_type) if field.message_type is not None else _plain(field)


def _message(descriptor: Descriptor) -> Any:
    if descriptor.full_name.startswith("google.protobuf."):
        return INSTANT if descriptor.name == "Timestamp" else {}
    return whole(descriptor)


def _plain(field: FieldDescriptor) -> Any:
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return True
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        raise LookupError(f"gateway/examples.json has no example of {field.full_name}")
    return 0.5 if field.cpp_type in _FRACTIONS else max(1, contract.rules(field).int32.gte)


def whole(descriptor: Descriptor) -> Json:
    """An answer's message with everything that is always in it, and of alternatives the first."""
    shown: Json = {}
    chosen: set[str] = set()
    for field in descriptor.fields:
        if not contract.in_answers(field) or contract.field_json(field).omit_empty:
            continue
        union = field.containing_oneof.full_name if field.containing_oneof and contract.is_open_union(field) else ""
        if union in chosen:
            continue
        chosen |= {union} - {""}
        shown[contract.json_name(field)] = None if contract.field_json(field).page_cursor else value(field)
    return shown


def body(method: str, descriptor: Descriptor, without: set[str]) -> Json:
    """A request's body: what is given for the RPC of this name, else what is required."""
    given: Json | None = _given()["bodies"].get(method)
    if given is not None:
        return given
    fields = [field for field in descriptor.fields if field.name not in without and contract.in_requests(field)]
    return {contract.json_name(field): value(field) for field in fields if contract.rules(field).required}


def _word(field: FieldDescriptor) -> str:
    rules = contract.rules(field).repeated.items if field.is_repeated else contract.rules(field)
    allowed = list(getattr(rules.enum, "in"))
    assert field.enum_type is not None
    return next(word for number, word in contract.enum_words(field.enum_type).items() if not allowed or number in allowed)


def _owner(field: FieldDescriptor) -> str:
    return field.containing_type.name if field.containing_type is not None else ""


def _is_object(field: FieldDescriptor) -> bool:
    return field.message_type is not None


def refused(method: str) -> int:
    """The status with which the RPC's example is answered where this server has nothing for it yet; 0 elsewhere."""
    return int(_given()["refused"].get(method, 0))
