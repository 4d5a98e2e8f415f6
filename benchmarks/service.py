"""Create, get and list by REST and gRPC, on SQLite and PostgreSQL, beside Django REST Framework doing the same two inserts.

All servers are one process each and are measured one after another in one run, by one generator that sends prepared bytes over
keep-alive connections. CPU is the server process's own, from /proc; PostgreSQL's is not in it, for the baseline as for Rollcall.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import grpc

from benchmarks.harness import HttpConnection, Load, http_request, measure, table
from rollcall.v1 import bot_service_pb2 as pb
from rollcall.v1 import bot_service_pb2_grpc as stubs
from tests.services import free_port, postgresql

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS = 16
BODY = {"meeting_url": "https://meet.google.com/abc-defg-hij", "bot_name": "My Bot"}
BASELINE_KEY = "bench-key"


@dataclass(frozen=True, slots=True)
class Running:
    """A server under measurement."""

    name: str
    pid: int
    http_port: int
    grpc_port: int
    key: str


def _wait_for_port(process: subprocess.Popen[bytes], port: int, output: IO[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            output.seek(0)
            sys.exit(f"the server under measurement ended with {process.returncode}:\n{output.read()[-3000:].decode()}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("the server under measurement did not open its port within a minute")


@contextmanager
def _process(command: list[str], environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output)
        try:
            _wait_for_port(process, port, output)
            yield process
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def redis_server() -> Iterator[str]:
    """The broker that takes Rollcall's hints; nobody reads them."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with _process(command, {}, port):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def rollcall_server(name: str, database_url: str | None) -> Iterator[Running]:
    """`rollcall server` with HTTP in process, on a fresh database."""
    with tempfile.TemporaryDirectory() as folder, redis_server() as broker:
        http_port, grpc_port = free_port(), free_port()
        environment = {
            "ROLLCALL_BROKER_URL": broker,
            "ROLLCALL_DATA_DIR": folder,
            "ROLLCALL_GRPC_ADDRESS": f"127.0.0.1:{grpc_port}",
            "ROLLCALL_HTTP_ADDRESS": f"127.0.0.1:{http_port}",
            **({"ROLLCALL_DATABASE_URL": database_url} if database_url else {}),
        }
        command = [sys.executable, "-m", "rollcall", "server", "--log-level", "error"]
        with _process(command, environment, http_port) as process:
            answer = subprocess.run(
                [sys.executable, "-m", "rollcall", "keys", "create"],
                cwd=ROOT,
                env={**os.environ, **environment},
                check=True,
                capture_output=True,
                text=True,
            )
            yield Running(name, process.pid, http_port, grpc_port, answer.stdout.splitlines()[0])


@contextmanager
def django_server(database: str) -> Iterator[Running]:
    """The baseline: one gunicorn worker process with threads."""
    port = free_port()
    environment = {"DJANGO_DATABASE_URL": database}
    prepare = f"from benchmarks.baselines.django_service import prepare; prepare({BASELINE_KEY!r})"
    subprocess.run([sys.executable, "-c", prepare], cwd=ROOT, env={**os.environ, **environment}, check=True)
    command = [
        *(
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            f"127.0.0.1:{port}",
            "--workers",
            "1",
            "--threads",
            "8",
            "--worker-class",
            "gthread",
        ),
        *("--keep-alive", "600", "benchmarks.baselines.django_service:application"),
    ]
    with _process(command, environment, port) as process:
        yield Running("Django REST Framework, PostgreSQL", process.pid, port, 0, BASELINE_KEY)


@asynccontextmanager
async def _rest_senders(port: int) -> AsyncIterator[list[HttpConnection]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(HttpConnection("127.0.0.1", port)) for _ in range(CONNECTIONS)]


async def rest(running: Running, count: int, pids: list[int]) -> dict[str, Load]:
    """Create, get, list by REST."""
    create = http_request("POST", "/api/v1/bots", running.key, json.dumps(BODY).encode())
    loads: dict[str, Load] = {}
    async with _rest_senders(running.http_port) as connections:
        made: list[str] = []

        def sender(connection: HttpConnection, request: Callable[[int], bytes], status: int) -> Callable[[int], Awaitable[None]]:
            async def send(number: int) -> None:
                got, body = await connection.send(request(number))
                if got != status:
                    raise RuntimeError(f"{running.name}: {got} {body[:300]!r}")
                if status == 201 and len(made) < 1000:
                    made.append(json.loads(body)["id"])

            return send

        loads["create"] = await measure([sender(c, lambda _: create, 201) for c in connections], count, pids)
        gets = [http_request("GET", f"/api/v1/bots/{bot}", running.key) for bot in made]
        loads["get"] = await measure([sender(c, lambda n: gets[n % len(gets)], 200) for c in connections], count, pids)
        listing = http_request("GET", "/api/v1/bots", running.key)
        loads["list of 25"] = await measure([sender(c, lambda _: listing, 200) for c in connections], count // 4, pids)
    return loads


async def by_grpc(running: Running, count: int, pids: list[int]) -> dict[str, Load]:
    """The same over gRPC."""
    metadata = (("authorization", f"Token {running.key}"),)
    loads: dict[str, Load] = {}
    async with AsyncExitStack() as stack:
        options = [("grpc.use_local_subchannel_pool", 1)]
        channels = [
            await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}", options))
            for _ in range(CONNECTIONS)
        ]
        services = [stubs.BotServiceStub(channel) for channel in channels]
        made: list[str] = []

        def creator(service: stubs.BotServiceStub) -> Callable[[int], Awaitable[None]]:
            async def send(_: int) -> None:
                made.append((await service.CreateBot(pb.CreateBotRequest(**BODY), metadata=metadata)).bot.id)

            return send

        def getter(service: stubs.BotServiceStub) -> Callable[[int], Awaitable[None]]:
            async def send(number: int) -> None:
                await service.GetBot(pb.GetBotRequest(bot_id=made[number % len(made)]), metadata=metadata)

            return send

        def lister(service: stubs.BotServiceStub) -> Callable[[int], Awaitable[None]]:
            async def send(_: int) -> None:
                await service.ListBots(pb.ListBotsRequest(), metadata=metadata)

            return send

        loads["create"] = await measure([creator(s) for s in services], count, pids)
        loads["get"] = await measure([getter(s) for s in services], count, pids)
        loads["list of 25"] = await measure([lister(s) for s in services], count // 4, pids)
    return loads


def _rows(name: str, face: str, loads: dict[str, Load]) -> list[list[object]]:
    return [[name, face, what, load.cpu_ms, load.rate, load.percentile(50), load.percentile(99)] for what, load in loads.items()]


async def main(count: int = 4000) -> str:
    """The table."""
    rows: list[list[object]] = []
    with postgresql() as cluster:
        for name, url in (("Rollcall, PostgreSQL", cluster.url(cluster.new_database())), ("Rollcall, SQLite", None)):
            with rollcall_server(name, url) as running:
                rows += _rows(name, "REST", await rest(running, count, [running.pid]))
                rows += _rows(name, "gRPC", await by_grpc(running, count, [running.pid]))
        with django_server(cluster.url(cluster.new_database())) as running:
            rows += _rows(running.name, "REST", await rest(running, count // 4, [running.pid]))
    return table(("service", "face", "call", "CPU ms a call", "calls/s", "p50 ms", "p99 ms"), rows)


if __name__ == "__main__":
    print(asyncio.run(main()))
