"""A service in a thread of its own, for tests whose client waits: requests, raw sockets, and tools that know no event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.contract.harness import FakeAgent
from tests.contract.rest import Face, face

_PATIENCE_S = 60


@dataclass(frozen=True)
class Threaded:
    """Where the service is, a key of a project in it, and bots there: attending, scheduled, ended."""

    http: str
    grpc: str
    key: str
    admin_token: str
    worker_token: str
    bots: tuple[str, ...]


@contextlib.contextmanager
def threaded(folder: Path) -> Iterator[Threaded]:
    """The service, on SQLite; stopped in any case."""
    ready = threading.Event()
    made: list[Threaded] = []
    failed: list[BaseException] = []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        async with face("in_process", folder) as served:
            ended = asyncio.Event()
            stop.append((asyncio.get_running_loop(), ended))
            agents, one = await _populate(served)
            made.append(one)
            ready.set()
            await ended.wait()
            for agent in agents:
                await agent.close()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - told to the test, which runs elsewhere
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="service")
    thread.start()
    try:
        assert ready.wait(_PATIENCE_S)
        if failed:
            raise failed[0]
        yield made[0]
    finally:
        for loop, ended in stop:
            with contextlib.suppress(RuntimeError):  # it ended by itself
                loop.call_soon_threadsafe(ended.set)
        thread.join(_PATIENCE_S)
        assert not thread.is_alive(), "the service ends"
    if failed:
        raise failed[0]


async def _populate(served: Face) -> tuple[list[FakeAgent], Threaded]:
    running = served.running
    bots = [await running.create() for _ in range(2)]
    agents = [FakeAgent(running, bot.id) for bot in bots]
    for agent in agents:
        await agent.join()
    await agents[1].move("meeting_ended")
    await agents[1].stored(await agents[1].move("post_processing_completed"))
    scheduled = await running.create(join_at={"seconds": int(time.time()) + 3600})
    ids = (*(bot.id for bot in bots), scheduled.id)
    admin_token = (running.settings.data_dir / "admin_token").read_text().strip()
    return agents, Threaded(served.url, running.address, running.key, admin_token, running.server.worker_token, ids)
