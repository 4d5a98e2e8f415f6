from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from server.domain.errors import DatabaseAway
from server.scheduler import Scheduler
from server.store import Attention, Outcome
from tests.unit.server.store.story import Story


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def test_due_bots_are_hinted_at_while_it_runs(story: Story) -> None:
    hints: list[str] = []
    scheduler = Scheduler(story.store, hints.append, start_grace_s=0, every_s=0.02, clock=story.clock)
    await scheduler.start()
    bot = await story.bot(join_at_us=story.clock.now_us() + 5 * 10**6)
    story.clock.advance(5)
    await until(lambda: hints == [bot.id])
    await scheduler.stop()
    story.clock.advance(100)
    assert hints == [bot.id]


async def test_a_new_server_expires_no_lease_before_a_whole_lease_has_passed(story: Story) -> None:
    lease = await story.claimed()
    story.clock.advance(60)
    hints: list[str] = []
    scheduler = Scheduler(story.store, hints.append, start_grace_s=10, clock=story.clock)
    for _ in range(10):
        assert await scheduler.sweep() == []
        story.clock.advance(1)
    assert [attention.outcome for attention in await scheduler.sweep()] == [Outcome.AGENT_LOST]
    assert hints == [lease.bot.id]


async def test_a_server_that_stood_still_expires_no_lease_before_a_whole_lease_has_passed(story: Story) -> None:
    scheduler = Scheduler(story.store, lambda _: None, start_grace_s=10, clock=story.clock)
    for _ in range(20):
        story.clock.advance(1)
        await scheduler.sweep()
    await story.claimed()
    story.clock.advance(3600)  # the machine was asleep, or the process stopped
    for _ in range(10):
        assert await scheduler.sweep() == []
        story.clock.advance(1)
    assert [attention.outcome for attention in await scheduler.sweep()] == [Outcome.AGENT_LOST]


async def test_an_agent_that_came_back_in_time_keeps_its_bot(story: Story) -> None:
    lease = await story.claimed()
    story.clock.advance(60)
    scheduler = Scheduler(story.store, lambda _: None, start_grace_s=10, clock=story.clock)
    story.clock.advance(5)
    await story.store.renew_lease(lease.bot.id, lease.epoch)
    story.clock.advance(6)
    assert await scheduler.sweep() == []
    assert await story.state(lease.bot.id) == "joining"


async def test_everything_due_is_done_in_one_sweep_however_much_it_is(story: Story) -> None:
    hints: list[str] = []
    scheduler = Scheduler(story.store, hints.append, start_grace_s=0, clock=story.clock)
    bots = await asyncio.gather(*(story.bot(join_at_us=story.clock.now_us() + 1) for _ in range(600)))
    story.clock.advance(1)
    assert len(await scheduler.sweep()) == 600
    assert sorted(hints) == sorted(bot.id for bot in bots)


async def test_a_sweep_that_fails_is_not_the_last(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[Exception] = [DatabaseAway(), ZeroDivisionError()]
    real = story.store.sweep

    async def sweep(**more: bool) -> list[Attention]:
        if errors:
            raise errors.pop()
        return await real(**more)

    monkeypatch.setattr(story.store, "sweep", sweep)
    hints: list[str] = []
    scheduler = Scheduler(story.store, hints.append, start_grace_s=0, every_s=0.01, clock=story.clock)
    bot = await story.bot()
    story.clock.advance(4)
    await scheduler.start()
    await until(lambda: hints == [bot.id])
    await scheduler.stop()
