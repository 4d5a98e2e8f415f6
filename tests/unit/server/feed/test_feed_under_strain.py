"""Whatever gets lost, overflows, goes away or is slow, a watcher sees every event once."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable

import pytest

from server.domain.errors import DatabaseAway, SlowReader
from server.feed import FeedConfig
from server.feed.subscription import Subscription
from server.store import Lease, StoredEvent
from tests.unit.server.feed.watching import LIVELY, bookmark, feeding, sequences, take
from tests.unit.server.store.story import Story, numbered, opened, remarked


async def test_watchers_that_join_and_resume_at_random_under_load_lose_and_repeat_nothing(  # noqa: C901 - three actors at once
    story: Story,
) -> None:
    leases = [await story.claimed() for _ in range(8)]
    config = FeedConfig(queue_events=20, page_events=7, bookmark_seconds=0.05, hidden_seconds=0.02, poll_seconds=0.1)
    total = 8 + 8 * 60
    async with feeding(story, config) as feed:

        async def write(lease: Lease) -> None:
            for number in range(60):
                await story.store.store_reports(lease.bot.id, lease.epoch, numbered([remarked()], number + 1))
                if number % 7 == 0:
                    await asyncio.sleep(0.001)

        async def follow_project(seed: int) -> None:
            chance, seen = random.Random(seed), 0
            while seen < total:
                # A watcher goes away at any moment and comes back with the last position that it saw.
                most = chance.randrange(1, 200)
                async with contextlib.aclosing(feed.watch_project(story.project_id, after_position=seen)) as stream:
                    async for item in stream:
                        if item.event is not None:
                            assert item.position == seen + 1
                        assert item.position >= seen
                        seen = item.position
                        most -= 1
                        if most == 0 or seen == total:
                            break
                        if chance.random() < 0.02:
                            await asyncio.sleep(chance.random() * 0.01)

        async def follow_bot(lease: Lease, seed: int) -> None:
            chance, seen = random.Random(seed), 0
            while seen < 61:
                most = chance.randrange(1, 40)
                async with contextlib.aclosing(feed.watch_bot(None, lease.bot.id, after_sequence=seen)) as stream:
                    async for item in stream:
                        if item.event is not None:
                            assert (item.position, item.event.bot_id) == (seen + 1, lease.bot.id)
                        seen = item.position
                        most -= 1
                        if most == 0 or seen == 61:
                            break

        async with asyncio.timeout(60):
            await asyncio.gather(
                *(write(lease) for lease in leases),
                *(follow_project(seed) for seed in range(12)),
                *(follow_bot(lease, seed) for seed in range(3) for lease in leases),
            )
        assert feed._topics == {}


async def test_a_watcher_on_another_server_sees_every_position_in_order(new_postgresql_url: Callable[[], str]) -> None:
    url = new_postgresql_url()
    async with opened(url) as one, opened(url) as other:
        two = Story(other.store, one.project_id, other.clock)
        config = FeedConfig(bookmark_seconds=0.5, poll_seconds=1000)  # so that only notifications bring the news
        async with feeding(one, config) as first, feeding(two, config) as second:
            streams = [feed.watch_project(one.project_id, after_position=0) for feed in (first, second) for _ in range(3)]
            for stream in streams:
                await bookmark(stream)

            async def write(story: Story) -> None:
                for _ in range(25):
                    bot = await story.bot()
                    await (one if story is two else two).store.request_leave(None, bot.id)

            _, *seen = await asyncio.gather(
                asyncio.gather(*(write(story) for story in (one, two) for _ in range(4))),
                *(take(stream, 400) for stream in streams),
            )
            for items in seen:
                assert [item.position for item in items] == list(range(1, 401))  # type: ignore[attr-defined]  # of take
            for stream in streams:
                await stream.aclose()


async def test_lost_notifications_are_made_good(new_postgresql_url: Callable[[], str]) -> None:
    import psycopg

    url = new_postgresql_url()
    async with opened(url) as one, opened(url) as two, feeding(two, FeedConfig(poll_seconds=1000)) as feed:
        stream = feed.watch_project(one.project_id, after_position=0)
        await bookmark(stream)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
        for _ in range(5):
            await one.bot()
        assert [item.position for item in await take(stream, 5)] == [1, 2, 3, 4, 5]
        await stream.aclose()


async def test_a_slow_reader_is_bounded_goes_back_to_the_log_and_slows_nobody(story: Story) -> None:
    lease = await story.claimed()
    config = FeedConfig(queue_events=50, page_events=30, bookmark_seconds=1000)
    async with feeding(story, config) as feed:
        slow = feed.watch_project(story.project_id, after_position=0)
        quick = feed.watch_project(story.project_id, after_position=0)
        await bookmark(slow)
        await bookmark(quick)
        topic = feed._topics[story.project_id]
        for first in range(1, 1001, 100):
            reports = numbered([remarked() for _ in range(100)], first)
            await story.store.store_reports(lease.bot.id, lease.epoch, reports)
            assert len(await take(quick, 100)) == 100
            assert all(len(subscription._queue) <= 50 for subscription in topic.subscriptions)
        assert [item.position for item in await take(slow, 1000)] == list(range(2, 1002))
        assert (await bookmark(slow)).position == 1001
        await slow.aclose()
        await quick.aclose()


async def test_large_events_fill_a_queue_by_their_bytes(story: Story) -> None:
    lease = await story.claimed()
    async with feeding(story, FeedConfig(queue_bytes=100_000)) as feed:
        slow = feed.watch_project(story.project_id)
        await bookmark(slow)
        for first in range(1, 21):
            await story.store.store_reports(lease.bot.id, lease.epoch, numbered([remarked("x" * 40_000)], first))
        (subscription,) = feed._topics[story.project_id].subscriptions
        assert subscription._bytes <= 100_000
        assert [item.position for item in await take(slow, 20)] == list(range(2, 22))
        await slow.aclose()


async def test_a_reader_too_far_behind_is_sent_away(story: Story) -> None:
    lease = await story.claimed()
    async with feeding(story, FeedConfig(queue_events=10, behind_events=50)) as feed:
        slow = feed.watch_project(story.project_id)
        await bookmark(slow)
        reports = numbered([remarked() for _ in range(61)])
        await story.store.store_reports(lease.bot.id, lease.epoch, reports)
        with pytest.raises(SlowReader):
            await anext(slow)
        again = feed.watch_project(story.project_id, after_position=1)
        assert len(await take(again, 61)) == 61
        await again.aclose()


async def test_a_thousand_watchers_get_what_one_gets(story: Story) -> None:
    lease = await story.claimed()
    async with feeding(story, FeedConfig()) as feed:
        streams = [feed.watch_bot(story.project_id, lease.bot.id) for _ in range(1000)]
        await asyncio.gather(*(bookmark(stream) for stream in streams))
        await story.report(lease, remarked(), remarked())
        items = await asyncio.gather(*(take(stream, 2) for stream in streams))
        assert {tuple(sequences(some)) for some in items} == {(2, 3)}
        assert len({id(some[0].event) for some in items}) == 1  # one event, shared by all
        await asyncio.gather(*(stream.aclose() for stream in streams))
        assert feed._topics == {}


async def test_a_database_that_goes_and_comes_back_costs_a_watcher_nothing(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = await story.claimed()
    async with feeding(story, LIVELY) as feed:
        stream = feed.watch_project(story.project_id)
        await bookmark(stream)
        topic = feed._topics[story.project_id]
        real = story.store.project_events_after

        async def away(*_: object) -> list[object]:
            raise DatabaseAway

        monkeypatch.setattr(story.store, "project_events_after", away)
        topic._head = 0  # as if something had been missed
        await story.report(lease, remarked())
        await asyncio.sleep(0)
        monkeypatch.setattr(story.store, "project_events_after", real)
        assert [item.position for item in await take(stream, 1)] == [2]
        await stream.aclose()


async def test_what_is_committed_while_the_log_is_read_is_neither_held_up_nor_told_twice(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = await story.claimed()
    async with feeding(story, FeedConfig(poll_seconds=1000)) as feed:
        stream = feed.watch_project(story.project_id)
        await bookmark(stream)
        topic = feed._topics[story.project_id]
        real, go_on = story.store.project_events_after, asyncio.Event()

        async def slow(*where: object) -> list[StoredEvent]:
            events = await real(*where)  # type: ignore[arg-type]  # as given
            await go_on.wait()
            return events

        monkeypatch.setattr(story.store, "project_events_after", slow)
        topic.wake()
        await story.report(lease, remarked(), remarked())
        assert [item.position for item in await take(stream, 2)] == [2, 3]
        # Something is missed, as if another server had committed it: the rest waits for the read.
        topic._head = 1
        await story.report(lease, remarked())
        go_on.set()
        assert [item.position for item in await take(stream, 1)] == [4]
        await stream.aclose()


class _Lossy:
    """What a topic hands out, without some of it."""

    def __init__(self, lost: set[int]) -> None:
        self.lost = lost

    def __call__(self, offer: Callable[[Subscription, StoredEvent], None]) -> Callable[[Subscription, StoredEvent], None]:
        return lambda subscription, event: None if event.sequence in self.lost else offer(subscription, event)


@pytest.mark.parametrize("lost", [{5}, {6}, {5, 6}, {7, 9}])
async def test_what_was_not_handed_out_is_read_from_the_log(
    story: Story, monkeypatch: pytest.MonkeyPatch, lost: set[int]
) -> None:
    """Whatever the reason: a reader of one bot knows that its sequences have no gap."""
    lease = await story.joined()
    monkeypatch.setattr(Subscription, "offer", _Lossy(lost)(Subscription.offer))
    async with (
        feeding(story) as feed,
        contextlib.aclosing(feed.watch_bot(story.project_id, lease.bot.id, after_sequence=0)) as stream,
    ):
        assert sequences(await take(stream, 4)) == [1, 2, 3, 4]
        for _ in range(6):
            await story.report(lease, remarked())
        assert sequences(await take(stream, 6)) == [5, 6, 7, 8, 9, 10]


async def test_what_was_lost_before_the_first_that_was_handed_out_is_read_too(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = await story.joined()
    read = story.store.bot_events_after

    async def read_too_early(bot_id: str, sequence: int, limit: int) -> list[StoredEvent]:
        """The first read ends before what is committed while it is under way, of which the first is never handed out."""
        events = await read(bot_id, sequence, limit)
        if not sequence:
            await story.report(lease, remarked())
            await story.report(lease, remarked())
        return events

    monkeypatch.setattr(story.store, "bot_events_after", read_too_early)
    monkeypatch.setattr(Subscription, "offer", _Lossy({5})(Subscription.offer))
    async with (
        feeding(story) as feed,
        contextlib.aclosing(feed.watch_bot(story.project_id, lease.bot.id, after_sequence=0)) as stream,
    ):
        assert sequences(await take(stream, 6)) == [1, 2, 3, 4, 5, 6]
