"""TLS and mutual TLS of both faces, with certificates that are renewed while the service runs."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from google.rpc import code_pb2
from typer.testing import CliRunner

from gateway.app import create_app
from gateway.serve import serving
from gateway.settings import GatewaySettings
from rollcall.cli.app import app as command_line
from rollcall.grpc_transport import GrpcTransport, Tls
from rollcall.tls_files import TlsFiles, TlsFilesError
from rollcall.transport import CallError
from rollcall.v1.bot_service_pb2 import ListBotsRequest
from rollcall.v1.event_service_pb2 import WatchEventsRequest
from server.domain.errors import BadSetting
from tests.certificates import Pair, authority, issued, key_bytes, write
from tests.contract.harness import BOTS, EVENTS, Running, running_server


@dataclasses.dataclass
class Office:
    """Where certificates are made, and the ports that show them."""

    folder: Path
    trusted: Pair
    running: Running
    grpc_port: int
    http_port: int

    def renew(self, by: Pair) -> Pair:
        return issued(self.folder, "server", by)

    def port(self, face: str) -> int:
        return self.grpc_port if face == "grpc" else self.http_port

    def transport(self, trusted: Pair, client: Pair | None = None) -> GrpcTransport:
        mine = (client.cert, client.key) if client else (None, None)
        return GrpcTransport(self.running.address, tls=Tls(trusted.cert, *mine))


@asynccontextmanager
async def office(folder: Path, *, mutual: bool = False) -> AsyncIterator[Office]:
    trusted = authority(folder, "authority")
    server = issued(folder, "server", trusted)
    clients = authority(folder, "clients").cert if mutual else None
    fields = {"grpc_tls_cert": server.cert, "grpc_tls_key": server.key, "grpc_tls_client_ca": clients}
    async with running_server(folder / "data", f"sqlite:///{folder / 'x.db'}", **fields) as running:
        settings = GatewaySettings(http_tls_cert=server.cert, http_tls_key=server.key, http_tls_client_ca=clients)
        app = create_app(running.local, settings)
        async with serving(app, "127.0.0.1:0", drain_s=1, tls=settings.tls) as port:
            yield Office(folder, trusted, running, running.server.grpc_port, port)


async def shown(port: int, trusted: Pair, client: Pair | None = None) -> int:
    """The serial number of the certificate that a new connection is shown. Raises ssl.SSLError, ConnectionError."""

    def look() -> int:
        context = ssl.create_default_context(cafile=trusted.cert)
        context.set_alpn_protocols(["h2", "http/1.1"])
        if client is not None:
            context.load_cert_chain(client.cert, client.key)
        with (
            socket.create_connection(("127.0.0.1", port), 20) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            secure.settimeout(20)
            if secure.selected_alpn_protocol() == "h2":
                secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
            else:
                secure.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if not secure.recv(1):  # with TLS 1.3 a client's certificate is judged only now
                raise ConnectionResetError
            seen = secure.getpeercert(binary_form=True)
            assert seen is not None
            return x509.load_der_x509_certificate(seen).serial_number

    return await asyncio.to_thread(look)


@pytest.mark.parametrize("face", ["grpc", "http"])
async def test_a_new_certificate_is_shown_to_the_next_connection_without_a_restart(tmp_path: Path, face: str) -> None:
    async with office(tmp_path) as one:
        first = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes()).serial_number
        assert await shown(one.port(face), one.trusted) == first
        second = one.renew(one.trusted)
        assert await shown(one.port(face), one.trusted) == second.serial != first
        elsewhere = authority(tmp_path, "elsewhere")
        third = one.renew(elsewhere)
        assert await shown(one.port(face), elsewhere) == third.serial
        with pytest.raises(ssl.SSLError):
            await shown(one.port(face), one.trusted)


async def test_connections_that_are_open_live_on_when_the_certificate_changes(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        old = one.transport(one.trusted)
        stream: Any = old.stream(EVENTS + "WatchEvents", WatchEventsRequest(), one.running.auth)
        context = ssl.create_default_context(cafile=one.trusted.cert)
        async with httpx.AsyncClient(verify=context, timeout=20) as client, aclosing(stream) as events:
            assert (await anext(events)).HasField("bookmark")
            url = f"https://localhost:{one.http_port}/healthz"
            answer = await client.get(url)
            assert answer.json() == {"status": "ok"}
            one.renew(authority(tmp_path, "elsewhere"))  # whoever connects anew does not trust it
            with pytest.raises(ssl.SSLError):
                await shown(one.http_port, one.trusted)
            await one.running.create()
            while not (await anext(events)).HasField("event"):
                pass
            assert list((await old.unary(BOTS + "ListBots", ListBotsRequest(), one.running.auth)).results)  # type: ignore[attr-defined]
            assert (await client.get(url)).json() == {"status": "ok"}
        await old.close()


@pytest.mark.parametrize("face", ["grpc", "http"])
async def test_half_a_renewal_changes_nothing_and_the_other_half_completes_it(tmp_path: Path, face: str) -> None:
    async with office(tmp_path) as one:
        first = await shown(one.port(face), one.trusted)
        spare = tmp_path / "spare"
        spare.mkdir()
        new = issued(spare, "server", one.trusted)
        for damage in (new.cert.read_bytes(), b"no certificate", b""):
            write(tmp_path / "server.pem", damage)
            assert await shown(one.port(face), one.trusted) == first
        (tmp_path / "server.pem").unlink()
        assert await shown(one.port(face), one.trusted) == first
        write(tmp_path / "server.pem", new.cert.read_bytes())
        assert await shown(one.port(face), one.trusted) == first
        write(tmp_path / "server.key", new.key.read_bytes())
        assert await shown(one.port(face), one.trusted) == new.serial


@pytest.mark.parametrize("face", ["grpc", "http"])
async def test_clients_need_a_certificate_of_the_authority_that_is_in_the_file_now(tmp_path: Path, face: str) -> None:
    async with office(tmp_path, mutual=True) as one:
        old_clients = authority(tmp_path, "clients")
        known = issued(tmp_path, "known", old_clients)
        await shown(one.port(face), one.trusted, known)
        for stranger in (None, issued(tmp_path, "stranger", authority(tmp_path, "other"))):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await shown(one.port(face), one.trusted, stranger)
        newer = issued(tmp_path, "newer", authority(tmp_path, "clients"))
        await shown(one.port(face), one.trusted, newer)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await shown(one.port(face), one.trusted, known)


async def test_calls_are_made_over_mutual_tls_by_the_client_and_the_command_line(tmp_path: Path) -> None:
    async with office(tmp_path, mutual=True) as one:
        me = issued(tmp_path, "me", authority(tmp_path, "clients"))
        bot = await one.running.create()
        transport = one.transport(one.trusted, me)
        answer: Any = await transport.unary(BOTS + "ListBots", ListBotsRequest(), one.running.auth, timeout_s=20)
        assert [found.id for found in answer.results] == [bot.id]
        await transport.close()
        stranger = one.transport(one.trusted)
        with pytest.raises(CallError) as refused:
            await stranger.unary(BOTS + "ListBots", ListBotsRequest(), one.running.auth, timeout_s=20)
        assert refused.value.status.code == code_pb2.UNAVAILABLE
        await stranger.close()
        files = ["--tls-ca", str(one.trusted.cert), "--tls-cert", str(me.cert), "--tls-key", str(me.key)]
        where = ["--key", one.running.key, "--address", f"https://{one.running.address}"]
        listed = await asyncio.to_thread(CliRunner().invoke, command_line, ["bots", *files, "list", *where])
        assert listed.exit_code == 0, listed.output
        assert bot.id in listed.output


async def test_browsers_are_told_to_come_by_tls_alone_only_where_there_is_tls(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        context = ssl.create_default_context(cafile=one.trusted.cert)
        async with httpx.AsyncClient(verify=context, base_url=f"https://localhost:{one.http_port}", timeout=20) as client:
            for path in ("/", "/docs", "/api/v1/bots", "/api/v1/nothing", "/media/nothing", "/healthz"):
                assert (await client.get(path)).headers["strict-transport-security"] == "max-age=2592000", path
            with pytest.raises(httpx.HTTPError):
                await client.get(f"http://localhost:{one.http_port}/healthz")
        plain = create_app(one.running.local, GatewaySettings())
        async with serving(plain, "127.0.0.1:0", drain_s=1) as port, httpx.AsyncClient(timeout=20) as client:
            assert "strict-transport-security" not in (await client.get(f"http://127.0.0.1:{port}/")).headers


def damaged(folder: Path, how: str) -> TlsFiles:
    """Files of which one is not right."""
    pair = issued(folder, "server", authority(folder, "authority"))
    files = TlsFiles("ROLLCALL_HTTP_TLS", pair.cert, pair.key, folder / "authority.pem")
    if how == "missing":
        return dataclasses.replace(files, certificate=folder / "nothing.pem")
    if how == "other key":
        return dataclasses.replace(files, key=folder / "authority.key")
    if how == "password":
        write(pair.key, key_bytes(pair.private, b"secret"))
    if how == "no key":
        write(pair.key, b"nonsense")
    if how == "no authority":
        return dataclasses.replace(files, client_authority=pair.key)
    return files


@pytest.mark.parametrize(
    ("how", "setting", "words"),
    [
        ("missing", "ROLLCALL_HTTP_TLS_CERT", "No such file"),
        ("other key", "ROLLCALL_HTTP_TLS_KEY", "is not the key of the certificate"),
        ("password", "ROLLCALL_HTTP_TLS_KEY", "needs a password"),
        ("no key", "ROLLCALL_HTTP_TLS_KEY", "holds no private key"),
        ("no authority", "ROLLCALL_HTTP_TLS_CLIENT_CA", "holds no certificate"),
    ],
)
async def test_files_that_cannot_be_used_are_told_at_start(tmp_path: Path, how: str, setting: str, words: str) -> None:
    files = damaged(tmp_path, how)
    with pytest.raises(TlsFilesError, match=words) as told:
        files.read()
    assert told.value.setting == setting
    with pytest.raises(TlsFilesError, match=words):
        async with serving(create_app_stub, "127.0.0.1:0", tls=files):
            pass
    fields = {
        "grpc_tls_cert": files.certificate,
        "grpc_tls_key": files.key,
        "grpc_tls_client_ca": files.client_authority,
    }
    with pytest.raises(BadSetting, match=words):
        async with running_server(tmp_path / "data", f"sqlite:///{tmp_path / 'x.db'}", **fields):
            pass


async def create_app_stub(*_: Any) -> None:
    """Never asked."""
