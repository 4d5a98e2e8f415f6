"""Whether the service behind the gateway answers."""

from __future__ import annotations

from collections.abc import Sequence

from google.rpc import code_pb2

from gateway.routes import Route, probe
from rollcall.transport import CallError, Transport

_AWAY = {code_pb2.UNAVAILABLE, code_pb2.DEADLINE_EXCEEDED, code_pb2.INTERNAL, code_pb2.UNKNOWN}
_TIMEOUT_S = 2.0


async def is_ready(transport: Transport, routes: Sequence[Route]) -> bool:
    """True if a call without a key is refused as such: then the way to the service is open."""
    call = next((found for route in routes if (found := probe(route, routes)) is not None), None)
    if call is None:
        return True
    try:
        await transport.unary(call.call, call.request_class(), (), timeout_s=_TIMEOUT_S)
    except CallError as error:
        return error.status.code not in _AWAY
    return True
