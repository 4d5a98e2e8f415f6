"""Calls from within the process: the same pipeline, without a hop over gRPC and without copying messages into bytes and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from google.protobuf.message import Message

from rollcall.transport import CallError, Metadata
from server.rpc.methods import Kind
from server.rpc.pipeline import Bound, Pipeline
from server.rpc.status import status_of, unimplemented


class LocalTransport:
    """A rollcall.transport.Transport straight into the pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def unary(self, method: str, request: Message, metadata: Metadata, *, timeout_s: float | None = None) -> Message:
        """The answer to one call. Raises CallError."""
        one = self._find(method, Kind.UNARY)
        try:
            if timeout_s is None:
                return await self._pipeline.unary(one, request, metadata)
            async with asyncio.timeout(timeout_s):
                return await self._pipeline.unary(one, request, metadata)
        except Exception as error:  # noqa: BLE001 - the one catch-all of this edge: status_of logs what is not ours
            raise CallError(status_of(error)) from None

    async def stream(self, method: str, request: Message, metadata: Metadata) -> AsyncGenerator[Message, None]:
        """The answers to a server-streaming call. Raises CallError while iterated; `aclose()` cancels the call."""
        one = self._find(method, Kind.SERVER_STREAM)
        parse = one.method.response_type.FromString
        try:
            async with aclosing(self._pipeline.stream(one, request, metadata)) as answers:
                async for answer in answers:
                    yield parse(answer) if isinstance(answer, bytes) else answer
        except Exception as error:  # noqa: BLE001 - as above
            raise CallError(status_of(error)) from None

    async def close(self) -> None:
        """Nothing to let go of: the server owns the pipeline."""

    def _find(self, method: str, kind: Kind) -> Bound:
        one = self._pipeline.find(method)
        if one is None or one.method.kind is not kind:
            raise CallError(unimplemented(method))
        return one
