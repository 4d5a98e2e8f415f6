from __future__ import annotations

import asyncio

import pytest

from server.domain.errors import LeaseLost, LeaseNotAvailable
from server.domain.state import BotState, RecordingState
from server.store import Task
from tests.unit.server.store.story import WORKER, Story, moved, recorded


async def test_of_50_workers_one_gets_the_lease(story: Story) -> None:
    bot = await story.bot()
    results = await asyncio.gather(
        *(story.store.claim_lease(bot.id, f"worker-{number}") for number in range(50)), return_exceptions=True
    )
    (lease,) = [result for result in results if not isinstance(result, BaseException)]
    assert sum(isinstance(result, LeaseNotAvailable) for result in results) == 49
    assert (lease.epoch, lease.task, lease.lease_ms, lease.last_report_number) == (1, Task.ATTEND, 10_000, 0)
    assert lease.bot.worker_id is not None


async def test_what_has_nothing_to_run_cannot_be_claimed(story: Story) -> None:
    scheduled = await story.bot(join_at_us=story.clock.now_us() + 10**9)
    for bot_id in (scheduled.id, "bot_0000000000000000", ""):
        with pytest.raises(LeaseNotAvailable):
            await story.store.claim_lease(bot_id, WORKER)


async def test_the_settings_come_with_the_lease_byte_for_byte(story: Story) -> None:
    lease = await story.claimed(settings=b"\x00\xff" * 100_000)
    assert lease.settings == b"\x00\xff" * 100_000
    assert (await story.store.resume_lease(lease.bot.id, WORKER, lease.epoch)).settings == lease.settings
    assert (await story.claimed()).settings == b""


async def test_a_lease_is_resumed_with_its_epoch_by_its_worker_only(story: Story) -> None:
    lease = await story.joined()
    story.clock.advance(3)
    resumed = await story.store.resume_lease(lease.bot.id, WORKER, lease.epoch)
    assert (resumed.epoch, resumed.last_report_number, resumed.task) == (lease.epoch, 3, Task.ATTEND)
    assert resumed.bot.lease_expires_us == story.clock.now_us() + 10_000_000
    for worker, epoch in ((WORKER, 0), (WORKER, 2), ("worker-2", lease.epoch)):
        with pytest.raises(LeaseLost):
            await story.store.resume_lease(lease.bot.id, worker, epoch)


async def test_a_heartbeat_renews_the_lease(story: Story) -> None:
    lease = await story.claimed()
    for _ in range(5):
        story.clock.advance(8)
        assert await story.store.renew_lease(lease.bot.id, lease.epoch) == 10_000
        assert await story.store.sweep() == []
    with pytest.raises(LeaseLost):
        await story.store.renew_lease(lease.bot.id, lease.epoch + 1)


async def test_a_bot_handed_over_joins_again_at_no_cost(story: Story) -> None:
    lease = await story.joined()
    for epoch in range(2, 8):
        bot = await story.store.release_lease(lease.bot.id, lease.epoch, hand_over=True)
        assert (bot.state, bot.recording_state, bot.attempt) == (BotState.JOINING, RecordingState.IN_PROGRESS, 1)
        assert bot.wants_worker
        lease = await story.store.claim_lease(bot.id, WORKER)
        assert lease.epoch == epoch


async def test_a_lease_let_go_is_over(story: Story) -> None:
    lease = await story.joined()
    await story.store.release_lease(lease.bot.id, lease.epoch, hand_over=True)
    for call in (
        story.store.renew_lease(lease.bot.id, lease.epoch),
        story.store.resume_lease(lease.bot.id, WORKER, lease.epoch),
        story.store.store_reports(lease.bot.id, lease.epoch, [moved("joined_meeting")]),
    ):
        with pytest.raises(LeaseLost):
            await call
    before = await story.store.get_bot(None, lease.bot.id)
    assert await story.store.release_lease(lease.bot.id, lease.epoch) == before


async def test_a_finished_bot_is_let_go_without_a_further_event(story: Story) -> None:
    lease = await story.joined()
    await story.report(
        lease,
        moved("meeting_ended"),
        recorded("complete", file_path="b/recording.mp4"),
        moved("post_processing_completed"),
    )
    told = await story.told(lease.bot.id)
    bot = await story.store.release_lease(lease.bot.id, lease.epoch)
    assert (bot.state, bot.settled, bot.wants_worker) == (BotState.ENDED, True, False)
    assert await story.told(bot.id) == told
    with pytest.raises(LeaseNotAvailable):
        await story.store.claim_lease(bot.id, WORKER)


async def test_what_is_left_of_a_failed_bots_recording_is_finished_under_a_new_lease(story: Story) -> None:
    lease = await story.joined()
    await story.report(lease, moved("fatal_error", "ui_element_not_found"))
    bot = await story.store.release_lease(lease.bot.id, lease.epoch)
    assert bot.wants_worker
    assert not bot.settled
    again = await story.store.claim_lease(bot.id, WORKER)
    assert again.task is Task.FINISH
    assert (await story.store.resume_lease(bot.id, WORKER, again.epoch)).task is Task.FINISH
    await story.report(again, recorded("complete", file_path="x.mp4", duration_ms=5))
    bot = await story.store.release_lease(bot.id, again.epoch)
    assert (bot.state, bot.recording_state, bot.settled) == (BotState.FATAL_ERROR, RecordingState.COMPLETE, True)
