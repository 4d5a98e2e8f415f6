"""What protovalidate found, in our words: each message names the limit and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message

from rollcall.v1 import annotations_pb2
from server.domain.errors import Violation

REQUIRED = "This field is required."
BLANK = "This field may not be blank."
_SHOWN = 60

_PATTERNS = {"^rtmps?://.+": "Must start with rtmp:// or rtmps://."}


def violation_of(found: Any, request: Message) -> Violation:
    """One violation that protovalidate found in a request, as ours."""
    elements = list(found.proto.field.elements)
    path = _path(elements)
    rule = found.proto.rule_id
    word = _WORDS.get(rule)
    if word is not None:
        return Violation(path, word(found))
    if rule.startswith("enum."):
        return Violation(path, one_of(_enum_words(_field(request, elements).enum_type, found)))
    if rule.endswith(".in"):
        return Violation(path, f"{_shown(found.field_value)} is not one of: {', '.join(map(str, found.rule_value))}.")
    message = found.proto.message or "is not valid"
    return Violation(path, message[:1].upper() + message[1:] + "." * (not message.endswith(".")))


def one_of(words: Iterable[str]) -> str:
    """For a choice."""
    return f"Must be one of: {', '.join(words)}."


def too_long(limit: int, length: int) -> str:
    """For a text."""
    return f"Must have at most {limit:,} characters; it has {length:,}."


def enum_word(enum: EnumDescriptor, number: int) -> str:
    """An enum's value as the contract spells it in JSON, as `mp4` or `1080p`."""
    value = enum.values_by_number[number]
    spelled = value.GetOptions().Extensions[annotations_pb2.json_value]
    return spelled or value.name.removeprefix(_prefix(enum)).lower()


def _prefix(enum: EnumDescriptor) -> str:
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")


def _shown(value: object) -> str:
    text = str(value)
    return f"“{text[:_SHOWN]}…”" if len(text) > _SHOWN else f"“{text}”"


def _path(elements: list[Any]) -> str:
    path = ""
    for element in elements:
        path += ("." if path else "") + element.field_name
        if element.subscript is not None:
            path += f"[{element.subscript.value}]"
    return path


def _field(request: Message, elements: list[Any]) -> Any:
    field: Any = request.DESCRIPTOR.fields_by_name[elements[0].field_name]
    for element in elements[1:]:
        field = field.message_type.fields_by_name[element.field_name]
    return field


def _enum_words(enum: EnumDescriptor, found: Any) -> list[str]:
    allowed = found.rule_value if found.proto.rule_id == "enum.in" else [number for number in enum.values_by_number if number]
    return [enum_word(enum, number) for number in allowed]


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + "s" * (count != 1)


_WORDS: dict[str, Callable[[Any], str]] = {
    "required": lambda _: REQUIRED,
    "string.min_len": lambda found: BLANK if found.rule_value == 1 else f"Must have at least {found.rule_value} characters.",
    "string.max_len": lambda found: too_long(found.rule_value, len(found.field_value)),
    "string.prefix": lambda found: f"Must start with {found.rule_value}.",
    "string.pattern": lambda found: _PATTERNS.get(found.rule_value, "Does not have the right form."),
    "bytes.max_len": lambda found: (
        f"Must have at most {found.rule_value // 1024:,} KiB; it has {len(found.field_value) // 1024:,}."
    ),
    "int32.gte": lambda found: f"Must be a whole number, {found.rule_value} or more.",
    "int64.gte": lambda found: f"Must be a whole number, {found.rule_value} or more.",
    "repeated.min_items": lambda found: f"Must hold at least {_plural(found.rule_value, 'item')}.",
    "repeated.max_items": lambda found: (
        f"May hold at most {_plural(found.rule_value, 'item')}; it holds {len(found.field_value):,}."
    ),
    "repeated.unique": lambda _: "No item may come twice.",
}
