"""From commit to subscriber: latency beside 1,000 idle streams, and fan-out to many readers of one project.

An event carries the instant at which the server stamped it, before its transaction committed; generator and server share
one clock. So a latency here covers commit, wake-up, fan-out, gRPC and parsing.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

import grpc

from benchmarks.harness import cpu_seconds, pss_bytes, table
from benchmarks.service import BODY, Running, rollcall_server
from rollcall.v1 import bot_service_pb2 as pb
from rollcall.v1 import bot_service_pb2_grpc as bots
from rollcall.v1 import event_service_pb2 as events_pb
from rollcall.v1 import event_service_pb2_grpc as events
from tests.services import postgresql

IDLE = 1000
EVENTS = 1000
PACE_SECONDS = 0.005
HELD_EVENTS = 4000
OWN_CHANNEL = [("grpc.use_local_subchannel_pool", 1)]
SMALL_WINDOW = [("grpc.http2.lookahead_bytes", 4096), ("grpc.http2.bdp_probe", 0)]
"""What a client takes in of a stream that it does not read."""


def _channel(running: Running) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}", OWN_CHANNEL)


def _metadata(running: Running) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Token {running.key}"),)


async def _follow(
    service: Any, request: Any, metadata: Any, seen: Callable[[Any], None], ready: asyncio.Event | None = None
) -> None:
    method = service.WatchBot if isinstance(request, events_pb.WatchBotRequest) else service.WatchEvents
    async for message in method(request, metadata=metadata):
        if ready is not None:
            ready.set()  # the first message is the bookmark that says: caught up
        if message.WhichOneof("message") == "event":
            seen(message.event)


async def _latency(running: Running, idle: int) -> list[float]:
    """Milliseconds for each of EVENTS events, with `idle` streams beside the one that is measured."""
    channels = [_channel(running) for _ in range(10)]
    metadata = _metadata(running)
    service = bots.BotServiceStub(channels[0])
    quiet = (await service.CreateBot(pb.CreateBotRequest(**BODY), metadata=metadata)).bot.id
    tasks, waits = [], []
    for number in range(idle):
        ready = asyncio.Event()
        waits.append(ready.wait())
        request = events_pb.WatchBotRequest(bot_id=quiet, after_sequence=0)
        follower = _follow(events.EventServiceStub(channels[number % 10]), request, metadata, lambda _: None, ready)
        tasks.append(asyncio.create_task(follower))
    ready = asyncio.Event()
    taken: list[float] = []
    everything = asyncio.Event()

    def seen(event: Any) -> None:
        taken.append(1000 * (time.time() - event.created_time.seconds - event.created_time.nanos / 1e9))
        if len(taken) == EVENTS:
            everything.set()

    own = _channel(running)
    tasks.append(
        asyncio.create_task(_follow(events.EventServiceStub(own), events_pb.WatchEventsRequest(), metadata, seen, ready))
    )
    await asyncio.gather(*waits, ready.wait())
    for _ in range(EVENTS):
        await service.CreateBot(pb.CreateBotRequest(**BODY), metadata=metadata)
        await asyncio.sleep(PACE_SECONDS)
    await everything.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for channel in (*channels, own):
        await channel.close()
    return taken


async def _fan_out(running: Running, readers: int) -> tuple[float, float]:
    """Deliveries a second, and CPU microseconds of the server a delivery."""
    channels = [_channel(running) for _ in range(10)]
    metadata = _metadata(running)
    count, total = 0, 300 * readers
    finished = asyncio.Event()

    def seen(_: Any) -> None:
        nonlocal count
        count += 1
        if count >= total:
            finished.set()

    tasks, waits = [], []
    for number in range(readers):
        ready = asyncio.Event()
        waits.append(ready.wait())
        follower = _follow(events.EventServiceStub(channels[number % 10]), events_pb.WatchEventsRequest(), metadata, seen, ready)
        tasks.append(asyncio.create_task(follower))
    await asyncio.gather(*waits)
    service = bots.BotServiceStub(channels[0])
    cpu, began = cpu_seconds(running.pid), time.perf_counter()
    for _ in range(30):
        await asyncio.gather(*(service.CreateBot(pb.CreateBotRequest(**BODY), metadata=metadata) for _ in range(10)))
    await finished.wait()
    wall, cpu = time.perf_counter() - began, cpu_seconds(running.pid) - cpu
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for channel in channels:
        await channel.close()
    return count / wall, 1e6 * cpu / count


async def _held(running: Running, readers: int) -> list[object]:
    """The server's memory beside readers that do not read, before and after events that nobody takes."""
    channels = [grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}", [*OWN_CHANNEL, *SMALL_WINDOW]) for _ in range(10)]
    metadata = _metadata(running)
    calls = []
    for number in range(readers):
        call = events.EventServiceStub(channels[number % 10]).WatchEvents(events_pb.WatchEventsRequest(), metadata=metadata)
        await call.read()  # the bookmark; nothing more is read
        calls.append(call)
    service = bots.BotServiceStub(channels[0])
    before = pss_bytes(running.pid)
    body = {**BODY, "metadata": {"filler": "x" * 900}}
    for _ in range(HELD_EVENTS // 20):
        await asyncio.gather(*(service.CreateBot(pb.CreateBotRequest(**body), metadata=metadata) for _ in range(20)))
    after = pss_bytes(running.pid)
    for call in calls:
        call.cancel()
    for channel in channels:
        await channel.close()
    return [readers, HELD_EVENTS, before / 1e6, after / 1e6]


async def main() -> str:
    """The tables."""
    rows: list[list[object]] = []
    spread: list[list[object]] = []
    held: list[list[object]] = []
    with postgresql() as cluster:
        for name, url in (("PostgreSQL", cluster.url(cluster.new_database())), ("SQLite", None)):
            with rollcall_server(name, url) as running:
                for idle in (0, IDLE):
                    taken = await _latency(running, idle)
                    cut = statistics.quantiles(taken, n=100)
                    rows.append([name, idle, len(taken), cut[49], cut[98], max(taken)])
                for readers in (10, 100):
                    rate, cost = await _fan_out(running, readers)
                    spread.append([name, readers, rate, cost])
                if name == "PostgreSQL":
                    held = [await _held(running, readers) for readers in (0, 1000)]
    return "\n\n".join(
        (
            table(("database", "idle streams", "events", "p50 ms", "p99 ms", "worst ms"), rows),
            table(("database", "readers of the project", "deliveries/s", "CPU µs a delivery"), spread),
            table(("readers that do not read", "events meanwhile", "server MB before", "after"), held),
        )
    )


if __name__ == "__main__":
    print(asyncio.run(main()))
