"""Single bots are read together, and one who waits for nothing gets an answer all the same (PostgreSQL)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import psycopg
import pytest

from server.domain.errors import DatabaseAway, NotFound
from tests.unit.server.store.story import Story, opened


@pytest.fixture
async def url(new_postgresql_url: Callable[[], str]) -> str:
    return new_postgresql_url()


@pytest.fixture
async def story(url: str) -> AsyncIterator[Story]:
    async with opened(url, wait_seconds=2.0) as story:
        yield story


class Held:
    """Holds the reader's thread before its next statement, and counts statements."""

    def __init__(self, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
        reader = story.store._bots
        self.statements: list[int] = []
        self.go = threading.Event()
        self.waits = threading.Event()
        real = reader._read_several

        def read(bot_ids: list[str]) -> object:
            self.statements.append(len(bot_ids))
            self.waits.set()
            self.go.wait(60)
            return real(bot_ids)

        monkeypatch.setattr(reader, "_read_several", read)

    async def until_it_waits(self) -> None:
        await asyncio.to_thread(self.waits.wait, 60)


async def test_all_who_ask_meanwhile_are_answered_by_one_statement(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    bots = await asyncio.gather(*(story.bot() for _ in range(50)))
    held = Held(story, monkeypatch)
    first = asyncio.create_task(story.store.get_bot(story.project_id, bots[0].id))
    await held.until_it_waits()
    others = [asyncio.create_task(story.store.get_bot(story.project_id, bot.id)) for bot in bots * 3]
    missing = asyncio.create_task(story.store.get_bot(story.project_id, "bot_0000000000000000"))
    await asyncio.sleep(0)
    held.go.set()
    assert await first == bots[0]
    assert await asyncio.gather(*others) == bots * 3
    with pytest.raises(NotFound):
        await missing
    assert held.statements == [1, 51]


async def test_what_was_committed_before_one_asks_is_seen_however_many_read(story: Story) -> None:
    async def make_and_read() -> None:
        for _ in range(10):
            bot = await story.bot()
            assert await story.store.get_bot(story.project_id, bot.id) == bot
            left = await story.store.request_leave(story.project_id, bot.id)
            assert await story.store.get_bot(story.project_id, bot.id) == left

    await asyncio.gather(*(make_and_read() for _ in range(20)))


async def test_another_projects_bot_is_not_there(story: Story) -> None:
    bot = await story.bot()
    other = await story.store.projects.create("other")
    mine, theirs = await asyncio.gather(
        story.store.get_bot(story.project_id, bot.id), story.store.get_bot(other.id, bot.id), return_exceptions=True
    )
    assert mine == bot
    assert isinstance(theirs, NotFound)


async def test_one_who_goes_away_takes_nobodys_answer(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = await story.bot()
    held = Held(story, monkeypatch)
    first, second = (asyncio.create_task(story.store.get_bot(None, bot.id)) for _ in range(2))
    await held.until_it_waits()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    held.go.set()
    assert await second == bot


async def test_a_database_that_does_not_answer_is_told_in_time_and_used_again_after(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await story.bot()
    held = Held(story, monkeypatch)
    asked = [asyncio.create_task(story.store.get_bot(None, bot.id)) for _ in range(3)]
    for one in asked:
        with pytest.raises(DatabaseAway):
            await one
    held.go.set()
    assert await story.store.get_bot(None, bot.id) == bot
    assert not story.store._bots._unanswered
    assert story.store._bots._timer is None


async def test_a_broken_connection_is_replaced_without_a_word(story: Story, url: str) -> None:
    bot = await story.bot()
    await story.store.get_bot(None, bot.id)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    for one in await asyncio.gather(*(story.store.get_bot(None, bot.id) for _ in range(20))):
        assert one == bot
