"""From `join_at` to joined, with 10,000 other bots scheduled: one bot and several that are due at the same instant.

The baseline is the same service without staging (`ROLLCALL_STAGE_SECONDS=0`): the browser is started when the time has come.
What the table of 10,000 costs is measured apart: CPU of one sweep beside the same sweep of an empty table.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from agents.people import parse, run
from benchmarks.harness import HttpConnection, http_request, table
from server.store import Store, StoreConfig
from tests.services import free_port, postgresql

ROOT = Path(__file__).resolve().parent.parent
SCHEDULED = 10_000
SWEEPS = 200
AHEAD_S = 20
"""A bot is created so long before its `join_at`."""
PEOPLE = """
[[people]]
name = "Ada"
microphone = false
"""


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def _schedule_many(port: int, key: str) -> None:
    """Bots that are due in the coming month."""
    now = datetime.now(UTC)
    numbers = iter(range(SCHEDULED))

    async def work() -> None:
        async with HttpConnection("127.0.0.1", port) as connection:
            for number in numbers:
                at = now + timedelta(days=1, seconds=number * 250)
                body = {"meeting_url": "https://meet.google.com/abc-defg-hij", "bot_name": "Later", "join_at": _instant(at)}
                status, answer = await connection.send(http_request("POST", "/api/v1/bots", key, json.dumps(body).encode()))
                if status != 201:
                    raise RuntimeError(f"{status} {answer[:300]!r}")

    await asyncio.gather(*(work() for _ in range(16)))


async def _late_ms(http: httpx.AsyncClient, room: str, at: datetime, recording: str) -> float:
    """Milliseconds from `join_at` to the stamp of the joined_meeting event; the bot is told to leave, and has ended then."""
    body = {
        "meeting_url": room,
        "bot_name": "Bot",
        "join_at": _instant(at),
        "recording_settings": {"format": recording, "resolution": "720p"},
    }
    bot = (await http.post("/api/v1/bots", json=body)).raise_for_status().json()["id"]
    late = None
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "0"}
    async with http.stream("GET", f"/api/v1/bots/{bot}/events", headers=headers, timeout=120) as stream:
        async for line in stream.aiter_lines():
            event = json.loads(line.removeprefix("data: ")) if line.startswith("data: {") else {}
            if (event.get("state") or {}).get("type") == "joined_meeting":
                late = 1000 * (datetime.fromisoformat(event["created_time"]) - at).total_seconds()
                (await http.post(f"/api/v1/bots/{bot}/leave", json={})).raise_for_status()
    if late is None:
        raise RuntimeError("the bot never joined")
    return late


@asynccontextmanager
async def _service(database_url: str, stage_seconds: int) -> AsyncIterator[tuple[httpx.AsyncClient, str, int]]:
    """`rollcall run` on this database, with somebody in a room of the rehearsal: client, room, port."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        base = f"http://127.0.0.1:{port}"
        environment = {
            "ROLLCALL_DATA_DIR": name,
            "ROLLCALL_DATABASE_URL": database_url,
            "ROLLCALL_HTTP_ADDRESS": f"127.0.0.1:{port}",
            "ROLLCALL_GRPC_ADDRESS": f"127.0.0.1:{free_port()}",
            "ROLLCALL_STAGE_SECONDS": str(stage_seconds),
            "ROLLCALL_WORKER_BOTS": "8",
        }
        command = [sys.executable, "-m", "rollcall", "run", "--log-level", "error"]
        service = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
        people = None
        try:
            async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as http:
                async with asyncio.timeout(60):
                    while not (folder / "api_key").exists():
                        await asyncio.sleep(0.1)
                http.headers["Authorization"] = f"Token {(folder / 'api_key').read_text().strip()}"
                room = f"{base}/rehearsal/scheduling"
                people = asyncio.create_task(run(parse(PEOPLE), room))
                async with asyncio.timeout(60):
                    while not (await http.get(f"{room}/control")).json().get("people"):
                        await asyncio.sleep(0.1)
                yield http, room, port
        finally:
            if people is not None:
                people.cancel()
                await asyncio.gather(people, return_exceptions=True)
            service.send_signal(signal.SIGTERM)
            service.wait(60)


async def _rounds(http: httpx.AsyncClient, room: str, plan: dict[tuple[int, str], int], what: str) -> list[list[object]]:
    rows: list[list[object]] = []
    for (together, recording), rounds in plan.items():
        taken: list[float] = []
        for _ in range(rounds):
            at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=AHEAD_S)
            taken += await asyncio.gather(*(_late_ms(http, room, at, recording) for _ in range(together)))
        rows.append([what, together, recording, len(taken), statistics.median(taken), max(taken)])
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


async def _sweep_cpu_ms(database_url: str) -> float:
    """CPU of this process for one sweep that finds nothing due, the database's own not in it."""
    store = await Store.open(StoreConfig(database_url))
    try:
        await store.sweep()
        began = time.process_time()
        for _ in range(SWEEPS):
            if await store.sweep():
                raise RuntimeError("something was due")
        return 1000 * (time.process_time() - began) / SWEEPS
    finally:
        await store.close()


async def main() -> str:
    """The tables."""
    rows: list[list[object]] = []
    sweeps: list[list[object]] = []
    with postgresql() as cluster:
        url = cluster.url(cluster.new_database())
        sweeps.append(["none", await _sweep_cpu_ms(url)])
        async with _service(url, stage_seconds=60) as (http, room, port):
            await _schedule_many(port, http.headers["Authorization"].removeprefix("Token "))
            plan = {(1, "mp3"): 5, (2, "mp3"): 3, (4, "mp3"): 2, (1, "mp4"): 3, (2, "mp4"): 2}
            rows += await _rounds(http, room, plan, "staged 60 s ahead")
        async with _service(url, stage_seconds=0) as (http, room, _):
            rows += await _rounds(http, room, {(1, "mp3"): 3, (2, "mp3"): 2}, "not staged")
        sweeps.append([f"{SCHEDULED:,}", await _sweep_cpu_ms(url)])
    return "\n\n".join(
        (
            table(("", "due at once", "format", "bots", "late ms, p50", "worst"), rows),
            table(("bots scheduled", "CPU ms a sweep (one a second)"), sweeps),
        )
    )


if __name__ == "__main__":
    print(asyncio.run(main()))
