"""The methods of the contract, from its descriptors: types, kind, who may call. There is no second list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from google.api import annotations_pb2 as http_annotations
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from rollcall.v1 import (
    agent_service_pb2,
    annotations_pb2,
    bot_service_pb2,
    event_service_pb2,
    login_service_pb2,
    media_service_pb2,
    project_service_pb2,
    webhook_service_pb2,
)

FILES: tuple[FileDescriptor, ...] = (
    bot_service_pb2.DESCRIPTOR,
    event_service_pb2.DESCRIPTOR,
    login_service_pb2.DESCRIPTOR,
    media_service_pb2.DESCRIPTOR,
    project_service_pb2.DESCRIPTOR,
    webhook_service_pb2.DESCRIPTOR,
    agent_service_pb2.DESCRIPTOR,
)
REQUEST_ID = "request_id"
_WORKERS_SERVICE = "AgentService"
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class Kind(Enum):
    """How many messages go each way."""

    UNARY = auto()
    SERVER_STREAM = auto()
    CONVERSATION = auto()
    """Streams both ways."""


class Access(Enum):
    """Who may call."""

    PROJECT = auto()
    """Whoever has a key of a project."""
    WORKER = auto()
    """Whoever has the worker token."""
    PUBLIC = auto()
    """Everybody: the request carries a signed token."""
    ADMIN = auto()
    """Whoever has the admin token."""
    ADMIN_OR_PROJECT = auto()
    """Whoever has the admin token, or a key of the project that is asked for."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method. `path` as `/rollcall.v1.BotService/CreateBot`, `handler` the name of what answers it, as `create_bot`."""

    path: str
    service: str
    handler: str
    kind: Kind
    access: Access
    request_type: type[Message]
    response_type: type[Message]
    repeatable: bool
    """A call may come again, known by its `request_id`, and is carried out once."""
    posts: bool
    """Whether it is a POST over HTTP: makes or changes something, and counts as such."""


def all_methods() -> Iterator[Method]:
    """Every method of the contract."""
    for file in FILES:
        for service in file.services_by_name.values():
            for method in service.methods:
                yield _method(service.full_name, service.name, method)


def service_names() -> list[str]:
    """Full names of the services, for health and reflection."""
    return [service.full_name for file in FILES for service in file.services_by_name.values()]


def _method(full_name: str, service: str, method: MethodDescriptor) -> Method:
    return Method(
        path=f"/{full_name}/{method.name}",
        service=full_name,
        handler=_CAPITAL.sub("_", method.name).lower(),
        kind=_kind(method),
        access=_access(service, method),
        request_type=GetMessageClass(method.input_type),
        response_type=GetMessageClass(method.output_type),
        repeatable=REQUEST_ID in method.input_type.fields_by_name,
        posts=method.GetOptions().Extensions[http_annotations.http].WhichOneof("pattern") == "post",
    )


def _kind(method: MethodDescriptor) -> Kind:
    if method.client_streaming:
        return Kind.CONVERSATION
    return Kind.SERVER_STREAM if method.server_streaming else Kind.UNARY


def _access(service: str, method: MethodDescriptor) -> Access:
    if service == _WORKERS_SERVICE:
        return Access.WORKER
    options = method.GetOptions().Extensions[annotations_pb2.method_json]
    return Access.PUBLIC if options.public else _ACCESS[options.access]


_ACCESS = {
    annotations_pb2.METHOD_ACCESS_UNSPECIFIED: Access.PROJECT,
    annotations_pb2.METHOD_ACCESS_ADMIN: Access.ADMIN,
    annotations_pb2.METHOD_ACCESS_ADMIN_OR_PROJECT: Access.ADMIN_OR_PROJECT,
}
