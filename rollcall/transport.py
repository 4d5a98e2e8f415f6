"""How a call reaches the service: over gRPC, or within the process. The gateway knows this and nothing of the server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

Metadata = Sequence[tuple[str, str]]


class CallError(Exception):
    """A call that was answered with an error: `status` is the whole google.rpc.Status, details included.

    Raised by every Transport, and by nothing else; its text is the status message, which is written for users.
    """

    def __init__(self, status: Status) -> None:
        super().__init__(status.message)
        self.status = status


class Transport(Protocol):
    """Calls methods by full name, as `/rollcall.v1.BotService/CreateBot`."""

    async def unary(self, method: str, request: Message, metadata: Metadata, *, timeout_s: float | None = None) -> Message:
        """The answer to one call. Raises CallError."""
        ...

    def stream(self, method: str, request: Message, metadata: Metadata) -> AsyncIterator[Message]:
        """The answers to a server-streaming call. Raises CallError while iterated; `aclose()` cancels the call."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...
