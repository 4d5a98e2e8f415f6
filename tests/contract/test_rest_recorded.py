"""Every recorded answer of the API that the JSON face is a drop-in for, against both faces: the same status, keys and types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.rest import Face, create, differences

pytestmark = pytest.mark.asyncio(loop_scope="module")

VECTORS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parents[1] / "data/rest_contract.jsonl").read_text().splitlines()
]

DIFFERENT = {
    19: "a name of 300 characters: the recorded service failed with an error id, ours names the field and its limit",
    43: "kubernetes_settings: how bots are hosted there, no part of our contract",
    57: "reserve_additional_storage: refused there for want of Kubernetes",
    72: "custom_async: refused there because an environment variable of that installation was not set",
    113: "voice_agent_settings: refused there because an environment variable of that installation was not set",
    115: "kubernetes_settings, as 43",
    127: "calendar events come with CalendarService; a meeting_url beside one is refused by contract.md section 4",
}
"""Vectors that show that installation, not the API, or on which we differ on purpose."""

WITH_METADATA = {144, 182}
"""Vectors against a bot that an earlier one gave metadata."""

RUN = [vector for vector in VECTORS if vector["n"] not in DIFFERENT]


def _name(vector: dict[str, Any]) -> str:
    return f"{vector['n']}-{vector['method']}-{vector['path'].removeprefix('/api/v1')}-{vector['status']}"


async def _client(served: Face, number: int) -> httpx.AsyncClient:
    """The first three vectors are about keys."""
    if number == 1:
        client = served.client(None)
        client.headers["Authorization"] = "nonsense"
        return client
    return served.client(None if number == 0 else "no-such-key") if number in (0, 2) else await served.project()


@pytest.mark.parametrize("vector", RUN, ids=_name)
async def test_the_answer_matches_the_recorded_one(served: Face, vector: dict[str, Any]) -> None:
    async with await _client(served, vector["n"]) as client:
        path = vector["path"]
        if "{bot}" in path or vector["n"] in WITH_METADATA:
            bot = await create(client, **({"metadata": {"a": "b"}} if vector["n"] in WITH_METADATA else {}))
            path = path.replace("{bot}", bot["id"])
        body: dict[str, Any] = {}
        if "raw" in vector:
            kind = "text/plain" if vector["status"] == 415 else "application/json"
            body = {"content": vector["raw"], "headers": {"Content-Type": kind}}
        elif vector["method"] in ("POST", "PUT", "PATCH"):
            body = {"json": vector["body"]} if vector["body"] is not None else {"content": b"null"}
            body["headers"] = {"Content-Type": "application/json"}
        answer = await client.request(vector["method"], path, params=vector.get("query"), **body)
    if vector["status"] == "crash":
        assert answer.status_code == 400, answer.text
        assert answer.json().keys() <= {*(vector["body"] or {"detail": 1})}, answer.text
        return
    assert answer.status_code == vector["status"], answer.text
    assert differences(vector["response"], answer.json() if answer.content else None) == []


async def test_each_vector_that_is_not_run_has_a_reason() -> None:
    assert len(VECTORS) == 124
    assert len(RUN) + len(DIFFERENT) == len(VECTORS)
