"""Serves the twins: `async with serving(folder)`, or `python -m tests.twins` as a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from tests.twins.authority import make_certificate
from tests.twins.hosts import NAMES, switches
from tests.twins.server import TwinSites
from tests.twins.stage import Stage


@dataclass(frozen=True, slots=True)
class Serving:
    """Where the twins are."""

    plain: str
    """Address of rooms and control API, as `http://127.0.0.1:40001`."""
    switches: tuple[str, ...]
    """For a Chromium that is to find the twins under the platforms' names."""


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to the process."""

    capture_signals = nullcontext  # type: ignore[assignment]


async def _start(app: ASGIApp, **more: object) -> tuple[_Server, asyncio.Task[None], int]:
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, ws="wsproto", lifespan="off", log_level="warning", timeout_graceful_shutdown=1, **more
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    return server, task, int(server.servers[0].sockets[0].getsockname()[1])


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Serving]:
    """Serves within the block; the certificate is made in `folder`."""
    certificate = await asyncio.to_thread(make_certificate, folder, NAMES)
    sites = TwinSites(Stage())
    tls = {"ssl_certfile": certificate.chain, "ssl_keyfile": certificate.key}
    running = [await _start(sites.secure(), **tls), await _start(sites.plain())]
    try:
        yield Serving(f"http://127.0.0.1:{running[1][2]}", switches(running[0][2], certificate.fingerprint))
    finally:
        for server, _, _ in running:
            server.should_exit = True
        await asyncio.gather(*(task for _, task, _ in running))
