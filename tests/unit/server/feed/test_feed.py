"""What a stream shows, in which order, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from rollcall.v1 import event_pb2
from server.domain.errors import Draining, NotFound, OutOfRange
from server.domain.state import SubType, Trigger
from server.feed import EventFilter, FeedConfig, FeedItem
from tests.unit.server.feed.watching import PATIENCE_S, bookmark, ended, feeding, rest, sequences, take
from tests.unit.server.store.story import WORKER, Story, moved, recorded, remarked


async def test_replay_and_live_are_one_stream(story: Story) -> None:
    lease = await story.joined()
    async with (
        feeding(story) as feed,
        contextlib.aclosing(feed.watch_bot(story.project_id, lease.bot.id, after_sequence=0)) as stream,
    ):
        assert sequences(await take(stream, 4)) == [1, 2, 3, 4]
        assert (await bookmark(stream)).position == 4
        await story.report(lease, remarked("live"))
        (item,) = await take(stream, 1)
        assert item.position == 5
        assert item.event is not None
        assert item.event.message().log.code == "live"
        assert event_pb2.Event.FromString(item.event.data) == item.event.message()
        await stream.aclose()


async def test_without_a_position_a_stream_begins_now(story: Story) -> None:
    lease = await story.joined()
    async with feeding(story) as feed:
        async with contextlib.aclosing(feed.watch_bot(story.project_id, lease.bot.id)) as stream:
            assert (await bookmark(stream)).position == 4
            await story.report(lease, remarked())
            assert sequences(await take(stream, 1)) == [5]
        async with contextlib.aclosing(feed.watch_project(story.project_id)) as stream:
            assert (await bookmark(stream)).position == 5
            other = await story.bot()
            (item,) = await take(stream, 1)
            assert (item.position, item.event and item.event.bot_id) == (6, other.id)


async def test_a_bots_stream_ends_after_its_last_event(story: Story) -> None:
    lease = await story.joined()
    async with feeding(story) as feed:
        stream = feed.watch_bot(story.project_id, lease.bot.id, after_sequence=0)
        await take(stream, 4)
        await bookmark(stream)
        await ended(story, lease)
        assert sequences(await rest(stream)) == [5, 6, 7]
        for after, expected in ((0, [1, 2, 3, 4, 5, 6, 7]), (5, [6, 7]), (7, []), (None, [])):
            items = await rest(feed.watch_bot(story.project_id, lease.bot.id, after_sequence=after))
            assert sequences(items) == expected
            assert items[-1] == FeedItem(7, caught_up=True)


async def test_a_failed_bots_stream_ends_only_after_its_recording_is_finished(story: Story) -> None:
    lease = await story.joined()
    async with feeding(story) as feed:
        stream = feed.watch_bot(story.project_id, lease.bot.id, after_sequence=4)
        await bookmark(stream)
        await story.report(lease, moved("fatal_error", "internal_error"))
        assert sequences(await take(stream, 1)) == [5]
        await story.store.release_lease(lease.bot.id, lease.epoch)
        late = feed.watch_bot(story.project_id, lease.bot.id, after_sequence=0)
        assert sequences(await take(late, 5)) == [1, 2, 3, 4, 5]
        finishing = await story.store.claim_lease(lease.bot.id, WORKER)
        await story.report(finishing, recorded("complete"))
        for followed in (stream, late):
            assert sequences(await take(followed, 1)) == [6]
        await story.report(finishing, remarked("a last word"))
        await story.store.release_lease(lease.bot.id, finishing.epoch)
        for followed in (stream, late):
            assert sequences(await rest(followed)) == [7]


async def test_a_bot_that_the_server_itself_ends_has_its_streams_ended_at_once(story: Story) -> None:
    bot = await story.bot()
    async with feeding(story, FeedConfig(bookmark_seconds=1000)) as feed:
        stream = feed.watch_bot(story.project_id, bot.id, after_sequence=0)
        await bookmark(stream)
        await story.store.apply_trigger(bot.id, Trigger.FATAL_ERROR, SubType.BOT_NOT_LAUNCHED)
        assert sequences(await rest(stream)) == [2]
        assert (await story.log())[-1].final


async def test_a_stream_ends_when_the_agent_that_ended_the_bot_is_lost(story: Story) -> None:
    lease = await story.claimed()
    async with feeding(story) as feed:
        stream = feed.watch_bot(story.project_id, lease.bot.id, after_sequence=0)
        await story.report(lease, moved("could_not_join_meeting", "login_required"))
        assert sequences(await take(stream, 2)) == [1, 2]
        story.clock.advance(11)
        await story.store.sweep()
        assert sequences(await rest(stream)) == []


async def test_what_follows_the_end_is_replayed_too(story: Story) -> None:
    bot = await story.bot()
    await story.store.apply_trigger(bot.id, Trigger.FATAL_ERROR, SubType.BOT_NOT_LAUNCHED)
    await story.store.apply_trigger(bot.id, Trigger.DATA_DELETED)
    async with feeding(story) as feed:
        assert sequences(await rest(feed.watch_bot(story.project_id, bot.id, after_sequence=0))) == [1, 2, 3]


async def test_a_hidden_last_event_ends_the_stream_all_the_same(story: Story) -> None:
    lease = await story.joined()
    async with feeding(story) as feed:
        stream = feed.watch_bot(story.project_id, lease.bot.id, filters=EventFilter(frozenset({event_pb2.EVENT_KIND_RECORDING})))
        await bookmark(stream)
        await ended(story, lease)
        items = await rest(stream)
        assert sequences(items) == [6]
        assert items[-1] == FeedItem(7, caught_up=True)


async def test_silence_is_broken_by_bookmarks(story: Story) -> None:
    bot = await story.bot()
    async with feeding(story) as feed, contextlib.aclosing(feed.watch_bot(story.project_id, bot.id)) as stream:
        for _ in range(3):
            assert await bookmark(stream) == FeedItem(1, caught_up=True)


async def test_what_a_filter_hides_moves_the_bookmark(story: Story) -> None:
    lease = await story.joined()
    config = FeedConfig(bookmark_seconds=1000, hidden_seconds=0.05, page_events=3)
    kinds = frozenset({event_pb2.EVENT_KIND_STATE})
    async with feeding(story, config) as feed:
        stream = feed.watch_bot(story.project_id, lease.bot.id, after_sequence=0, filters=EventFilter(kinds))
        await take(stream, 3)
        assert (await bookmark(stream)).position == 4
        for number in range(5):
            await story.report(lease, remarked(str(number)))
            assert (await bookmark(stream)).position == 5 + number
        await stream.aclose()
        again = feed.watch_bot(story.project_id, lease.bot.id, after_sequence=3, filters=EventFilter(kinds))
        async with asyncio.timeout(PATIENCE_S):
            assert await anext(again) == FeedItem(6)  # a page of which the filter hid everything
        await again.aclose()


async def test_a_projects_stream_shows_what_its_filter_asks_for(story: Story) -> None:
    red = await story.claimed(metadata={"team": "red", "room": "1"})
    blue = await story.claimed(metadata={"team": "blue"})
    plain = await story.claimed()
    async with feeding(story) as feed:
        for filters, expected in [
            (EventFilter(), {(red, "s"), (red, "l"), (blue, "s"), (blue, "l"), (plain, "s"), (plain, "l")}),
            (EventFilter(kinds=frozenset({event_pb2.EVENT_KIND_LOG})), {(red, "l"), (blue, "l"), (plain, "l")}),
            (EventFilter(states=frozenset({"waiting_room"})), {(red, "s"), (blue, "s"), (plain, "s")}),
            (EventFilter(states=frozenset({"ended"})), set()),
            (EventFilter(bot_ids=frozenset({blue.bot.id, "bot_x"})), {(blue, "s"), (blue, "l")}),
            (EventFilter(metadata={"team": "red"}), {(red, "s"), (red, "l")}),
            (EventFilter(metadata={"team": "red", "room": "2"}), set()),
            (EventFilter(metadata={"team": "red"}, kinds=frozenset({event_pb2.EVENT_KIND_LOG})), {(red, "l")}),
        ]:
            words = {(lease.bot.id, {"s": "state", "l": "log"}[what]) for lease, what in expected}
            begin = await story.store.last_position(story.project_id)
            live = feed.watch_project(story.project_id, filters=filters)
            await bookmark(live)
            for lease in (red, blue, plain):
                await story.report(lease, moved("put_in_waiting_room"), remarked())
                await story.store.apply_trigger(lease.bot.id, Trigger.AGENT_LOST)
            end = await story.store.last_position(story.project_id)
            for stream in (live, feed.watch_project(story.project_id, after_position=begin, filters=filters)):
                shown = set()
                async with asyncio.timeout(PATIENCE_S):
                    async for item in stream:
                        if item.event is not None and item.event.state != "joining":
                            shown.add((item.event.bot_id, item.event.message().WhichOneof("payload")))
                        if item.position == end and (item.event is None or item.event.state == "joining"):
                            break
                await stream.aclose()
                assert shown == words


async def test_only_the_own_log_can_be_followed_and_only_where_there_is_one(story: Story) -> None:
    bot = await story.bot()
    other = await story.store.projects.create("other")
    async with feeding(story) as feed:
        with pytest.raises(NotFound):
            await anext(feed.watch_bot(other.id, bot.id))
        with pytest.raises(OutOfRange):
            await anext(feed.watch_bot(story.project_id, bot.id, after_sequence=2))
        with pytest.raises(OutOfRange):
            await anext(feed.watch_project(story.project_id, after_position=2))
        assert feed._topics == {}


async def test_a_drain_ends_every_stream_and_lets_no_new_one_begin(story: Story) -> None:
    bot = await story.bot()
    async with feeding(story) as feed:
        streams = [feed.watch_bot(story.project_id, bot.id), feed.watch_project(story.project_id)]
        for stream in streams:
            await bookmark(stream)
        ends = [asyncio.create_task(rest(stream)) for stream in streams]
        await asyncio.sleep(0)
        await feed.drain()
        for end in ends:
            with pytest.raises(Draining):
                await end
        with pytest.raises(Draining):
            await anext(feed.watch_bot(story.project_id, bot.id))


@pytest.mark.parametrize("taken", ["bookmark", "event"])
async def test_what_comes_after_a_drain_is_not_sent_in_place_of_what_was_dropped(story: Story, taken: str) -> None:
    lease = await story.joined()
    async with feeding(story) as feed:
        stream = feed.watch_bot(story.project_id, lease.bot.id, after_sequence=0)
        assert sequences(await take(stream, 4)) == [1, 2, 3, 4]
        if taken == "bookmark":
            assert (await bookmark(stream)).position == 4
        await story.report(lease, remarked("held for a watcher that is busy with what it has"))
        await feed.drain()
        await story.report(lease, remarked("written while the streams end"))
        with pytest.raises(Draining):
            await take(stream, 1)
