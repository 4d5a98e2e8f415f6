"""From `join_at` to joined, with 10,000 other bots scheduled: one bot and several that are due at the same instant.

The baseline is the same service without staging (`ROLLCALL_STAGE_SECONDS=0`): the browser is started when the time has come.
What the table of 10,000 costs is measured apart: CPU of one sweep beside the same sweep of an empty table.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta

import httpx

from benchmarks.harness import HttpConnection, http_request, table
from benchmarks.meeting import meeting
from server.store import Store, StoreConfig
from tests.services import postgresql

SCHEDULED = 10_000
SWEEPS = 200
AHEAD_S = 12
"""A bot is created so long before its `join_at`."""


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
        async with meeting(database_url=url, worker_bots="8") as there:
            await _schedule_many(there.port, there.http.headers["Authorization"].removeprefix("Token "))
            plan = {(1, "mp3"): 4, (2, "mp3"): 2, (4, "mp3"): 2, (1, "mp4"): 3, (2, "mp4"): 2}
            rows += await _rounds(there.http, there.room, plan, "staged 60 s ahead")
        async with meeting(database_url=url, worker_bots="8", stage_seconds="0") as there:
            rows += await _rounds(there.http, there.room, {(1, "mp3"): 2, (2, "mp3"): 1}, "not staged")
        sweeps.append([f"{SCHEDULED:,}", await _sweep_cpu_ms(url)])
    return "\n\n".join(
        (
            table(("", "due at once", "format", "bots", "late ms, p50", "worst"), rows),
            table(("bots scheduled", "CPU ms a sweep (one a second)"), sweeps),
        )
    )


if __name__ == "__main__":
    print(asyncio.run(main()))
