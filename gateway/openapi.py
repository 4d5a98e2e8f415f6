"""OpenAPI 3.1 from the descriptors: paths, parameters, schemas and texts all come from the contract."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from typing import Any

from google.protobuf.descriptor import MethodDescriptor

from gateway import contract, examples, sse
from gateway.openapi_schemas import Schemas, described, with_example
from gateway.routes import Route

Json = dict[str, Any]

_DESCRIPTION = """Send bots to online meetings, follow what happens in them, and fetch what they recorded.

All of this is one contract, spoken as gRPC too. Authenticate with `Authorization: Token <key>`. Instants are ISO 8601 in UTC;
absent values are `null`; lists come in pages, oldest first. Every answer carries `X-Request-Id`."""

_FAILURES: dict[str, tuple[str, Json]] = {
    "400": ("The request is wrong: by field, or as `error` or `detail` in one sentence.", {"type": "object"}),
    "401": ("The key is missing or wrong.", {"$ref": "#/components/schemas/Detail"}),
    "404": ("There is no such thing in the key's project.", {"$ref": "#/components/schemas/Error"}),
    "429": ("Too much at once; `Retry-After` says when to try again.", {"$ref": "#/components/schemas/Detail"}),
    "503": ("The service is away or stopping; `Retry-After` says when to try again.", {"$ref": "#/components/schemas/Error"}),
}
_NO_SUCH_PAGE: Json = {
    "description": "There is no such thing in the key's project (`error`), or the cursor is none (`detail`).",
    "content": {
        "application/json": {"schema": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Error", "Detail")]}}
    },
}
_SAID = {"Detail": ("detail", "What is wrong with the request or its caller."), "Error": ("error", "What is wrong.")}


def document(routes: Iterable[Route]) -> Json:
    """The whole document, as JSON."""
    schemas = Schemas()
    paths: dict[str, dict[str, Json]] = {}
    tags: dict[str, Json] = {}
    for route in sorted(routes, key=lambda one: one.streaming):
        service = route.rpc.containing_service
        tags.setdefault(service.name, described({"name": service.name}, service.full_name))
        verbs = paths.setdefault(_path(route), {})
        if route.verb.lower() in verbs:
            _also_streams(verbs[route.verb.lower()], route, schemas)
        else:
            verbs[route.verb.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Rollcall", "version": _version(), "description": _DESCRIPTION},
        "servers": [{"url": "/", "description": "This service"}],
        "security": [{"token": []}],
        "tags": list(tags.values()),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`Token <key>`; `Bearer <key>` is taken too.",
                }
            },
            "responses": {status: _response(text, schema) for status, (text, schema) in _FAILURES.items()},
            "schemas": {**{name: _said(*said) for name, said in _SAID.items()}, **schemas.components()},
        },
    }


def _version() -> str:
    try:
        return metadata.version("rollcall")
    except metadata.PackageNotFoundError:
        return "0"


def _path(route: Route) -> str:
    """The path without the patterns inside braces: `{name=bots/*}` is `{name}`."""
    return "".join(f"{{{part.partition('=')[0]}}}" if at % 2 else part for at, part in enumerate(_braces(route.path)))


def _braces(path: str) -> list[str]:
    return path.replace("}", "{").split("{")


def _operation(route: Route, schemas: Schemas) -> Json:
    method = route.rpc
    operation: Json = described(
        {"operationId": method.name, "tags": [method.containing_service.name], "summary": _summary(method)}, method.full_name
    )
    parameters = [*_path_parameters(route, schemas), *_query_parameters(route, schemas), *_header_parameters(route, schemas)]
    if route.streaming:
        parameters.append(_LAST_EVENT_ID)
    if parameters:
        operation["parameters"] = parameters
    if route.body and (route.body_field is not None or schemas.has_fields(route.body_type, without=set(route.template.fields))):
        schema = schemas.request(route.body_type, without=set(route.template.fields) if route.body_field is None else set())
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema, **_example_of(route)}}}
    operation["responses"] = {str(route.status): _success(route, schemas), **_failures(route)}
    if route.public:
        operation["security"] = []
    return operation


def _example_of(route: Route) -> Json:
    """A body that a server takes, as tests hold it to; none where examples are missing, as with_example has it."""
    try:
        body = examples.body(route.rpc.name, route.body_type, set(route.template.fields))
    except LookupError:
        return {}
    return {"example": body} if body else {}


def _also_streams(operation: Json, route: Route, schemas: Schemas) -> None:
    """One path that is read and followed: one operation whose answer depends on `Accept`."""
    known = {(parameter["in"], parameter["name"]) for parameter in operation["parameters"]}
    more = [*_query_parameters(route, schemas), _LAST_EVENT_ID]
    operation["parameters"] += [parameter for parameter in more if (parameter["in"], parameter["name"]) not in known]
    operation["description"] += f"\n\n{contract.comments().get(route.rpc.full_name, '')}"
    operation["responses"]["200"]["content"].update(_success(route, schemas)["content"])


_LAST_EVENT_ID: Json = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "For streams: goes on after the event of this `id:`.",
    "schema": {"type": "string"},
}


def _summary(method: MethodDescriptor) -> str:
    text = contract.comments().get(method.full_name, method.name)
    return text.split("\n")[0].split(". ")[0].rstrip(".")


def _path_parameters(route: Route, schemas: Schemas) -> list[Json]:
    fields = [route.rpc.input_type.fields_by_name[name] for name in route.template.fields]
    return [
        described(
            {"name": field.name, "in": "path", "required": True, "schema": with_example(schemas.value(field), field)},
            field.full_name,
        )
        for field in fields
    ]


def _query_parameters(route: Route, schemas: Schemas) -> list[Json]:
    found = []
    for name, field in (route.query.fields if route.query is not None else {}).items():
        required = contract.rules(field).required
        parameter = described(
            {"name": name, "in": "query", "required": required, "schema": with_example(schemas.field(field), field)},
            field.full_name,
        )
        if field.is_repeated:
            parameter |= {"style": "form", "explode": True}
        found.append(parameter)
    return [*found, *_map_parameters(route, schemas)]


def _map_parameters(route: Route, schemas: Schemas) -> list[Json]:
    """OpenAPI has no word for `metadata.team=red`: one parameter stands for all keys."""
    fields = [
        (name, route.rpc.input_type.fields_by_name[field]) for name, field in (route.query.maps if route.query else {}).items()
    ]
    return [
        described(
            {"name": f"{name}.<key>", "in": "query", "required": False, "schema": schemas.value(contract.map_value(field))},
            field.full_name,
        )
        for name, field in fields
    ]


def _header_parameters(route: Route, schemas: Schemas) -> list[Json]:
    return [
        described(
            {"name": name, "in": "header", "required": False, "schema": with_example(schemas.value(field), field)},
            field.full_name,
        )
        for name, field in route.request_headers.fields.items()
    ]


def _success(route: Route, schemas: Schemas) -> Json:
    if route.empty_body:
        return {"description": _first_line(route.rpc.output_type.full_name)}
    schema = schemas.response(route.response_type)
    if route.is_list:
        schema = {"type": "array", "items": schema}
    text = _first_line(route.response_type.full_name)
    if not route.streaming:
        answer: Json = {"description": text, "content": {"application/json": {"schema": schema}}}
        headers = {
            name: described({"schema": {"type": "string"}}, field.full_name)
            for name, field in route.answer_headers.fields.items()
        }
        return answer | ({"headers": headers} if headers else {})
    return {"description": text, "content": {sse.SSE: {"schema": {"type": "string"}}, sse.NDJSON: {"schema": schema}}}


def _failures(route: Route) -> Json:
    wanted = [status for status in _FAILURES if not (status == "401" and route.public)]
    found: Json = {status: {"$ref": f"#/components/responses/{status}"} for status in wanted}
    return {**found, "404": _NO_SUCH_PAGE} if route.has_pages else found


def _response(text: str, schema: Json) -> Json:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _said(key: str, text: str) -> Json:
    return {"type": "object", "required": [key], "properties": {key: {"type": "string", "description": text}}}


def _first_line(name: str) -> str:
    return contract.comments().get(name, "Done.").split("\n")[0]
