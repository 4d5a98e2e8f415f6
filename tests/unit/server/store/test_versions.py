"""A bot's etag changes with what its owner can see, and of two who change the same version one wins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from server.domain.errors import Changed, NotFound
from server.domain.state import Trigger
from server.store import BotRecord, Store, StoreConfig
from tests.unit.server.store.story import Story, moved, opened, recorded, remarked, seen


async def test_an_etag_changes_with_what_is_seen_of_the_bot_and_with_nothing_else(story: Story) -> None:
    bot = await story.bot()
    lease = await story.store.claim_lease(bot.id, "worker-1")
    assert (await story.store.get_bot(None, bot.id)).etag == bot.etag
    seen_so_far = {bot.etag}
    for report, changes in [
        (moved("joined_meeting"), True),
        (seen("u1"), False),
        (moved("joined_meeting"), False),  # the table has no such move any more
        (recorded("in_progress"), True),
        (recorded("in_progress"), False),
        (remarked(), False),
        (moved("meeting_ended"), True),
        (recorded("complete", file_path="a.mp4"), True),
        (moved("post_processing_completed"), True),
    ]:
        before = (await story.store.get_bot(None, bot.id)).etag
        await story.report(lease, report)
        after = (await story.store.get_bot(None, bot.id)).etag
        assert (after not in seen_so_far) is changes, report
        assert (after != before) is changes
        seen_so_far.add(after)
    await story.store.release_lease(bot.id, lease.epoch)
    assert (await story.store.get_bot(None, bot.id)).etag in seen_so_far


async def test_a_change_under_an_old_etag_is_refused_and_changes_nothing(story: Story) -> None:
    lease = await story.joined()
    old = lease.bot.etag
    with pytest.raises(Changed) as refused:
        await story.store.request_leave(story.project_id, lease.bot.id, etag=old)
    now = await story.store.get_bot(None, lease.bot.id)
    assert refused.value.etag == now.etag != old
    assert now.state == "joined_recording"
    with pytest.raises(NotFound):
        await story.store.request_leave("proj_other", lease.bot.id, etag=old)
    assert (await story.store.request_leave(story.project_id, lease.bot.id, etag=now.etag)).state == "leaving"


async def test_any_bot_that_is_there_fits_a_star(story: Story) -> None:
    lease = await story.joined()
    assert (await story.store.request_leave(story.project_id, lease.bot.id, etag="*")).state == "leaving"


async def test_of_many_who_change_one_version_at_once_one_wins(story: Story) -> None:
    lease = await story.joined()
    etag = (await story.store.get_bot(None, lease.bot.id)).etag
    wishes = (story.store.request_leave(story.project_id, lease.bot.id, etag=etag) for _ in range(20))
    won(await asyncio.gather(*wishes, return_exceptions=True))


async def test_so_it_is_with_two_servers(new_postgresql_url: Callable[[], str]) -> None:
    url = new_postgresql_url()
    async with opened(url) as story:
        second = await Store.open(StoreConfig(url))
        try:
            for _ in range(10):
                lease = await story.joined()
                etag = (await second.get_bot(None, lease.bot.id)).etag
                wishes = (store.request_leave(None, lease.bot.id, etag=etag) for store in (story.store, second) * 3)
                won(await asyncio.gather(*wishes, return_exceptions=True))
                told = await story.told(lease.bot.id)
                assert told.count(f"{Trigger.LEAVE_REQUESTED}/user_requested") == 1
        finally:
            await second.close()


def won(results: list[BotRecord | BaseException]) -> None:
    """One did, and the others are told what the bot is now."""
    (winner,) = [result for result in results if isinstance(result, BotRecord)]
    assert {result.etag for result in results if isinstance(result, Changed)} == {winner.etag}
    assert all(isinstance(result, (BotRecord, Changed)) for result in results)
