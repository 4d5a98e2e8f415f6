"""A receiver of webhooks on loopback that fails, hangs, drips, lies, redirects and closes as a test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PATIENCE_S = 30.0


@dataclass(slots=True)
class Received:
    """One request as it came. Header names are in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def key(self) -> str:
        return str(self.payload["idempotency_key"])


Answer = int | str | bytes
"""A status, the body of a 200, or one of: hang, drip, slow_head, lie, close, garbage, endless, redirect."""


@dataclass(slots=True)
class Receiver:
    """`answer` says how each request is answered; what came is in `received`, in order."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], Answer] = lambda _: 200
    open: int = 0
    most_open: int = 0

    async def until(self, count: int, within_s: float = PATIENCE_S) -> list[Received]:
        """Waits until so many requests have come."""
        try:
            async with asyncio.timeout(within_s):
                while len(self.received) < count:  # noqa: ASYNC110 - the receiver may be another process's peer
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"{len(self.received)} of {count} came: {[one.body for one in self.received]}") from None
        return self.received

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the other side went away, as it may
        finally:
            self.open -= 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        one = Received(lines[0].split(" ")[1], headers, body)
        self.received.append(one)
        return await self._answer(self.answer(one), reader, writer)

    async def _answer(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        ok = b"HTTP/1.1 200 OK\r\n"
        match answer:
            case int() | bytes():
                status, body = (answer, b"ok") if isinstance(answer, int) else (200, answer)
                writer.write(f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
                return True
            case "redirect":
                writer.write(f"HTTP/1.1 307 Moved\r\nLocation: {self.url}/elsewhere\r\nContent-Length: 0\r\n\r\n".encode())
            case "lie":
                writer.write(ok + b"Content-Length: 1000\r\n\r\nshort")
            case "garbage":
                writer.write(b"\x16\x03nothing like HTTP\r\n\r\n")
            case "endless":
                writer.write(ok + b"Content-Length: 100000000000\r\n\r\n")
                while True:
                    writer.write(b"x" * 65536)
                    await writer.drain()
            case "drip":
                writer.write(ok + b"Content-Length: 1000000\r\n\r\n")
                await self._drip(writer, b"x")
            case "slow_head":
                await self._drip(writer, ok + b"X-Slow: " + b"x" * 100_000)
            case "hang":
                await reader.read()  # until the other side has had enough
        await writer.drain()
        return False

    async def _drip(self, writer: asyncio.StreamWriter, text: bytes) -> None:
        while True:
            for byte in text:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.02)


@asynccontextmanager
async def receiver(tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[Receiver]:
    """A receiver that is closed, with all its connections, at the block's end."""
    one = Receiver()
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await one.handle(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", port, ssl=tls)
    one.url = f"{'https' if tls else 'http'}://localhost:{server.sockets[0].getsockname()[1]}"
    try:
        yield one
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def certificate(folder: Path, host: str = "localhost") -> tuple[ssl.SSLContext, Path]:
    """A certificate that signs itself, for `host`: the receiver's side of TLS, and the file that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "receiver.pem", folder / "receiver.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
