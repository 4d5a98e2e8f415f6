"""The contract as the gateway reads it: descriptors and their options, never a list of its own."""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
from collections.abc import Iterator
from importlib import resources

from google.api import annotations_pb2 as http_annotations
from google.api.http_pb2 import HttpRule
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

import rollcall.v1
from rollcall.third_party.buf.validate import validate_pb2
from rollcall.v1 import annotations_pb2

PACKAGE = "rollcall.v1"


def methods() -> Iterator[MethodDescriptor]:
    """Every method of every service in `rollcall.v1`, in the order of the files' names and of their text."""
    for module in sorted(found.name for found in pkgutil.iter_modules(rollcall.v1.__path__) if found.name.endswith("_pb2")):
        file = importlib.import_module(f"{PACKAGE}.{module}").DESCRIPTOR
        for service in file.services_by_name.values():
            yield from service.methods


def http_rule(method: MethodDescriptor) -> HttpRule | None:
    """The method's `google.api.http`, or None for one that gRPC alone speaks."""
    options = method.GetOptions()
    if not options.HasExtension(http_annotations.http):
        return None
    rule: HttpRule = options.Extensions[http_annotations.http]
    return rule


def method_json(method: MethodDescriptor) -> annotations_pb2.MethodJson:
    """How the method answers over HTTP."""
    return method.GetOptions().Extensions[annotations_pb2.method_json]


def field_json(field: FieldDescriptor) -> annotations_pb2.FieldJson:
    """How the field looks as JSON."""
    return field.GetOptions().Extensions[annotations_pb2.field_json]


def in_requests(field: FieldDescriptor) -> bool:
    """Whether a request's JSON or query may hold the field."""
    options = field_json(field)
    return not options.grpc_only and not options.header


def in_answers(field: FieldDescriptor) -> bool:
    """Whether an answer's JSON holds the field."""
    return not field_json(field).header


def rules(field: FieldDescriptor) -> validate_pb2.FieldRules:
    """The field's validation rules."""
    return field.GetOptions().Extensions[validate_pb2.field]


def json_name(field: FieldDescriptor) -> str:
    """The field's name in JSON."""
    return field_json(field).name or field.name


def message_class(descriptor: Descriptor) -> type[Message]:
    """The Python class of a message."""
    return message_factory.GetMessageClass(descriptor)


def message_type(field: FieldDescriptor) -> Descriptor:
    """The type of a message field."""
    assert field.message_type is not None, f"{field.full_name} is no message"
    return field.message_type


def map_value(field: FieldDescriptor) -> FieldDescriptor:
    """The values' field of a map."""
    return message_type(field).fields_by_name["value"]


def is_map(field: FieldDescriptor) -> bool:
    """Whether a repeated message field is a map."""
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


def is_open_union(field: FieldDescriptor) -> bool:
    """Whether the field is one of a real `oneof`, not of the hidden one behind `optional`."""
    oneof = field.containing_oneof
    return oneof is not None and not (len(oneof.fields) == 1 and oneof.name == f"_{field.name}")


@functools.cache
def enum_words(enum: EnumDescriptor) -> dict[int, str]:
    """Number -> word as JSON shows it: lower case, without the enum's own name; the `_UNSPECIFIED` zero has none."""
    prefix = _upper_snake(enum.name) + "_"
    words = {}
    for value in enum.values:
        if value.number == 0 and value.name.endswith("_UNSPECIFIED"):
            continue
        given = value.GetOptions().Extensions[annotations_pb2.json_value]
        words[value.number] = given or value.name.removeprefix(prefix).lower()
    return words


def _upper_snake(name: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() and at else letter for at, letter in enumerate(name)).upper()


@functools.cache
def comments() -> dict[str, str]:
    """Full name -> the comment above it in the contract; written by tools/generate_stubs.py."""
    text = resources.files("gateway").joinpath("comments.json").read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(text)
    return found
