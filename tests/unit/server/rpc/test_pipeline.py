"""The one path of calls: order of the checks, bytes of streams, errors at the edge, drain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2

from rollcall.transport import CallError
from rollcall.v1 import bot_service_pb2, event_service_pb2
from rollcall.v1.event_pb2 import Event
from server.domain.errors import NotFound
from server.rpc.auth import Authenticator, Caller
from server.rpc.event_service import _event_field, _varint
from server.rpc.local import LocalTransport
from server.rpc.methods import Access, Kind, all_methods, service_names
from server.rpc.pipeline import Bound, Pipeline, bind
from server.rpc.validation import Validator
from server.store import RequestKey

KEY = (("authorization", "Token good"),)
GET = "/rollcall.v1.BotService/GetBot"
WATCH = "/rollcall.v1.EventService/WatchBot"
CREATE = "/rollcall.v1.BotService/CreateBot"


class Service:
    """Answers everything, slowly if told to."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.ended = False

    async def get_bot(self, request: bot_service_pb2.GetBotRequest, caller: Caller) -> Message:
        await self.gate.wait()
        if self.error:
            raise self.error
        return bot_service_pb2.GetBotResponse(bot={"id": request.bot_id, "meeting_url": caller.project_id})

    async def watch_bot(self, request: Any, caller: Caller) -> AsyncGenerator[Message | bytes, None]:
        try:
            for number in range(1, 4):
                event = Event(id=f"evt_{number}", sequence=number)
                yield b"\x08" + _varint(number) + _event_field(event.SerializeToString())
            if self.error:
                raise self.error
            await asyncio.Event().wait()
        finally:
            self.ended = True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.get_bot


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def pipeline(service: Service) -> Pipeline:
    async def find(key: str) -> Caller | None:
        return Caller("proj_1") if key == "good" else None

    async def recall(_: RequestKey) -> None:
        raise AssertionError("no call here has a request_id")

    authenticator = Authenticator(find, worker_token="worker", admin_token="admin", cache_seconds=1.0)
    return Pipeline(bind([service]), authenticator, Validator({}), recall)


@pytest.fixture
def transport(pipeline: Pipeline) -> LocalTransport:
    return LocalTransport(pipeline)


async def test_a_call_is_answered_within_the_callers_project(transport: LocalTransport) -> None:
    answer = await transport.unary(GET, bot_service_pb2.GetBotRequest(bot_id="bot_1"), KEY)
    assert isinstance(answer, bot_service_pb2.GetBotResponse)
    assert (answer.bot.id, answer.bot.meeting_url) == ("bot_1", "proj_1")


async def test_who_calls_is_asked_before_what_is_asked(transport: LocalTransport) -> None:
    wrong = bot_service_pb2.CreateBotRequest()
    with pytest.raises(CallError) as refused:
        await transport.unary(CREATE, wrong, ())
    assert refused.value.status.code == code_pb2.UNAUTHENTICATED
    with pytest.raises(CallError) as refused:
        await transport.unary(CREATE, wrong, KEY)
    assert refused.value.status.code == code_pb2.INVALID_ARGUMENT


async def test_an_error_leaves_as_a_status(transport: LocalTransport, service: Service) -> None:
    service.error = NotFound("Bot")
    with pytest.raises(CallError, match="Bot not found") as refused:
        await transport.unary(GET, bot_service_pb2.GetBotRequest(), KEY)
    assert refused.value.status.code == code_pb2.NOT_FOUND
    service.error = RuntimeError("secret")
    with pytest.raises(CallError) as refused:
        await transport.unary(GET, bot_service_pb2.GetBotRequest(), KEY)
    assert refused.value.status.code == code_pb2.INTERNAL
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("method", ["/rollcall.v1.BotService/Nope", "/x", "", WATCH])
async def test_a_method_that_is_not_there_is_unimplemented(transport: LocalTransport, method: str) -> None:
    with pytest.raises(CallError) as refused:
        await transport.unary(method, bot_service_pb2.GetBotRequest(), KEY)
    assert refused.value.status.code == code_pb2.UNIMPLEMENTED


async def test_a_deadline_is_kept(transport: LocalTransport, service: Service) -> None:
    service.gate.clear()
    with pytest.raises(CallError) as refused:
        await transport.unary(GET, bot_service_pb2.GetBotRequest(), KEY, timeout_s=0.01)
    assert refused.value.status.code == code_pb2.DEADLINE_EXCEEDED


async def test_bytes_of_a_stream_are_the_messages_they_stand_for(transport: LocalTransport, service: Service) -> None:
    service.error = NotFound("Bot")
    found = []

    async def watch() -> None:
        async for answer in transport.stream(WATCH, event_service_pb2.WatchBotRequest(), KEY):
            assert isinstance(answer, event_service_pb2.WatchBotResponse)
            found.append((answer.sequence, answer.event.id))

    with pytest.raises(CallError):
        await watch()
    assert found == [(1, "evt_1"), (2, "evt_2"), (3, "evt_3")]


async def test_closing_a_stream_ends_its_handler(transport: LocalTransport, service: Service) -> None:
    stream = transport.stream(WATCH, event_service_pb2.WatchBotRequest(), KEY)
    await anext(stream)
    await stream.aclose()
    assert service.ended


async def test_a_draining_server_finishes_what_runs_and_takes_nothing_new(
    transport: LocalTransport, service: Service, pipeline: Pipeline
) -> None:
    service.gate.clear()
    running = asyncio.ensure_future(transport.unary(GET, bot_service_pb2.GetBotRequest(bot_id="b"), KEY))
    await asyncio.sleep(0.01)
    pipeline.drain()
    with pytest.raises(CallError) as refused:
        await transport.unary(GET, bot_service_pb2.GetBotRequest(), KEY)
    assert refused.value.status.code == code_pb2.UNAVAILABLE
    await pipeline.idle(0.01)
    assert not running.done()
    service.gate.set()
    await pipeline.idle(5)
    assert running.done() or await running


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**31, 2**63 - 1])
def test_a_number_is_written_as_protobuf_writes_it(number: int) -> None:
    expected = event_service_pb2.WatchBotResponse(sequence=number).SerializeToString()
    assert (b"\x08" + _varint(number) if number else b"") == expected


def test_the_methods_are_those_of_the_contract() -> None:
    methods = {method.path: method for method in all_methods()}
    assert methods[CREATE].handler == "create_bot"
    assert methods[CREATE].access is Access.PROJECT
    assert methods["/rollcall.v1.AgentService/Attend"].access is Access.WORKER
    assert methods["/rollcall.v1.AgentService/Attend"].kind is Kind.CONVERSATION
    assert methods["/rollcall.v1.MediaService/ReadMedia"].access is Access.PUBLIC
    assert methods[WATCH].kind is Kind.SERVER_STREAM
    assert "rollcall.v1.BotService" in service_names()


def test_a_method_that_nothing_answers_is_found_at_start() -> None:
    with pytest.raises(LookupError, match=r"/rollcall\.v1\."):
        bind([object()])


def test_a_bound_method_knows_its_types() -> None:
    bound: dict[str, Bound] = bind([Service()])
    assert bound[GET].method.request_type is bot_service_pb2.GetBotRequest
