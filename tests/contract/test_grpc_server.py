"""The server as a process: its port, health, reflection, keys, and what keeps it from starting."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import code_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from rollcall.grpc_transport import GrpcTransport, Tls
from rollcall.transport import CallError
from rollcall.v1.bot_service_pb2 import CreateBotRequest, GetBotRequest, ListBotsRequest
from rollcall.v1.event_service_pb2 import WatchBotRequest, WatchBotResponse
from server.app import Server
from server.dispatch import RecordingDispatcher
from server.domain.errors import BadSetting, DataFolderInUse, PortInUse
from tests.contract.harness import BOTS, EVENTS, MEET, Running, info_of, running_server, settings_for, status_of, until
from tests.services import missing, postgresql

SERVING = health_pb2.HealthCheckResponse.SERVING
PING, GOAWAY = 6, 7


@pytest.fixture
async def channel(running: Running) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(running.address) as one:
        yield one


async def health(channel: grpc.aio.Channel, service: str = "") -> int:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
    status: int = answer.status
    return status


async def test_health_needs_no_key_and_says_that_the_database_answers(channel: grpc.aio.Channel) -> None:
    async with asyncio.timeout(5):
        while await health(channel) != SERVING:  # noqa: ASYNC110 - polled on purpose: this is about what a prober sees
            await asyncio.sleep(0.01)
    assert await health(channel, "rollcall.v1.BotService") == SERVING


async def test_health_tells_who_watches_that_the_server_drains(running: Running, channel: grpc.aio.Channel) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    told: list[int] = []

    async def watch() -> None:
        async for answer in stub.Watch(health_pb2.HealthCheckRequest()):
            told.append(answer.status)  # noqa: PERF401 - read while it grows

    task = asyncio.ensure_future(watch())
    await until(lambda: told and told[-1] == SERVING)
    began = asyncio.get_running_loop().time()
    await running.server.drain()
    await until(lambda: told[-1] != SERVING)
    await running.stop()
    assert asyncio.get_running_loop().time() - began < 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await running.start()


async def test_reflection_lists_the_services(channel: grpc.aio.Channel) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    call = stub.ServerReflectionInfo()
    await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    answer = await call.read()
    call.cancel()
    names = {service.name for service in answer.list_services_response.service}
    assert names >= {"rollcall.v1.BotService", "rollcall.v1.EventService", "rollcall.v1.AgentService", "grpc.health.v1.Health"}


@pytest.mark.parametrize("method", ["/rollcall.v1.BotService/Nope", "/x.Y/Z"])
async def test_a_method_that_is_not_there_is_unimplemented(channel: grpc.aio.Channel, method: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await channel.unary_unary(method)(b"")
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert info_of(status_of(refused.value)).reason == "UNIMPLEMENTED"


async def test_bytes_that_are_no_message_are_an_invalid_argument(running: Running, channel: grpc.aio.Channel) -> None:
    call = channel.unary_unary(BOTS + "CreateBot")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(b"\xff\xff\xff", metadata=tuple(running.auth))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "CreateBotRequest" in str(status_of(refused.value))


async def test_a_hundred_violations_arrive_within_what_clients_accept(running: Running) -> None:
    request = CreateBotRequest()
    request.automatic_leave_settings.bot_keywords.extend(["x" * 300] * 100)
    request.transcription_settings.meeting_closed_captions.google_meet_language = "xx"
    request.transcription_settings.meeting_closed_captions.teams_language = "xx"
    with pytest.raises(CallError) as refused:
        await running.grpc.unary(BOTS + "CreateBot", request, running.auth)
    assert refused.value.status.code == code_pb2.INVALID_ARGUMENT
    assert info_of(refused.value.status).reason == "INVALID_FIELDS"


async def test_a_deadline_of_the_caller_is_kept(running: Running, channel: grpc.aio.Channel) -> None:
    bot = await running.create()
    watch = channel.unary_stream(EVENTS + "WatchBot", WatchBotRequest.SerializeToString, WatchBotResponse.FromString)
    call = watch(WatchBotRequest(bot_id=bot.id), timeout=0.3, metadata=tuple(running.auth))
    await call.read()
    assert running.server._feed._topics, "the server follows the log for it"
    assert await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: not running.server._feed._topics, "nothing is kept for a caller whose time is over")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # half a minute, in which no database is asked anything
async def test_a_client_may_ping_an_idle_connection_often(running: Running) -> None:
    """Spoken by hand, for grpc's own client does not ping so often; by gRPC's default it would be sent away (GOAWAY)."""
    preface, settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\x04\0\0\0\0\0"
    ping = b"\0\0\x08\x06\0\0\0\0\0" + b"rollcall"
    host, _, port = running.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(preface + settings)
    try:
        for _ in range(5):
            writer.write(ping)
            await acknowledged(reader)
            await asyncio.sleep(5.1)  # what the server allows; a client that goes by it is never sent away
    finally:
        writer.close()


async def acknowledged(reader: asyncio.StreamReader) -> None:
    """Waits for the answer to a ping. Fails at a GOAWAY."""
    while True:
        head = await asyncio.wait_for(reader.readexactly(9), 10)
        body = await reader.readexactly(int.from_bytes(head[:3], "big"))
        assert head[3] != GOAWAY, body
        if (head[3], head[4] & 1, body) == (PING, 1, b"rollcall"):
            return


async def test_a_revoked_key_opens_nothing_a_second_later(running: Running) -> None:
    key = await running.server.create_key(name="short")
    metadata = (("authorization", f"Token {key}"),)
    await running.local.unary(BOTS + "ListBots", ListBotsRequest(), metadata)
    projects = running.server._store.projects
    access = await projects.find_key(key)
    assert access is not None
    await projects.revoke_key(access.key.id)

    async def call_until_refused() -> None:
        async with asyncio.timeout(3):
            while True:
                await running.local.unary(BOTS + "ListBots", ListBotsRequest(), metadata)
                await asyncio.sleep(0.05)

    with pytest.raises(CallError) as refused:
        await call_until_refused()
    assert refused.value.status.code == code_pb2.UNAUTHENTICATED
    assert not await running.server.knows_key(key)


async def test_secrets_are_made_once_and_only_for_this_user(running: Running) -> None:
    path = running.settings.data_dir / "worker_token"
    assert path.read_text().strip() == running.server.worker_token
    assert path.stat().st_mode & 0o777 == 0o600
    before = running.server.worker_token
    await running.restart()
    assert running.server.worker_token == before


async def test_a_port_in_use_is_said_and_nothing_is_left_open(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        url = f"sqlite:///{tmp_path / 'x.db'}"
        settings = settings_for(tmp_path, url, grpc_address=address)
        with pytest.raises(PortInUse, match=f"Port in use: {address}; stop the other process or set ROLLCALL_GRPC_ADDRESS"):
            await Server(settings, RecordingDispatcher()).start()
    async with running_server(tmp_path, url) as one:  # the database was let go
        await one.create()


async def test_a_second_server_on_one_data_folder_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    async with running_server(tmp_path, url):
        with pytest.raises(DataFolderInUse, match="ROLLCALL_DATA_DIR"):
            await Server(settings_for(tmp_path, url), RecordingDispatcher()).start()


@pytest.mark.parametrize(
    ("wrong", "variable"),
    [
        ({"grpc_address": "nonsense"}, "ROLLCALL_GRPC_ADDRESS"),
        ({"grpc_address": "127.0.0.1:notaport"}, "ROLLCALL_GRPC_ADDRESS"),
        ({"grpc_address": "192.0.2.1:50051"}, "ROLLCALL_GRPC_ADDRESS"),
        ({"grpc_address": "no.such.host.invalid:50051"}, "ROLLCALL_GRPC_ADDRESS"),
        ({"database_url": "mysql://x"}, "ROLLCALL_DATABASE_URL"),
        ({"reuse_port": True}, "ROLLCALL_REUSE_PORT"),
        ({"grpc_tls_cert": Path("x")}, "ROLLCALL_GRPC_TLS_CERT"),
    ],
)
async def test_a_setting_that_cannot_work_is_named(tmp_path: Path, wrong: dict[str, Any], variable: str) -> None:
    fields = {"database_url": f"sqlite:///{tmp_path / 'x.db'}"} | wrong
    with pytest.raises(BadSetting, match=variable):
        await Server(settings_for(tmp_path, **fields), RecordingDispatcher()).start()


async def test_two_servers_on_postgresql_share_bots_streams_and_a_port(
    tmp_path: Path, new_postgresql_url: Callable[[], str]
) -> None:
    url = new_postgresql_url()
    async with running_server(tmp_path, url, reuse_port=True) as first:
        port = first.server.grpc_port
        async with running_server(tmp_path, url, reuse_port=True, grpc_address=f"127.0.0.1:{port}") as second:
            assert second.server.grpc_port == port
            bot = await first.create()
            answer: Any = await second.local.unary(BOTS + "GetBot", GetBotRequest(bot_id=bot.id), first.auth)
            assert answer.bot == bot
            transport = GrpcTransport(first.address)
            request = CreateBotRequest(bot_name="x", meeting_url=MEET)
            made: Any = await transport.unary(BOTS + "CreateBot", request, first.auth)
            assert made.bot.id
            await transport.close()


def certificate(folder: Path, name: str, authority: str | None = None) -> None:
    """A key and a certificate for localhost, by openssl; of its own making, or of an authority's."""
    if shutil.which("openssl") is None:
        missing("openssl")
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
    issuer = ["-CA", str(folder / f"{authority}.pem"), "-CAkey", str(folder / f"{authority}.key")] if authority else []
    subprocess.run([*request, *names, *files, *issuer], check=True, capture_output=True)


async def test_tls_is_spoken_and_a_client_without_a_certificate_is_turned_away(tmp_path: Path) -> None:
    certificate(tmp_path, "authority")
    certificate(tmp_path, "server", "authority")
    certificate(tmp_path, "client", "authority")
    fields = {
        "grpc_tls_cert": tmp_path / "server.pem",
        "grpc_tls_key": tmp_path / "server.key",
        "grpc_tls_client_ca": tmp_path / "authority.pem",
    }
    authority = tmp_path / "authority.pem"
    async with running_server(tmp_path / "data", f"sqlite:///{tmp_path / 'x.db'}", **fields) as one:
        good = GrpcTransport(
            one.address,
            tls=Tls(authority=authority, certificate=tmp_path / "client.pem", key=tmp_path / "client.key"),
        )
        answer: Any = await good.unary(BOTS + "ListBots", ListBotsRequest(), one.auth, timeout_s=10)
        assert list(answer.results) == []
        await good.close()
        for stranger in (GrpcTransport(one.address, tls=Tls(authority=authority)), GrpcTransport(one.address)):
            with pytest.raises(CallError) as refused:
                await stranger.unary(BOTS + "ListBots", ListBotsRequest(), one.auth, timeout_s=10)
            assert refused.value.status.code == code_pb2.UNAVAILABLE
            await stranger.close()


async def test_a_database_that_is_away_is_said_and_the_service_is_back_with_it(tmp_path: Path) -> None:
    with postgresql() as database:
        async with running_server(tmp_path, database.url(database.new_database())) as one:
            bot = await one.create()
            channel = grpc.aio.insecure_channel(one.address)
            await asyncio.to_thread(database.stop)
            with pytest.raises(CallError) as refused:
                await one.grpc.unary(BOTS + "GetBot", GetBotRequest(bot_id=bot.id), one.auth, timeout_s=20)
            assert refused.value.status.code == code_pb2.UNAVAILABLE
            assert info_of(refused.value.status).reason == "DATABASE_AWAY"
            async with asyncio.timeout(20):
                while await health(channel) == SERVING:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.05)
            await asyncio.to_thread(database.start)
            async with asyncio.timeout(20):
                while await health(channel) != SERVING:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.05)
            assert await one.get(bot.id) == bot
            await channel.close()
