"""The whole service with somebody in a room of its rehearsal, for measurements of bots that join."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from agents.people import parse, run
from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent
PEOPLE = """
[[people]]
name = "Ada"
microphone = false
"""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A client with the service's key, the room's URL, the port of HTTP."""

    http: httpx.AsyncClient
    room: str
    port: int


@asynccontextmanager
async def meeting(people_script: str = PEOPLE, **settings: str) -> AsyncIterator[Meeting]:
    """`rollcall run` with these settings (without ROLLCALL_), on a data folder of its own, and scripted people in its room."""
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        own = {
            "data_dir": name,
            "http_address": f"127.0.0.1:{port}",
            "grpc_address": f"127.0.0.1:{free_port()}",
            **settings,
        }
        environment = {**os.environ, **{f"ROLLCALL_{key.upper()}": value for key, value in own.items()}}
        command = [sys.executable, "-m", "rollcall", "run", "--log-level", "error"]
        service = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        people = None
        try:
            base = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as http:
                async with asyncio.timeout(60):
                    while not (Path(name) / "api_key").exists():
                        await asyncio.sleep(0.1)
                http.headers["Authorization"] = f"Token {(Path(name) / 'api_key').read_text().strip()}"
                room = f"{base}/rehearsal/measured"
                people = asyncio.create_task(run(parse(people_script), room))
                async with asyncio.timeout(60):
                    while not (await http.get(f"{room}/control")).json().get("people"):
                        await asyncio.sleep(0.1)
                yield Meeting(http, room, port)
        finally:
            if people is not None:
                people.cancel()
                await asyncio.gather(people, return_exceptions=True)
            service.send_signal(signal.SIGTERM)
            service.wait(60)
