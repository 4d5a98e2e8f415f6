"""A program in another language, with nothing of ours, follows a bot by server-sent events and resumes without a gap."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.contract.harness import FakeAgent
from tests.contract.rest import Face, create

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROGRAM = Path(__file__).parent / "clients/watch.mjs"


@pytest.mark.parametrize("break_every", [2, 1000])
async def test_a_node_program_sees_each_event_once_however_often_it_loses_the_stream(served: Face, break_every: int) -> None:
    node = shutil.which("node")
    assert node is not None, "Node is one of the programs that tools/system_packages.sh sets up for tests"
    client = await served.project()
    async with client:
        bot_id = (await create(client))["id"]
        agent = FakeAgent(served.running, bot_id)
        key = client.headers["Authorization"].removeprefix("Token ")
        program = await asyncio.create_subprocess_exec(
            node, str(PROGRAM), served.url, key, bot_id, str(break_every), stdout=asyncio.subprocess.PIPE
        )
        assert program.stdout is not None
        first = await asyncio.wait_for(program.stdout.readline(), 30)
        await agent.join()
        await agent.move("meeting_ended")
        await agent.stored(await agent.move("post_processing_completed"))
        rest, _ = await asyncio.wait_for(program.communicate(), 30)
        await agent.close()
        log = (await client.get(f"/api/v1/bots/{bot_id}/events")).json()["results"]
    assert program.returncode == 0
    seen = [line.split() for line in (first + rest).decode().splitlines()]
    assert [int(sequence) for sequence, _ in seen] == [event["sequence"] for event in log]
    assert {kind for _, kind in seen} >= {"state"}
    assert len(seen) >= 5
