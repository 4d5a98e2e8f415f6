from __future__ import annotations

import asyncio

from agents.crew import Crew
from agents.room import BotNeeds, Load, Room


class FakeRun:
    def __init__(self, bot_id: str, *, deaf: bool = False) -> None:
        self.bot_id = bot_id
        self.deaf = deaf
        self.over = asyncio.Event()
        self.started = False

    async def run(self) -> None:
        self.started = True
        await self.over.wait()

    def shut_down(self) -> None:
        if not self.deaf:
            self.over.set()


class Troupe:
    def __init__(self, *, most: int = 2, deaf: bool = False) -> None:
        self.runs: list[FakeRun] = []
        self.closed = False
        self.deaf = deaf
        room = Room(most=most, needs=BotNeeds(), measure=lambda: Load(1, None, None))
        self.crew = Crew(self.make, room, self.close)

    def make(self, bot_id: str) -> FakeRun:
        self.runs.append(FakeRun(bot_id, deaf=self.deaf))
        return self.runs[-1]

    async def close(self) -> None:
        self.closed = True


async def test_a_hint_that_comes_twice_runs_the_bot_once() -> None:
    troupe = Troupe()
    first = asyncio.create_task(troupe.crew.run("bot_1"))
    await asyncio.sleep(0)
    await troupe.crew.run("bot_1")
    assert len(troupe.runs) == 1
    troupe.runs[0].over.set()
    await first
    await troupe.crew.stop(1)


async def test_a_bot_without_room_is_left_to_the_sweep() -> None:
    troupe = Troupe(most=1)
    first = asyncio.create_task(troupe.crew.run("bot_1"))
    await asyncio.sleep(0)
    await troupe.crew.run("bot_2")
    assert [run.bot_id for run in troupe.runs] == ["bot_1"]
    troupe.runs[0].over.set()
    await first
    second = asyncio.create_task(troupe.crew.run("bot_2"))
    await asyncio.sleep(0)
    assert [run.bot_id for run in troupe.runs] == ["bot_1", "bot_2"]
    await troupe.crew.stop(1)
    await second


async def test_stopping_hands_all_bots_over_and_takes_no_more() -> None:
    troupe = Troupe()
    running = [asyncio.create_task(troupe.crew.run(f"bot_{n}")) for n in range(2)]
    await asyncio.sleep(0)
    await troupe.crew.stop(5)
    await asyncio.gather(*running)
    assert troupe.closed
    await troupe.crew.run("bot_3")
    assert len(troupe.runs) == 2


async def test_stopping_does_not_wait_longer_than_allowed() -> None:
    troupe = Troupe(deaf=True)
    running = asyncio.create_task(troupe.crew.run("bot_1"))
    await asyncio.sleep(0)
    await asyncio.wait_for(troupe.crew.stop(0.1), 2)
    assert troupe.closed
    running.cancel()
    await asyncio.wait({running})
