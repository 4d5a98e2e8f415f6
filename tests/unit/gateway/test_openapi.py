from __future__ import annotations

from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]  # no stubs
import pytest
from openapi_spec_validator import validate

from gateway import contract, routes
from gateway.dialect.encode import compile_encode
from gateway.openapi import document
from rollcall.v1 import bot_pb2, event_service_pb2


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return document(routes.build())


def test_the_document_is_valid_openapi(openapi: dict[str, Any]) -> None:
    validate(openapi)


def test_every_route_is_in_it(openapi: dict[str, Any]) -> None:
    for route in routes.build():
        assert route.verb.lower() in openapi["paths"][route.path]


def test_every_element_of_the_contract_that_is_shown_has_its_comment(openapi: dict[str, Any]) -> None:
    for name, schema in openapi["components"]["schemas"].items():
        for field, shown in schema.get("properties", {}).items():
            assert shown.get("description"), f"{name}.{field}"
    assert all(operation["summary"] for verbs in openapi["paths"].values() for operation in verbs.values())


def test_a_path_that_is_read_and_followed_is_one_operation(openapi: dict[str, Any]) -> None:
    operation = openapi["paths"]["/api/v1/bots/{bot_id}/events"]["get"]
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/event-stream", "application/x-ndjson"}
    assert {parameter["name"] for parameter in operation["parameters"]} == {
        "bot_id",
        "after_sequence",
        "kinds",
        "states",
        "cursor",
        "Last-Event-ID",
    }


def resolver(openapi: dict[str, Any], name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": openapi["components"]})


def test_the_schema_of_a_request_says_what_the_contract_says(openapi: dict[str, Any]) -> None:
    check = resolver(openapi, "CreateBotRequestInput")
    given = {"meeting_url": "https://meet.google.com/abc-defg-hij", "bot_name": "x"}
    assert check.is_valid(given)
    assert check.is_valid({"bot_name": "x", "calendar_event_id": "evt_1"})
    assert check.is_valid(
        {**given, "transcription_settings": {"openai": {"model": "gpt-4o-transcribe", "chunking_strategy": "auto"}}}
    )
    assert check.is_valid({**given, "google_meet_settings": {"login_group_name": None}})
    for wrong in (
        {"bot_name": "x"},
        {**given, "bot_name": ""},
        {**given, "bot_name": "x" * 256},
        {**given, "foo": 1},
        {**given, "metadata": {}},
        {**given, "join_at": None},
        {**given, "recording_settings": {"resolution": "4k"}},
        {**given, "automatic_leave_settings": {"silence_timeout_seconds": 0}},
        {**given, "webhooks": [{"url": "https://x", "triggers": ["bot.everything"]}]},
        {**given, "bot_chat_message": {"message": "x", "to": "only_bot"}},
    ):
        assert not check.is_valid(wrong), wrong


def test_answers_are_what_their_schema_says(openapi: dict[str, Any]) -> None:
    bot = bot_pb2.Bot(id="bot_x", state=bot_pb2.BOT_STATE_JOINING)
    bot.events.add(type=bot_pb2.BOT_EVENT_TYPE_JOIN_REQUESTED)
    resolver(openapi, "Bot").validate(compile_encode(bot.DESCRIPTOR)(bot))
    message = event_service_pb2.WatchBotResponse(sequence=1)
    message.event.speech.participant_name = "A"
    resolver(openapi, "WatchBotResponse").validate(compile_encode(message.DESCRIPTOR)(message))


async def test_it_is_served_without_a_key(client: httpx.AsyncClient, openapi: dict[str, Any]) -> None:
    answer = await client.get("/api/v1/openapi.json", headers={"Authorization": ""})
    assert answer.json() == openapi


def test_the_comments_are_there() -> None:
    assert contract.comments()["rollcall.v1.BotService.CreateBot"] == "Sends a bot to a meeting, at once or at `join_at`."
