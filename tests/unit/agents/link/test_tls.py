"""The link over TLS, with certificates made for the test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from agents.link import Link, LinkListeners, LinkOptions
from agents.link_channel import open_channel
from agents.link_errors import ServerUnreachableError
from agents.link_fake import FakeServer
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import agent_service_pb2_grpc as agent_grpc
from tests.services import missing

BOT = "bot_0123456789abcdef"


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key."""
    openssl = shutil.which("openssl") or missing("openssl")
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run(
        [openssl, "req", "-x509", *kind, *subject, "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    return certificate, key


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[FakeServer, Path]]:
    """A server that demands a certificate of its callers; the worker's is in worker.pem and worker.key."""
    certificate, key = make_certificate(tmp_path, "server")
    make_certificate(tmp_path, "worker")
    credentials = grpc.ssl_server_credentials(
        [(key.read_bytes(), certificate.read_bytes())],
        root_certificates=(tmp_path / "worker.pem").read_bytes(),
        require_client_auth=True,
    )
    fake = FakeServer()
    fake.add(agent.BotSpec(bot_id=BOT))
    await fake.start(credentials)
    yield fake, tmp_path
    await fake.stop()


async def claim(channel: grpc.aio.Channel) -> int:
    listeners = LinkListeners(command=lambda _command: None, lost=lambda: None, situation=agent.Situation)
    options = LinkOptions(worker_id="worker-1", token="worker-token", claim_timeout_s=1.5)
    link = Link(agent_grpc.AgentServiceStub(channel), BOT, options, listeners)
    try:
        return (await link.claim()).epoch
    finally:
        await link.close()
        await channel.close()


async def test_a_worker_with_a_certificate_is_let_in(server: tuple[FakeServer, Path]) -> None:
    fake, folder = server
    channel = open_channel(
        fake.address,
        ca_file=folder / "server.pem",
        certificate_file=folder / "worker.pem",
        key_file=folder / "worker.key",
    )
    assert await claim(channel) == 1


async def test_a_server_that_nobody_vouches_for_is_not_believed(server: tuple[FakeServer, Path]) -> None:
    fake, folder = server
    with pytest.raises(ServerUnreachableError):
        await claim(open_channel(fake.address, ca_file=folder / "worker.pem"))


async def test_plain_text_reaches_no_tls_server(server: tuple[FakeServer, Path]) -> None:
    fake, _ = server
    with pytest.raises(ServerUnreachableError):
        await claim(open_channel(fake.address))
