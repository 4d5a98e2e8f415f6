"""Lists over HTTP, page by page and filtered; and links to recordings that end."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from rollcall.v1 import agent_service_pb2, bot_pb2
from server.rpc.media_token import MediaTokens
from tests.contract.harness import FakeAgent
from tests.contract.rest import Face, create

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEGAN_MS = 1_800_000_000_000
JOIN = bot_pb2.PARTICIPANT_EVENT_TYPE_JOIN
SOON = "2027-06-01T00:00:00Z"
LATER = "2027-06-02T00:00:00Z"


async def joined(served: Face, client: httpx.AsyncClient) -> tuple[str, FakeAgent]:
    bot_id = (await create(client))["id"]
    agent = FakeAgent(served.running, bot_id)
    await agent.join()
    return f"/api/v1/bots/{bot_id}", agent


async def listed(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Everything, following `next`; on the way back by `previous` the same is seen the other way round."""
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page.keys() == {"next", "previous", "results"}
    pages = [page["results"]]
    while page["next"] is not None:
        page = (await client.get(page["next"])).json()
        pages.append(page["results"])
    back = [pages[-1]]
    while page["previous"] is not None:
        page = (await client.get(page["previous"])).json()
        back.append(page["results"])
    assert back == pages[::-1]
    assert all(len(one) == 25 for one in pages[:-1])
    return [item for one in pages for item in one]


async def test_people_come_in_pages_and_by_filter(served: Face, client: httpx.AsyncClient) -> None:
    path, agent = await joined(served, client)
    number = 0
    for at in range(60):
        person = bot_pb2.ParticipantEvent(
            participant_uuid=f"u{at}",
            participant_name=f"P{at}",
            participant_is_host=at % 20 == 0,
            event_type=JOIN,
            timestamp_ms=BEGAN_MS + at,
        )
        number = await agent.report(participant=person)
    await agent.stored(number)
    everybody = await listed(client, f"{path}/participants")
    assert [one["name"] for one in everybody] == [f"P{at}" for at in range(60)]
    assert everybody[0].keys() == {"id", "name", "uuid", "user_uuid", "is_host"}
    assert [one["name"] for one in await listed(client, f"{path}/participants", is_host="true")] == ["P0", "P20", "P40"]
    assert len(await listed(client, f"{path}/participants", is_host="FALSE")) == 57
    assert await listed(client, f"{path}/participants", id=everybody[33]["id"]) == [everybody[33]]
    assert await listed(client, f"{path}/participants", id=everybody[33]["id"], is_host="true") == []

    events = await listed(client, f"{path}/participant_events")
    assert [one["timestamp_ms"] - BEGAN_MS for one in events] == list(range(60))
    after, before = "2027-01-15T08:00:00.010Z", "2027-01-15T09:00:00.040+01:00"
    some = await listed(client, f"{path}/participant_events", after=after, before=before)
    assert [one["timestamp_ms"] - BEGAN_MS for one in some] == list(range(11, 40))
    await agent.close()


async def test_chat_comes_in_pages_and_since_a_time(served: Face, client: httpx.AsyncClient) -> None:
    path, agent = await joined(served, client)
    number = 0
    for at in range(30):
        number = await agent.report(chat=bot_pb2.ChatMessage(text=f"m{at}", sender_name="Ada", timestamp_ms=BEGAN_MS + at))
    await agent.stored(number)
    messages = await listed(client, f"{path}/chat_messages")
    assert [one["text"] for one in messages] == [f"m{at}" for at in range(30)]
    last = (await listed(client, f"{path}/events", kinds="chat"))[-1]["created_time"]
    assert await listed(client, f"{path}/chat_messages", updated_after=last) == []
    await agent.stored(await agent.report(chat=bot_pb2.ChatMessage(text="late")))
    assert [one["text"] for one in await listed(client, f"{path}/chat_messages", updated_after=last)] == ["late"]
    await agent.close()


async def test_bots_come_in_pages_and_by_every_filter(served: Face, client: httpx.AsyncClient) -> None:
    for at in range(30):
        await create(client, bot_name=f"b{at}", deduplication_key=f"k{at}", join_at=SOON if at % 2 else LATER)
    other = "https://meet.google.com/xyz-abcd-efg"
    here = await create(client, meeting_url=other, deduplication_key="mine", metadata={"team": "red"})
    bots = "/api/v1/bots"
    assert len(await listed(client, bots)) == 31
    assert await listed(client, bots, meeting_url=other) == [here]
    assert await listed(client, bots, meeting_url=other + "?authuser=1") == [here]
    assert await listed(client, bots, deduplication_key="mine") == [here]
    assert await listed(client, bots, states="joining") == [here]
    assert len(await listed(client, bots, states=["scheduled", "joining"])) == 31
    assert len(await listed(client, bots, states=["scheduled", "ended"])) == 30
    assert len(await listed(client, bots, join_at_after=LATER)) == 15
    assert len(await listed(client, bots, join_at_before=SOON)) == 15
    assert len(await listed(client, bots, join_at_after=SOON, join_at_before=LATER)) == 30
    assert await listed(client, bots, states="scheduled", deduplication_key="mine") == []
    await served.running.server._store.request_leave(None, here["id"])
    assert [one["id"] for one in await listed(client, bots, deduplication_key="mine")] == [here["id"]]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/bots", {"join_at_before": "soon"}),
        ("/api/v1/bots", {"states": ["joining", "nope"]}),
        ("{bot}/participant_events", {"after": "2027-13-01T00:00:00Z"}),
        ("{bot}/transcript", {"split_on_turns": "maybe"}),
    ],
)
async def test_a_filter_that_cannot_be_read_is_named(client: httpx.AsyncClient, path: str, query: dict[str, Any]) -> None:
    path = path.replace("{bot}", f"/api/v1/bots/{(await create(client))['id']}")
    answer = await client.get(path, params=query)
    assert (answer.status_code, set(answer.json())) == (400, {"error"})
    assert next(iter(query)) in answer.json()["error"]


@pytest.mark.parametrize("word", ["participants", "participant_events", "chat_messages", "transcript", "recording", "events"])
@pytest.mark.parametrize("query", ["", "?cursor=x&updated_after=x&after=x&is_host=x&kinds=x"])
async def test_a_bot_that_is_not_there_has_no_lists(client: httpx.AsyncClient, word: str, query: str) -> None:
    answer = await client.get(f"/api/v1/bots/bot_nope/{word}{query}")
    assert (answer.status_code, answer.json()) == (404, {"error": "Bot not found"})


async def test_a_link_to_a_recording_ends_and_another_is_to_be_had(served: Face, client: httpx.AsyncClient) -> None:
    path, agent = await joined(served, client)
    bot_id = path.rpartition("/")[2]
    folder = served.running.settings.media_dir / bot_id
    folder.mkdir(parents=True)
    (folder / "recording.mp4").write_bytes(bytes(range(100)))
    report = agent_service_pb2.RecordingReport(
        state=bot_pb2.RECORDING_STATE_COMPLETE, file_path=f"{bot_id}/recording.mp4", start_timestamp_ms=BEGAN_MS
    )
    await agent.stored(await agent.report(recording=report))
    link = (await client.get(f"{path}/recording")).json()
    assert link["start_timestamp_ms"] == BEGAN_MS
    async with served.client(None) as anybody:
        url = "/media/" + link["url"].rpartition("/media/")[2]
        part = await anybody.get(url, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
        assert (await anybody.get(url, headers={"Range": "bytes=200-"})).status_code == 416

        settings = served.running.settings
        secret = (settings.data_dir / "media_url_secret").read_text().strip()
        old = MediaTokens(secret, settings.media_url_seconds, clock=lambda: time.time() - settings.media_url_seconds - 2)
        gone = await anybody.get(f"/media/{old.sign(bot_id, f'{bot_id}/recording.mp4')}")
        assert (gone.status_code, "expired" in gone.json()["detail"]) == (403, True)
        changed = await anybody.get(url[:-4] + ("AAAA" if url[-4:] != "AAAA" else "BBBB"))
        assert changed.status_code == 403
    await agent.close()
