"""Query parameters and parts of the path -> protobuf message, with the same scalars as JSON bodies."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway import contract
from gateway.dialect.problems import BadValueError
from gateway.dialect.scalars import Convert, converter

_Put = Callable[[Message, str], None]
_MOST_NESTING = 3
_INTEGERS = (
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
)


class Query:
    """Binds the parameters that a request message knows; others are let pass, as web services do with tracking parameters."""

    def __init__(self, descriptor: Descriptor, without: Collection[str] = ()) -> None:
        """Compiles the parameters of a message; fields named in `without` come from elsewhere."""
        self._puts: dict[str, tuple[FieldDescriptor, _Put]] = {}
        self._maps: dict[str, str] = {}
        self._collect(descriptor, "", (), without)

    def bind(self, message: Message, parameters: Iterable[tuple[str, str]]) -> list[str]:
        """Sets fields from the parameters; what is wrong is returned in sentences for the caller."""
        problems = []
        for name, text in parameters:
            known = self._puts.get(name)
            try:
                if known is not None:
                    if text or not _may_be_empty(known[0]):
                        known[1](message, text)
                elif "." in name:
                    self._bind_map(message, name, text)
            except BadValueError as error:
                problems.append(f"Invalid {name} value. {error}")
        return problems

    @property
    def fields(self) -> dict[str, FieldDescriptor]:
        """Parameter -> its field, for OpenAPI."""
        return {name: field for name, (field, _) in self._puts.items()}

    @property
    def maps(self) -> dict[str, str]:
        """Beginning of a parameter's name, as `metadata` of `metadata.team`, -> its field, for OpenAPI."""
        return dict(self._maps)

    def _bind_map(self, message: Message, name: str, text: str) -> None:
        """`metadata.color=red`."""
        field, _, key = name.partition(".")
        if field in self._maps:
            getattr(message, self._maps[field])[key] = _checked(text)

    def _collect(self, descriptor: Descriptor, prefix: str, way: tuple[str, ...], without: Collection[str]) -> None:
        for field in descriptor.fields:
            if field.name in without or not contract.in_requests(field):
                continue
            name = prefix + contract.json_name(field)
            if contract.is_map(field):
                if not prefix and contract.map_value(field).type == FieldDescriptor.TYPE_STRING:
                    self._maps[name] = field.name
                continue
            convert = converter(field, of_items=field.is_repeated)
            if convert is not None:
                self._puts[name] = (field, _put(field, way, convert))
            elif not field.is_repeated and len(way) < _MOST_NESTING:
                self._collect(contract.message_type(field), f"{name}.", (*way, field.name), ())


def _may_be_empty(field: FieldDescriptor) -> bool:
    """Whether `?updated_after=` is as if it were not given, as callers' forms leave a filter out.

    A number may be a position, which must not be overlooked, and of a list each item was meant.
    """
    return not field.is_repeated and (
        field.message_type is not None or field.cpp_type in (FieldDescriptor.CPPTYPE_STRING, FieldDescriptor.CPPTYPE_BOOL)
    )


def _checked(text: str) -> str:
    if "\0" in text:
        raise BadValueError("Null characters are not allowed.")
    return text


def _put(field: FieldDescriptor, way: tuple[str, ...], convert: Convert) -> _Put:
    read = reader(field, convert)
    name, repeated, copied = field.name, field.is_repeated, field.message_type is not None

    def put(message: Any, text: str) -> None:
        value = read(text)
        for step in way:
            message = getattr(message, step)
        if repeated:
            getattr(message, name).append(value)
        elif copied:
            getattr(message, name).CopyFrom(value)
        else:
            setattr(message, name, value)

    return put


def reader(field: FieldDescriptor, convert: Convert) -> Callable[[str], Any]:
    """The field's converter for a value that is always text: a number or a truth value is read first."""
    if field.enum_type is not None or field.message_type is not None:
        return convert
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _truth
    if field.cpp_type in _INTEGERS:
        return lambda text: convert(_whole(text))
    if field.cpp_type in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return lambda text: convert(_fraction(text))
    return convert


def _truth(text: str) -> bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    raise BadValueError("Use true or false.")


def _whole(text: str) -> int:
    if len(text) <= 20 and text.isascii() and text.removeprefix("-").isdigit():
        return int(text)
    raise BadValueError("Use a whole number in decimal digits.")


def _fraction(text: str) -> float:
    try:
        if len(text) <= 40 and math.isfinite(value := float(text)):
            return value
    except ValueError:
        pass
    raise BadValueError("Use a number.")
