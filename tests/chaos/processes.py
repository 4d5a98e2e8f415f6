"""The house as operators run it: server, gateway and workers as processes of their own, on SQLite and Redis, to be killed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.browser.runner.house import Room
from tests.services import free_port, missing

REPOSITORY = Path(__file__).parents[2]
Event = dict[str, Any]


class Processes:
    """Made by `processes`. `start` and `kill` by name; everything is gone at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http = f"127.0.0.1:{free_port()}"
        self.grpc = f"127.0.0.1:{free_port()}"
        self.redis = free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.rooms: list[Room] = []
        self.key = ""
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")},
            "ROLLCALL_DATA_DIR": str(folder / "data"),
            "ROLLCALL_GRPC_ADDRESS": self.grpc,
            "ROLLCALL_HTTP_ADDRESS": self.http,
            "ROLLCALL_SERVER_ADDRESS": self.grpc,
            "ROLLCALL_BROKER_URL": f"redis://127.0.0.1:{self.redis}/0",
            "ROLLCALL_WORKER_BOTS": "2",
            "PYTHONPATH": str(REPOSITORY),
        }

    def run(self, name: str, *command: str) -> None:
        """Starts a program; what it prints is in `<folder>/<name>.log`."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=self._environment)

    def start(self, name: str, *arguments: str) -> None:
        """Starts `rollcall <arguments>`."""
        self.run(name, sys.executable, "-m", "rollcall", *arguments)

    def start_server(self) -> None:
        self.start("server", "server", "--no-http")

    def kill(self, name: str) -> float:
        """Kills at once, as a power cut would; returns when that was, by the Unix clock."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        at = time.time()
        process.wait()
        return at

    def stop_all(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def make_key(self) -> str:
        made = subprocess.run(
            [sys.executable, "-m", "rollcall", "keys", "create"],
            env=self._environment,
            cwd=self.folder,
            capture_output=True,
            check=True,
        )
        return made.stdout.decode().split()[0]

    def room(self) -> Room:
        self.rooms.append(Room(f"http://{self.http}/rehearsal/room-{len(self.rooms) + 1}"))
        return self.rooms[-1]

    async def rest(self, method: str, path: str, **body: Any) -> Any:
        async with httpx.AsyncClient(base_url=f"http://{self.http}", timeout=20, trust_env=False) as client:
            answer = await client.request(method, path, json=body or None, headers={"Authorization": f"Token {self.key}"})
        assert answer.is_success, answer.text
        return answer.json()

    async def log(self, bot_id: str) -> list[Event]:
        """The bot's whole log, by REST."""
        found: list[Event] = []
        path = f"/api/v1/bots/{bot_id}/events"
        while path:
            page = await self.rest("GET", path)
            found += page["results"]
            path = page["next"]
        return found

    async def until(self, bot_id: str, condition: Callable[[list[Event]], Any], *, within_s: float = 60.0) -> Any:
        """Waits until the log fulfils a condition, and gives what that gave."""
        log: list[Event] = []
        try:
            async with asyncio.timeout(within_s):
                while True:
                    try:
                        log = await self.log(bot_id)
                    except (httpx.HTTPError, AssertionError):
                        log = []  # the server is away, as the test wants it
                    if found := condition(log):
                        return found
                    await asyncio.sleep(0.1)
        except TimeoutError:
            printed = "\n".join(
                f"== {name}\n{self.log_of(name)[-4000:]}" for name in ("server", "worker", "worker-2") if name in self.names()
            )
            raise AssertionError("\n".join(map(str, log)) + "\n" + printed) from None

    async def until_ready(self) -> None:
        """Waits until gateway and server answer."""
        async with asyncio.timeout(60), httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                try:
                    if (await client.get(f"http://{self.http}/readyz")).is_success:
                        return
                except httpx.HTTPError:
                    assert all(process.poll() is None for process in self.running.values()), self.log_of("server")
                await asyncio.sleep(0.1)

    def names(self) -> set[str]:
        return {path.stem for path in self.folder.glob("*.log")}


def moves(log: list[Event]) -> list[str]:
    """The state events' types."""
    return [event["state"]["type"] for event in log if event.get("state")]


def of(log: list[Event], kind: str) -> list[Event]:
    """The payloads of one kind."""
    return [event[kind] for event in log if event.get(kind)]


@asynccontextmanager
async def processes(folder: Path) -> AsyncIterator[Processes]:
    """Redis, a server, a gateway and one worker, all ready."""
    redis = shutil.which("redis-server") or missing("redis-server")
    folder.mkdir(parents=True, exist_ok=True)
    one = Processes(folder)
    try:
        one.run("redis", redis, "--port", str(one.redis), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        one.start_server()
        one.start("gateway", "gateway", "--target", one.grpc)
        await one.until_ready()
        one.key = one.make_key()
        one.start("worker", "worker")
        yield one
    finally:
        await asyncio.gather(*(room.go_home() for room in one.rooms))
        await asyncio.to_thread(one.stop_all)
