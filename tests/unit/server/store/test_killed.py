"""kill -9 of the process that writes: everything it said was done is there, and the log has no gap."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from server.store import Store, StoreConfig
from tests.unit.server.store.story import Story

WRITE = """
import asyncio, os, sys
from tests.unit.server.store.story import Story, numbered, remarked
from server.clock import ManualClock
from server.store import Store, StoreConfig

async def main():
    store = await Store.open(StoreConfig(sys.argv[1]))
    story = Story(store, sys.argv[2], ManualClock())
    async def act():
        lease = await story.claimed()
        number = 0
        while True:
            number += 1
            await store.store_reports(lease.bot.id, lease.epoch, numbered([remarked()], number))
            os.write(1, f"{lease.bot.id} {number}\\n".encode())
    await asyncio.gather(*(act() for _ in range(20)))

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_a_kill(database_url: str) -> None:
    store = await Store.open(StoreConfig(database_url))
    project = await store.projects.create("killed")
    if database_url.startswith("sqlite"):
        await store.close()
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            WRITE,
            database_url,
            project.id,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path.cwd(),
            env=dict(os.environ),
        )
        assert process.stdout is not None
        lines = [await process.stdout.readline() for _ in range(400)]
        process.kill()
        lines += (await process.stdout.read()).splitlines(keepends=True)
        await process.wait()
        acknowledged: dict[str, int] = {}
        for line in lines:
            if line.endswith(b"\n"):
                bot_id, number = line.decode().split()
                acknowledged[bot_id] = int(number)
        assert len(acknowledged) == 20
        if database_url.startswith("sqlite"):
            store = await Store.open(StoreConfig(database_url))
        story = Story(store, project.id, None)  # type: ignore[arg-type]  # no clock is needed to read
        log = await story.log()
        assert [event.position for event in log] == list(range(1, len(log) + 1))
        for bot_id, last in acknowledged.items():
            bot = await store.get_bot(None, bot_id)
            assert bot.last_report_number >= last
            events = await story.events(bot_id)
            assert [event.sequence for event in events] == list(range(1, bot.last_sequence + 1))
            assert len(events) == 1 + bot.last_report_number
        if database_url.startswith("sqlite"):
            await store.close()
    if not database_url.startswith("sqlite"):
        await store.close()
