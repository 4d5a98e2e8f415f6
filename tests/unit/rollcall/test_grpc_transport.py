from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import cast

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2

from rollcall.fake_transport import FakeTransport
from rollcall.grpc_transport import GrpcTransport, Tls, response_class
from rollcall.transport import CallError
from rollcall.v1 import bot_pb2, bot_service_pb2, event_service_pb2
from tests.unit.gateway.statuses import info, refused
from tests.unit.rollcall.grpc_fake import served

GET = "/rollcall.v1.BotService/GetBot"
WATCH = "/rollcall.v1.EventService/WatchBot"


@pytest.fixture
def fake() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
async def transport(fake: FakeTransport) -> AsyncIterator[GrpcTransport]:
    async with served(fake) as port:
        made = GrpcTransport(f"127.0.0.1:{port}")
        yield made
        await made.close()


async def test_a_call_carries_request_metadata_and_answer(fake: FakeTransport, transport: GrpcTransport) -> None:
    fake.answers[GET] = lambda request, _m: bot_service_pb2.GetBotResponse(bot=bot_pb2.Bot(id=request.bot_id))  # type: ignore[attr-defined]
    answer = await transport.unary(
        GET, bot_service_pb2.GetBotRequest(bot_id="bot_1"), (("authorization", "Token k"),), timeout_s=5
    )
    assert isinstance(answer, bot_service_pb2.GetBotResponse)
    assert answer.bot.id == "bot_1"
    assert fake.asked[0].metadata["authorization"] == "Token k"


async def test_a_refusal_keeps_its_details(fake: FakeTransport, transport: GrpcTransport) -> None:
    def refuse(_request: Message, _metadata: dict[str, str]) -> Message:
        raise refused(code_pb2.NOT_FOUND, "Bot not found", info("BOT_NOT_FOUND"))

    fake.answers[GET] = refuse
    with pytest.raises(CallError, match="Bot not found") as caught:
        await transport.unary(GET, bot_service_pb2.GetBotRequest(), ())
    assert caught.value.status == refused(code_pb2.NOT_FOUND, "Bot not found", info("BOT_NOT_FOUND")).status


async def test_words_of_grpc_itself_go_no_further(fake: FakeTransport, transport: GrpcTransport) -> None:
    def leak(_request: Message, _metadata: dict[str, str]) -> Message:
        raise refused(code_pb2.DATA_LOSS, "secret at 10.0.0.1")  # the fake sends this one without details

    fake.answers[GET] = leak
    with pytest.raises(CallError) as caught:
        await transport.unary(GET, bot_service_pb2.GetBotRequest(), ())
    assert (caught.value.status.code, caught.value.status.message) == (code_pb2.DATA_LOSS, "The call failed.")


async def test_a_server_that_is_not_there_is_unavailable_in_our_words() -> None:
    transport = GrpcTransport("127.0.0.1:1")
    with pytest.raises(CallError) as caught:
        await transport.unary(GET, bot_service_pb2.GetBotRequest(), (), timeout_s=5)
    await transport.close()
    assert caught.value.status.code == code_pb2.UNAVAILABLE
    assert caught.value.status.message == "The service cannot be reached. Try again."


async def test_a_stream_that_is_left_ends_the_call(fake: FakeTransport, transport: GrpcTransport) -> None:
    async def endless(_request: Message, _metadata: dict[str, str]) -> AsyncIterator[Message]:
        yield event_service_pb2.WatchBotResponse(sequence=1)
        await asyncio.Event().wait()

    fake.feeds[WATCH] = endless
    stream = transport.stream(WATCH, event_service_pb2.WatchBotRequest(), ())
    async with contextlib.aclosing(cast("AsyncGenerator[Message]", stream)):
        assert await anext(stream) == event_service_pb2.WatchBotResponse(sequence=1)
    await asyncio.wait_for(fake.stream_ended.wait(), 2)


async def test_an_error_within_a_stream_comes_after_what_was_sent(fake: FakeTransport, transport: GrpcTransport) -> None:
    async def broken(_request: Message, _metadata: dict[str, str]) -> AsyncIterator[Message]:
        yield event_service_pb2.WatchBotResponse(sequence=1)
        raise refused(code_pb2.OUT_OF_RANGE, "gone")

    fake.feeds[WATCH] = broken
    stream = transport.stream(WATCH, event_service_pb2.WatchBotRequest(), ())
    assert await anext(stream) == event_service_pb2.WatchBotResponse(sequence=1)
    with pytest.raises(CallError, match="gone"):
        await anext(stream)


def test_answers_are_known_from_the_methods_name() -> None:
    assert response_class(GET) is bot_service_pb2.GetBotResponse
    with pytest.raises(KeyError):
        response_class("/rollcall.v1.BotService/Nope")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for rollcall.test that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=rollcall.test"]
    command += ["-addext", "subjectAltName=DNS:rollcall.test", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


async def test_tls_trusts_the_given_authority_alone(fake: FakeTransport, certificate: tuple[Path, Path]) -> None:
    fake.answers[GET] = lambda _request, _metadata: bot_service_pb2.GetBotResponse()
    chain, key = certificate
    async with served(fake, credentials=grpc.ssl_server_credentials([(key.read_bytes(), chain.read_bytes())])) as port:
        trusting = GrpcTransport(f"127.0.0.1:{port}", tls=Tls(authority=chain, server_name="rollcall.test"))
        assert await trusting.unary(GET, bot_service_pb2.GetBotRequest(), (), timeout_s=5) == bot_service_pb2.GetBotResponse()
        await trusting.close()
        wary = GrpcTransport(f"127.0.0.1:{port}", tls=Tls(server_name="rollcall.test"))
        with pytest.raises(CallError):
            await wary.unary(GET, bot_service_pb2.GetBotRequest(), (), timeout_s=5)
        await wary.close()
