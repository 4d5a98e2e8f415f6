"""Zoom tokens: the bot's own callback is asked, signed, when its agent asks; the answer is that agent's alone."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import create_engine, text

from rollcall.v1 import agent_service_pb2 as agent_pb
from tests.contract.harness import PATIENCE_S, FakeAgent, until
from tests.contract.rest import Face, create, face
from tests.receiver import Answer, Receiver, certificate, receiver
from tests.unit.server.webhooks.sending import is_signed

pytestmark = pytest.mark.asyncio(loop_scope="module")

ZOOM = "https://zoom.us/j/84315220467?pwd=c2VjcmV0"
LEASE_S = 1.0
RENEWALS = 4
"""Each a third of the lease after the one before: more than the lease in all."""
ZAK, TK, PRIVILEGE = "zak-s3cret.x", "tk-s3cret.y", "privilege-s3cret.z"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tls: tuple[ssl.SSLContext, Path], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Face]:
    folder = tmp_path_factory.mktemp("rest")
    async with face("in_process", folder, webhook_private_addresses=True, webhook_ca_file=tls[1], lease_seconds=LEASE_S) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def callback(tls: tuple[ssl.SSLContext, Path]) -> AsyncIterator[Receiver]:
    async with receiver(tls[0]) as one:
        yield one


async def claimed(client: Any, running: Any, url: str | None, worker: str = "worker_1") -> FakeAgent:
    """The agent of a new bot for Zoom."""
    more = {} if url is None else {"callback_settings": {"zoom_tokens_url": url}}
    bot = await create(client, meeting_url=ZOOM, metadata={"customer": "7"}, **more)
    agent = FakeAgent(running, bot["id"], worker)
    await agent.claim()
    return agent


async def asked(agent: FakeAgent) -> agent_pb.ZoomTokensGiven:
    before = len(agent.heard)
    await agent.say(take_zoom_tokens=agent_pb.TakeZoomTokens())
    await until(lambda: any(one.HasField("zoom_tokens") for one in agent.heard[before:]), "tokens, or why there are none")
    return next(one.zoom_tokens for one in agent.heard[before:] if one.HasField("zoom_tokens"))


async def test_the_callback_is_asked_signed_with_the_projects_secret(served: Face, callback: Receiver) -> None:
    callback.answer = lambda _: json.dumps({"zak_token": ZAK, "join_token": TK, "app_privilege_token": PRIVILEGE}).encode()
    async with await served.project() as client:
        secret = base64.b64decode((await client.post("/api/v1/webhook_secret/rotate", json={})).json()["secret"])
        agent = await claimed(client, served.running, f"{callback.url}/tokens")
        given = await asked(agent)
        assert given == agent_pb.ZoomTokensGiven(zak_token=ZAK, join_token=TK)
        [one] = callback.received
        assert one.path == "/tokens"
        assert one.payload == {
            "bot_id": agent.bot_id,
            "bot_metadata": {"customer": "7"},
            "callback_type": "zoom_tokens",
            "meeting_url": ZOOM,
        }
        assert is_signed(one, secret)
        again = await asked(agent)
        assert again == given
        first, second = callback.received
        assert first.headers["webhook-id"] != second.headers["webhook-id"]
        log = await client.get(f"/api/v1/bots/{agent.bot_id}/events")
        assert "s3cret" not in log.text
        await agent.close()
    engine = create_engine(served.running.settings.database_url)
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        everything = b"".join(repr(connection.execute(text(f'SELECT * FROM "{name}"')).all()).encode() for name in tables)
    engine.dispose()
    assert agent.bot_id.encode() in everything
    assert b"s3cret" not in everything


async def test_a_project_without_a_secret_gets_one_by_itself(served: Face, callback: Receiver) -> None:
    callback.answer = lambda _: b"{}"
    async with await served.project() as client:
        agent = await claimed(client, served.running, callback.url)
        assert await asked(agent) == agent_pb.ZoomTokensGiven()
        await asked(agent)
        await agent.close()
    signatures = [one.headers["x-webhook-signature"] for one in callback.received]
    assert len(signatures) == 2
    assert len(set(signatures)) == 1, "the same body under the same secret"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (500, "It answered 500"),
        ("redirect", "It answered 307"),
        ("close", "closed before the answer was complete"),
        ("endless", "more than 65,536 bytes"),
        (b"zak-s3cret", "not JSON"),
        (b'{"zak_token": ["zak-s3cret"]}', "zak_token must be a text"),
        (b'{"zak_token": "zak-s3cret&role=1 x"}', "without spaces"),
    ],
)
async def test_an_answer_that_is_none_is_told_with_what_to_do(
    served: Face, callback: Receiver, answer: Answer, words: str
) -> None:
    callback.answer = lambda _: answer
    async with await served.project() as client:
        agent = await claimed(client, served.running, callback.url)
        given = await asked(agent)
        assert words in given.problem
        assert "send the bot again" in given.problem
        assert "s3cret" not in str(given)
        await agent.close()


async def test_who_answers_slowly_does_not_cost_the_bot_its_lease(served: Face, callback: Receiver) -> None:
    callback.answer = lambda _: "hang"
    async with await served.project() as client:
        agent = await claimed(client, served.running, callback.url)
        await agent.say(take_zoom_tokens=agent_pb.TakeZoomTokens())
        await callback.until(1)
        async with asyncio.timeout(PATIENCE_S):
            while sum(one.HasField("renewed") for one in agent.heard) < RENEWALS:
                await agent.situation("joining")
                await asyncio.sleep(0.05)
        await agent.report(log={"code": "meanwhile", "message": "Goes on."})
        await until(lambda: agent.accepted == 1, "reports are stored meanwhile")
        assert not any(one.HasField("zoom_tokens") for one in agent.heard)
        await agent.close()


async def test_a_bot_without_a_callback_is_told_so(served: Face) -> None:
    async with await served.project() as client:
        agent = await claimed(client, served.running, None)
        assert "has no callback_settings.zoom_tokens_url" in (await asked(agent)).problem
        await agent.close()


async def test_a_url_that_may_not_be_called_is_refused_when_it_is_given(tmp_path: Path) -> None:
    async with face("in_process", tmp_path) as strict, await strict.project() as client:
        body = {"meeting_url": ZOOM, "bot_name": "Bot", "callback_settings": {"zoom_tokens_url": "https://10.0.0.1/tokens"}}
        answer = await client.post("/api/v1/bots", json=body)
        assert answer.status_code == 400
        assert "only public addresses may be called" in str(answer.json()["callback_settings"])
