"""Serves the app: uvicorn with httptools and uvloop, and an end in good order."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from gateway.guard import GuardedProtocol
from gateway.tls import ReloadingContext
from rollcall.tls_files import TlsFiles

_BACKLOG = 2048


class AddressError(Exception):
    """An address cannot be listened on; the text says why and what to do."""


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, address: str, *, drain_s: float = 10.0, tls: TlsFiles | None = None) -> AsyncIterator[int]:
    """Serves the app at `host:port` within the block, and yields the port (another than 0). Raises AddressError, TlsFilesError.

    At the end of the block event streams are told to connect elsewhere, and requests under way get `drain_s` seconds.
    """
    host, port = split_address(address)
    context = ReloadingContext.of(tls) if tls else None
    opened = listen(host, port)
    server = _Server(app, drain_s, context)
    try:
        task = asyncio.create_task(server.serve(sockets=[opened]))
        ready = asyncio.create_task(server.ready.wait())
        try:
            await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            yield int(opened.getsockname()[1])
        finally:
            ready.cancel()
            server.should_exit = True
            await task
    finally:
        opened.close()


async def serve(app: ASGIApp, host: str, port: int, *, drain_s: float = 10.0) -> None:
    """Serves the app until cancelled. Raises AddressError."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    async with serving(app, address, drain_s=drain_s):
        await asyncio.Event().wait()


def split_address(address: str) -> tuple[str, int]:
    """`127.0.0.1:8080` or `[::1]:8080` as host and port. Raises AddressError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise AddressError(f"{address!r} is no address to listen on: set ROLLCALL_HTTP_ADDRESS as host:port, as 127.0.0.1:8080.")
    return host.strip("[]"), int(port)


def listen(host: str, port: int) -> socket.socket:
    """An open listening socket; port 0 takes any free one. Raises AddressError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise AddressError(f"HTTP cannot listen on {host}: there is no such host ({error.strerror}).") from None
    # With its protocol said: asyncio switches Nagle's algorithm off only then, and without that each answer takes 40 ms.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(_BACKLOG)
        opened.setblocking(False)
    except OSError as error:
        opened.close()
        raise AddressError(_why(error, host, port)) from None
    return opened


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"HTTP port {port} on {host} is taken by another process, perhaps another Rollcall. "
            f"Stop that one, or set ROLLCALL_HTTP_ADDRESS={host}:<another port>."
        )
    if error.errno == errno.EACCES:
        return f"HTTP port {port} needs more rights than this process has. Set ROLLCALL_HTTP_ADDRESS to a port above 1023."
    return f"HTTP cannot listen on {host}:{port}: {error.strerror}. Set ROLLCALL_HTTP_ADDRESS to an address of this machine."


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to the process, says when it is ready, and ends event streams, which would never end."""

    def __init__(self, app: ASGIApp, drain_s: float, context: ssl.SSLContext | None) -> None:
        config = uvicorn.Config(
            app,
            http=GuardedProtocol,
            ws="wsproto",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=max(1, round(drain_s)),
            backlog=_BACKLOG,
            ssl_context_factory=(lambda _config, _default: context) if context is not None else None,
        )
        super().__init__(config)
        self.ready = asyncio.Event()
        self._app: Any = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the doors."""
        await super().startup(sockets=sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Uvicorn waits for open responses before it does anything else; so streams are ended first."""
        drain = getattr(self._app, "drain", None)
        if drain is not None:
            drain()
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's business (rollcall.cli)."""
        yield
