from __future__ import annotations

import asyncio

import pytest

from rollcall.v1 import bot_pb2
from server.domain.errors import LeaseLost, NotFound, Unfulfilled
from server.domain.ids import new_id
from server.store import Store, StoreConfig
from server.store.logins import LoginRecord
from tests.unit.server.store.story import WORKER, Story, moved

MEET = bot_pb2.PLATFORM_GOOGLE_MEET


async def added(story: Story, name: str, group: str = "sales", **more: object) -> LoginRecord:
    values: dict[str, object] = {"sealed": name.encode(), "expires_us": None, **more}
    return await story.store.logins.create(new_id("login"), story.project_id, MEET, group, name, **values)  # type: ignore[arg-type]


async def test_one_account_is_one_bots_until_its_lease_ends(story: Story) -> None:
    await added(story, "a@example.com")
    first, second = await story.claimed(), await story.claimed()
    taken = await story.store.logins.take(first.bot.id, first.epoch, MEET, "sales")
    assert (taken.name, taken.sealed) == ("a@example.com", b"a@example.com")
    assert await story.store.logins.take(first.bot.id, first.epoch, MEET, "sales") == taken
    assert (await story.store.logins.get(story.project_id, taken.id)).bot_id == first.bot.id
    none = await story.store.logins.take(second.bot.id, second.epoch, MEET, "sales")
    assert (none.id, none.busy, none.refused) == ("", 1, 0)
    await story.store.release_lease(first.bot.id, first.epoch)
    assert (await story.store.logins.take(second.bot.id, second.epoch, MEET, "sales")).id == taken.id


async def test_an_account_is_free_once_its_bot_is_out_of_the_meeting(story: Story) -> None:
    await added(story, "a@example.com")
    first, second = await story.joined(), await story.claimed()
    await story.store.logins.take(first.bot.id, first.epoch, MEET, "sales")
    await story.report(first, moved("meeting_ended"))
    assert (await story.store.logins.take(second.bot.id, second.epoch, MEET, "sales")).name == "a@example.com"


async def test_a_bot_that_is_ready_before_its_time_has_its_account_alone(story: Story) -> None:
    await added(story, "a@example.com")
    first, second = [await story.bot(join_at_us=story.clock.now_us() + 60_000_000) for _ in range(2)]
    await story.store.sweep()
    assert await story.state(first.id) == "staged"
    leases = [await story.store.claim_lease(bot.id, WORKER) for bot in (first, second)]
    taken = [await story.store.logins.take(lease.bot.id, lease.epoch, MEET, "sales") for lease in leases]
    assert [(one.name, one.busy) for one in taken] == [("a@example.com", 0), ("", 1)]


async def test_the_account_of_a_lost_agent_is_free_and_the_next_agent_asks_anew(story: Story) -> None:
    await added(story, "a@example.com")
    lost = await story.joined()
    await story.store.logins.take(lost.bot.id, lost.epoch, MEET, "sales")
    story.clock.advance(11)
    await story.store.sweep()
    with pytest.raises(LeaseLost):
        await story.store.logins.take(lost.bot.id, lost.epoch, MEET, "sales")
    again = await story.store.claim_lease(lost.bot.id, WORKER)
    assert (await story.store.logins.list(story.project_id)).results[0].bot_id is None
    assert (await story.store.logins.take(again.bot.id, again.epoch, MEET, "sales")).name == "a@example.com"


async def test_the_account_that_rested_longest_is_next(story: Story) -> None:
    for name in ("a", "b"):
        await added(story, name)
    names = []
    for _ in range(4):
        lease = await story.claimed()
        names.append((await story.store.logins.take(lease.bot.id, lease.epoch, MEET, "sales")).name)
        await story.store.release_lease(lease.bot.id, lease.epoch)
        story.clock.advance(1)
    assert names in (["a", "b", "a", "b"], ["b", "a", "b", "a"])


async def test_an_account_that_was_refused_waits_to_be_renewed(story: Story) -> None:
    login = await added(story, "a")
    lease = await story.claimed()
    await story.store.logins.refuse(lease.bot.id, lease.epoch, login.id, "not its own")
    assert (await story.store.logins.get(story.project_id, login.id)).problem is None
    await story.store.logins.take(lease.bot.id, lease.epoch, MEET, "sales")
    await story.store.logins.refuse(lease.bot.id, lease.epoch, login.id, "signed out")
    assert (await story.store.logins.get(story.project_id, login.id)).problem == "signed out"
    none = await story.store.logins.take(lease.bot.id, lease.epoch, MEET, "sales")
    assert (none.id, none.busy, none.refused) == ("", 0, 1)
    renewed = await story.store.logins.renew(story.project_id, login.id, sealed=b"new", expires_us=5)
    assert (renewed.problem, renewed.expires_us) == (None, 5)
    assert (await story.store.logins.take(lease.bot.id, lease.epoch, MEET, "sales")).sealed == b"new"


async def test_groups_and_platforms_are_apart(story: Story) -> None:
    await added(story, "a", "sales")
    lease = await story.claimed()
    for platform, group in ((MEET, ""), (MEET, "other"), (bot_pb2.PLATFORM_TEAMS, "sales")):
        taken = await story.store.logins.take(lease.bot.id, lease.epoch, platform, group)
        assert (taken.id, taken.busy, taken.refused) == ("", 0, 0)


async def test_a_name_is_used_once_in_its_group(story: Story) -> None:
    login = await added(story, "a")
    with pytest.raises(Unfulfilled, match=login.id):
        await added(story, "a")
    await added(story, "a", "other")


async def test_what_is_another_projects_is_not_there(story: Story) -> None:
    login = await added(story, "a")
    other = (await story.store.projects.create("other")).id
    for call in (
        story.store.logins.get(other, login.id),
        story.store.logins.delete(other, login.id),
        story.store.logins.renew(other, login.id, sealed=b"x", expires_us=None),
        story.store.logins.get(story.project_id, "a\x00b"),
    ):
        with pytest.raises(NotFound):
            await call
    assert (await story.store.logins.list(other)).results == ()
    await story.store.logins.delete(story.project_id, login.id)
    assert (await story.store.logins.list(story.project_id)).results == ()


async def test_of_many_bots_at_two_servers_no_two_have_one_account(story: Story, new_postgresql_url: object) -> None:
    url = new_postgresql_url()  # type: ignore[operator]
    stores = [await Store.open(StoreConfig(url)) for _ in range(2)]
    try:
        project = (await stores[0].projects.create("p")).id
        own = Story(stores[0], project, story.clock)
        for number in range(5):
            await added(own, f"account {number}")
        leases = [await own.claimed() for _ in range(20)]
        taken = await asyncio.gather(
            *(stores[n % 2].logins.take(lease.bot.id, lease.epoch, MEET, "sales") for n, lease in enumerate(leases))
        )
        given = [one.id for one in taken if one.id]
        assert len(given) == len(set(given)) == 5
    finally:
        for store in stores:
            await store.close()
