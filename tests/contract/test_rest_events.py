"""The log by REST: filters, positions, and what is said of events that are no longer kept; pages and event streams alike."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest

from server.feed import format_cursor
from tests.contract.harness import PATIENCE_S
from tests.contract.rest import Face, create

pytestmark = pytest.mark.asyncio(loop_scope="module")
SSE = {"Accept": "text/event-stream"}


async def followed(client: httpx.AsyncClient, path: str, **headers: str) -> list[dict[str, Any]]:
    """What a stream tells until it has caught up."""
    told = []
    async with asyncio.timeout(PATIENCE_S), client.stream("GET", path, headers={**SSE, **headers}) as stream:
        assert stream.status_code == 200, await stream.aread()
        async for line in stream.aiter_lines():
            message = json.loads(line.removeprefix("data: ")) if line.startswith("data: {") else {}
            if message.get("caught_up"):
                return told
            if "sequence" in message:
                told.append(message)
    raise AssertionError("the stream ended before it had caught up")


async def paged(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """The first page."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


@pytest.mark.parametrize("read", [paged, followed], ids=["pages", "stream"])
async def test_a_projects_log_is_filtered(client: httpx.AsyncClient, read: Any) -> None:
    red = (await create(client, metadata={"team": "red", "room": "1"}))["id"]
    blue = (await create(client, metadata={"team": "blue"}))["id"]
    plain = (await create(client))["id"]
    for bot in (red, plain):
        assert (await client.post(f"/api/v1/bots/{bot}/leave")).status_code == 200

    async def told(query: str) -> list[tuple[str, str]]:
        found = await read(client, f"/api/v1/events?cursor=start&{query}")
        moves = [(one["bot_id"], one["state"]["new_state"]) for one in found]
        return [move for move in moves if move[1] in {"joining", "leaving"}]  # nobody runs them: they soon are led on

    assert await told("metadata.team=blue") == [(blue, "joining")]
    assert await told("metadata.team=red&metadata.room=1") == [(red, "joining"), (red, "leaving")]
    assert await told("metadata.team=red&metadata.room=2") == []
    assert await told("states=leaving") == [(red, "leaving"), (plain, "leaving")]
    assert await told(f"states=leaving&states=joining&bot_ids={plain}&bot_ids={blue}") == [
        (blue, "joining"),
        (plain, "joining"),
        (plain, "leaving"),
    ]
    assert await told("kinds=chat&kinds=log") == []
    assert len(await told("kinds=state")) == 5


@pytest.mark.parametrize("read", [paged, followed], ids=["pages", "stream"])
async def test_a_bots_log_is_filtered(client: httpx.AsyncClient, read: Any) -> None:
    bot = (await create(client))["id"]
    await client.post(f"/api/v1/bots/{bot}/leave")
    for query, expected in (("states=leaving", [2]), ("states=waiting_room", []), ("kinds=state", [1, 2]), ("kinds=log", [])):
        found = await read(client, f"/api/v1/bots/{bot}/events?after_sequence=0&{query}")
        assert [one["sequence"] for one in found][:2] == expected, "what follows is that nobody runs it"


async def test_bots_are_listed_by_metadata(client: httpx.AsyncClient) -> None:
    bots = [(await create(client, metadata={"team": team, "n": str(n)}))["id"] for n, team in enumerate("abab")]
    await create(client)
    for query, expected in (
        ("metadata.team=a", [bots[0], bots[2]]),
        ("metadata.team=a&metadata.n=2", [bots[2]]),
        ("metadata.team=c", []),
        ("metadata.team=%00", []),
    ):
        answer = await client.get(f"/api/v1/bots?{query}")
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 200:
            assert [bot["id"] for bot in answer.json()["results"]] == expected


@pytest.mark.parametrize(
    "query", ["kinds=nonsense", "states=asleep", "&".join(f"bot_ids={n}" for n in range(101)), "cursor=nonsense", "cursor=c0"]
)
async def test_a_filter_that_cannot_be_is_told(client: httpx.AsyncClient, query: str) -> None:
    for headers in ({}, SSE):
        answer = await client.get(f"/api/v1/events?{query}", headers=headers)
        assert answer.status_code == 400, answer.text
        assert query.partition("=")[0] in json.dumps(answer.json())


async def test_a_position_of_the_stream_is_one_of_the_pages_too(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await create(client)
    assert [one["position"] for one in await paged(client, "/api/v1/events?cursor=c1")] == [2, 3]
    assert [one["position"] for one in await paged(client, "/api/v1/events?cursor=start")] == [1, 2, 3]


async def test_events_that_are_no_longer_kept_are_gone_and_it_is_said_where_to_go_on(
    served: Face, client: httpx.AsyncClient
) -> None:
    bot = (await create(client))["id"]
    for _ in range(9):
        await create(client)
    await client.post(f"/api/v1/bots/{bot}/leave")
    before = round(time.time() * 1e6) + 1
    await create(client)
    store = served.running.server._store
    project_id = (await store.get_bot(None, bot)).project_id
    while (await store.bounds_of_project(project_id)).earliest < 11:
        await store.drop_events(before, 0, most=1000)
    # The bot that nobody runs may have been led on meanwhile, so its log may go on.
    earliest = (await store.bounds_of_bot(bot)).earliest
    earliest_cursor = format_cursor((await store.bounds_of_project(project_id)).earliest)
    for path, headers in (
        (f"/api/v1/bots/{bot}/events?after_sequence=1", SSE),
        (f"/api/v1/bots/{bot}/events", {**SSE, "Last-Event-ID": "1"}),
        (f"/api/v1/bots/{bot}/events?after_sequence=1", {}),
        ("/api/v1/events?cursor=c3", SSE),
        ("/api/v1/events", {**SSE, "Last-Event-ID": "c3"}),
        ("/api/v1/events?cursor=c3", {}),
    ):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 410, (path, answer.text)
        assert answer.headers["x-error-reason"] == "OUT_OF_RANGE"
        place = earliest if "/bots/" in path else earliest_cursor
        assert f"resume after {place} or later" in answer.json()["error"]
    for cursor in (earliest_cursor, "start"):
        told = await followed(client, f"/api/v1/events?cursor={cursor}")
        assert format_cursor(told[0]["position"] - 1) == earliest_cursor
    for events in (
        await paged(client, f"/api/v1/bots/{bot}/events"),
        await followed(client, f"/api/v1/bots/{bot}/events?after_sequence={earliest}"),
    ):
        assert all(one["sequence"] > earliest for one in events)
