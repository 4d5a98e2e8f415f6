"""What callers of the API know beyond the recorded answers, from how its serializers, filters and pages behave."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.contract.rest import create

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = "image/png"
SCHEDULED = {"join_at": "2027-06-01T10:00:00Z"}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"bot_image": {"type": PNG, "data": ""}}, {"bot_image": {"data": ["This field may not be blank."]}}),
        ({"bot_image": {"type": PNG, "data": None}}, {"bot_image": {"data": ["This field may not be null."]}}),
        ({"bot_image": {"type": PNG, "data": "***"}}, {"bot_image": {"non_field_errors": [...]}}),
        ({"bot_image": {"type": "image/gif", "data": "aGVsbG8="}}, {"bot_image": {"type": [...]}}),
        ({"bot_image": "x"}, {"bot_image": {"non_field_errors": [...]}}),
        ({"bot_chat_message": []}, {"bot_chat_message": {"non_field_errors": [...]}}),
        ({"bot_chat_message": {"message": "x", "to": None}}, {"bot_chat_message": {"to": ["This field may not be null."]}}),
        ({"bot_chat_message": {"message": "x", "to": "specific_user"}}, {"bot_chat_message": {"to_user_uuid": [...]}}),
        (
            {"recording_settings": {"reserve_additional_storage": True}},
            {"recording_settings": {"reserve_additional_storage": ...}},
        ),
        ({"calendar_event_id": "evt_x"}, {"error": ...}),
        ({"bot_name": "   "}, {"bot_name": ["This field may not be blank."]}),
        ({"join_at": "2020-01-01"}, {"join_at": [...]}),
    ],
    ids=str,
)
async def test_a_wrong_field_has_the_shape_that_callers_read(client: httpx.AsyncClient, fields: Any, wanted: Any) -> None:
    answer = await client.post(
        "/api/v1/bots", json={"meeting_url": "https://meet.google.com/abc-defg-hij", "bot_name": "B", **fields}
    )
    assert answer.status_code == 400
    assert like(wanted, answer.json()), answer.text


def like(wanted: Any, found: Any) -> bool:
    """Whether they are the same, `...` standing for any text."""
    if wanted is ...:
        return isinstance(found, str)
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and all(like(wanted[key], found[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(like, wanted, found))
    return bool(wanted == found)


@pytest.mark.parametrize(
    ("given", "join_at"),
    [
        ("2027-06-01", "2027-06-01T00:00:00.000000Z"),
        ("2027-06-01 10:00", "2027-06-01T10:00:00.000000Z"),
        ("2027-06-01T10:00:00", "2027-06-01T10:00:00.000000Z"),
        ("2027-06-01T10:00:00.5-05:30", "2027-06-01T15:30:00.500000Z"),
    ],
)
async def test_a_time_without_a_zone_is_utc_and_a_day_its_midnight(client: httpx.AsyncClient, given: str, join_at: str) -> None:
    bot = await create(client, join_at=given)
    assert (bot["state"], bot["join_at"], bot["events"]) == ("scheduled", join_at, [])


@pytest.mark.parametrize("mode", ["humanized", "robotic"])
async def test_whoever_sends_the_api_s_default_gets_a_bot(client: httpx.AsyncClient, mode: str) -> None:
    await create(client, google_meet_settings={"ui_interaction_mode": mode})


@pytest.mark.parametrize(
    "path",
    [
        "/bots?meeting_url=&deduplication_key=&join_at_after=&join_at_before=&cursor=",
        "/bots/{bot}/transcript?updated_after=&async_transcription_id=",
        "/bots/{bot}/chat_messages?updated_after=",
        "/bots/{bot}/participants?is_host=&id=",
        "/bots/{bot}/participant_events?after=&before=",
    ],
)
async def test_an_empty_parameter_is_one_that_is_not_given(client: httpx.AsyncClient, path: str) -> None:
    bot = await create(client)
    bare = (await client.get(f"/api/v1{path.partition('?')[0]}".replace("{bot}", bot["id"]))).json()
    answer = await client.get(f"/api/v1{path}".replace("{bot}", bot["id"]))
    assert (answer.status_code, answer.json()) == (200, bare)


@pytest.mark.parametrize("cursor", ["x", "bnVsbA"])
@pytest.mark.parametrize("name", ["", "/{bot}/chat_messages", "/{bot}/participants", "/{bot}/participant_events"])
async def test_a_page_of_a_wrong_cursor_is_not_there(client: httpx.AsyncClient, name: str, cursor: str) -> None:
    bot = await create(client)
    answer = await client.get(f"/api/v1/bots{name}".replace("{bot}", bot["id"]), params={"cursor": cursor})
    assert (answer.status_code, list(answer.json())) == (404, ["detail"]), answer.text
    assert "cursor" in answer.json()["detail"]


async def test_a_scheduled_bot_is_moved_renamed_told_no_and_canceled(client: httpx.AsyncClient) -> None:
    bot = await create(client, **SCHEDULED)
    path = f"/api/v1/bots/{bot['id']}"
    for name in ("leave", "pause_recording", "resume_recording", "delete_data"):
        answer = await client.post(f"{path}/{name}", json={})
        assert (answer.status_code, list(answer.json())) == (400, ["error"]), name
    for field in ("join_at", "meeting_url", "bot_name", "bot_image", "recording_settings", "metadata"):
        answer = await client.patch(path, json={field: None})
        assert answer.json() == {field: ["This field may not be null."]}
    changed = await client.patch(path, json={"join_at": "2027-07-01", "bot_name": "New", "metadata": {"k": "é"}, "foo": 1})
    assert changed.json() == {**bot, "join_at": "2027-07-01T00:00:00.000000Z", "metadata": {"k": "é"}}
    assert [(await client.request(verb, path)).status_code for verb in ("DELETE", "GET", "PATCH", "DELETE")] == [
        200,
        404,
        404,
        404,
    ]
