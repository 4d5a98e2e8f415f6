"""A request that comes again is carried out once, whoever carries it out and whoever is killed meanwhile."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from rollcall.v1 import agent_service_pb2
from rollcall.v1.bot_service_pb2 import GetBotRequest
from server.domain.errors import AlreadyAnswered, DuplicateKey, IllegalTransition, RequestKeyReused
from server.domain.wishes import Wish
from server.store import BotRecord, Once, RequestKey, Store, StoreConfig, Wished
from tests.unit.server.store.story import Story, opened

DAY_S = 24 * 3600


def once(project_id: str, key: str = "k", asked: bytes = b"a bot") -> Once[Any]:
    """The answer is any message: here one that tells the bot's id."""
    return Once(RequestKey.of(project_id, key, asked), lambda record: GetBotRequest(bot_id=_bot_id(record)))


def _bot_id(result: BotRecord | Wished) -> str:
    return result.bot.id if isinstance(result, Wished) else result.id


def told(error: BaseException) -> str:
    """Whose id the first answer told."""
    assert isinstance(error, AlreadyAnswered), error
    return GetBotRequest.FromString(error.answer).bot_id


async def test_what_comes_again_gets_the_first_answer_and_does_nothing(story: Story) -> None:
    bot = await story.store.create_bot(story.new_bot(), once(story.project_id))
    with pytest.raises(AlreadyAnswered) as again:
        await story.store.create_bot(story.new_bot(), once(story.project_id))
    assert told(again.value) == bot.id
    with pytest.raises(AlreadyAnswered) as recalled:
        await story.store.recall(once(story.project_id).key)
    assert told(recalled.value) == bot.id
    assert len((await story.store.list_bots(story.project_id)).results) == 1
    assert len(await story.log()) == 1


async def test_of_200_that_come_at_once_one_is_carried_out(story: Story) -> None:
    wishes = (story.store.create_bot(story.new_bot(), once(story.project_id)) for _ in range(200))
    results = await asyncio.gather(*wishes, return_exceptions=True)
    made = [result for result in results if isinstance(result, BotRecord)]
    assert len(made) == 1
    assert {told(result) for result in results if isinstance(result, BaseException)} == {made[0].id}
    assert len(await story.log()) == 1


async def test_with_several_servers_too(new_postgresql_url: Callable[[], str]) -> None:
    url = new_postgresql_url()
    async with opened(url) as story, AsyncExitStack() as stack:
        stores = [story.store, *[await Store.open(StoreConfig(url)) for _ in range(3)]]
        for store in stores[1:]:
            stack.push_async_callback(store.close)
        lease = await story.joined()
        command = agent_service_pb2.Command(send_chat=agent_service_pb2.SendChatCommand(message="hello"))
        wishes = [
            wish
            for _ in range(10)
            for store in stores
            for wish in (
                store.create_bot(story.new_bot(), once(story.project_id, "create", b"create")),
                store.add_command(
                    story.project_id, lease.bot.id, command, Wish.SEND_CHAT_MESSAGE, once=once(story.project_id, "chat", b"chat")
                ),
            )
        ]
        results = await asyncio.gather(*wishes, return_exceptions=True)
        made = [result for result in results if not isinstance(result, BaseException)]
        assert sorted(type(result).__name__ for result in made) == ["BotRecord", "Wished"]
        assert {told(result) for result in results if isinstance(result, BaseException)} == {_bot_id(one) for one in made}
        assert len(await story.store.pending_commands(lease.bot.id)) == 1
        assert len((await story.store.list_bots(story.project_id)).results) == 2


async def test_a_key_belongs_to_one_request_of_one_project(story: Story) -> None:
    await story.store.create_bot(story.new_bot(), once(story.project_id))
    with pytest.raises(RequestKeyReused):
        await story.store.create_bot(story.new_bot(), once(story.project_id, asked=b"another bot"))
    with pytest.raises(RequestKeyReused):
        await story.store.recall(once(story.project_id, asked=b"another bot").key)
    other = await story.store.projects.create("other")
    await story.store.recall(once(other.id).key)
    await story.store.create_bot(story.new_bot(project_id=other.id), once(other.id))


async def test_what_was_refused_did_nothing_and_leaves_its_key_free(story: Story) -> None:
    bot = await story.bot(join_at_us=story.clock.now_us() + 120_000_000, deduplication_key="d")
    with pytest.raises(IllegalTransition):
        await story.store.request_leave(story.project_id, bot.id, once=once(story.project_id))
    with pytest.raises(DuplicateKey):
        await story.store.create_bot(story.new_bot(deduplication_key="d"), once(story.project_id, "c"))
    story.clock.advance(121)
    await story.store.sweep()
    assert (await story.store.request_leave(story.project_id, bot.id, once=once(story.project_id))).state == "leaving"
    with pytest.raises(AlreadyAnswered):
        await story.store.request_leave(story.project_id, bot.id, once=once(story.project_id))
    assert (await story.told(bot.id)).count("leave_requested/user_requested") == 1


async def test_an_answer_is_kept_for_a_day(story: Story) -> None:
    await story.store.create_bot(story.new_bot(), once(story.project_id))
    story.clock.advance(DAY_S - 1)
    await story.store.tidy()
    with pytest.raises(AlreadyAnswered):
        await story.store.recall(once(story.project_id).key)
    story.clock.advance(2)
    await story.store.tidy()
    await story.store.create_bot(story.new_bot(), once(story.project_id, asked=b"another bot"))


async def test_answers_are_forgotten_some_at_a_time(story: Story) -> None:
    for number in range(5):
        await story.store.create_bot(story.new_bot(), once(story.project_id, str(number)))
    story.clock.advance(DAY_S + 1)
    assert [await story.store.tidy(2) for _ in range(4)] == [2, 2, 1, 0]


KILLED = """
import asyncio, os, signal, sys
from server.clock import ManualClock
from server.store import Store, StoreConfig
from tests.unit.server.store.story import Story
from tests.unit.server.store.test_once import once

async def main():
    store = await Store.open(StoreConfig(sys.argv[1]))
    story = Story(store, sys.argv[2], ManualClock())
    store.on_commit(lambda events: os.kill(os.getpid(), signal.SIGKILL))
    await store.create_bot(story.new_bot(), once(story.project_id))

asyncio.run(main())
"""


async def test_a_server_killed_after_the_commit_has_answered_for_good(database_url: str) -> None:
    async with opened(database_url) as story:
        project_id = story.project_id
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, database_url, project_id, cwd=Path.cwd(), env=dict(os.environ)
    )
    assert await process.wait() == -9
    async with opened(database_url) as story:
        with pytest.raises(AlreadyAnswered) as again:
            await story.store.create_bot(story.new_bot(project_id=project_id), once(project_id))
        (bot,) = (await story.store.list_bots(project_id)).results
        assert told(again.value) == bot.id
