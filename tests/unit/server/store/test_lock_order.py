"""Two servers on one PostgreSQL lock in one order: neither waits for the other in a circle, whatever else is in their batches."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from rollcall.v1 import bot_pb2
from server.clock import ManualClock
from server.domain.ids import new_id, random_word
from server.domain.webhooks import WebhookTrigger, mask_of
from server.store import Attempt, Line, OwnWebhooks, Store, StoreConfig, writer
from tests.unit.server.store.story import Story, moved, opened, recorded

MEET = bot_pb2.PLATFORM_GOOGLE_MEET
STATE = mask_of([WebhookTrigger.BOT_STATE_CHANGE])
TAKEN = Attempt(status=200)
ROUNDS = 15
Work = Callable[[], Awaitable[object]]
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two servers' stores, and the errors for which either had to begin a transaction again."""

    here: Story
    there: Story
    circles: list[str]

    async def race(self, here: Sequence[Work], there: Sequence[Work]) -> None:
        """Both do all of it at once, each in its own order. A writer takes up the first by itself, so something goes ahead."""
        ahead = [story.store.projects.create(f"race {random_word()}") for story in (self.here, self.there)]
        done = await asyncio.gather(*ahead, *(one() for one in here), *(one() for one in there), return_exceptions=True)
        assert [one for one in done if isinstance(one, BaseException)] == []

    async def somebody_waits(self) -> bool:
        """Whether a transaction of either waits for a lock that the other holds."""
        return bool(await self.here.store._reader.run(lambda connection: connection.execute(WAITING).scalar_one()))


@pytest.fixture
async def pair(new_postgresql_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pair]:
    circles: list[str] = []
    told = writer.may_work_again

    def note(error: BaseException) -> bool:
        again = told(error)
        if again:
            circles.append(type(error).__name__)
        return again

    monkeypatch.setattr(writer, "may_work_again", note)
    url = new_postgresql_url()
    clock = ManualClock()
    async with opened(url, clock) as here, AsyncExitStack() as stack:
        elsewhere = await Store.open(StoreConfig(url, clock=clock))
        stack.push_async_callback(elsewhere.close)
        yield Pair(here, Story(elsewhere, here.project_id, clock), circles)


async def test_accounts_of_several_groups_are_taken_and_refused(pair: Pair) -> None:
    groups = [f"group {number}" for number in range(6)]
    for group in groups:
        for name in ("a", "b"):
            await pair.here.store.logins.create(
                new_id("login"), pair.here.project_id, MEET, group, name, sealed=b"sealed", expires_us=None
            )
    leases = {story: [await story.claimed() for _ in groups] for story in (pair.here, pair.there)}

    def taking(story: Story, order: Sequence[str]) -> list[Work]:
        take = story.store.logins.take
        pairs = zip(leases[story], order, strict=True)
        return [functools.partial(take, lease.bot.id, lease.epoch, MEET, group) for lease, group in pairs]

    for _ in range(ROUNDS):
        await pair.race(taking(pair.here, groups), taking(pair.there, groups[::-1]))

    def refusing(story: Story) -> list[Work]:
        refuse = story.store.logins.refuse
        pairs = zip(leases[story], taken[story], strict=True)
        return [functools.partial(refuse, lease.bot.id, lease.epoch, login.id, "over") for lease, login in pairs]

    turned = groups[::-1]
    taken = {
        pair.here: await asyncio.gather(*(take() for take in taking(pair.here, groups))),
        pair.there: await asyncio.gather(*(take() for take in taking(pair.there, turned))),
    }
    here, there = refusing(pair.here), refusing(pair.there)
    await pair.race([*taking(pair.here, groups), *here], [*there, *taking(pair.there, turned)])
    assert pair.circles == []


async def test_webhooks_change_while_events_of_several_projects_are_told_and_sent(pair: Pair) -> None:
    projects = [pair.here.project_id, (await pair.here.store.projects.create("second")).id]
    hooks = {}
    for project_id in projects:
        hook = new_id("wh")
        await pair.here.store.webhooks.create(hook, project_id, "https://hooks.example.com/a", STATE, sealed_secret=b"s", limit=9)
        hooks[project_id] = hook
    own = OwnWebhooks((("https://hooks.example.com/own", STATE),), sealed_secret=b"own")

    def switching(story: Story, project_id: str) -> list[Work]:
        store, hook = story.store, hooks[project_id]
        return [
            lambda: store.create_bot(story.new_bot(project_id=project_id)),
            lambda: store.create_bot(story.new_bot(project_id=project_id, webhooks=own)),
            lambda: store.webhooks.update(project_id, hook, enabled=False),
            lambda: store.webhooks.rotate_secret(project_id, None, b"new", 0),
            lambda: store.webhooks.update(project_id, hook, enabled=True),
            lambda: store.projects.update(project_id, own_limits={"active_bots": 10_000}),
            lambda: sending(story),
        ]

    async def sending(story: Story) -> None:
        lines = await story.store.webhooks.claim_lines(limit=20, lease_s=15, busy={}, share=20)
        await asyncio.gather(*(_send(story, line) for line in lines))

    for _ in range(ROUNDS):
        orders = projects, projects[::-1]
        here, there = (
            [work for one in order for work in switching(story, one)]
            for story, order in zip((pair.here, pair.there), orders, strict=True)
        )
        await pair.race(here, there[::-1])
    assert pair.circles == []


async def _send(story: Story, line: Line) -> None:
    work = await story.store.webhooks.read_line(line)
    if work is not None and work.parcels:
        await story.store.webhooks.settle(line, work.parcels[0], TAKEN, lease_s=15, was_failing=True)
    await story.store.webhooks.release(line)


async def test_events_are_dropped_while_two_bots_data_are_redacted_by_another_server(pair: Pair) -> None:
    """Whoever redacts has the second bot's events and comes to the first bot's; whoever drops has these and comes to those."""
    one, two = [await pair.there.joined() for _ in range(2)]
    for lease in (one, two):
        await pair.there.report(lease, moved("meeting_ended"), recorded("complete"), moved("post_processing_completed"))
    for lease in (one, two):
        await pair.there.store.purges.delete_data(pair.there.project_id, lease.bot.id)
    redacted_one, go_on = threading.Event(), threading.Event()

    def before(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("UPDATE event SET data"):
            if redacted_one.is_set():
                assert go_on.wait(60)
            redacted_one.set()

    event.listen(Engine, "before_cursor_execute", before)
    try:
        # The first keeps the writer busy, so that the others are in line together.
        ahead = pair.there.store.projects.create("ahead")
        redact = pair.there.store.purges.redact
        redacting = asyncio.gather(ahead, redact(two.bot.id), redact(one.bot.id))
        assert await asyncio.to_thread(redacted_one.wait, 60)
        pair.here.clock.advance(1)
        dropping = asyncio.ensure_future(pair.here.store.drop_events(pair.here.clock.now_us(), 0, most=5))
        async with asyncio.timeout(60):
            while not dropping.done() and not await pair.somebody_waits():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.gather(redacting, dropping)
    finally:
        go_on.set()
        event.remove(Engine, "before_cursor_execute", before)
    assert pair.circles == []
    assert dropping.result() == 5
