from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import event as database_event

from rollcall.v1 import bot_pb2
from server.domain.errors import DuplicateKey, IllegalTransition, InvalidCursor, LeaseLost, NotFound
from server.domain.state import BotState, SubType, Trigger
from server.store import BotFilter, BotRecord, Store, StoreConfig
from tests.unit.server.store.story import Story, moved, opened


async def test_a_new_bot_is_joining_and_its_first_event_says_so(story: Story) -> None:
    bot = await story.bot(metadata={"team": "Ä"})
    assert bot.state is BotState.JOINING
    assert bot.wants_worker
    assert await story.store.get_bot(story.project_id, bot.id) == bot
    assert await story.told(bot.id) == ["join_requested"]
    (event,) = await story.events(bot.id)
    assert (event.sequence, event.position, event.bot_id) == (1, 1, bot.id)
    assert event.created_time.ToMicroseconds() == story.clock.now_us() == bot.created_us
    assert (event.state.old_state, event.state.new_state) == (bot_pb2.BOT_STATE_READY, bot_pb2.BOT_STATE_JOINING)
    assert bot.metadata_json == '{"team":"Ä"}'


async def test_a_bot_shows_its_state_events_from_its_own_row(story: Story) -> None:
    lease = await story.joined()
    bot = await story.store.request_leave(story.project_id, lease.bot.id)
    shown = bot_pb2.Bot.FromString(bot.state_events).events
    assert [event.type for event in shown] == [1, 4, 5, 13]
    assert shown[-1].sub_type == bot_pb2.BOT_EVENT_SUB_TYPE_USER_REQUESTED
    told = [event for event in await story.events(bot.id) if event.HasField("state")]
    assert [event.created_time for event in told] == [event.created_at for event in shown]


async def test_a_scheduled_bot_waits_without_an_event(story: Story) -> None:
    bot = await story.bot(join_at_us=story.clock.now_us() + 10**9)
    assert bot.state is BotState.SCHEDULED
    assert not bot.wants_worker
    assert await story.events(bot.id) == []


async def test_another_projects_bot_is_not_found(story: Story) -> None:
    bot = await story.bot()
    other = await story.store.projects.create("other")
    for call in (
        story.store.get_bot(other.id, bot.id),
        story.store.get_bot(story.project_id, "bot_0000000000000000"),
        story.store.get_bot(story.project_id, "bot_\x00"),
        story.store.request_leave(other.id, bot.id),
        story.store.list_participants(other.id, bot.id),
        story.store.list_chat_messages(other.id, "bot_\x00"),
        story.store.get_recording(other.id, bot.id),
        story.store.list_bot_events(other.id, bot.id),
    ):
        with pytest.raises(NotFound):
            await call


async def test_a_key_is_held_by_one_bot_until_that_has_ended(story: Story) -> None:
    bot = await story.bot(deduplication_key="daily")
    with pytest.raises(DuplicateKey) as caught:
        await story.bot(deduplication_key="daily")
    assert caught.value.bot_id == bot.id
    await story.store.apply_trigger(bot.id, Trigger.FATAL_ERROR, SubType.INTERNAL_ERROR)
    again = await story.bot(deduplication_key="daily")
    assert again.id != bot.id
    elsewhere = await story.store.projects.create("other")
    await story.bot(project_id=elsewhere.id, deduplication_key="daily")


async def test_keys_of_any_length_and_content_are_told_apart(story: Story) -> None:
    for key in ("x" * 1024, "x" * 1023 + "y", "\U0001f642" * 1024, "a\x00", "a\x00b", "a\ufffd"):
        await story.bot(deduplication_key=key)
        with pytest.raises(DuplicateKey):
            await story.bot(deduplication_key=key)


async def test_of_200_bots_with_one_key_made_at_once_there_is_one(story: Story) -> None:
    results = await asyncio.gather(*(story.bot(deduplication_key="k") for _ in range(200)), return_exceptions=True)
    made = [result for result in results if not isinstance(result, BaseException)]
    refused = [result for result in results if isinstance(result, DuplicateKey)]
    assert (len(made), len(refused)) == (1, 199)
    assert {error.bot_id for error in refused} == {made[0].id}
    assert [event.sequence for event in await story.log()] == [1]


async def test_with_several_servers_there_is_one_too_and_its_key_is_free_once_it_has_ended(
    new_postgresql_url: Callable[[], str],
) -> None:
    url = new_postgresql_url()
    async with opened(url) as story, AsyncExitStack() as stack:
        stores = [story.store, *[await Store.open(StoreConfig(url, clock=story.clock)) for _ in range(3)]]
        for store in stores[1:]:
            stack.push_async_callback(store.close)
        for _ in range(2):
            new = story.new_bot(deduplication_key="k")
            results = await asyncio.gather(
                *(store.create_bot(new) for _ in range(50) for store in stores), return_exceptions=True
            )
            (made,) = [result for result in results if isinstance(result, BotRecord)]
            assert {result.bot_id for result in results if isinstance(result, DuplicateKey)} == {made.id}
            assert sum(isinstance(result, DuplicateKey) for result in results) == 199
            await stores[1].apply_trigger(made.id, Trigger.FATAL_ERROR, SubType.INTERNAL_ERROR)
        assert len((await story.store.list_bots(story.project_id)).results) == 2


async def test_a_bot_leaves_only_from_where_it_can(story: Story) -> None:
    lease = await story.joined()
    bot = await story.store.request_leave(story.project_id, lease.bot.id, SubType.AUTO_LEAVE_SILENCE, detail="quiet")
    assert bot.state is BotState.LEAVING
    assert (await story.told(bot.id))[-1] == "leave_requested/auto_leave_silence"
    with pytest.raises(IllegalTransition) as caught:
        await story.store.request_leave(story.project_id, bot.id)
    assert (caught.value.state, caught.value.wish) == ("leaving", "leave")
    scheduled = await story.bot(join_at_us=story.clock.now_us() + 10**9)
    with pytest.raises(IllegalTransition):
        await story.store.request_leave(story.project_id, scheduled.id)
    assert (await story.store.get_bot(None, scheduled.id)) == scheduled


async def test_an_illegal_trigger_changes_nothing(story: Story) -> None:
    bot = await story.bot()
    with pytest.raises(IllegalTransition):
        await story.store.apply_trigger(bot.id, Trigger.POST_PROCESSING_COMPLETED)
    with pytest.raises(ValueError, match="sub type"):
        await story.store.apply_trigger(bot.id, Trigger.FATAL_ERROR, SubType.USER_REQUESTED)
    with pytest.raises(LeaseLost):
        await story.store.apply_trigger(bot.id, Trigger.JOINED_MEETING, epoch=1)
    assert await story.store.get_bot(None, bot.id) == bot
    assert await story.told(bot.id) == ["join_requested"]


async def test_a_list_is_paged_oldest_first_forward_and_back(story: Story) -> None:
    ids = []
    for _ in range(12):
        ids.append((await story.bot()).id)
        story.clock.advance(0.001)
    first = await story.store.list_bots(story.project_id, limit=5)
    second = await story.store.list_bots(story.project_id, cursor=first.next, limit=5)
    third = await story.store.list_bots(story.project_id, cursor=second.next, limit=5)
    assert [bot.id for page in (first, second, third) for bot in page.results] == ids
    assert first.previous is None
    assert third.next is None
    back = await story.store.list_bots(story.project_id, cursor=third.previous, limit=5)
    assert back.results == second.results
    assert (await story.store.list_bots(story.project_id, cursor=back.previous, limit=5)).results == first.results
    assert (await story.store.list_bots(story.project_id, cursor=back.next, limit=5)).results == third.results


async def test_bots_made_in_one_instant_are_all_listed_once(story: Story) -> None:
    made = await asyncio.gather(*(story.bot() for _ in range(60)))
    found: list[str] = []
    cursor = None
    while True:
        page = await story.store.list_bots(story.project_id, cursor=cursor)
        found += [bot.id for bot in page.results]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(found) == sorted(bot.id for bot in made)


async def test_a_list_shows_what_its_filters_ask_for(story: Story) -> None:
    now = story.clock.now_us()
    soon = await story.bot(join_at_us=now + 10, meeting_url="https://a.example")
    late = await story.bot(join_at_us=now + 20, deduplication_key="k")
    lease = await story.claimed()
    await story.report(lease, moved("joined_meeting"))
    for filters, expected in [
        (BotFilter(), {soon.id, late.id, lease.bot.id}),
        (BotFilter(meeting_url="https://a.example"), {soon.id}),
        (BotFilter(deduplication_key="k"), {late.id}),
        (BotFilter(deduplication_key="\x00"), set()),
        (BotFilter(meeting_url="\x00"), set()),
        (BotFilter(states=(BotState.JOINED_NOT_RECORDING, BotState.ENDED)), {lease.bot.id}),
        (BotFilter(join_at_after_us=now + 15), {late.id}),
        (BotFilter(join_at_before_us=now + 15), {soon.id}),
    ]:
        page = await story.store.list_bots(story.project_id, filters)
        assert {bot.id for bot in page.results} == expected


@pytest.mark.parametrize(
    "cursor", ["x", "c12", "W10", "WyJmIiwxXQ", "WyJmIiwidyIsMV0", "WyJmIiwxZTQwMCwiYSJd", "%00", "WyJmIiwxLCJcdTAwMDAiXQ", "é"]
)
async def test_a_cursor_that_we_did_not_give_is_refused(story: Story, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        await story.store.list_bots(story.project_id, cursor=cursor)


async def test_a_page_of_bots_is_one_statement_whatever_is_asked(story: Story) -> None:
    await asyncio.gather(*(story.bot(metadata={"team": "red"}) for _ in range(30)))
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    database_event.listen(story.store._reader._engine, "before_cursor_execute", note)
    first = await story.store.list_bots(story.project_id)
    red = BotFilter(states=(BotState.JOINING,), metadata={"team": "red"})
    second = await story.store.list_bots(story.project_id, red, first.next)
    assert (len(first.results), len(second.results)) == (25, 5)
    assert len(statements) == 2
