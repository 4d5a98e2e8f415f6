"""Routes, made from `google.api.http` on every method of the contract: there is no other list of paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from gateway import contract
from gateway.dialect.decode import compile_fill
from gateway.dialect.encode import Encode, compile_encode
from gateway.dialect.headers import AnswerHeaders, RequestHeaders
from gateway.dialect.problems import BadValueError, Path, Problem
from gateway.dialect.query import Query, reader
from gateway.dialect.scalars import converter, wrong
from gateway.paths import PathTree, Template

CURSOR = "cursor"
"""The request field that a page's cursor goes to, by the contract's convention for lists."""


class Route:
    """One HTTP method and path of one RPC."""

    def __init__(self, method: MethodDescriptor, verb: str, path: str, rule: HttpRule) -> None:
        """Compiles what the rule says. Raises ValueError or KeyError where the contract contradicts itself."""
        self.rpc = method
        self.call = f"/{method.containing_service.full_name}/{method.name}"
        self.verb = verb
        self.path = path
        self.template = Template.parse(path)
        self.body = rule.body
        self.streaming = method.server_streaming
        self.request_class = contract.message_class(method.input_type)
        options = contract.method_json(method)
        self.status = options.success_status or 200
        self.empty_body = options.empty_body
        self.public = options.public
        self.plain_errors = options.plain_errors
        self.access = options.access
        self._path_puts = {name: _path_put(method.input_type.fields_by_name[name]) for name in self.template.fields}
        self._response_field = rule.response_body
        self._compile(method, rule)

    def _compile(self, method: MethodDescriptor, rule: HttpRule) -> None:
        from_path = set(self.template.fields)
        self.body_field = method.input_type.fields_by_name[rule.body] if rule.body not in ("", "*") else None
        self.body_type = contract.message_type(self.body_field) if self.body_field is not None else method.input_type
        self.fill = compile_fill(
            self.body_type,
            from_path if self.body_field is None else (),
            ignore_unknown=contract.method_json(method).ignore_unknown,
        )
        elsewhere = from_path | ({rule.body} if self.body_field is not None else set())
        self.query = None if rule.body == "*" else Query(method.input_type, elsewhere)
        response = method.output_type
        self.is_list = False
        if rule.response_body:
            shown = response.fields_by_name[rule.response_body]
            self.is_list = shown.is_repeated
            response = contract.message_type(shown)
        self.response_type = response
        self.request_headers = RequestHeaders(method.input_type)
        self.answer_headers = AnswerHeaders(response)
        self.encode_message: Encode = compile_encode(response)
        self.page_cursors = tuple(contract.json_name(f) for f in response.fields if contract.field_json(f).page_cursor)
        self.resume_field = _resume_field(method.input_type.fields)

    @property
    def has_pages(self) -> bool:
        """Whether the answer is a page by a cursor that is no position of a stream: a wrong one is a page that is not there."""
        return bool(self.page_cursors) and self.resume_field is None

    def bind_path(self, message: Message, segments: list[str]) -> bool:
        """Sets the fields that the path gives; False where a segment cannot be such a value (then there is no such thing)."""
        try:
            for field, text in self.template.values(segments):
                setattr(message, field, self._path_puts[field](text))
        except BadValueError:
            return False
        return True

    def bind_body(self, message: Any, source: dict[str, Any], problems: list[Problem], path: Path = ()) -> None:
        """Fills the message, or the one field of it that is the body."""
        target = message
        if self.body_field is not None:
            target = getattr(message, self.body_field.name)
            target.SetInParent()
        self.fill(source, target, path, problems)

    def resume_after(self, message: Message, position: str) -> None:
        """Sets the position after which a stream resumes. Raises BadValueError."""
        if self.resume_field is not None:
            read = reader(self.resume_field, converter(self.resume_field) or wrong_position)
            setattr(message, self.resume_field.name, read(position))

    def bare(self, given: Message, request_class: type[Message]) -> Message:
        """A request of this class that says nothing but what the path gave."""
        bare = request_class()
        for name in self.template.fields:
            if name in bare.DESCRIPTOR.fields_by_name:
                setattr(bare, name, getattr(given, name))
        return bare

    def shown(self, response: Any) -> Any:
        """What is the answer: the response, or the one field of it, which is a list of messages where `is_list`."""
        return getattr(response, self._response_field) if self._response_field else response


def wrong_position(value: Any) -> Any:
    """Stands for the converter of a message, which no position is."""
    raise wrong(value, "a position")


def _resume_field(fields: Iterable[FieldDescriptor]) -> FieldDescriptor | None:
    return next((field for field in fields if contract.field_json(field).resume_position), None)


def _path_put(field: FieldDescriptor) -> Callable[[str], Any]:
    convert = converter(field)
    if convert is None or field.is_repeated or field.message_type is not None:
        raise ValueError(f"{field.full_name} cannot be part of a path: it is no plain value")
    return reader(field, convert)


@dataclass(slots=True)
class Endpoint:
    """What one path offers: for each HTTP method a unary route, a streaming one, or both."""

    unary: dict[str, Route]
    streaming: dict[str, Route]

    @property
    def allow(self) -> str:
        """The `Allow` header."""
        verbs = {*self.unary, *self.streaming}
        return ", ".join(sorted(verbs | ({"HEAD"} if "GET" in self.unary else set()) | {"OPTIONS"}))


def build() -> list[Route]:
    """All routes of the contract, additional bindings included. Raises ValueError where two RPCs take the same place."""
    return [route for method in contract.methods() for route in _of(method)]


def _of(method: MethodDescriptor) -> Iterator[Route]:
    rule = contract.http_rule(method)
    if rule is None or method.client_streaming:
        return
    for binding in (rule, *rule.additional_bindings):
        pattern = binding.WhichOneof("pattern")
        if pattern == "custom":
            yield Route(method, binding.custom.kind.upper(), binding.custom.path, binding)
        elif pattern is not None:
            yield Route(method, pattern.upper(), getattr(binding, pattern), binding)


def tree(routes: Iterable[Route]) -> PathTree[Endpoint]:
    """The routes by path."""
    paths: PathTree[Endpoint] = PathTree()
    for route in routes:
        endpoint = paths.slot(route.template, Endpoint({}, {}))
        verbs = endpoint.streaming if route.streaming else endpoint.unary
        if route.verb in verbs:
            raise ValueError(f"{route.call} and {verbs[route.verb].call} both take {route.verb} {route.path}")
        verbs[route.verb] = route
    return paths


def probe(route: Route, routes: Iterable[Route]) -> Route | None:
    """A call that only reads, of the same service and for the same callers, to have a key checked: see gateway/first.py."""
    same = [
        other
        for other in routes
        if other.rpc.containing_service is route.rpc.containing_service
        and other.verb == "GET"
        and other.access == route.access
        and not (other.streaming or other.public)
    ]
    # One that asks for a thing by its id reads nothing when the id is empty.
    return min(same, key=lambda other: (not other.template.fields, len(other.path)), default=None)
