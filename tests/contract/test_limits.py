"""A project's limits through the whole service: never one bot too many, whoever asks at once, and words that say what to do."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import QuotaFailure, RetryInfo

from rollcall.transport import CallError, Metadata
from rollcall.v1 import bot_pb2
from rollcall.v1.bot_service_pb2 import CreateBotRequest
from rollcall.v1.bot_settings_pb2 import IMAGE_TYPE_PNG, BotImage
from rollcall.v1.bot_update_pb2 import UpdateBotRequest
from server.admin import Admin
from tests.contract.harness import BOTS, MEET, FakeAgent, Running, info_of, running_server, violations_of
from tests.contract.rest import FACES, Face, create, face

PNG = b"\x89PNG\r\n\x1a\n"


async def keyed(running: Running, name: str = "limited", **limits: int) -> Metadata:
    """A key of a project with limits of its own."""
    project = await running.server._store.projects.create(name, own_limits=limits)
    _, secret = await running.server._store.projects.create_key(project.id)
    return (("authorization", f"Token {secret}"),)


async def make(running: Running, who: Metadata, **fields: Any) -> bot_pb2.Bot | CallError:
    request = CreateBotRequest(**{"bot_name": "Bot", "meeting_url": MEET} | fields)
    try:
        answer: Any = await running.grpc.unary(BOTS + "CreateBot", request, who)
    except CallError as error:
        return error
    bot: bot_pb2.Bot = answer.bot
    return bot


def made(answers: list[bot_pb2.Bot | CallError]) -> int:
    """How many were made; every other answer is that the limit is reached."""
    errors = [answer for answer in answers if isinstance(answer, CallError)]
    assert {(error.status.code, info_of(error.status).reason) for error in errors} <= {
        (code_pb2.RESOURCE_EXHAUSTED, "ACTIVE_BOTS_LIMIT")
    }
    return len(answers) - len(errors)


async def test_of_200_that_come_at_once_as_many_are_made_as_the_limit_allows(running: Running) -> None:
    who = await keyed(running, active_bots=50)
    assert made(list(await asyncio.gather(*(make(running, who) for _ in range(200))))) == 50
    assert made([await make(running, who)]) == 0
    assert isinstance(await make(running, running.auth), bot_pb2.Bot), "another project is not concerned"


async def test_of_200_that_come_to_two_servers_as_many_are_made_as_the_limit_allows(
    tmp_path: Path, new_postgresql_url: Callable[[], str]
) -> None:
    url = new_postgresql_url()
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(running_server(tmp_path / name, url)) for name in ("one", "two")]
        who = await keyed(servers[0], active_bots=50)
        # Mixed with keys that exclude each other, and with bots of another project that end: other locks, the same order.
        others = [await servers[0].create() for _ in range(20)]
        asks = [
            make(servers[number % 2], who, **({"deduplication_key": str(number // 4)} if number % 3 else {}))
            for number in range(200)
        ]
        ends = [servers[number % 2].leave(bot.id) for number, bot in enumerate(others)]
        answers, _ = await asyncio.gather(asyncio.gather(*asks), asyncio.gather(*ends))
        kinds = Counter(info_of(answer.status).reason if isinstance(answer, CallError) else "made" for answer in answers)
        assert kinds["made"] == 50
        assert set(kinds) <= {"made", "ACTIVE_BOTS_LIMIT", "DEDUPLICATION_KEY_IN_USE"}


async def test_a_bot_that_ended_makes_room_and_a_scheduled_one_takes_it(running: Running) -> None:
    who = await keyed(running, active_bots=1)
    first = await make(running, who)
    assert isinstance(first, bot_pb2.Bot)
    agent = FakeAgent(running, first.id)
    await agent.claim()
    assert made([await make(running, who)]) == 0
    await agent.stored(await agent.move("could_not_join_meeting", "meeting_not_found"))
    await agent.close()
    scheduled = await make(running, who, join_at=Timestamp(seconds=int(time.time()) + 86_400))
    assert isinstance(scheduled, bot_pb2.Bot)
    assert scheduled.state == bot_pb2.BOT_STATE_SCHEDULED
    assert made([await make(running, who)]) == 0


async def test_a_limit_that_is_reached_says_so_in_the_details(running: Running) -> None:
    error = await make(running, await keyed(running, active_bots=0))
    assert isinstance(error, CallError)
    quota, retry = QuotaFailure(), RetryInfo()
    assert any(detail.Unpack(quota) for detail in error.status.details)
    assert quota.violations[0].subject == "project"
    assert not any(detail.Unpack(retry) for detail in error.status.details), "waiting does not help by itself"


async def test_too_many_posts_are_told_when_to_come_again(running: Running) -> None:
    who = await keyed(running, posts_per_minute=2)
    answers = [await make(running, who) for _ in range(3)]
    error = answers[-1]
    assert isinstance(error, CallError)
    assert (error.status.code, info_of(error.status).reason) == (code_pb2.RESOURCE_EXHAUSTED, "POST_RATE_LIMIT")
    retry, quota = RetryInfo(), QuotaFailure()
    assert any(detail.Unpack(retry) for detail in error.status.details)
    assert any(detail.Unpack(quota) for detail in error.status.details)
    assert 0 < retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9 <= 30


async def test_a_projects_own_limits_of_fields_hold(running: Running) -> None:
    who = await keyed(running, metadata_characters=20, image_bytes=100)
    image = BotImage(type=IMAGE_TYPE_PNG, data=PNG + bytes(100))
    error = await make(running, who, metadata={"key": "x" * 20}, bot_image=image)
    assert isinstance(error, CallError)
    assert set(violations_of(error.status)) == {"metadata", "bot_image"}
    assert "20 characters" in violations_of(error.status)["metadata"]
    more = await keyed(running, "generous", metadata_characters=5000)
    assert isinstance(await make(running, more, metadata={"key": "x" * 4000}), bot_pb2.Bot)
    error = await make(running, running.auth, metadata={"key": "x" * 4000})
    assert isinstance(error, CallError), "the others keep the default"


async def test_a_projects_own_limits_hold_for_changes_too(running: Running) -> None:
    who = await keyed(running, metadata_characters=20, image_bytes=100)
    bot = await make(running, who, join_at=Timestamp(seconds=int(time.time()) + 86_400))
    assert isinstance(bot, bot_pb2.Bot)
    image = BotImage(type=IMAGE_TYPE_PNG, data=PNG + bytes(100))
    change = UpdateBotRequest(bot_id=bot.id, metadata={"key": "x" * 20}, bot_image=image)
    with pytest.raises(CallError) as refused:
        await running.grpc.unary(BOTS + "UpdateBot", change, who)
    assert set(violations_of(refused.value.status)) == {"metadata", "bot_image"}


async def test_a_new_limit_holds_at_once(running: Running) -> None:
    who = await keyed(running)
    assert isinstance(await make(running, who), bot_pb2.Bot)
    projects = running.server._store.projects
    project = await projects.named("limited")
    assert project is not None
    await projects.update(project.id, own_limits={"active_bots": 1})
    assert made([await make(running, who)]) == 0


@pytest.fixture(params=FACES)
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Face]:
    async with face(request.param, tmp_path) as one:
        yield one


async def limited(served: Face, name: str, **limits: int) -> httpx.AsyncClient:
    admin = Admin(served.running.server._store, served.running.settings, "test")
    await admin.create_project(name, limits)
    return served.client((await admin.create_key(project=name)).secret)


async def test_over_http_a_limit_is_429_where_waiting_helps_and_400_or_413_where_it_does_not(served: Face) -> None:
    body = {"meeting_url": MEET, "bot_name": "Bot"}
    async with await limited(served, "full", active_bots=1) as client:
        await create(client)
        answer = await client.post("/api/v1/bots", json=body)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])
        assert answer.headers["X-Error-Reason"] == "ACTIVE_BOTS_LIMIT"
        assert "Retry-After" not in answer.headers
    async with await limited(served, "quick", posts_per_minute=1) as client:
        await create(client)
        answer = await client.post("/api/v1/bots", json=body)
        assert (answer.status_code, list(answer.json())) == (429, ["detail"])
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert (await client.get("/api/v1/bots")).status_code == 200
    async with await limited(served, "small", request_bytes=2000) as client:
        image = {"type": "image/png", "data": base64.b64encode(PNG + bytes(3000)).decode()}
        answer = await client.post("/api/v1/bots", json={**body, "bot_image": image})
        assert (answer.status_code, list(answer.json())) == (413, ["detail"])
        assert "Retry-After" not in answer.headers
        await create(client)
