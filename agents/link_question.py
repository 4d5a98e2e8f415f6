"""Something that an agent asks its server over the stream, again on each new stream until an answer has come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from agents.link_errors import ServerUnreachableError
from rollcall.v1 import agent_service_pb2 as agent

T = TypeVar("T")


class Question(Generic[T]):
    """Asked by one at a time. `request` is what is said, `wake` makes the stream's writer look whether it is `due`."""

    def __init__(self, request: agent.AttendRequest, wake: Callable[[], None]) -> None:
        self.request = request
        self.due = False
        self._wake = wake
        self._answer: asyncio.Future[T] | None = None

    async def ask(self, *, timeout_s: float) -> T:
        """The answer. Raises ServerUnreachableError where none comes in time."""
        self._answer = asyncio.get_running_loop().create_future()
        self.due = True
        self._wake()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._answer
        except TimeoutError:
            raise ServerUnreachableError("The server does not answer.") from None
        finally:
            self._answer, self.due = None, False

    def stream_is_new(self) -> None:
        """What was asked on the stream before is asked again."""
        self.due = self._answer is not None

    def hear(self, answer: T) -> None:
        """An answer has come; one that nobody waits for any more is dropped."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)
