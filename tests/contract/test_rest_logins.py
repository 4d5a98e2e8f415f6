"""Accounts with which bots sign in: a session goes in, is handed to an agent, and is never seen again by anybody else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from rollcall.v1 import agent_service_pb2 as agent_pb
from tests.contract.harness import FakeAgent, until
from tests.contract.rest import FACES, Face, create, face

SECRET = "the-value-that-opens-an-account"
STATE = json.dumps(
    {
        "cookies": [{"name": "SID", "value": SECRET, "domain": ".google.com", "path": "/", "expires": 4_000_000_000}],
        "origins": [{"origin": "https://meet.google.com", "localStorage": [{"name": "k", "value": SECRET}]}],
    }
)
SIGNED_IN = {"google_meet_settings": {"use_login": True, "login_group_name": "sales"}}


@pytest.fixture(params=FACES)
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Face]:
    async with face(request.param, tmp_path) as one:
        yield one


async def asked(agent: FakeAgent) -> agent_pb.LoginGiven:
    """What an agent is given that asks for an account."""
    before = len(agent.heard)
    await agent.say(take_login=agent_pb.TakeLogin())
    await until(lambda: any(one.HasField("login") for one in agent.heard[before:]), "an account, or why there is none")
    return next(one.login for one in agent.heard[before:] if one.HasField("login"))


async def test_an_account_is_added_listed_renewed_and_forgotten(served: Face) -> None:
    async with await served.project() as client:
        body = {"platform": "google_meet", "group_name": "sales", "name": "a@example.com", "state": STATE}
        answer = await client.post("/api/v1/logins", json=body)
        assert answer.status_code == 201, answer.text
        login = answer.json()
        assert SECRET not in answer.text
        assert (login["platform"], login["group_name"], login["name"]) == ("google_meet", "sales", "a@example.com")
        assert (login["bot_id"], login["problem"], login["last_used_at"]) == (None, None, None)
        assert login["expires_at"] == "2096-10-02T07:06:40.000000Z"
        again = await client.post("/api/v1/logins", json=body)
        assert (again.status_code, login["id"] in again.json()["error"]) == (400, True)
        listed = (await client.get("/api/v1/logins", params={"group_name": "sales"})).json()
        assert [one["id"] for one in listed["results"]] == [login["id"]]
        assert (await client.get("/api/v1/logins", params={"platform": "teams"})).json()["results"] == []
        renewed = await client.post(f"/api/v1/logins/{login['id']}/renew", json={"state": STATE})
        assert renewed.status_code == 200, renewed.text
        assert renewed.json()["renewed_at"] > login["renewed_at"]
        assert (await client.delete(f"/api/v1/logins/{login['id']}")).status_code == 200
        assert (await client.get(f"/api/v1/logins/{login['id']}")).status_code == 404


async def test_all_that_is_wrong_is_said_at_once_and_repeats_nothing(served: Face) -> None:
    async with await served.project() as client:
        bad = json.dumps({"cookies": [{"name": "SID", "value": SECRET, "domain": "a b"}]})
        answer = await client.post("/api/v1/logins", json={"platform": "zoom", "name": "a", "state": STATE})
        assert (answer.status_code, answer.json().keys()) == (400, {"platform"})
        answer = await client.post("/api/v1/logins", json={"platform": "teams", "name": "a\nb", "state": bad})
        assert (answer.status_code, answer.json().keys()) == (400, {"name", "state"})
        assert "cookies[0].domain" in answer.json()["state"][0]
        assert SECRET not in answer.text


async def test_only_the_bots_own_agent_gets_the_session_and_the_database_has_it_encrypted(served: Face) -> None:
    running = served.running
    async with await served.project() as client:
        body = {"platform": "google_meet", "group_name": "sales", "name": "a@example.com", "state": STATE}
        login = (await client.post("/api/v1/logins", json=body)).json()
        bot = await create(client, **SIGNED_IN)
        agent = FakeAgent(running, bot["id"])
        await agent.claim()
        given = await asked(agent)
        assert (given.login_id, given.name, given.problem) == (login["id"], "a@example.com", "")
        assert given.state.cookies[0].value == SECRET
        assert given.state.origins[0].local_storage == {"k": SECRET}
        assert (await client.get(f"/api/v1/logins/{login['id']}")).json()["bot_id"] == bot["id"]
        other = await create(client, **SIGNED_IN)
        second = FakeAgent(running, other["id"], "worker_2")
        await second.claim()
        assert "in meetings now" in (await asked(second)).problem
        await agent.say(refuse_login=agent_pb.RefuseLogin(login_id=login["id"], problem="It was signed out."))
        assert "refused all 1" in (await asked(agent)).problem
        assert (await client.get(f"/api/v1/logins/{login['id']}")).json()["problem"] == "It was signed out."
        await agent.close()
        await second.close()
    engine = create_engine(running.settings.database_url)
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        everything = b"".join(repr(connection.execute(text(f'SELECT * FROM "{name}"')).all()).encode() for name in tables)
    engine.dispose()
    assert login["id"].encode() in everything
    assert SECRET.encode() not in everything
