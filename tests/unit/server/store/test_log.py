"""The log has no gap and no repetition, whoever writes at once."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable

import pytest

from server.domain.errors import DuplicateKey, IllegalTransition, InvalidCursor
from server.domain.state import SubType, Trigger
from server.store import EventFilter, Store, StoreConfig
from tests.unit.server.store.story import Story, moved, numbered, opened, remarked


def assert_gap_free(story_log: list[object]) -> None:
    positions = [event.position for event in story_log]  # type: ignore[attr-defined]  # stored events
    assert positions == list(range(1, len(positions) + 1))
    by_bot: dict[str, list[int]] = {}
    for event in story_log:
        by_bot.setdefault(event.bot_id, []).append(event.sequence)  # type: ignore[attr-defined]  # as above
    for sequences in by_bot.values():
        assert sequences == list(range(1, len(sequences) + 1))


async def test_sequences_and_positions_have_no_gap_under_200_tasks_at_once(story: Story) -> None:
    bots = [await story.claimed() for _ in range(20)]
    done = 0

    async def act(number: int) -> None:
        nonlocal done
        lease = bots[number % 20]
        for turn in range(10):
            choice = random.Random(number * 100 + turn).randrange(4)
            with contextlib.suppress(DuplicateKey, IllegalTransition):
                if choice == 0:
                    await story.bot(deduplication_key=f"k{number % 7}")
                elif choice == 1:
                    await story.store.apply_trigger(lease.bot.id, Trigger.RECORDING_PAUSED)
                elif choice == 2:
                    await story.store.store_reports(lease.bot.id, lease.epoch, numbered([remarked()], turn + 1))
                else:
                    await story.store.renew_lease(lease.bot.id, lease.epoch)
            done += 1

    await asyncio.gather(*(act(number) for number in range(200)))
    assert done == 2000
    log = await story.log()
    assert_gap_free(list(log))
    for event in log:
        message = event.message()
        assert (message.sequence, message.position, message.bot_id) == (event.sequence, event.position, event.bot_id)
    for lease in bots:
        bot = await story.store.get_bot(None, lease.bot.id)
        assert bot.last_sequence == len(await story.events(bot.id))


async def test_what_is_committed_is_told_at_once_in_order_as_it_is_stored(story: Story) -> None:
    heard: list[tuple[int, bytes]] = []
    story.store.on_commit(lambda events: heard.extend((event.position, event.data) for event in events))
    await asyncio.gather(*(story.bot() for _ in range(300)))
    assert heard == [(event.position, event.data) for event in await story.log()]


async def test_two_servers_at_once_leave_no_gap_and_a_follower_never_misses_what_committed_late(
    new_postgresql_url: Callable[[], str],
) -> None:
    url = new_postgresql_url()
    async with opened(url) as one, opened(url) as other:
        two = Story(other.store, one.project_id, other.clock)
        seen: list[int] = []
        writing = True

        async def follow() -> None:
            while True:
                last_round = not writing
                events = await two.store.project_events_after(one.project_id, seen[-1] if seen else 0, 50)
                seen.extend(event.position for event in events)
                if last_round and not events:
                    return
                await asyncio.sleep(0)

        async def write(story: Story, number: int) -> None:
            bot = await story.bot()
            for turn in range(10):
                trigger = (Trigger.PUT_IN_WAITING_ROOM, Trigger.AGENT_LOST)[turn % 2]
                # Each bot is moved now by the one server, now by the other.
                await (one if (turn + number) % 2 else two).store.apply_trigger(bot.id, trigger)

        follower = asyncio.create_task(follow())
        await asyncio.gather(*(write(story, number) for story in (one, two) for number in range(40)))
        writing = False
        await asyncio.wait_for(follower, 30)
        assert seen == list(range(1, 2 * 40 * 11 + 1))
        assert_gap_free(list(await one.log()))


async def test_two_servers_never_make_two_bots_of_one_key(new_postgresql_url: Callable[[], str]) -> None:
    url = new_postgresql_url()
    async with opened(url) as one, opened(url) as two:
        bot = one.new_bot(deduplication_key="k")
        for _ in range(10):
            results = await asyncio.gather(
                *(story.store.create_bot(bot) for _ in range(20) for story in (one, two)), return_exceptions=True
            )
            made = [result for result in results if not isinstance(result, BaseException)]
            assert len(made) == 1
            assert {type(result).__name__ for result in results} == {"BotRecord", "DuplicateKey"}
            await two.store.apply_trigger(made[0].id, Trigger.FATAL_ERROR, SubType.INTERNAL_ERROR)


async def test_the_log_is_read_in_pages(story: Story) -> None:
    lease = await story.joined()
    await story.report(lease, *(remarked(str(number)) for number in range(10)))
    store = story.store
    page = await store.list_bot_events(story.project_id, lease.bot.id, limit=6)
    following = await store.list_bot_events(story.project_id, lease.bot.id, cursor=page.next, limit=6)
    assert [event.sequence for event in (*page.results, *following.results)] == list(range(1, 13))
    back = await store.list_bot_events(story.project_id, lease.bot.id, cursor=following.previous, limit=6)
    assert [event.data for event in back.results] == [event.data for event in page.results]
    states = await store.list_bot_events(story.project_id, lease.bot.id, filters=EventFilter(kinds=frozenset({1})))
    assert [event.sequence for event in states.results] == [1, 2, 3]
    assert [event.state for event in states.results] == ["joining", "joined_not_recording", "joined_recording"]
    later = await store.list_bot_events(story.project_id, lease.bot.id, after_sequence=12)
    assert [event.sequence for event in later.results] == [13, 14]
    whole = await store.list_project_events(
        story.project_id, after_position=10, filters=EventFilter(kinds=frozenset({9})), limit=3
    )
    assert [event.position for event in whole.results] == [11, 12, 13]
    with pytest.raises(InvalidCursor):
        await store.list_project_events(story.project_id, cursor="c5")


async def test_an_operation_refused_takes_no_number(story: Story) -> None:
    bot = await story.bot()
    with pytest.raises(IllegalTransition):
        await story.store.apply_trigger(bot.id, Trigger.LEFT_MEETING)
    await story.store.apply_trigger(bot.id, Trigger.PUT_IN_WAITING_ROOM)
    assert_gap_free(list(await story.log()))


async def test_a_store_opened_again_goes_on_where_it_was(database_url: str) -> None:
    async with opened(database_url) as story:
        lease = await story.joined()
    store = await Store.open(StoreConfig(database_url, clock=story.clock))
    again = Story(store, story.project_id, story.clock)
    await again.report(lease, moved("meeting_ended"))
    assert [event.position for event in await again.log()] == [1, 2, 3, 4, 5]
    await store.close()
