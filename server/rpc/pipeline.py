"""The one path of every call, whether it came by gRPC or from within the process: who, whether it is right, what to do.

It raises what the parts raise; `status.py` makes a status of it at the edge (grpc_edge.py, local.py).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.message import Message

from rollcall.transport import Metadata
from server.domain.errors import AlreadyAnswered, Draining, InvalidFields
from server.rpc.auth import Authenticator, Caller
from server.rpc.limiter import Limiter
from server.rpc.methods import REQUEST_ID, Access, Method, all_methods
from server.rpc.validation import Validator
from server.store import RequestKey

UnaryHandler = Callable[[Any, Caller], Awaitable[Message]]
StreamHandler = Callable[[Any, Caller], AsyncGenerator[Message | bytes, None]]
Recall = Callable[[RequestKey], Awaitable[None]]
"""Raises AlreadyAnswered or RequestKeyReused for a request that was carried out already."""
ConversationHandler = Callable[[AsyncIterator[Any], Caller], AsyncGenerator[Message | bytes, None]]
TellFirst = Callable[[Message, Caller], Awaitable[None]]


async def nothing_first(_request: Message, _caller: Caller) -> None:
    """Nothing is told before what is wrong with the fields."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A method and what answers it; the handler's shape follows from the method's kind."""

    method: Method
    handler: Any


def bind(services: Iterable[object]) -> dict[str, Bound]:
    """Binds each method of the contract to the service object that has a handler of its name. Raises LookupError without one."""
    bound = {}
    for method in all_methods():
        handler = next((getattr(one, method.handler) for one in services if hasattr(one, method.handler)), None)
        if handler is None:
            raise LookupError(f"nothing answers {method.path}")
        bound[method.path] = Bound(method, handler)
    return bound


class Pipeline:
    """Takes calls until it is drained."""

    def __init__(
        self,
        bound: Mapping[str, Bound],
        authenticator: Authenticator,
        validator: Validator,
        recall: Recall,
        *,
        tell_first: TellFirst = nothing_first,
        limiter: Limiter | None = None,
    ) -> None:
        """`tell_first` is asked about a project's request whose fields are wrong, and raises what is to be told before that."""
        self._bound = bound
        self._recall = recall
        self._authenticator = authenticator
        self._validator = validator
        self._tell_first = tell_first
        self._limiter = limiter or Limiter()
        self._draining = False
        self._running = 0
        self._quiet = asyncio.Event()

    def find(self, path: str) -> Bound | None:
        """The method of a path."""
        return self._bound.get(path)

    def warm_up(self) -> None:
        """Makes the first call as fast as the others."""
        self._validator.warm_up(one.method.request_type for one in self._bound.values())

    def drain(self) -> None:
        """Takes no more calls from here on: each is refused with Draining."""
        self._draining = True

    async def idle(self, timeout_s: float) -> None:
        """Returns when no call runs any more, or when the time is over."""
        if self._running:
            self._quiet.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._quiet.wait()

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._quiet.set()

    async def unary(self, one: Bound, request: Message, metadata: Metadata) -> Message:
        """The answer to a call. Raises what goes wrong."""
        with self._counted():
            caller = await self._admit(one, metadata)
            self._limiter.admit(one.method, request, caller)
            if one.method.repeatable and (key := request_key(request, caller)) is not None:
                return await self._once(one, request, replace(caller, request=key))
            await self._validate(one, request, caller)
            handler: UnaryHandler = one.handler
            return await handler(request, caller)

    async def _once(self, one: Bound, request: Message, caller: Caller) -> Message:
        """The first answer to a call that comes again. It is looked for before the request is judged: what was right then (a
        `join_at` in the future) need not be so now.
        """
        assert caller.request is not None
        handler: UnaryHandler = one.handler
        try:
            await self._recall(caller.request)
            await self._validate(one, request, caller)
            return await handler(request, caller)
        except AlreadyAnswered as done:
            return one.method.response_type.FromString(done.answer)

    async def stream(self, one: Bound, request: Message, metadata: Metadata) -> AsyncGenerator[Message | bytes, None]:
        """The answers to a call, each a message or the bytes of one. Raises what goes wrong, also half way."""
        with self._counted():
            watched = self._authenticator.watch(one.method.access, metadata)
            caller = await self._admit(one, metadata)
            await self._validate(one, request, caller)
            handler: StreamHandler = one.handler
            async with contextlib.aclosing(handler(request, caller)) as answers:
                async for answer in answers:
                    if watched.is_old:
                        await watched.check()
                    yield answer

    async def converse(
        self, one: Bound, requests: AsyncIterator[Message], metadata: Metadata
    ) -> AsyncGenerator[Message | bytes, None]:
        """The answers to a stream of messages."""
        with self._counted():
            caller = await self._admit(one, metadata)
            handler: ConversationHandler = one.handler
            async with contextlib.aclosing(handler(self._validated(requests), caller)) as answers:
                async for answer in answers:
                    yield answer

    async def _validate(self, one: Bound, request: Message, caller: Caller) -> None:
        try:
            self._validator.validate(request, caller.limits)
        except InvalidFields:
            if one.method.access is Access.PROJECT:
                await self._tell_first(request, caller)
            raise

    async def _validated(self, requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
        async for request in requests:
            self._validator.validate(request)
            yield request

    async def _admit(self, one: Bound, metadata: Metadata) -> Caller:
        if self._draining:
            raise Draining
        return await self._authenticator.caller(one.method.access, metadata)


def request_key(request: Any, caller: Caller) -> RequestKey | None:
    """By what a request is known again; None where it gives no `request_id`. Its etag is part of what it asks for."""
    key: str = request.request_id
    if not key:
        return None
    asked = type(request)()
    asked.CopyFrom(request)
    asked.ClearField(REQUEST_ID)
    data: bytes = asked.SerializeToString(deterministic=True)
    return RequestKey.of(caller.project_id, key, b"\0".join((request.DESCRIPTOR.full_name.encode(), data)))
