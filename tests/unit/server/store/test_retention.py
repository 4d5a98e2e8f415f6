"""What is dropped is always a beginning of the log; what is kept has no gap, and writers go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from server.clock import ManualClock
from server.retention import Retention
from server.store import EventFilter, LogBounds
from tests.unit.server.store.story import Story, moved, numbered, opened, remarked

_BEGAN_US = ManualClock().now_us()


async def talk(story: Story, bots: int = 2, remarks: int = 10) -> list[str]:
    """Bots with `remarks` + 1 events each."""
    leases = [await story.claimed() for _ in range(bots)]
    for number in range(remarks):
        for lease in leases:
            await story.store.store_reports(lease.bot.id, lease.epoch, numbered([remarked()], number + 1))
    return [lease.bot.id for lease in leases]


async def test_the_oldest_are_dropped_in_small_parts_up_to_the_first_that_is_young_enough(story: Story) -> None:
    one, two = await talk(story)
    story.clock.advance(3600)
    cut = story.clock.now_us()
    young = await story.bot()
    for dropped, earliest in ((9, 9), (9, 18), (4, 22), (0, 22)):
        assert await story.store.drop_events(cut, 0, most=9) == dropped
        assert await story.store.bounds_of_project(story.project_id) == LogBounds(earliest, 23)
        assert [event.position for event in await story.log()] == list(range(earliest + 1, 24))
    assert await story.store.bounds_of_bot(one) == LogBounds(11, 11)
    assert await story.store.bounds_of_bot(two) == LogBounds(11, 11)
    assert await story.store.bounds_of_bot(young.id) == LogBounds(0, 1)


async def test_each_bots_log_goes_on_without_a_gap_from_its_earliest_event(story: Story) -> None:
    bots = await talk(story, bots=3)
    story.clock.advance(1)
    await story.store.drop_events(story.clock.now_us(), 0, most=17)
    for bot_id in bots:
        bounds = await story.store.bounds_of_bot(bot_id)
        sequences = [event.sequence for event in await story.store.bot_events_after(bot_id, 0, 100)]
        assert sequences == list(range(bounds.earliest + 1, bounds.last + 1))
        assert 0 < bounds.earliest < bounds.last


async def test_a_bot_whose_log_was_dropped_lives_on(story: Story) -> None:
    lease = await story.joined()
    story.clock.advance(1)
    assert await story.store.drop_events(story.clock.now_us(), 0, most=100) == 4
    await story.store.renew_lease(lease.bot.id, lease.epoch)
    await story.report(lease, moved("meeting_ended"))
    assert [event.sequence for event in await story.events(lease.bot.id)] == [5]
    bot = await story.store.get_bot(None, lease.bot.id)
    assert (bot.state, bot.last_sequence) == ("post_processing", 5)
    assert bot.state_events, "the bot itself still tells its story"


async def test_projects_are_each_dropped_from_and_nothing_young_is_touched(story: Story) -> None:
    other = await story.store.projects.create("other")
    await talk(story)
    await Story(story.store, other.id, story.clock).bot()
    story.clock.advance(86_401)
    await story.bot()
    retention = Retention(story.store, 1, at_once=5, clock=story.clock)
    assert await retention.sweep() == 23
    assert await retention.sweep() == 0
    assert await story.store.bounds_of_project(other.id) == LogBounds(1, 1)
    assert await story.store.bounds_of_project(story.project_id) == LogBounds(22, 23)


async def test_a_project_may_have_days_of_its_own_and_for_ever_is_the_default(story: Story) -> None:
    projects = story.store.projects
    short = await projects.create("short", own_limits={"event_days": 2, "webhooks": 3})
    long = await projects.create("long", own_limits={"event_days": 9})
    for project_id in (story.project_id, short.id, long.id):
        await Story(story.store, project_id, story.clock).bot()
    for days, default, gone in (
        (1.9, None, set()),
        (2.1, None, {short.id}),
        (2.2, 3, {short.id}),
        (3.1, 3, {short.id, story.project_id}),
        (8.9, 3, {short.id, story.project_id}),
        (9.1, None, {short.id, story.project_id, long.id}),
    ):
        story.clock.advance(days * 86_400 - (story.clock.now_us() - _BEGAN_US) / 1e6)
        await Retention(story.store, default, clock=story.clock).sweep()
        bounds = {one: await story.store.bounds_of_project(one) for one in (story.project_id, short.id, long.id)}
        assert {one for one, kept in bounds.items() if kept.earliest} == gone, days


async def test_events_are_written_and_numbered_on_while_others_are_dropped(story: Story) -> None:
    leases = [await story.claimed() for _ in range(4)]
    retention = Retention(story.store, 0, at_once=7, clock=story.clock)

    async def write(number: int) -> None:
        lease = leases[number]
        for report in range(1, 61):
            await story.store.store_reports(lease.bot.id, lease.epoch, numbered([remarked()], report))
            story.clock.advance(0.001)

    writing = asyncio.gather(*(write(number) for number in range(4)))
    dropped = 0
    while not writing.done():
        dropped += await retention.sweep()
        bounds = await story.store.bounds_of_project(story.project_id)
        positions = [event.position for event in await story.store.project_events_after(story.project_id, bounds.earliest, 1000)]
        assert positions == list(range(bounds.earliest + 1, bounds.earliest + 1 + len(positions)))
        await asyncio.sleep(0)
    await writing
    story.clock.advance(1)
    dropped += await retention.sweep()
    assert dropped == 4 * 61
    assert await story.store.bounds_of_project(story.project_id) == LogBounds(4 * 61, 4 * 61)


async def test_of_several_servers_one_drops_at_a_time_and_no_hole_is_ever_seen(new_postgresql_url: Callable[[], str]) -> None:
    url = new_postgresql_url()
    async with opened(url) as one, opened(url, one.clock) as two, opened(url, one.clock) as three:
        await talk(one, bots=5, remarks=40)
        one.clock.advance(1)
        now = one.clock.now_us()
        dropped, holes = 0, 0
        while (await one.store.bounds_of_project(one.project_id)).earliest < 205:
            some = await asyncio.gather(*(each.store.drop_events(now, 0, most=10) for each in (one, two, three)), one.log())
            dropped += sum(some[:3])
            log = some[3]
            holes += bool(log) and [event.position for event in log] != list(range(log[0].position, 206))
        assert (dropped, holes) == (205, 0)


async def test_pages_show_what_is_kept_and_what_was_asked_for(story: Story) -> None:
    red = await story.claimed(metadata={"team": "red", "room": 'a "b" é'})
    blue = await story.claimed(metadata={"team": "blue", "nul": "\0"})
    plain = await story.claimed()
    for lease in (red, blue, plain):
        await story.report(lease, moved("put_in_waiting_room"), remarked())

    async def told(**wanted: object) -> list[tuple[str, int]]:
        page = await story.store.list_project_events(story.project_id, filters=EventFilter(**wanted))  # type: ignore[arg-type]
        return [(event.bot_id, event.kind) for event in page.results]

    assert await told(metadata={"team": "red"}) == [(red.bot.id, 1), (red.bot.id, 1), (red.bot.id, 9)]
    assert await told(metadata={"team": "red", "room": 'a "b" é'}, kinds=frozenset({9})) == [(red.bot.id, 9)]
    assert await told(metadata={"team": "red", "room": "b"}) == []
    assert await told(metadata={"nul": "\0"}) == []
    assert await told(states=frozenset({"waiting_room"})) == [(lease.bot.id, 1) for lease in (red, blue, plain)]
    assert await told(bot_ids=frozenset({plain.bot.id, "\0"}), kinds=frozenset({9})) == [(plain.bot.id, 9)]
