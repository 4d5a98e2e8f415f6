"""kill -9 of the process that writes: everything it said was done is there, and the log has no gap."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rollcall.v1 import agent_service_pb2, event_pb2
from server.domain.errors import LeaseNotAvailable
from server.domain.wishes import Wish
from server.store import Store, StoreConfig
from tests.unit.server.store.story import WORKER, Story, moved, opened, recorded, remarked

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


KILLED_AFTER = """
import asyncio, os, signal, sys
from tests.unit.server.store.story import WORKER, Story, moved
from server.clock import ManualClock
from server.store import Store, StoreConfig

async def main():
    store = await Store.open(StoreConfig(sys.argv[1]))
    story, bot = Story(store, sys.argv[2], ManualClock()), sys.argv[3]
    await [STEP]
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def killed_after(step: str, database_url: str, story: Story, bot_id: str) -> AsyncIterator[Story]:
    """The next server's store, after one that was killed when the step was committed and nobody had heard of it."""
    command = (sys.executable, "-c", KILLED_AFTER.replace("[STEP]", step), database_url, story.project_id, bot_id)
    process = await asyncio.create_subprocess_exec(*command, cwd=Path.cwd())
    assert await process.wait() == -signal.SIGKILL
    store = await Store.open(StoreConfig(database_url))
    try:
        yield Story(store, story.project_id, story.clock)
    finally:
        await store.close()


async def test_a_worker_that_never_heard_that_it_has_the_lease_gets_it_when_it_asks_again(database_url: str) -> None:
    async with opened(database_url) as story:
        bot = await story.bot()
    async with killed_after("store.claim_lease(bot, WORKER)", database_url, story, bot.id) as after:
        with pytest.raises(LeaseNotAvailable):
            await after.store.claim_lease(bot.id, "worker-2")
        lease = await after.store.claim_lease(bot.id, WORKER)
        assert (lease.epoch, lease.bot.attempt, lease.bot.worker_id) == (2, 1, WORKER)
        assert await after.report(lease, remarked()) == 1
        with pytest.raises(LeaseNotAvailable):
            await after.store.claim_lease(bot.id, WORKER)
        assert await after.told(bot.id) == ["join_requested", "log"]


async def test_a_wish_that_is_open_when_its_server_dies_with_the_meeting_over_has_failed_in_the_end(database_url: str) -> None:
    """Who would have said so at once was the session with the agent, and died with the server."""
    async with opened(database_url) as story:
        lease = await story.joined()
        say = agent_service_pb2.Command(send_chat=agent_service_pb2.SendChatCommand(message="Hi"))
        wished = await story.store.add_command(story.project_id, lease.bot.id, say, Wish.SEND_CHAT_MESSAGE)
    over = 'story.report(await store.resume_lease(bot, WORKER, 1), moved("meeting_ended"))'
    async with killed_after(over, database_url, story, lease.bot.id) as after:
        again = await after.store.resume_lease(lease.bot.id, WORKER, lease.epoch)
        await after.report(again, recorded("complete"), moved("post_processing_completed"))
        bot = await after.store.release_lease(lease.bot.id, lease.epoch)
        assert bot.settled
        assert await after.store.pending_commands(bot.id) == []
        last = (await after.log())[-1]
        assert last.final
        request = last.message().media_request
        assert (request.command_id, request.state) == (wished.command.id, event_pb2.MEDIA_REQUEST_STATE_FAILED)
