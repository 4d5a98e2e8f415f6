from __future__ import annotations

import sqlite3

import pytest

from server.domain.errors import NotFound
from tests.unit.server.store.story import Story, opened


async def test_a_key_opens_its_project_until_it_is_revoked(story: Story) -> None:
    key, secret = await story.store.create_key(story.project_id, "laptop")
    found = await story.store.find_key(secret)
    assert found is not None
    assert (found.id, found.project_id, found.name) == (key.id, story.project_id, "laptop")
    revoked = await story.store.revoke_key(key.id)
    assert revoked.revoked_us == story.clock.now_us()
    assert await story.store.find_key(secret) is None
    story.clock.advance(5)
    assert await story.store.revoke_key(key.id) == revoked
    assert await story.store.list_keys(story.project_id) == [revoked]


@pytest.mark.parametrize("secret", ["", "x", "\x00", "é" * 1000, "\ud800"])
async def test_what_is_no_key_opens_nothing(story: Story, secret: str) -> None:
    assert await story.store.find_key(secret) is None


async def test_the_use_of_a_key_is_noted_to_the_minute(story: Story) -> None:
    key, secret = await story.store.create_key(story.project_id)
    first = story.clock.now_us()
    for _ in range(3):
        await story.store.find_key(secret)
        await story.store.create_project("after")  # the writer has done what came before
        story.clock.advance(1)
    assert (await story.store.list_keys())[0].last_used_us == first
    story.clock.advance(60)
    await story.store.find_key(secret)
    await story.store.create_project("after")
    assert (await story.store.list_keys())[0].last_used_us == story.clock.now_us()
    assert key.last_used_us is None


async def test_keys_of_unknown_projects_and_unknown_keys_are_not_found(story: Story) -> None:
    with pytest.raises(NotFound):
        await story.store.create_key("proj_0000000000000000")
    with pytest.raises(NotFound):
        await story.store.revoke_key("key_0000000000000000")


async def test_projects_are_listed_oldest_first(story: Story) -> None:
    story.clock.advance(1)
    second = await story.store.create_project("second")
    assert [project.id for project in await story.store.list_projects()] == [story.project_id, second.id]


async def test_a_keys_text_is_nowhere_in_the_database(database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        return  # the statements are the same
    async with opened(database_url) as story:
        _, secret = await story.store.create_key(story.project_id)
    with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert "api_key" in dump
    assert secret not in dump
