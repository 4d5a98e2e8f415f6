"""Fields of the contract that travel as HTTP headers (`field_json.header`), in both directions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway import contract
from gateway.dialect.problems import BadValueError
from gateway.dialect.query import reader
from gateway.dialect.scalars import converter

_MOST_LENGTH: Final = 1024
_PRINTABLE: Final = re.compile(rb"[\x20-\x7e]+")
_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')
_TAGGED: Final = frozenset({"etag", "if-match"})
"""Headers whose value RFC 9110 writes as an entity tag."""


class RequestHeaders:
    """The headers that go into fields of a request."""

    def __init__(self, descriptor: Descriptor) -> None:
        """Finds the message's own fields that are headers."""
        self.fields = _of(descriptor)
        self._reads = [(name, name.lower().encode(), field.name, _read(name, field)) for name, field in self.fields.items()]
        self.names = frozenset(name for _, name, _, _ in self._reads)

    def bind(self, message: Message, headers: dict[bytes, bytes]) -> None:
        """Sets fields. Raises BadValueError, in a sentence that names the header."""
        for shown, name, field, read in self._reads:
            value = headers.get(name)
            if value is not None:
                try:
                    setattr(message, field, read(value))
                except BadValueError as error:
                    raise BadValueError(f"Invalid {shown} header. {error}") from None


class AnswerHeaders:
    """The headers that an answer gets from the fields of its message."""

    def __init__(self, descriptor: Descriptor) -> None:
        """Finds the message's own fields that are headers."""
        self.fields = _of(descriptor)
        self._shows = [(name.lower().encode(), field.name, name.lower() in _TAGGED) for name, field in self.fields.items()]

    def of(self, message: Any) -> tuple[tuple[bytes, bytes], ...]:
        """Those that have a value."""
        if not self._shows:
            return ()
        return tuple(
            (name, (f'"{value}"' if tagged else str(value)).encode("ascii"))
            for name, field, tagged in self._shows
            if (value := getattr(message, field))
        )


def _of(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    """Header -> field."""
    return {contract.field_json(field).header: field for field in descriptor.fields if contract.field_json(field).header}


def matches_none(condition: bytes | None, headers: tuple[tuple[bytes, bytes], ...]) -> bool:
    """Whether a reader who sent this `If-None-Match` has the very answer already."""
    tag = None if condition is None else next((value for name, value in headers if name == b"etag"), None)
    if condition is None or tag is None:
        return False
    return condition.strip() == b"*" or tag in [one.strip().removeprefix(b"W/") for one in condition.split(b",")]


def _read(name: str, field: FieldDescriptor) -> Callable[[bytes], Any]:
    convert = converter(field)
    if convert is None or field.is_repeated or field.message_type is not None:
        raise ValueError(f"{field.full_name} cannot be a header: it is no plain value")
    plain = reader(field, convert)
    most = contract.rules(field).string.max_len or _MOST_LENGTH
    tagged = name.lower() in _TAGGED

    def read(value: bytes) -> Any:
        if len(value) > most or not _PRINTABLE.fullmatch(value):
            raise BadValueError(f"It must be 1 to {most:,} printable ASCII characters.")
        text = value.decode("ascii")
        return plain(_entity_tag(text) if tagged else text)

    return read


def _entity_tag(text: str) -> str:
    """What is inside the quotes. `W/` is let pass: a proxy that compresses answers makes tags weak, and ours tell versions."""
    found = _TAG.fullmatch(text.strip())
    if found is not None:
        return found.group(1)
    if '"' in text or not text.strip():
        raise BadValueError("Give one tag, just as it stood in the ETag header of an answer, or *.")
    return text.strip()
