"""Calls from outside: grpc.aio handlers around the pipeline. Here bytes come in and go out, and errors become trailers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, NoReturn, cast

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status

from rollcall.transport import Metadata
from server.domain.errors import InvalidFields
from server.rpc.methods import Kind
from server.rpc.pipeline import Bound, Pipeline
from server.rpc.status import GRPC_CODES, fitted, status_of, unimplemented

Context = grpc.aio.ServicerContext[Any, Any]
_MOST_STATUS_BYTES = 5_000
"""Clients refuse trailing metadata above 8 KiB by default, and the bytes travel as base64."""


class GrpcEdge(grpc.GenericRpcHandler):
    """Finds the handler of a call. Requests are parsed here, so that one that cannot be is answered like every other error."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._makers = {
            Kind.UNARY: self._unary,
            Kind.SERVER_STREAM: self._stream,
            Kind.CONVERSATION: self._conversation,
        }
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        """The handler of a call; one that says so for a method that is not there."""
        path = handler_call_details.method
        handler = self._handlers.get(path)
        if handler is None:
            one = self._pipeline.find(path)
            if one is None:
                return _unimplemented(path)
            handler = self._handlers[path] = self._makers[one.method.kind](one)
        return handler

    def _unary(self, one: Bound) -> grpc.RpcMethodHandler[Any, Any]:
        pipeline = self._pipeline

        async def handle(request: bytes, context: Context) -> bytes:
            try:
                answer = await pipeline.unary(one, _parsed(one, request), _metadata(context))
                return answer.SerializeToString()
            except Exception as error:  # noqa: BLE001 - the one catch-all of this edge: status_of logs what is not ours
                status = status_of(error)
            return await _abort(context, status)

        return grpc.unary_unary_rpc_method_handler(handle)

    def _stream(self, one: Bound) -> grpc.RpcMethodHandler[Any, Any]:
        pipeline = self._pipeline

        async def handle(request: bytes, context: Context) -> AsyncIterator[bytes]:
            try:
                async with aclosing(pipeline.stream(one, _parsed(one, request), _metadata(context))) as answers:
                    async for answer in answers:
                        yield answer if isinstance(answer, bytes) else answer.SerializeToString()
                return
            except Exception as error:  # noqa: BLE001 - as above
                status = status_of(error)
            await _abort(context, status)

        return grpc.unary_stream_rpc_method_handler(handle)

    def _conversation(self, one: Bound) -> grpc.RpcMethodHandler[Any, Any]:
        pipeline = self._pipeline

        async def handle(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
            try:
                async with aclosing(pipeline.converse(one, _each(one, requests), _metadata(context))) as answers:
                    async for answer in answers:
                        yield answer if isinstance(answer, bytes) else answer.SerializeToString()
                return
            except Exception as error:  # noqa: BLE001 - as above
                status = status_of(error)
            await _abort(context, status)

        return grpc.stream_stream_rpc_method_handler(handle)


def _metadata(context: Context) -> Metadata:
    return cast("Metadata", context.invocation_metadata() or ())


async def _each(one: Bound, requests: AsyncIterator[bytes]) -> AsyncIterator[Message]:
    async for request in requests:
        yield _parsed(one, request)


def _parsed(one: Bound, request: bytes) -> Message:
    try:
        return one.method.request_type.FromString(request)
    except DecodeError:
        name = one.method.request_type.DESCRIPTOR.name
        raise InvalidFields([("", f"The request is not a {name} in protobuf's binary format.")]) from None


def _unimplemented(path: str) -> grpc.RpcMethodHandler[Any, Any]:
    async def handle(_: bytes, context: Context) -> bytes:
        await _abort(context, unimplemented(path))

    return grpc.unary_unary_rpc_method_handler(handle)


async def _abort(context: Context, status: Status) -> NoReturn:
    fitting = fitted(status, _MOST_STATUS_BYTES)
    details = (("grpc-status-details-bin", fitting.SerializeToString()),)
    await context.abort(GRPC_CODES[status.code], fitting.message, trailing_metadata=details)
