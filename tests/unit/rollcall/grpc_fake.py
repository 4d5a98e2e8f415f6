"""A real gRPC server in front of a FakeTransport: what the wire does to calls, without a service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.rpc import code_pb2

from rollcall.fake_transport import FakeTransport
from rollcall.grpc_transport import STATUS_KEY, serialize
from rollcall.transport import CallError

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, fake: FakeTransport) -> None:
        self._fake = fake

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        method = handler_call_details.method
        found = descriptor_pool.Default().FindMethodByName(method[1:].replace("/", "."))
        parse = message_factory.GetMessageClass(found.input_type).FromString

        async def unary(request: Any, context: Any) -> Any:
            try:
                return await self._fake.unary(method, request, context.invocation_metadata())
            except CallError as error:
                await _abort(context, error)

        async def stream(request: Any, context: Any) -> Any:
            try:
                async for message in self._fake.stream(method, request, context.invocation_metadata()):
                    yield message
            except CallError as error:
                await _abort(context, error)

        if found.server_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, parse, serialize)
        return grpc.unary_unary_rpc_method_handler(unary, parse, serialize)


async def _abort(context: Any, error: CallError) -> None:
    details = ((STATUS_KEY, error.status.SerializeToString()),) if error.status.code != code_pb2.DATA_LOSS else ()
    await context.abort(_CODES[error.status.code], error.status.message, trailing_metadata=details)


@asynccontextmanager
async def served(fake: FakeTransport, port: int = 0, credentials: grpc.ServerCredentials | None = None) -> AsyncIterator[int]:
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((_Handler(fake),))
    address = f"127.0.0.1:{port}"
    port = server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)
