"""Projects and keys over HTTP, in the server's process and apart from it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.contract.rest import FACES, Face, face

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture(params=FACES)
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Face]:
    async with face(request.param, tmp_path) as one:
        yield one


@pytest.fixture
async def admin(served: Face) -> AsyncIterator[httpx.AsyncClient]:
    token = (served.running.settings.data_dir / "admin_token").read_text().strip()
    async with served.client(token) as client:
        yield client


async def made(admin: httpx.AsyncClient, name: str = "shop") -> str:
    answer = await admin.post("/api/v1/projects", json={"name": name})
    assert answer.status_code == 201, answer.text
    project_id: str = answer.json()["id"]
    return project_id


async def test_the_life_of_a_project_and_its_key(served: Face, admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/v1/projects", json={"name": "shop", "limits": {"active_bots": 2}})
    assert answer.status_code == 201
    project = answer.json()
    assert project["own_limits"]["active_bots"] == project["limits"]["active_bots"] == 2
    assert project["own_limits"]["webhooks"] is None
    assert INSTANT.fullmatch(project["created_at"])
    path = f"/api/v1/projects/{project['id']}"
    changed = await admin.patch(path, json={"name": "store", "limits": {"webhooks": 1}, "reset_limits": ["active_bots"]})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["own_limits"]["webhooks"]) == ("store", 1)
    assert changed.json()["limits"]["active_bots"] is None

    key = await admin.post(f"{path}/keys", json={"name": "laptop", "expires_at": "2999-01-01T00:00:00Z"})
    assert key.status_code == 201
    secret, key_id = key.json()["secret"], key.json()["key"]["id"]
    async with served.client(secret) as mine:
        assert (await mine.get("/api/v1/bots")).status_code == 200
        assert (await mine.get("/api/v1/projects/self")).json()["active_bots"] == 0
        listed = (await mine.get("/api/v1/projects/self/keys")).json()
        assert [(one["id"], one["expires_at"], one["revoked_at"]) for one in listed["results"]] == [
            (key_id, "2999-01-01T00:00:00.000000Z", None)
        ]
        assert secret not in str(listed)
        assert (await mine.get(f"/api/v1/keys/{key_id}")).json()["name"] == "laptop"
        for attempt in (
            await mine.post(f"/api/v1/keys/{key_id}/revoke"),
            await mine.post(f"{path}/keys", json={}),
            await mine.post("/api/v1/projects", json={"nonsense": 1}),
            await mine.get("/api/v1/audit_entries"),
        ):
            assert (attempt.status_code, list(attempt.json())) == (403, ["detail"])
        revoked = await admin.post(f"/api/v1/keys/{key_id}/revoke")
        assert INSTANT.fullmatch(revoked.json()["revoked_at"])
        assert (await mine.get("/api/v1/bots")).status_code == 401

    entries = (await admin.get("/api/v1/audit_entries", params={"project_id": project["id"]})).json()["results"]
    assert [entry["action"] for entry in entries] == ["key_revoked", "key_created", "project_changed", "project_created"]
    assert {entry["actor"] for entry in entries} == {"admin"}
    assert entries[2]["details"] == {"active_bots": "2 -> default", "name": "shop -> store", "webhooks": "default -> 1"}
    assert entries[2]["key_id"] is None
    assert secret not in str(entries)


async def test_what_is_wrong_is_told_by_field_and_all_at_once(admin: httpx.AsyncClient) -> None:
    await made(admin)
    taken = await admin.post("/api/v1/projects", json={"name": "shop"})
    assert (taken.status_code, list(taken.json())) == (400, ["error"])
    wrong = await admin.post("/api/v1/projects", json={"name": " ", "limits": {"image_bytes": -1, "webhooks": 1001}})
    assert wrong.status_code == 400
    assert set(wrong.json()) == {"name", "limits"}
    assert len(wrong.json()["limits"]) == 2
    unread = await admin.post("/api/v1/projects", json={"limits": {"bots": 1}, "colour": "red"})
    assert set(unread.json()) >= {"name", "non_field_errors"}
    assert (await admin.get("/api/v1/projects/proj_0000000000000000")).status_code == 404
    assert (await admin.post("/api/v1/keys/key_0000000000000000/revoke")).status_code == 404


async def test_many_projects_come_in_pages(admin: httpx.AsyncClient) -> None:
    names = [f"project {number:02}" for number in range(30)]
    for name in names:
        await made(admin, name)
    page = (await admin.get("/api/v1/projects")).json()
    assert len(page["results"]) == 25
    rest = (await admin.get(page["next"])).json()
    shown = [project["name"] for project in page["results"] + rest["results"]]
    assert [name for name in shown if name in names] == names
    assert rest["next"] is None


async def test_the_admin_token_opens_no_projects_bots(admin: httpx.AsyncClient) -> None:
    for path in ("/api/v1/bots", "/api/v1/events"):
        answer = await admin.get(path)
        assert (answer.status_code, list(answer.json())) == (403, ["detail"])
