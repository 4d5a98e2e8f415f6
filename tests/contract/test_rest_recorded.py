"""Every recorded answer of the API that the JSON face is a drop-in for, against both faces: the same status, keys and types."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.contract.harness import MEET
from tests.contract.rest import FACES, Face, create, differences, face
from tests.tables import rows_under

pytestmark = pytest.mark.asyncio(loop_scope="module")

VECTORS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parents[1] / "data/rest_contract.jsonl").read_text().splitlines()
]

DIFFERENT = [(request, here) for request, _, here, _ in rows_under("compatibility.md", "Answers")]
"""The request, and the status and keys of our answer, where we differ on purpose."""

WITH_METADATA = {144, 182}
"""Vectors against a bot that an earlier one gave metadata."""

_OURS = {request for request, _ in DIFFERENT}
RUN = [vector for vector in VECTORS if f"vector {vector['n']}" not in _OURS]


def _name(vector: dict[str, Any]) -> str:
    return f"{vector['n']}-{vector['method']}-{vector['path'].removeprefix('/api/v1')}-{vector['status']}"


async def _client(served: Face, number: int) -> httpx.AsyncClient:
    """The first three vectors are about keys."""
    if number == 1:
        client = served.client(None)
        client.headers["Authorization"] = "nonsense"
        return client
    return served.client(None if number == 0 else "no-such-key") if number in (0, 2) else await served.project()


EVERYWHERE = list(itertools.product(FACES, ["sqlite", "postgresql"]))


@pytest_asyncio.fixture(params=EVERYWHERE, ids="-".join, scope="module", loop_scope="module")
async def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, modules_database_url: Callable[[str], str]
) -> AsyncIterator[Face]:
    kind, database = request.param
    async with face(kind, tmp_path_factory.mktemp("rest"), modules_database_url(database)) as one:
        yield one


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


def _request_of(words: str) -> tuple[str, str, Any]:
    """`vector 19`, or `POST /bots {"bot_name": 5}`: method, path, body."""
    if words.startswith("vector "):
        vector = next(vector for vector in VECTORS if f"vector {vector['n']}" == words)
        return vector["method"], vector["path"], vector["body"]
    method, path, *body = words.split(" ", 2)
    made = json.loads(body[0]) if body else None
    return method, f"/api/v1{path}", {"meeting_url": MEET, "bot_name": "My Bot", **made} if made and path == "/bots" else made


@pytest.mark.parametrize(("request_", "here"), DIFFERENT, ids=[words for words, _ in DIFFERENT])
async def test_where_we_differ_the_docs_say_how(client: httpx.AsyncClient, request_: str, here: str) -> None:
    method, path, body = _request_of(request_)
    path = path.replace("{bot}", (await create(client))["id"]) if "{bot}" in path else path
    answer = await client.request(method, path, json=body)
    status, *keys = here.split()
    assert (str(answer.status_code), sorted(answer.json())) == (status, sorted(keys)), answer.text


async def test_each_recorded_answer_is_met_or_listed() -> None:
    listed = sum(words.startswith("vector ") for words in _OURS)
    assert (len(VECTORS), len(RUN) + listed) == (124, 124)
