from __future__ import annotations

import asyncio
import itertools
import sqlite3

import pytest

from server.domain.errors import NameInUse, NotFound
from server.store import KeyRecord
from tests.unit.server.store.story import Story, opened

NUMBERS = itertools.count(1)


async def test_a_key_opens_its_project_until_it_is_revoked(story: Story) -> None:
    key, secret = await story.store.projects.create_key(story.project_id, "laptop")
    found = await story.store.projects.find_key(secret)
    assert found is not None
    assert (found.key.id, found.key.project_id, found.key.name) == (key.id, story.project_id, "laptop")
    revoked = await story.store.projects.revoke_key(key.id)
    assert revoked.revoked_us == story.clock.now_us()
    assert await story.store.projects.find_key(secret) is None
    story.clock.advance(5)
    assert await story.store.projects.revoke_key(key.id) == revoked
    assert await keys_of(story) == [revoked]


async def keys_of(story: Story) -> list[KeyRecord]:
    return list((await story.store.projects.list_keys(story.project_id)).results)


@pytest.mark.parametrize("secret", ["", "x", "\x00", "é" * 1000, "\ud800"])
async def test_what_is_no_key_opens_nothing(story: Story, secret: str) -> None:
    assert await story.store.projects.find_key(secret) is None


async def test_the_use_of_a_key_is_noted_to_the_minute(story: Story) -> None:
    key, secret = await story.store.projects.create_key(story.project_id)
    first = story.clock.now_us()
    for _ in range(3):
        await story.store.projects.find_key(secret)
        await story.store.projects.create(f"after {next(NUMBERS)}")  # the writer has done what came before
        story.clock.advance(1)
    assert (await keys_of(story))[0].last_used_us == first
    story.clock.advance(60)
    await story.store.projects.find_key(secret)
    await story.store.projects.create(f"after {next(NUMBERS)}")
    assert (await keys_of(story))[0].last_used_us == story.clock.now_us()
    assert key.last_used_us is None


async def test_a_key_ends_by_itself_at_its_time(story: Story) -> None:
    ends_us = story.clock.now_us() + 10_000_000
    key, secret = await story.store.projects.create_key(story.project_id, expires_us=ends_us)
    assert key.expires_us == ends_us
    story.clock.advance(9)
    assert await story.store.projects.find_key(secret) is not None
    story.clock.advance(1)
    assert await story.store.projects.find_key(secret) is None


async def test_a_key_comes_with_its_projects_own_limits(story: Story) -> None:
    _, secret = await story.store.projects.create_key(story.project_id)
    await story.store.projects.update(story.project_id, own_limits={"active_bots": 5, "webhooks": 1})
    await story.store.projects.update(story.project_id, own_limits={"active_bots": 6}, reset=["webhooks"])
    found = await story.store.projects.find_key(secret)
    assert found is not None
    assert found.own_limits == {"active_bots": 6}


async def test_two_projects_never_have_one_name(story: Story) -> None:
    other = await story.store.projects.create("other")
    with pytest.raises(NameInUse):
        await story.store.projects.create("other")
    with pytest.raises(NameInUse):
        await story.store.projects.update(story.project_id, name="other")
    made = await asyncio.gather(*(story.store.projects.create("raced") for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(one, NameInUse) for one in made) == 1
    assert await story.store.projects.named("other") == other


async def test_every_change_is_in_the_audit_log_newest_first_and_no_secret_is(story: Story) -> None:
    projects = story.store.projects
    project = await projects.create("shop", own_limits={"webhooks": 3}, actor="ada")
    story.clock.advance(1)
    key, secret = await projects.create_key(project.id, "laptop", actor="ada")
    story.clock.advance(1)
    await projects.update(project.id, name="store", own_limits={"active_bots": 5}, reset=["webhooks"], actor="bob")
    await projects.update(project.id, name="store", own_limits={"active_bots": 5}, actor="bob")  # changes nothing
    story.clock.advance(1)
    for _ in range(2):
        await projects.revoke_key(key.id, actor="bob")
    entries = (await projects.list_audit(project.id)).results
    assert [(one.actor, one.action, one.key_id) for one in entries] == [
        ("bob", "key_revoked", key.id),
        ("bob", "project_changed", ""),
        ("ada", "key_created", key.id),
        ("ada", "project_created", ""),
    ]
    assert entries[1].details == {"name": "shop -> store", "active_bots": "default -> 5", "webhooks": "3 -> default"}
    assert entries[3].details == {"name": "shop", "webhooks": "3"}
    assert secret not in str(entries)


async def test_the_audit_log_is_read_page_by_page_in_both_directions(story: Story) -> None:
    for number in range(5):
        story.clock.advance(1)
        await story.store.projects.create(f"number {number}")
    first = await story.store.projects.list_audit(limit=2)
    second = await story.store.projects.list_audit(cursor=first.next, limit=2)
    names = [entry.details["name"] for page in (first, second) for entry in page.results]
    assert names == ["number 4", "number 3", "number 2", "number 1"]
    assert (await story.store.projects.list_audit(cursor=second.previous, limit=2)).results == first.results


async def test_keys_of_unknown_projects_and_unknown_keys_are_not_found(story: Story) -> None:
    with pytest.raises(NotFound):
        await story.store.projects.create_key("proj_0000000000000000")
    with pytest.raises(NotFound):
        await story.store.projects.revoke_key("key_0000000000000000")


async def test_projects_are_listed_oldest_first(story: Story) -> None:
    story.clock.advance(1)
    second = await story.store.projects.create("second")
    assert [project.id for project in (await story.store.projects.list()).results] == [story.project_id, second.id]


async def test_a_keys_text_is_nowhere_in_the_database(database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        return  # the statements are the same
    async with opened(database_url) as story:
        _, secret = await story.store.projects.create_key(story.project_id)
    with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert "api_key" in dump
    assert secret not in dump
