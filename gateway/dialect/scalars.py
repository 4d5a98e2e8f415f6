"""JSON value -> value of a protobuf field. No value is bent to fit: "5" is not 5, true is not 1, 1.5 is no integer."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from gateway import contract
from gateway.dialect.parse import describe
from gateway.dialect.problems import BLANK, NULL, BadContentError, BadValueError

Convert = Callable[[Any], Any]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INT32, _INT64 = 1 << 31, 1 << 63
_Field = FieldDescriptor


def wrong(value: Any, wanted: str) -> BadValueError:
    """The error of a value of the wrong type."""
    return BadValueError(NULL if value is None else f"Must be {wanted}, not {describe(value)}.")


def text(value: Any) -> str:
    """A string."""
    if type(value) is str:
        if "\0" in value:
            raise BadValueError("Null characters are not allowed.")
        return value
    raise wrong(value, "a string")


def filled_text(value: Any) -> str:
    """A string of more than white space."""
    if not text(value).strip():
        raise BadValueError(BLANK)
    return str(value)


def boolean(value: Any) -> bool:
    """True or false."""
    if type(value) is bool:
        return value
    raise wrong(value, "true or false")


def number(value: Any) -> float:
    """Any number."""
    if type(value) is float or type(value) is int:
        return float(value)
    raise wrong(value, "a number")


def integer(low: int, high: int) -> Convert:
    """A whole number from `low` to `high`; 5.0 is written with a fraction and is refused."""
    wanted = "a positive integer" if low == 1 else "an integer"

    def convert(value: Any) -> int:
        if type(value) is not int:
            raise (
                wrong(value, wanted)
                if type(value) is not float
                else BadValueError(f"Must be {wanted}, without a fraction or an exponent.")
            )
        if not low <= value <= high:
            raise BadValueError(f"Must be {wanted}, from {low} to {high}.")
        return value

    return convert


def base64_bytes(value: Any) -> bytes:
    """Bytes, as base64 with padding."""
    if type(value) is not str:
        raise wrong(value, "a string of base64")
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except (ValueError, binascii.Error):
        raise BadContentError("Must be base64 (RFC 4648, with padding).") from None


def filled_bytes(value: Any) -> bytes:
    """Bytes of which there is one at least."""
    if value == "":
        raise BadValueError(BLANK)
    return base64_bytes(value)


def instant(value: Any) -> Timestamp:
    """An instant in ISO 8601; one without an offset is read as UTC, a day alone as its midnight."""
    if type(value) is not str:
        raise wrong(value, "an ISO 8601 date and time")
    try:
        if _INSTANT.fullmatch(value) is None:
            raise ValueError
        when = datetime.fromisoformat(value.replace("z", "Z").replace("t", "T"))
        since = (when.replace(tzinfo=UTC) if when.tzinfo is None else when) - _EPOCH
        stamp = Timestamp(seconds=since.days * 86400 + since.seconds, nanos=since.microseconds * 1000)
        stamp.ToDatetime()  # outside year 1 to 9999 once the offset is taken off
    except (ValueError, OverflowError):
        raise BadValueError("Must be a date and time in ISO 8601, as 2024-01-18T12:34:56Z.") from None
    return stamp


def one_of(enum: EnumDescriptor, allowed: list[int]) -> Convert:
    """A word of an enum; `allowed` are the numbers that the contract lets through, empty for all."""
    numbers = {word: value for value, word in contract.enum_words(enum).items() if not allowed or value in allowed}
    wanted = ", ".join(numbers)

    def convert(value: Any) -> int:
        if type(value) is not str:
            raise wrong(value, f"one of {wanted}")
        found = numbers.get(value)
        if found is None:
            raise BadValueError(f'"{value[:100]}" is not one of {wanted}.')
        return found

    return convert


def converter(field: FieldDescriptor, *, of_items: bool = False) -> Convert | None:
    """How a JSON value becomes this field's value, or one item of it; None for messages that have fields of their own."""
    rules = contract.rules(field).repeated.items if of_items else contract.rules(field)
    if field.enum_type is not None:
        return one_of(field.enum_type, list(getattr(rules.enum, "in")))
    if field.type == _Field.TYPE_STRING:
        must_be_filled = rules.required or rules.string.min_len > 0 or bool(contract.field_json(field).required_unless)
        return filled_text if must_be_filled and not of_items else text
    if field.cpp_type == _Field.CPPTYPE_INT32:
        return integer(max(-_INT32, rules.int32.gte if rules.int32.HasField("gte") else -_INT32), _INT32 - 1)
    if field.cpp_type == _Field.CPPTYPE_INT64:
        return integer(max(-_INT64, rules.int64.gte if rules.int64.HasField("gte") else -_INT64), _INT64 - 1)
    plain: dict[int, Convert] = {
        _Field.CPPTYPE_BOOL: boolean,
        _Field.CPPTYPE_DOUBLE: number,
        _Field.CPPTYPE_FLOAT: number,
        _Field.CPPTYPE_UINT32: integer(0, 2 * _INT32 - 1),
        _Field.CPPTYPE_UINT64: integer(0, 2 * _INT64 - 1),
        _Field.CPPTYPE_STRING: filled_bytes if rules.required else base64_bytes,
    }
    if field.message_type is not None:
        return instant if field.message_type.full_name == "google.protobuf.Timestamp" else None
    return plain[field.cpp_type]
