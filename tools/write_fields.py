"""Writes docs/fields.md, every field of CreateBot, from the contract and the tables that say what becomes of it: `make generate`.

`--check` writes nothing and fails if it is not current, or if a field is in no table.
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway import contract
from gateway.openapi_schemas import Json, Schemas
from rollcall.v1.bot_service_pb2 import CreateBotRequest
from server.rpc.availability import NOT_AVAILABLE
from server.rpc.bot_settings import settings_of
from server.rpc.honoured import HONOURED, WITHOUT_EFFECT
from tools.generated_page import ROOT, write_or_check

PAGE = ROOT / "docs/fields.md"
MOST_WORDS = 14
HEAD = """# Every field of CreateBot, and what becomes of it

Made by `tools/write_fields.py` from the contract and from the tables `server/rpc/availability.py` (what is refused) and
`server/rpc/honoured.py` (what is acted on, and where); never edited. Whatever is accepted does something; what this server has
nothing for is refused with a 400 that says so.

| field | takes | default | what becomes of it |
|---|---|---|---|
"""


def fields(descriptor: Descriptor, prefix: str = "") -> Iterator[tuple[str, FieldDescriptor]]:
    """Each field with its path, objects before what is in them."""
    for field in descriptor.fields:
        path = prefix + contract.json_name(field)
        yield path, field
        inner = field.message_type
        if inner is not None and not contract.is_map(field) and not inner.full_name.startswith("google.protobuf."):
            yield from fields(inner, path + ("[]." if field.is_repeated else "."))


def outcome(path: str, *, is_object: bool) -> str:
    """What becomes of a field. Raises LookupError for one of which no table says it."""
    bare = path.replace("[]", "")
    refused = [row for row in NOT_AVAILABLE if bare == row.path or bare.startswith(row.path + ".")]
    if refused:
        row = refused[0]
        return f"refused: {row.message}" if row.path == bare else f"refused with `{row.path}`"
    if bare in HONOURED:
        return f"honoured: [{HONOURED[bare]}](../{HONOURED[bare]})"
    if bare in WITHOUT_EFFECT:
        return WITHOUT_EFFECT[bare]
    if is_object:
        return ""
    raise LookupError(f"{path} is neither in server/rpc/availability.py nor in server/rpc/honoured.py")


def takes(field: FieldDescriptor) -> str:
    """What a field may hold, in words."""
    if contract.is_map(field):
        return "object of texts"
    if field.is_repeated:
        return f"list of {_one(Schemas().value(field, of_items=True), field)}{_limits(Schemas().field(field))}"
    text = _one(Schemas().value(field), field)
    if contract.field_json(field).nullable:
        text += " or null"
    header = contract.field_json(field).header
    return text + (f", in the header `{header}`" if header else "") + ("; required" if contract.rules(field).required else "")


def _one(schema: Json, field: FieldDescriptor) -> str:
    if "enum" in schema:
        words = [f"`{word}`" for word in schema["enum"]]
        return ", ".join(words) if len(words) <= MOST_WORDS else f"one of {len(words)} codes, as {', '.join(words[:3])}"
    if field.message_type is not None:
        return "instant" if field.message_type.full_name == "google.protobuf.Timestamp" else "object"
    if "contentEncoding" in schema:
        return f"base64, at most {contract.rules(field).bytes.max_len >> 20} MiB"
    word = {"string": "text", "integer": "whole number", "boolean": "true or false", "number": "number"}[schema["type"]]
    return word + _limits(schema)


def _limits(schema: Json) -> str:
    said = {"minLength": "{} characters or more", "maxLength": "at most {:,} characters", "minimum": "{} or more"}
    said |= {"minItems": "{} or more", "maxItems": "at most {:,}"}
    plain = ("minLength", 1)
    words = [form.format(schema[name]) for name, form in said.items() if name in schema and (name, schema[name]) != plain]
    if "pattern" in schema:
        words.append(f"`{schema['pattern']}`".replace("|", "\\|"))
    if schema.get("uniqueItems"):
        words.append("none twice")
    return "".join(f", {word}" for word in words)


def default(path: str) -> str:
    """What is stored where nothing is said; empty where nothing is."""
    message: Message = settings_of(CreateBotRequest())
    *outer, last = path.split(".")
    for name in outer:
        known = message.DESCRIPTOR.fields_by_name.get(name)
        if known is None or known.is_repeated or not message.HasField(name):
            return ""
        message = getattr(message, name)
    field = message.DESCRIPTOR.fields_by_name.get(last)
    if field is None or field.is_repeated or field.message_type is not None or not message.HasField(last):
        return ""
    value = getattr(message, last)
    if field.enum_type is not None:
        return contract.enum_words(field.enum_type)[value]
    return str(value).lower() if isinstance(value, bool) else f"{value:,}"


def page() -> str:
    """The whole page. Raises LookupError."""
    lines = []
    for path, field in fields(CreateBotRequest.DESCRIPTOR):
        inner = field.message_type
        is_object = inner is not None and not contract.is_map(field) and not inner.full_name.startswith("google.protobuf.")
        what = outcome(path, is_object=is_object)
        lines.append(f"| `{path}` | {takes(field)} | {default(path)} | {what} |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(write_or_check(PAGE, page()))
