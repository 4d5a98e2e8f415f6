"""A staged bot: a worker has it before its time, and it joins on time whoever is lost meanwhile."""

from __future__ import annotations

import pytest

from rollcall.v1 import agent_service_pb2
from server.domain.errors import IllegalTransition, LeaseNotAvailable
from server.domain.state import BotState
from server.store import Lease, Outcome, Task
from tests.unit.server.store.story import WORKER, Story, moved

_SECOND_US = 10**6


async def staged(story: Story) -> str:
    """A bot that joins in 60 s."""
    bot = await story.bot(join_at_us=story.clock.now_us() + 60 * _SECOND_US)
    assert [attention.outcome for attention in await story.store.sweep()] == [Outcome.STAGED]
    return bot.id


async def at_the_door(story: Story) -> Lease:
    """A bot that joins in 60 s, and a worker that has it."""
    return await story.store.claim_lease(await staged(story), WORKER)


def observed(story: Story, report: agent_service_pb2.Report, *, ahead_s: float = 0) -> agent_service_pb2.Report:
    """The report as of now by the worker's clock."""
    report.observed_time.FromMicroseconds(story.clock.now_us() + round(ahead_s * _SECOND_US))
    return report


async def test_a_worker_takes_it_ahead_of_its_time_and_knows_how_long_to_wait(story: Story) -> None:
    bot_id = await staged(story)
    story.clock.advance(15.5)
    lease = await story.store.claim_lease(bot_id, WORKER)
    assert (lease.task, lease.join_in_ms, lease.bot.state) == (Task.ATTEND, 44_500, BotState.STAGED)
    with pytest.raises(LeaseNotAvailable):
        await story.store.claim_lease(bot_id, "worker-2")
    story.clock.advance(4.5)
    resumed = await story.store.resume_lease(bot_id, WORKER, lease.epoch)
    assert (resumed.task, resumed.join_in_ms) == (Task.ATTEND, 40_000)
    assert (await story.claimed()).join_in_ms is None


async def test_one_that_is_still_far_off_cannot_be_taken(story: Story) -> None:
    bot = await story.bot(join_at_us=story.clock.now_us() + 61 * _SECOND_US)
    await story.store.sweep()
    with pytest.raises(LeaseNotAvailable):
        await story.store.claim_lease(bot.id, WORKER)


async def test_the_worker_says_when_it_goes_in_and_the_log_how_late_that_is(story: Story) -> None:
    lease = await at_the_door(story)
    for _ in range(12):
        story.clock.advance(5)
        await story.store.renew_lease(lease.bot.id, lease.epoch)
        assert await story.store.sweep() == [], "the bot is its worker's, before and after its time"
    story.clock.advance(0.02)
    await story.report(lease, observed(story, moved("join_requested")))
    story.clock.advance(1.2)
    await story.report(lease, observed(story, moved("joined_meeting")))
    told = [event.state for event in await story.events(lease.bot.id)]
    assert await story.told(lease.bot.id) == ["staged", "join_requested", "joined_meeting"]
    assert [state.late_ms for state in told] == [0, 20, 1220]
    assert [state.HasField("late_ms") for state in told] == [False, True, True]
    assert {state.epoch for state in told[1:]} == {lease.epoch}


async def test_lateness_is_when_it_happened_not_when_the_server_heard_of_it(story: Story) -> None:
    lease = await at_the_door(story)
    story.clock.advance(60)
    report = observed(story, moved("join_requested"))
    story.clock.advance(8)  # the server was away
    ahead = observed(story, moved("joined_meeting"), ahead_s=100)
    await story.report(lease, report, ahead)
    states = [event.state for event in await story.events(lease.bot.id)]
    assert states[-2].late_ms == 0
    assert states[-1].late_ms == 8_000, "a worker's clock that is ahead is not believed"


@pytest.mark.parametrize("times", [1, 2])
async def test_its_request_to_join_counts_once(story: Story, times: int) -> None:
    lease = await at_the_door(story)
    story.clock.advance(60)
    await story.report(lease, *[moved("join_requested") for _ in range(times)])
    assert await story.told(lease.bot.id) == ["staged", "join_requested"]


async def test_no_other_bot_can_be_made_to_join_by_a_report(story: Story) -> None:
    lease = await story.joined()
    before = await story.told(lease.bot.id)
    await story.report(lease, moved("join_requested"))
    assert await story.told(lease.bot.id) == before


async def test_a_worker_lost_at_the_door_is_replaced_and_costs_no_attempt(story: Story) -> None:
    lease = await at_the_door(story)
    story.clock.advance(11)
    (attention,) = await story.store.sweep()
    assert (attention.outcome, attention.hint) == (Outcome.HINT, True)
    again = await story.store.claim_lease(lease.bot.id, "worker-2")
    assert (again.epoch, again.join_in_ms, again.bot.attempt) == (2, 49_000, 1)
    bot = await story.store.release_lease(lease.bot.id, again.epoch, hand_over=True)
    assert (bot.state, bot.wants_worker) == (BotState.STAGED, True)
    assert await story.told(lease.bot.id) == ["staged"]


async def test_one_whose_worker_was_lost_at_its_time_joins_all_the_same(story: Story) -> None:
    lease = await at_the_door(story)
    story.clock.advance(55)
    await story.store.renew_lease(lease.bot.id, lease.epoch)
    story.clock.advance(11)
    assert [attention.outcome for attention in await story.store.sweep()] == [Outcome.HINT]
    story.clock.advance(3)
    assert [attention.outcome for attention in await story.store.sweep()] == [Outcome.JOIN_REQUESTED]
    assert (await story.events(lease.bot.id))[-1].state.late_ms == 9_000


async def test_one_that_nobody_takes_is_hinted_at_and_joins_on_time(story: Story) -> None:
    bot_id = await staged(story)
    seen = []
    for second in range(1, 64):
        story.clock.advance(1)
        seen += [(second, attention.outcome.value) for attention in await story.store.sweep() if attention.hint]
    assert seen == [(3, "hint"), (9, "hint"), (21, "hint"), (45, "hint"), (60, "join_requested"), (63, "hint")]
    assert (await story.events(bot_id))[-1].state.late_ms == 0


async def test_the_time_in_which_a_worker_has_to_take_it_begins_when_it_is_to_join(story: Story) -> None:
    bot_id = await staged(story)
    for _ in range(60 + 599):
        story.clock.advance(1)
        await story.store.sweep()
    assert await story.state(bot_id) == "joining"
    for _ in range(120):
        story.clock.advance(1)
        await story.store.sweep()
    assert (await story.told(bot_id))[-1] == "fatal_error/bot_not_launched"


async def test_it_cannot_be_told_to_leave_before_it_joins(story: Story) -> None:
    lease = await at_the_door(story)
    with pytest.raises(IllegalTransition):
        await story.store.request_leave(story.project_id, lease.bot.id)
