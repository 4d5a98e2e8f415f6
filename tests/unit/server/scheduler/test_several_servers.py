"""Several servers on one database sweep at the same time, and workers of all of them take what is hinted at."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from server.domain.errors import IllegalTransition, LeaseNotAvailable
from server.domain.state import BotState
from server.scheduler import Scheduler
from server.store import BotChange, Store
from tests.unit.server.store.story import Story, moved, opened

_BOTS = 120
_PATIENCE_S = 60


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


class Workers:
    """Take every bot that any server hints at, and twice at the same time, as brokers may deliver."""

    def __init__(self) -> None:
        self.claimed: Counter[str] = Counter()
        self.waits: list[int | None] = []
        self.tasks: list[asyncio.Task[None]] = []

    def take(self, store: Store, bot_id: str) -> None:
        self.tasks += [asyncio.create_task(self._claim(store, bot_id, f"worker-{number}")) for number in range(2)]

    async def _claim(self, store: Store, bot_id: str, worker_id: str) -> None:
        try:
            lease = await store.claim_lease(bot_id, worker_id)
        except LeaseNotAvailable:
            return
        self.claimed[bot_id] += 1
        self.waits.append(lease.join_in_ms)


async def test_of_two_servers_that_sweep_at_once_neither_launches_a_bot_twice(new_postgresql_url: Callable[[], str]) -> None:
    url = new_postgresql_url()
    async with opened(url) as story, opened(url, story.clock) as other:
        workers = Workers()
        schedulers = [
            Scheduler(
                store, lambda bot_id, store=store: workers.take(store, bot_id), start_grace_s=0, every_s=0.005, clock=story.clock
            )
            for store in (story.store, other.store)
        ]
        due = story.clock.now_us() + 90 * 10**6
        bots = [bot.id for bot in await asyncio.gather(*(story.bot(join_at_us=due + number) for number in range(_BOTS)))]
        for scheduler in schedulers:
            await scheduler.start()
        story.clock.advance(31)
        await until(lambda: len(workers.claimed) == _BOTS)
        await asyncio.gather(*workers.tasks)
        for scheduler in schedulers:
            await scheduler.stop()
        assert set(workers.claimed.values()) == {1}
        assert set(workers.waits) == {59_000}
        await _all_joined_once(story, bots)


async def _all_joined_once(story: Story, bots: list[str]) -> None:
    story.clock.advance(5)
    for bot_id in bots:
        bot = await story.store.get_bot(None, bot_id)
        assert bot.epoch == 1
        await story.store.store_reports(bot_id, 1, _numbered())
        assert await story.told(bot_id) == ["staged", "join_requested"]


def _numbered() -> list[object]:
    report = moved("join_requested")
    report.number = 1
    return [report]


async def test_a_bot_due_while_every_server_was_down_is_joined_by_the_first_that_comes_back(
    new_postgresql_url: Callable[[], str],
) -> None:
    url = new_postgresql_url()
    async with opened(url) as story:
        bot = await story.bot(join_at_us=story.clock.now_us() + 90 * 10**6)
    story.clock.advance(600)
    async with opened(url, story.clock) as one, opened(url, story.clock) as two:
        swept = await asyncio.gather(one.store.sweep(), two.store.sweep())
        assert [attention.bot_id for some in swept for attention in some] == [bot.id]
        assert await one.told(bot.id) == ["staged", "join_requested"]
        assert (await one.events(bot.id))[-1].state.late_ms == 510_000


async def test_a_change_at_one_server_and_the_sweep_of_another_never_both_have_the_bot(
    new_postgresql_url: Callable[[], str],
) -> None:
    url = new_postgresql_url()
    async with opened(url) as one, opened(url, one.clock) as two:
        bots = [await one.bot(join_at_us=one.clock.now_us() + 90 * 10**6) for _ in range(90)]
        later = BotChange(join_at_us=one.clock.now_us() + 3600 * 10**6, only_scheduled=("join_at",))
        one.clock.advance(31)

        async def change(number: int, bot_id: str) -> str:
            try:
                if number % 3 == 0:
                    await two.store.delete_bot(one.project_id, bot_id)
                    return "deleted"
                await two.store.update_bot(one.project_id, bot_id, later)
            except IllegalTransition:
                return "refused"
            return "moved"

        changes = asyncio.gather(*(change(number, bot.id) for number, bot in enumerate(bots)))
        swept: set[str] = set()
        while not changes.done():
            swept |= {attention.bot_id for attention in await one.store.sweep(limit=7)}
        swept |= {attention.bot_id for attention in await one.store.sweep()}
        for bot, outcome in zip(bots, await changes, strict=True):
            assert (bot.id in swept) == (outcome == "refused"), "whoever came first has it, the other none of it"
            if outcome == "moved":
                assert (await one.store.get_bot(None, bot.id)).state is BotState.SCHEDULED
                assert await one.told(bot.id) == []
            elif outcome == "refused":
                assert await one.told(bot.id) == ["staged"]


async def test_metadata_of_a_bot_at_the_door_change_and_its_worker_keeps_it(new_postgresql_url: Callable[[], str]) -> None:
    async with opened(new_postgresql_url()) as story:
        bot = await story.bot(join_at_us=story.clock.now_us() + 60 * 10**6)
        await story.store.sweep()
        lease = await story.store.claim_lease(bot.id, "worker")
        story.clock.advance(5)
        changed = await story.store.update_bot(story.project_id, bot.id, BotChange(metadata={"team": "red"}))
        assert (changed.state, changed.epoch, changed.lease_expires_us) == (
            BotState.STAGED,
            lease.epoch,
            lease.bot.lease_expires_us,
        )
        assert await story.store.sweep() == []
        assert (await story.store.resume_lease(bot.id, "worker", lease.epoch)).join_in_ms == 55_000
        for refused in (
            story.store.delete_bot(story.project_id, bot.id),
            story.store.update_bot(story.project_id, bot.id, BotChange(join_at_us=1, only_scheduled=("join_at",))),
        ):
            with pytest.raises(IllegalTransition):
                await refused
