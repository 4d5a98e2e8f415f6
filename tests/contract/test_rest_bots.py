"""The JSON face end to end: what the recorded answers do not say."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import httpx
import pytest
from google.rpc import code_pb2

from rollcall import AsyncClient
from rollcall.v1 import agent_service_pb2
from tests.contract.harness import MEET, FakeAgent
from tests.contract.rest import Face, create

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_documented_example_works_to_the_letter(client: httpx.AsyncClient) -> None:
    body = '{\n  "meeting_url": "https://zoom.us/j/123?pwd=456",\n  "bot_name": "My Bot"\n}'
    answer = await client.request("POST", "/api/v1/bots", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    bot = answer.json()
    assert re.fullmatch(r"bot_[A-Za-z0-9]{16}", bot["id"])
    assert bot["meeting_url"] == "https://zoom.us/j/123?pwd=456"
    assert bot["state"] == "joining"
    assert [event["type"] for event in bot["events"]] == ["join_requested"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", bot["events"][0]["created_at"])
    assert bot["transcription_state"] == "not_started"
    assert bot["recording_state"] == "not_started"
    assert (await client.get(f"/api/v1/bots/{bot['id']}")).json() == bot


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"meeting_url", "bot_name"}),
        ({"bot_name": "x"}, {"meeting_url"}),
        ({"meeting_url": MEET}, {"bot_name"}),
        ({"foo": 1}, {"non_field_errors", "meeting_url", "bot_name"}),
        ({"meeting_url": None, "recording_settings": {"format": "x"}}, {"meeting_url", "bot_name", "recording_settings"}),
        ({"meeting_url": "nonsense", "bot_name": "x" * 256, "webhooks": [{}]}, {"meeting_url", "bot_name", "webhooks"}),
    ],
)
async def test_everything_that_is_wrong_is_said_at_once(client: httpx.AsyncClient, body: object, fields: set[str]) -> None:
    answer = await client.post("/api/v1/bots", json=body)
    assert answer.status_code == 400
    assert answer.json().keys() == fields, answer.text


async def test_a_meetings_link_is_taken_out_of_what_was_pasted_and_found_again_by_it(client: httpx.AsyncClient) -> None:
    pasted = "Join Zoom Meeting\n<https://us02web.zoom.us/j/84315220467?omn=1&amp;pwd=aBc.1>\n\nMeeting ID: 843 1522 0467"
    made = await client.post("/api/v1/bots", json={"meeting_url": pasted, "bot_name": "B"})
    assert made.status_code == 201, made.text
    assert made.json()["meeting_url"] == "https://us02web.zoom.us/j/84315220467?pwd=aBc.1"
    found = (await client.get("/api/v1/bots", params={"meeting_url": pasted})).json()["results"]
    assert [one["id"] for one in found] == [made.json()["id"]]
    refused = await client.post("/api/v1/bots", json={"meeting_url": "https://acme.zoom.us/my/ada", "bot_name": "B"})
    assert refused.status_code == 400
    assert "personal link" in refused.json()["meeting_url"][0]


async def test_a_body_of_nothing_misses_its_required_fields(client: httpx.AsyncClient) -> None:
    required = ["This field is required."]
    assert (await client.post("/api/v1/bots")).json() == {"meeting_url": required, "bot_name": required}


@pytest.mark.parametrize("body", [b"{bad", b'{"foo": 1}', b"{}"])
async def test_without_a_good_key_nothing_is_said_of_the_body(served: Face, body: bytes) -> None:
    for key in (None, "wrong"):
        async with served.client(key) as stranger:
            answer = await stranger.post("/api/v1/bots", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 401
        assert list(answer.json()) == ["detail"]
        assert answer.headers["www-authenticate"] == "Token"


async def test_another_projects_bot_is_not_there(served: Face, client: httpx.AsyncClient) -> None:
    bot = await create(client)
    async with await served.project() as other:
        assert (await other.get(f"/api/v1/bots/{bot['id']}")).status_code == 404
        assert (await other.get(f"/api/v1/bots/{bot['id']}/events")).status_code == 404
        assert (await other.get("/api/v1/bots")).json()["results"] == []


async def test_a_bot_leaves_when_told(client: httpx.AsyncClient) -> None:
    bot = await create(client)
    answer = await client.post(f"/api/v1/bots/{bot['id']}/leave")
    assert answer.status_code == 200
    assert answer.json()["state"] == "leaving"
    assert answer.json()["events"][-1]["sub_type"] == "user_requested"
    again = await client.post(f"/api/v1/bots/{bot['id']}/leave", json={})
    assert (again.status_code, list(again.json())) == (400, ["error"])


async def test_a_second_bot_with_the_same_key_is_refused(client: httpx.AsyncClient) -> None:
    await create(client, deduplication_key="k")
    answer = await client.post("/api/v1/bots", json={"meeting_url": MEET, "bot_name": "x", "deduplication_key": "k"})
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


async def test_pages_lead_on_and_back(client: httpx.AsyncClient) -> None:
    made = [(await create(client, metadata={"n": str(n)}))["id"] for n in range(30)]
    first = (await client.get("/api/v1/bots")).json()
    second = (await client.get(first["next"])).json()
    assert [bot["id"] for bot in first["results"] + second["results"]] == made
    assert first["previous"] is None
    assert second["next"] is None
    assert (await client.get(second["previous"])).json()["results"] == first["results"]


async def test_events_are_followed_and_resumed_over_http(served: Face, client: httpx.AsyncClient) -> None:
    bot = await create(client)
    path = f"/api/v1/bots/{bot['id']}/events"
    got: list[tuple[str, str]] = []

    async def follow(after: str, wanted: int) -> None:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": after}
        async with client.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200
            place = ""
            async for line in answer.aiter_lines():
                place = line.removeprefix("id: ") if line.startswith("id: ") else place
                if line.startswith("event: ") and line != "event: bookmark":
                    got.append((place, line.removeprefix("event: ")))
                    if len(got) >= wanted:
                        return

    async with asyncio.timeout(15):
        await follow("0", 1)
        await client.post(f"/api/v1/bots/{bot['id']}/leave")
        await follow(got[-1][0], 2)
    assert got == [("1", "state"), ("2", "state")]
    page = (await client.get(path)).json()
    assert [event["sequence"] for event in page["results"]] == [1, 2]
    assert page["results"][1]["state"]["new_state"] == "leaving"
    assert served.url


async def test_the_stream_of_a_bot_that_has_ended_ends(served: Face, client: httpx.AsyncClient) -> None:
    bot = await create(client)
    agent = FakeAgent(served.running, bot["id"])
    await agent.claim()
    await agent.stored(await agent.move("could_not_join_meeting", "meeting_not_found"))
    await agent.say(release=agent_service_pb2.ReleaseLease())
    await agent.end()
    await agent.close()
    answer = await client.get(f"/api/v1/bots/{bot['id']}/events?after_sequence=0", headers={"Accept": "application/x-ndjson"})
    states = [
        line["event"]["state"]
        for line in map(json.loads, answer.text.splitlines())
        if "event" in line and "state" in line["event"]
    ]
    assert states[-1]["new_state"] == "fatal_error"
    assert states[-1]["sub_type"] == "meeting_not_found"


async def test_a_resume_point_that_the_log_has_not_is_gone(client: httpx.AsyncClient) -> None:
    bot = await create(client)
    answer = await client.get(f"/api/v1/bots/{bot['id']}/events?after_sequence=999", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 410, answer.text
    assert list(answer.json()) == ["error"]


async def test_a_recording_is_fetched_in_ranges_and_by_the_client(
    served: Face, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    bot = await create(client)
    content = bytes(range(256)) * 4000
    folder = served.running.settings.media_dir / bot["id"]
    folder.mkdir(parents=True)
    (folder / "recording.mp4").write_bytes(content)
    agent = FakeAgent(served.running, bot["id"])
    await agent.join()
    await agent.move("meeting_ended")
    report = {
        "state": 4,
        "start_timestamp_ms": 5,
        "file_path": f"{bot['id']}/recording.mp4",
        "content_type": "video/mp4",
        "duration_ms": 1000,
        "size_bytes": len(content),
    }
    await agent.report(recording=report)
    await agent.stored(await agent.move("post_processing_completed"))
    await agent.say(release=agent_service_pb2.ReleaseLease())
    await agent.end()
    await agent.close()
    recording = (await client.get(f"/api/v1/bots/{bot['id']}/recording")).json()
    assert recording.keys() == {"url", "start_timestamp_ms"}
    url = served.url + "/media/" + recording["url"].rpartition("/media/")[2]
    async with httpx.AsyncClient() as anybody:
        whole = await anybody.get(url)
        part = await anybody.get(url, headers={"Range": "bytes=1000-1999"})
        after = await anybody.get(url, headers={"Range": f"bytes={len(content)}-"})
        wrong = await anybody.get(url[:-2] + "AA")
    assert whole.content == content
    assert (part.status_code, part.content) == (206, content[1000:2000])
    assert (after.status_code, after.headers["content-range"]) == (416, f"bytes */{len(content)}")
    assert wrong.status_code in (403, 404)
    key = client.headers["Authorization"].removeprefix("Token ")
    async with AsyncClient(served.running.address, key) as rollcall:
        path = await rollcall.download_recording(bot["id"], tmp_path / "meeting.mp4")
        assert path.read_bytes() == content
        assert [event.sequence async for event in rollcall.watch_bot(bot["id"])] == list(
            range(1, (await _last(client, bot["id"])) + 1)
        )


async def _last(client: httpx.AsyncClient, bot_id: str) -> int:
    page = (await client.get(f"/api/v1/bots/{bot_id}/events")).json()
    last: int = page["results"][-1]["sequence"]
    return last


async def test_health_and_reference_need_no_key(served: Face) -> None:
    async with served.client(None) as stranger:
        for path in ("/", "/docs", "/healthz", "/readyz", "/api/v1/openapi.json"):
            assert (await stranger.get(path)).status_code == 200, path
    assert code_pb2.OK == 0
