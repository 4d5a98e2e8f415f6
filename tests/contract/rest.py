"""The HTTP face before a real server, in its process and apart from it; and the rule by which answers match recorded ones."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gateway.app import create_app
from gateway.serve import serving
from gateway.settings import GatewaySettings
from rollcall.grpc_transport import GrpcTransport
from tests.contract.harness import MEET, Running, running_server

WORDS = {"This field is required.", "This field may not be null.", "This field may not be blank."}
FACES = ("in_process", "split")
_projects = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Face:
    """A gateway that serves, and the server behind it."""

    url: str
    running: Running

    async def project(self) -> httpx.AsyncClient:
        """A client with a key of a project where nothing is yet."""
        key = await self.running.server.create_key(project=f"project {next(_projects)}")
        return self.client(key)

    def client(self, key: str | None) -> httpx.AsyncClient:
        """A client with this key, or with none."""
        headers = {} if key is None else {"Authorization": f"Token {key}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20)


@asynccontextmanager
async def face(kind: str, folder: Path, database_url: str = "", **fields: Any) -> AsyncIterator[Face]:
    """One of FACES on a database of its own, SQLite if none is given; `fields` are settings of its server."""
    async with AsyncExitStack() as stack:
        server = running_server(folder / "data", database_url or f"sqlite:///{folder / 'rollcall.db'}", **fields)
        running = await stack.enter_async_context(server)
        transport = running.local
        if kind == "split":
            transport = GrpcTransport(running.address)
            stack.push_async_callback(transport.close)
        app = create_app(transport, GatewaySettings())
        port = await stack.enter_async_context(serving(app, "127.0.0.1:0", drain_s=2))
        yield Face(f"http://127.0.0.1:{port}", running)


async def create(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """A bot, as JSON."""
    answer = await client.post("/api/v1/bots", json={"meeting_url": MEET, "bot_name": "My Bot", **fields})
    assert answer.status_code == 201, answer.text
    bot: dict[str, Any] = answer.json()
    return bot


def differences(recorded: Any, ours: Any, where: str = "") -> list[str]:
    """Where ours does not match: other keys, another JSON type at a leaf, or other words where the words are conventional."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        if recorded.keys() != ours.keys():
            return [f"{where or 'answer'}: keys {sorted(ours)}, recorded {sorted(recorded)}"]
        return [line for key in recorded for line in differences(recorded[key], ours[key], f"{where}.{key}")]
    if isinstance(recorded, list) and isinstance(ours, list):
        if bool(recorded) != bool(ours):
            return [f"{where}: {ours!r}, recorded {recorded!r}"]
        return [line for item in ours for line in differences(recorded[0], item, f"{where}[]")]
    same = type(recorded) is type(ours) and (recorded == ours or recorded not in WORDS)
    return [] if same else [f"{where}: {ours!r}, recorded {recorded!r}"]
