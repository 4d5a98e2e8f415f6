"""Bots changed and canceled over HTTP: what the recorded answers do not say."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.contract.harness import FakeAgent
from tests.contract.rest import Face, create

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(50)).decode()


def ahead(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


async def scheduled(client: httpx.AsyncClient, **fields: Any) -> str:
    return f"/api/v1/bots/{(await create(client, join_at=ahead(1), **fields))['id']}"


async def test_all_that_may_change_of_a_scheduled_bot_changes(client: httpx.AsyncClient) -> None:
    path = await scheduled(client)
    body = {
        "join_at": "2027-01-02T03:04:05.678901+01:00",
        "meeting_url": "https://zoom.us/j/99?pwd=x&foo=1",
        "bot_name": "Other",
        "bot_image": {"type": "image/png", "data": PNG},
        "recording_settings": {"format": "mp3"},
        "metadata": {"k": "v"},
    }
    answer = await client.patch(path, json=body)
    assert answer.status_code == 200, answer.text
    bot = answer.json()
    assert bot == (await client.get(path)).json()
    assert (bot["state"], bot["join_at"]) == ("scheduled", "2027-01-02T02:04:05.678901Z")
    assert bot["meeting_url"].startswith("https://zoom.us/j/99")
    assert bot["metadata"] == {"k": "v"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"bot_name": None, "join_at": None, "metadata": None}, {"bot_name", "join_at", "metadata"}),
        ({"bot_name": "", "meeting_url": " "}, {"bot_name", "meeting_url"}),
        ({"bot_name": "hi 😀", "metadata": {"a": "x" * 2000}}, {"bot_name", "metadata"}),
        ({"join_at": "2020-01-01T00:00:00Z", "meeting_url": "https://example.com"}, {"join_at", "meeting_url"}),
        ({"bot_image": {"type": "image/png", "data": "aGVsbG8="}}, {"bot_image"}),
        ({"recording_settings": {"resolution": "4k", "foo": 1}}, {"recording_settings"}),
        ({"recording_settings": {"reserve_additional_storage": True}}, {"recording_settings"}),
        ({"metadata": {}}, {"metadata"}),
    ],
)
async def test_what_cannot_be_is_refused_by_field_and_nothing_changes(
    client: httpx.AsyncClient, body: dict[str, Any], fields: set[str]
) -> None:
    path = await scheduled(client, metadata={"a": "b"})
    before = (await client.get(path)).json()
    answer = await client.patch(path, json=body)
    assert (answer.status_code, set(answer.json())) == (400, fields), answer.text
    assert (await client.get(path)).json() == before
    if None in body.values():
        assert all(words == ["This field may not be null."] for words in answer.json().values())


async def test_a_canceled_bot_is_gone(client: httpx.AsyncClient) -> None:
    path = await scheduled(client, bot_image={"type": "image/png", "data": PNG})
    answer = await client.delete(path)
    assert (answer.status_code, answer.content) == (200, b"")
    for method in ("GET", "DELETE", "PATCH"):
        answer = await client.request(method, path, json={} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()) == (404, {"error": "Bot not found"})
    assert (await client.get("/api/v1/bots")).json()["results"] == []


async def test_a_change_can_be_made_to_the_very_bot_that_was_read_alone(client: httpx.AsyncClient) -> None:
    path = await scheduled(client)
    read = {"If-Match": (await client.get(path)).headers["etag"]}
    assert (await client.patch(path, json={"metadata": {"a": "1"}}, headers=read)).status_code == 200
    assert (await client.patch(path, json={"metadata": {"a": "2"}}, headers=read)).status_code == 400
    assert (await client.delete(path, headers=read)).status_code == 400
    again = await client.get(path)
    assert again.json()["metadata"] == {"a": "1"}
    assert (await client.delete(path, headers={"If-Match": again.headers["etag"]})).status_code == 200


async def test_another_projects_bot_can_be_neither_changed_nor_canceled(served: Face, client: httpx.AsyncClient) -> None:
    path = await scheduled(client)
    async with await served.project() as other:
        assert (await other.patch(path, json={"metadata": {"a": "b"}})).status_code == 404
        assert (await other.delete(path)).status_code == 404
    assert (await client.get(path)).json()["metadata"] is None


async def test_what_no_platform_offers_is_refused_in_words(client: httpx.AsyncClient) -> None:
    bot = await create(client)
    for word in ("admit_from_waiting_room", "change_gallery_view_page"):
        answer = await client.post(f"/api/v1/bots/{bot['id']}/{word}", json={"direction": "next"})
        assert answer.status_code == 400
        assert "not supported for this meeting type" in answer.json()["error"]
        assert (await client.post(f"/api/v1/bots/bot_nope/{word}", json={})).status_code == 404


@pytest.mark.parametrize(
    ("word", "body"),
    [
        ("voice_agent_settings", {}),
        ("voice_agent_settings", {"url": "http://x"}),
        ("transcription_settings", {"transcription_settings": {}}),
        ("transcription_settings", {"transcription_settings": 1}),
    ],
)
async def test_settings_of_a_bot_on_its_way_are_refused_for_its_state_first(
    client: httpx.AsyncClient, word: str, body: dict[str, Any]
) -> None:
    bot = await create(client)
    answer = await client.patch(f"/api/v1/bots/{bot['id']}/{word}", json=body)
    assert answer.status_code == 400
    assert answer.json() == {"error": f"Bot is in state joining and cannot update {word.replace('_', ' ')}"}


async def test_settings_of_a_bot_in_its_meeting_are_refused_in_words(served: Face, client: httpx.AsyncClient) -> None:
    bot_id = (await create(client))["id"]
    agent = FakeAgent(served.running, bot_id)
    await agent.join()
    captions = {"transcription_settings": {"meeting_closed_captions": {"teams_language": "de-de"}}}
    for word, body in (("voice_agent_settings", {"url": "https://x"}), ("transcription_settings", captions)):
        answer = await client.patch(f"/api/v1/bots/{bot_id}/{word}", json=body)
        assert (answer.status_code, set(answer.json())) == (400, {"error"}), answer.text
        assert "yet" in answer.json()["error"]
    for word in ("voice_agent_settings", "transcription_settings"):
        answer = await client.patch(f"/api/v1/bots/{bot_id}/{word}", json={"url": "http://x"})
        assert answer.status_code == 400
        assert "error" not in answer.json()
    await agent.close()
