"""Writes docs/api.md, every path with what it takes and an example, from the contract and gateway/examples.json: `make generate`.

`--check` writes nothing and fails if it is not current. tests/contract/test_api_page.py runs the examples that stand on the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway import contract, examples
from gateway.routes import Route, build
from rollcall.v1.bot_service_pb2 import CreateBotRequest
from tools.generated_page import ROOT, write_or_check
from tools.write_fields import default, fields, takes

PAGE = ROOT / "docs/api.md"
MOST_CHARACTERS = 60
FOLLOWED = "Followed with `Accept: text/event-stream` or `application/x-ndjson` ([http.md](http.md#streams)): "
HEAD = """# Every path, every field

Made by `tools/write_api.py` from the contract (`proto/`) and `gateway/examples.json`; never edited. A running service shows the
same at `/docs`, and as OpenAPI at `/api/v1/openapi.json`. [contract.md](contract.md) says what holds for all of it: keys, errors,
pages, conditions, retries; [fields.md](fields.md) what becomes of each field of a new bot.

**All examples are run as tests**: each request below is sent to a server, and its answer has the status, keys and types that
stand here; each example of a field of a new bot is sent too. Requests carry `Authorization: Token <key>`, and those with a body
`Content-Type: application/json`.

"""
ANSWERS = """## Answers

What the answers above are made of. Fields that have no value are `null`, unless they are said to be left out.

"""


def page() -> str:
    """The whole page. Raises LookupError for a text of which there is no example."""
    routes = [route for route in build() if not (route.streaming and _is_read_too(route))]
    services = list(dict.fromkeys(route.rpc.containing_service for route in routes))
    parts = [HEAD]
    for service in services:
        parts.append(f"## {service.name}\n\n{_text(service.full_name)}\n\n")
        parts += [_operation(route) for route in routes if route.rpc.containing_service is service]
    parts.append(ANSWERS)
    parts += [_object(one) for one in _shown(routes)]
    return "".join(parts).rstrip() + "\n"


def _operation(route: Route) -> str:
    name = route.rpc.name
    lines = [f"### {route.verb} `{route.path}`\n\n", f"**{name}.** {_text(route.rpc.full_name)}\n\n"]
    lines.append(_table("parameter", _parameters(route)))
    if route.body:
        without = set(route.template.fields)
        inside = ((path, field) for path, field in fields(route.body_type) if path.partition(".")[0] not in without)
        lines.append(_table("field", ((path, "", field) for path, field in inside if contract.in_requests(field))))
    lines += [_followed(route), _example(route)]
    return "".join(lines)


def _is_read_too(stream: Route) -> bool:
    """Whether the path of a stream is one of pages too: its parameters and its example stand there."""
    return any((one.verb, one.path) == (stream.verb, stream.path) and not one.streaming for one in build())


def _followed(route: Route) -> str:
    """What a path of pages says of the stream on it."""
    streams = [one for one in build() if one.streaming and (one.verb, one.path) == (route.verb, route.path)]
    lines = []
    for one in streams:
        lines.append(f"{FOLLOWED}{_text(one.rpc.full_name)}\n\n")
        known = {name for name, _, _ in _parameters(route)}
        lines.append(_table("parameter", (row for row in _parameters(one) if row[0] not in known)))
    return "".join(lines)


def _parameters(route: Route) -> Iterator[tuple[str, str, FieldDescriptor]]:
    for name in route.template.fields:
        yield name, "in the path; ", route.rpc.input_type.fields_by_name[name]
    for name, field in (route.query.fields if route.query is not None else {}).items():
        yield name, "in the query; ", field
    for name, field_name in (route.query.maps if route.query is not None else {}).items():
        yield f"{name}.<key>", "in the query; ", route.rpc.input_type.fields_by_name[field_name]
    for name, field in route.request_headers.fields.items():
        yield name, "header; ", field


def _table(head: str, rows: Iterable[tuple[str, str, FieldDescriptor]]) -> str:
    lines = []
    for path, where, field in rows:
        known = default(path) if field.containing_type is not None and path and _of_create(field, path) else ""
        said = takes(field).partition(", in the header")[0] + (f"; {known} if not given" if known else "")
        lines.append(f"| `{path}` | {where}{said} | {_shortly(field)} | {_text(field.full_name)} |\n")
    return f"| {head} | takes | example | what it is |\n|---|---|---|---|\n{''.join(lines)}\n" if lines else ""


def _of_create(field: FieldDescriptor, path: str) -> bool:
    """Whether the field is one of CreateBot, whose defaults are known."""
    outermost = CreateBotRequest.DESCRIPTOR.fields_by_name.get(path.partition(".")[0])
    return outermost is not None and (field is outermost or outermost.message_type is not None)


def _shortly(field: FieldDescriptor) -> str:
    if field.message_type is not None and not contract.is_map(field) and not field.message_type.full_name.startswith("google."):
        return ""
    text = json.dumps(examples.value(field), ensure_ascii=False)
    return f"`{text}`" if len(text) <= MOST_CHARACTERS else f"`{text[: MOST_CHARACTERS - 1]}…`"


def _example(route: Route) -> str:
    path = route.path
    for name in route.template.fields:
        path = path.replace(f"{{{name}}}", str(examples.value(route.rpc.input_type.fields_by_name[name])))
    request = f"{route.verb} {path}"
    if route.body and (body := examples.body(route.rpc.name, route.body_type, set(route.template.fields))):
        request += f"\n\n{_json(body)}"
    refused = examples.refused(route.rpc.name)
    answer = {"error": "…"} if refused else _answer(route)
    said = f"Answer: `{refused or route.status}`"
    said += ", without a body.\n\n" if answer is None else f"\n\n```json\n{_json(answer)}\n```\n\n"
    return f"```http\n{request}\n```\n\n{said}"


def _answer(route: Route) -> Any:
    if route.empty_body:
        return None
    shown = examples.whole(route.response_type)
    if route.is_list:
        return [shown]
    return shown


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _shown(routes: Iterable[Route]) -> list[Descriptor]:
    """Every message that answers hold, once each, by name."""
    found: dict[str, Descriptor] = {}

    def add(message: Descriptor) -> None:
        if message.full_name in found or message.full_name.startswith("google.protobuf."):
            return
        found[message.full_name] = message
        for field in message.fields:
            if field.message_type is not None and not contract.is_map(field) and contract.in_answers(field):
                add(field.message_type)

    for route in routes:
        if not route.empty_body:
            add(route.response_type)
    return [found[name] for name in sorted(found)]


def _object(message: Descriptor) -> str:
    lines = []
    for field in (field for field in message.fields if contract.in_answers(field)):
        optional = contract.field_json(field).omit_empty or contract.is_open_union(field)
        seen = _shortly(field) or _link(contract.message_type(field).name)
        name, said = contract.json_name(field), "left out where empty" if optional else ""
        lines.append(f"| `{name}` | {said} | {seen} | {_text(field.full_name)} |\n")
    table = f"| field | | example | what it is |\n|---|---|---|---|\n{''.join(lines)}\n" if lines else ""
    return f"### {message.name}\n\n{_text(message.full_name)}\n\n{table}"


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _text(full_name: str) -> str:
    return " ".join(contract.comments().get(full_name, "").split()).replace("|", "\\|")


if __name__ == "__main__":
    raise SystemExit(write_or_check(PAGE, page()))
