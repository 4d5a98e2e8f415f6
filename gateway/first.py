"""What is told before what is wrong with a request that cannot be read.

That its key is no good, that the thing it is about is not there, or that the thing's state does not allow it. Only the server
knows any of this, and a request that cannot be read cannot be sent to it; so another is, that does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import protovalidate
from google.protobuf.message import Message
from google.rpc import code_pb2

from gateway import routes
from gateway.routes import Route
from rollcall.transport import CallError, Metadata, Transport

_KEY_REFUSED = {code_pb2.UNAUTHENTICATED, code_pb2.PERMISSION_DENIED, code_pb2.RESOURCE_EXHAUSTED, code_pb2.UNAVAILABLE}
_THING_REFUSED = _KEY_REFUSED | {code_pb2.NOT_FOUND, code_pb2.FAILED_PRECONDITION}


class Question(NamedTuple):
    """What is sent instead, and the codes of its answer that are told; any other answer does not matter."""

    route: Route
    told: set[int]


def question(route: Route, every: Iterable[Route]) -> Question | None:
    """What to ask for a route: about a thing, the very call with nothing but what the path gave, where the contract's own rules
    refuse that; else a call that only reads.
    """
    if route.template.fields and not (route.public or route.streaming) and _is_refused_bare(route):
        return Question(route, _THING_REFUSED)
    probe = None if route.public else routes.probe(route, every)
    if probe is None:
        return None
    same_thing = set(probe.template.fields) <= set(route.template.fields)
    return Question(probe, _THING_REFUSED if probe.template.fields and same_thing else _KEY_REFUSED)


def _is_refused_bare(route: Route) -> bool:
    example = route.request_class()
    for name in route.template.fields:
        if isinstance(getattr(example, name), str):
            setattr(example, name, "x")
    return bool(protovalidate.collect_violations(example))


async def ask(transport: Transport, about: Question, bare: Message, metadata: Metadata, *, timeout_s: float) -> None:
    """Raises CallError with what is to be told; `bare` is the question's request, with what the path gave."""
    try:
        await transport.unary(about.route.call, bare, metadata, timeout_s=timeout_s)
    except CallError as error:
        if error.status.code in about.told:
            raise
