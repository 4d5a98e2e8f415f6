from __future__ import annotations

import asyncio

import pytest

from server.domain.errors import LeaseLost
from server.domain.state import BotState, RecordingState, SubType, Trigger
from server.store import Outcome, Task
from tests.unit.server.store.story import WORKER, Story, moved, opened, recorded


async def outcomes(story: Story, **more: bool) -> list[tuple[str, bool]]:
    return [(attention.outcome.value, attention.hint) for attention in await story.store.sweep(**more)]


@pytest.mark.parametrize(
    "reports",
    [
        [],
        [moved("put_in_waiting_room")],
        [moved("joined_meeting")],
        [moved("joined_meeting"), moved("recording_permission_granted")],
        [moved("joined_meeting"), moved("began_joining_breakout_room")],
    ],
    ids=lambda reports: str(len(reports)),
)
async def test_a_lost_agents_bot_joins_again_at_most_twice(story: Story, reports: list[object]) -> None:
    lease = await story.claimed()
    for attempt in (1, 2, 3):
        assert lease.bot.attempt == attempt
        await story.report(lease, *reports)  # type: ignore[arg-type]  # reports, as the parameters show
        story.clock.advance(9.9)
        assert await outcomes(story) == []
        story.clock.advance(0.2)
        if attempt < 3:
            assert await outcomes(story) == [("agent_lost", True)]
            assert await story.state(lease.bot.id) == "joining"
            with pytest.raises(LeaseLost):
                await story.store.renew_lease(lease.bot.id, lease.epoch)
            lease = await story.store.claim_lease(lease.bot.id, WORKER)
    assert [outcome for outcome, _ in await outcomes(story)] == ["failed"]
    assert (await story.told(lease.bot.id))[-1] == "fatal_error/heartbeat_timeout"


async def test_a_recording_under_way_goes_on_in_the_next_attendance(story: Story) -> None:
    lease = await story.joined()
    story.clock.advance(11)
    await story.store.sweep()
    again = await story.store.claim_lease(lease.bot.id, "worker-2")
    assert (again.epoch, again.task, again.bot.recording_state) == (2, Task.ATTEND, RecordingState.IN_PROGRESS)
    lost = [event.state for event in await story.events(lease.bot.id) if event.HasField("state")][-1]
    assert lost.epoch == 1


async def test_a_bot_lost_for_good_has_its_pieces_finished(story: Story) -> None:
    lease = await story.joined()
    for _ in range(3):
        story.clock.advance(11)
        (attention,) = await story.store.sweep()
        if attention.outcome is Outcome.AGENT_LOST:
            await story.store.claim_lease(lease.bot.id, WORKER)
    assert (attention.outcome, attention.hint) == (Outcome.FAILED, True)
    finishing = await story.store.claim_lease(lease.bot.id, WORKER)
    assert finishing.task is Task.FINISH
    assert not (await story.log())[-1].final


async def test_no_lease_is_expired_while_the_server_is_new(story: Story) -> None:
    await story.claimed()
    waiting = await story.bot()
    story.clock.advance(60)
    assert [attention.bot_id for attention in await story.store.sweep(expire_leases=False)] == [waiting.id]
    assert await outcomes(story) == [("agent_lost", True)]


async def test_an_agent_lost_while_leaving_has_left(story: Story) -> None:
    lease = await story.joined()
    await story.store.request_leave(story.project_id, lease.bot.id)
    story.clock.advance(11)
    assert await outcomes(story) == [("left", True)]
    finishing = await story.store.claim_lease(lease.bot.id, WORKER)
    assert finishing.task is Task.FINISH
    await story.report(finishing, recorded("complete"), moved("post_processing_completed"))
    assert await story.state(lease.bot.id) == "ended"


async def test_a_bot_that_nobody_took_leaves_by_itself_to_its_end(story: Story) -> None:
    bot = await story.bot()
    await story.store.request_leave(story.project_id, bot.id)
    assert await outcomes(story) == [("left", False)]
    assert (await story.told(bot.id))[-2:] == ["left_meeting", "post_processing_completed"]
    assert (await story.store.get_bot(None, bot.id)).settled
    story.clock.advance(10**6)
    assert await outcomes(story) == []


async def test_finishing_is_given_up_after_three_workers_were_lost_at_it(story: Story) -> None:
    lease = await story.joined()
    await story.report(lease, moved("meeting_ended"))
    for expected in ("hint", "hint", "gave_up_finishing"):
        story.clock.advance(11)
        assert (await outcomes(story))[0][0] == expected
        if expected == "hint":
            assert (await story.store.claim_lease(lease.bot.id, WORKER)).task is Task.FINISH
    bot = await story.store.get_bot(None, lease.bot.id)
    assert (bot.state, bot.recording_state, bot.settled) == (BotState.FATAL_ERROR, RecordingState.FAILED, True)
    assert (await story.told(bot.id))[-2:] == ["recording", "fatal_error/process_terminated"]


async def test_a_recording_that_could_not_be_finished_is_tried_again_later_and_at_last_failed_with_why(story: Story) -> None:
    lease = await story.joined()
    await story.report(lease, moved("meeting_ended"))
    for wait_s in (60, 600):
        await story.store.release_lease(lease.bot.id, lease.epoch, unfinished="The disk is full.")
        story.clock.advance(wait_s - 1)
        assert await outcomes(story) == []
        story.clock.advance(2)
        assert await outcomes(story) == [("hint", True)]
        lease = await story.store.claim_lease(lease.bot.id, WORKER)
        assert lease.task is Task.FINISH
        assert await story.state(lease.bot.id) == "post_processing"
    await story.store.release_lease(lease.bot.id, lease.epoch, unfinished="The disk is full.")
    bot = await story.store.get_bot(None, lease.bot.id)
    assert (bot.state, bot.recording_state, bot.settled) == (BotState.ENDED, RecordingState.FAILED, True)
    assert (await story.told(bot.id))[-2:] == ["recording", "post_processing_completed"]


async def test_a_bot_with_nothing_to_finish_ends_though_its_agent_was_lost(story: Story) -> None:
    lease = await story.claimed()
    await story.report(lease, moved("joined_meeting"), moved("meeting_ended"))
    story.clock.advance(11)
    assert await outcomes(story) == [("nothing", False)]
    assert await story.state(lease.bot.id) == "ended"


async def test_hints_come_again_less_and_less_often(story: Story) -> None:
    bot = await story.bot()
    began = story.clock.now_us()
    hinted = []
    for _ in range(200):
        story.clock.advance(1)
        if await outcomes(story) == [("hint", True)]:
            hinted.append(round((story.clock.now_us() - began) / 1e6))
    assert hinted == [3, 9, 21, 45, 93, 153]
    await story.store.claim_lease(bot.id, WORKER)
    assert (await story.store.get_bot(None, bot.id)).lease_expires_us == story.clock.now_us() + 10_000_000


async def test_a_bot_that_no_worker_takes_in_time_fails(story: Story) -> None:
    bot = await story.bot()
    told = []
    for _ in range(700):
        story.clock.advance(1)
        told += await outcomes(story)
    assert told[-1] == ("failed", False)
    assert (await story.told(bot.id))[-1] == "fatal_error/bot_not_launched"


async def test_a_scheduled_bot_is_staged_and_joins_when_its_time_has_come(story: Story) -> None:
    bot = await story.bot(join_at_us=story.clock.now_us() + 3600 * 10**6)
    story.clock.advance(3539)
    assert await outcomes(story) == []
    story.clock.advance(1)
    assert await outcomes(story) == [("staged", True)], "a worker may make all ready from now on"
    assert await outcomes(story) == []
    story.clock.advance(60.25)
    assert await outcomes(story) == [("join_requested", True)]
    events = await story.events(bot.id)
    assert await story.told(bot.id) == ["staged", "join_requested"]
    assert events[-1].state.late_ms == 250
    assert await outcomes(story) == []


async def test_a_server_that_was_away_catches_up_with_what_was_due(story: Story) -> None:
    bot = await story.bot(join_at_us=story.clock.now_us() + 10**6)
    story.clock.advance(3600)
    assert await outcomes(story) == [("join_requested", True)]
    assert await story.told(bot.id) == ["staged", "join_requested"]
    assert (await story.events(bot.id))[-1].state.late_ms == 3_599_000


async def test_a_swept_bot_that_failed_meanwhile_is_left_alone(story: Story) -> None:
    bot = await story.bot()
    story.clock.advance(5)
    swept, _ = await asyncio.gather(
        story.store.sweep(), story.store.apply_trigger(bot.id, Trigger.FATAL_ERROR, SubType.OUT_OF_CREDITS)
    )
    assert [attention.outcome for attention in swept] in ([], [Outcome.HINT])
    assert (await story.store.get_bot(None, bot.id)).settled
    story.clock.advance(10**5)
    assert await outcomes(story) == []


async def test_several_servers_share_what_is_due_and_do_nothing_twice(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        return  # one process alone
    async with opened(database_url) as one, opened(database_url, one.clock) as two, opened(database_url, one.clock) as three:
        due = one.clock.now_us() + 70 * 10**6
        bots = await asyncio.gather(*(one.bot(join_at_us=due) for _ in range(300)))
        one.clock.advance(100)
        stores = [one.store, two.store, three.store]
        swept = await asyncio.gather(*(store.sweep(limit=64) for store in stores for _ in range(5)))
        done = [attention.bot_id for some in swept for attention in some]
        assert len(done) == len(set(done))
        while some := await one.store.sweep():
            done += [attention.bot_id for attention in some]
        assert sorted(done) == sorted(bot.id for bot in bots)
        assert len(await one.log()) == 600
