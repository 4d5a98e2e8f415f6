"""Who resumes before what is kept is told so, and from where it can go on."""

from __future__ import annotations

import contextlib

import pytest

from server.domain.errors import OutOfRange
from server.feed import EventFilter, FeedConfig
from tests.unit.server.feed.watching import LIVELY, bookmark, feeding, take
from tests.unit.server.store.story import Story, numbered, remarked


async def dropped(story: Story, count: int) -> None:
    story.clock.advance(1)
    assert await story.store.drop_events(story.clock.now_us(), 0, most=count) == count


async def talking(story: Story, remarks: int) -> tuple[str, int]:
    """A bot with `remarks` + 1 events, and its epoch."""
    lease = await story.claimed()
    await story.store.store_reports(lease.bot.id, lease.epoch, numbered([remarked() for _ in range(remarks)]))
    return lease.bot.id, lease.epoch


async def test_a_bots_stream_resumes_after_the_earliest_event_and_not_before(story: Story) -> None:
    bot_id, _ = await talking(story, 9)
    await dropped(story, 6)
    async with feeding(story) as feed:
        for after in (1, 5):
            with pytest.raises(OutOfRange, match="up to 6 are no longer kept; resume after 6 or later") as refused:
                await anext(feed.watch_bot(story.project_id, bot_id, after_sequence=after))
            assert refused.value.metadata == {"earliest": "6"}
        for after, expected in ((6, [7, 8, 9, 10]), (8, [9, 10]), (0, [7, 8, 9, 10])):
            async with contextlib.aclosing(feed.watch_bot(story.project_id, bot_id, after_sequence=after)) as stream:
                assert [item.position for item in await take(stream, len(expected))] == expected
        with pytest.raises(OutOfRange) as beyond:
            await anext(feed.watch_bot(story.project_id, bot_id, after_sequence=11))
        assert beyond.value.metadata == {"earliest": "6"}


async def test_a_projects_stream_resumes_after_the_earliest_event_and_not_before(story: Story) -> None:
    await talking(story, 9)
    await dropped(story, 6)
    async with feeding(story) as feed:
        with pytest.raises(OutOfRange, match="cursor c6 are no longer kept; resume after c6 or later") as refused:
            await anext(feed.watch_project(story.project_id, after_position=5))
        assert refused.value.metadata == {"earliest": "c6"}
        for after, expected in ((6, [7, 8, 9, 10]), (0, [7, 8, 9, 10])):
            async with contextlib.aclosing(feed.watch_project(story.project_id, after_position=after)) as stream:
                assert [item.position for item in await take(stream, len(expected))] == expected


@pytest.mark.parametrize("after", [0, 10, None])
async def test_a_log_of_which_nothing_is_kept_can_be_followed_from_its_end(story: Story, after: int | None) -> None:
    bot_id, epoch = await talking(story, 9)
    await dropped(story, 10)
    async with feeding(story) as feed:
        for stream in (
            feed.watch_bot(story.project_id, bot_id, after_sequence=after),
            feed.watch_project(story.project_id, after_position=after),
        ):
            last = (await bookmark(stream)).position
            await story.store.store_reports(bot_id, epoch, numbered([remarked()], last))
            assert [item.position for item in await take(stream, 1)] == [last + 1]
            await stream.aclose()


async def test_of_a_log_of_which_nothing_is_kept_nothing_can_be_read_that_was_not_seen(story: Story) -> None:
    bot_id, _ = await talking(story, 9)
    await dropped(story, 10)
    async with feeding(story) as feed:
        for stream in (
            feed.watch_bot(story.project_id, bot_id, after_sequence=9),
            feed.watch_project(story.project_id, after_position=9),
        ):
            with pytest.raises(OutOfRange, match=r"resume after (10|ca) or later"):
                await anext(stream)


async def test_a_reader_that_is_overtaken_in_the_midst_of_the_log_is_told(story: Story) -> None:
    bot_id, _ = await talking(story, 99)
    async with feeding(story, FeedConfig(page_events=10)) as feed:
        bot = feed.watch_bot(story.project_id, bot_id, after_sequence=0)
        project = feed.watch_project(story.project_id, after_position=0)
        for stream in (bot, project):
            assert [item.position for item in await take(stream, 5)] == [1, 2, 3, 4, 5]
        await dropped(story, 50)
        for stream, earliest in ((bot, "50"), (project, "c1e")):
            assert [item.position for item in await take(stream, 5)] == [6, 7, 8, 9, 10], "what it has read already"
            with pytest.raises(OutOfRange) as refused:
                await take(stream, 1)
            assert refused.value.metadata == {"earliest": earliest}


async def test_watchers_of_what_comes_do_not_notice_that_old_events_go(story: Story) -> None:
    bot_id, epoch = await talking(story, 9)
    async with feeding(story, LIVELY) as feed:
        stream = feed.watch_project(story.project_id)
        await bookmark(stream)
        for number in range(10, 15):
            await dropped(story, 2)
            await story.store.store_reports(bot_id, epoch, numbered([remarked()], number))
            assert [item.position for item in await take(stream, 1)] == [number + 1]
        await stream.aclose()


async def test_one_whose_queue_ran_over_and_whose_events_are_gone_is_told(story: Story) -> None:
    bot_id, epoch = await talking(story, 1)
    async with feeding(story, FeedConfig(queue_events=3, poll_seconds=1000)) as feed:
        stream = feed.watch_project(story.project_id, filters=EventFilter(bot_ids=frozenset({bot_id})))
        await bookmark(stream)
        await story.store.store_reports(bot_id, epoch, numbered([remarked() for _ in range(20)], 2))
        await dropped(story, 22)
        with pytest.raises(OutOfRange):
            await take(stream, 1)


async def test_a_deleted_bots_events_are_no_reason_to_stop(story: Story) -> None:
    first, _ = await talking(story, 3)
    gone, _ = await talking(story, 3)
    last, _ = await talking(story, 3)
    with story.store._writer._engine.begin() as connection:  # as deleting a bot with all that is its own does
        connection.exec_driver_sql(f"DELETE FROM event WHERE bot_id = '{gone}'")
    async with feeding(story, FeedConfig(page_events=4)) as feed:
        stream = feed.watch_project(story.project_id, after_position=0)
        told = await take(stream, 8)
        assert [item.event.bot_id for item in told if item.event] == [first] * 4 + [last] * 4
        await stream.aclose()
