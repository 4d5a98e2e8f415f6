"""JSON Schema (2020-12, as OpenAPI 3.1 has it) of the contract's messages, as requests take them and as answers show them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from gateway import contract, examples

Json = dict[str, Any]
_Field = FieldDescriptor

_PLAIN: dict[int, Json] = {
    _Field.CPPTYPE_BOOL: {"type": "boolean"},
    _Field.CPPTYPE_DOUBLE: {"type": "number"},
    _Field.CPPTYPE_FLOAT: {"type": "number"},
    _Field.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    _Field.CPPTYPE_UINT32: {"type": "integer", "minimum": 0},
    _Field.CPPTYPE_INT64: {"type": "integer", "format": "int64"},
    _Field.CPPTYPE_UINT64: {"type": "integer", "minimum": 0},
}


def described(schema: Json, full_name: str) -> Json:
    """The schema with the contract's comment as its description."""
    text = contract.comments().get(full_name)
    return {**schema, "description": text} if text else schema


class Schemas:
    """Collects the messages that are asked for as components. A message that goes both ways has two: `X` and `XInput`."""

    def __init__(self) -> None:
        """Starts empty."""
        self._answers: dict[str, Json] = {}
        self._requests: dict[str, Json] = {}

    def components(self) -> dict[str, Json]:
        """All that was asked for, by name."""
        return {**self._requests, **self._answers}

    def request(self, descriptor: Descriptor, without: Collection[str] = ()) -> Json:
        """A message as a request's body takes it; fields in `without` come from the URL."""
        name = f"{descriptor.name}Input"
        if name not in self._requests:
            self._requests[name] = {}  # before its fields: a message may hold itself
            self._requests[name] = self._request(descriptor, without)
        return {"$ref": f"#/components/schemas/{name}"}

    def has_fields(self, descriptor: Descriptor, without: Collection[str]) -> bool:
        """Whether a body has anything to say."""
        return any(field.name not in without and contract.in_requests(field) for field in descriptor.fields)

    def response(self, descriptor: Descriptor) -> Json:
        """A message as an answer shows it."""
        name = descriptor.name
        if name not in self._answers:
            self._answers[name] = {}  # as above
            self._answers[name] = self._answer(descriptor)
        return {"$ref": f"#/components/schemas/{name}"}

    def _request(self, descriptor: Descriptor, without: Collection[str]) -> Json:
        fields = [f for f in descriptor.fields if f.name not in without and contract.in_requests(f)]
        schema: Json = {
            "type": "object",
            "properties": {contract.json_name(f): described(with_example(self.field(f), f), f.full_name) for f in fields},
            "additionalProperties": False,
        }
        required = [contract.json_name(f) for f in fields if contract.rules(f).required]
        if required:
            schema["required"] = required
        choices = [
            {"required": [name]}
            for f in fields
            if contract.field_json(f).required_unless
            for name in (contract.json_name(f), contract.field_json(f).required_unless)
        ]
        if choices:
            schema["anyOf"] = choices
        return described(schema, descriptor.full_name)

    def _answer(self, descriptor: Descriptor) -> Json:
        fields = [f for f in descriptor.fields if contract.in_answers(f)]
        properties = {contract.json_name(f): described(with_example(self._shown(f), f), f.full_name) for f in fields}
        always = [
            contract.json_name(f) for f in fields if not contract.field_json(f).omit_empty and not contract.is_open_union(f)
        ]
        return described({"type": "object", "properties": properties, "required": always}, descriptor.full_name)

    def field(self, field: FieldDescriptor) -> Json:
        """A field as requests take it."""
        rules = contract.rules(field)
        if contract.is_map(field):
            least = {"minProperties": 1} if contract.field_json(field).empty_as_null else {}
            return {"type": "object", "additionalProperties": self.value(contract.map_value(field)), **least}
        if field.is_repeated:
            schema: Json = {"type": "array", "items": self.value(field, of_items=True)}
            limits = {"minItems": rules.repeated.min_items, "maxItems": rules.repeated.max_items}
            schema |= {name: limit for name, limit in limits.items() if limit}
            return {**schema, "uniqueItems": True} if rules.repeated.unique else schema
        schema = self.value(field)
        return _or_null(schema) if contract.field_json(field).nullable else schema

    def value(self, field: FieldDescriptor, *, of_items: bool = False) -> Json:
        """One value of a field as requests take it."""
        rules = contract.rules(field).repeated.items if of_items else contract.rules(field)
        if field.enum_type is not None:
            allowed = list(getattr(rules.enum, "in"))
            words = contract.enum_words(field.enum_type)
            return _enum(field.enum_type, [word for number, word in words.items() if not allowed or number in allowed])
        if field.message_type is not None:
            return self._message(field)
        if field.type == _Field.TYPE_BYTES:
            return {"type": "string", "contentEncoding": "base64"}
        if field.type == _Field.TYPE_STRING:
            return _text(rules, required=bool(rules.required))
        number = rules.int32 if field.cpp_type == _Field.CPPTYPE_INT32 else rules.int64
        schema = dict(_PLAIN[field.cpp_type])
        if number.HasField("gte"):
            schema["minimum"] = number.gte
        allowed_numbers = list(getattr(number, "in"))
        return {**schema, "enum": allowed_numbers} if allowed_numbers else schema

    def _message(self, field: FieldDescriptor) -> Json:
        known = _well_known(contract.message_type(field))
        if known is not None:
            return known
        schema = self.request(contract.message_type(field))
        bare = next((f for f in contract.message_type(field).fields if contract.field_json(f).bare), None)
        return {"anyOf": [schema, self.value(bare)]} if bare is not None else schema

    def _shown(self, field: FieldDescriptor) -> Json:
        """A field as answers show it."""
        options = contract.field_json(field)
        if contract.is_map(field):
            schema: Json = {"type": "object", "additionalProperties": self._shown_value(contract.map_value(field))}
            return _or_null(schema) if options.empty_as_null else schema
        if field.is_repeated:
            return {"type": "array", "items": self._shown_value(field)}
        value = self._shown_value(field)
        if options.page_cursor:
            value = {"type": "string", "format": "uri"}
        may_be_null = field.has_presence or field.enum_type is not None or options.empty_as_null
        always_there = options.omit_empty or contract.is_open_union(field)
        return _or_null(value) if may_be_null and not always_there else value

    def _shown_value(self, field: FieldDescriptor) -> Json:
        if field.enum_type is not None:
            return _enum(field.enum_type, list(contract.enum_words(field.enum_type).values()))
        if field.message_type is not None:
            return _well_known(field.message_type) or self.response(field.message_type)
        if field.type == _Field.TYPE_BYTES:
            return {"type": "string", "contentEncoding": "base64"}
        return {"type": "string"} if field.type == _Field.TYPE_STRING else dict(_PLAIN[field.cpp_type])


def with_example(schema: Json, field: FieldDescriptor) -> Json:
    """The schema with the field's example, unless it is an object's, whose own fields have theirs.

    A contract that nobody gave examples for is served without; that ours lacks none is seen to by `make generate-check`.
    """
    inner = field.message_type
    if inner is not None and not contract.is_map(field) and not inner.full_name.startswith("google.protobuf."):
        return schema
    try:
        return {**schema, "examples": [examples.value(field)]}
    except LookupError:
        return schema


def _text(rules: Any, *, required: bool) -> Json:
    schema: Json = {"type": "string"}
    least = rules.string.min_len or (1 if required else 0)
    if least:
        schema["minLength"] = least
    if rules.string.max_len:
        schema["maxLength"] = rules.string.max_len
    if rules.string.prefix:
        schema["pattern"] = "^" + re.escape(rules.string.prefix)
    if rules.string.pattern:
        schema["pattern"] = rules.string.pattern
    words = list(getattr(rules.string, "in"))
    return {**schema, "enum": words} if words else schema


def _enum(enum: EnumDescriptor, words: list[str]) -> Json:
    schema: Json = {"type": "string", "enum": words}
    by_word = {word: number for number, word in contract.enum_words(enum).items()}
    lines = [
        f"- `{word}`: {text}"
        for word in words
        if (text := contract.comments().get(f"{enum.full_name}.{enum.values_by_number[by_word[word]].name}"))
    ]
    if lines:
        schema["x-enum-descriptions"] = lines
    return schema


def _or_null(schema: Json) -> Json:
    if "type" in schema and isinstance(schema["type"], str):
        words = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
        return {**schema, "type": [schema["type"], "null"], **words}
    return {"anyOf": [schema, {"type": "null"}]}


def _well_known(descriptor: Descriptor) -> Json | None:
    if descriptor.full_name == "google.protobuf.Timestamp":
        return {"type": "string", "format": "date-time"}
    return {} if descriptor.full_name.startswith("google.protobuf.") else None
