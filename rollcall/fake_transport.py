"""The fake beside the Transport interface: answers calls from functions, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status

from rollcall.transport import CallError, Metadata

Answer = Callable[[Message, dict[str, str]], Message]
"""Gives the answer from the request and the metadata; raises CallError."""
Feed = Callable[[Message, dict[str, str]], AsyncIterator[Message]]


class Asked(NamedTuple):
    """One call that was made."""

    method: str
    request: Message
    metadata: dict[str, str]


class FakeTransport:
    """A Transport without a service: `answers` and `feeds` by full method name, changed as a test goes on."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.feeds: dict[str, Feed] = {}
        self.asked: list[Asked] = []
        self.ended_streams = 0
        """Streams that were closed or ran out."""
        self.stream_ended = asyncio.Event()
        self.closed = False

    async def unary(self, method: str, request: Message, metadata: Metadata, *, timeout_s: float | None = None) -> Message:
        """The function's answer. Raises CallError; UNIMPLEMENTED where there is no function."""
        del timeout_s
        self.asked.append(Asked(method, request, dict(metadata)))
        if method not in self.answers:
            raise CallError(Status(code=code_pb2.UNIMPLEMENTED, message=f"The fake has no answer for {method}."))
        return self.answers[method](request, dict(metadata))

    async def stream(self, method: str, request: Message, metadata: Metadata) -> AsyncIterator[Message]:
        """The function's messages. Raises CallError while iterated; UNIMPLEMENTED where there is no function."""
        self.asked.append(Asked(method, request, dict(metadata)))
        try:
            if method not in self.feeds:
                raise CallError(Status(code=code_pb2.UNIMPLEMENTED, message=f"The fake has no feed for {method}."))
            async for message in self.feeds[method](request, dict(metadata)):
                yield message
        finally:
            self.ended_streams += 1
            self.stream_ended.set()

    async def close(self) -> None:
        """Remembers it."""
        self.closed = True
