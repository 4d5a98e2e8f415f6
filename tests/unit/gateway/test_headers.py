"""Fields that travel as headers: entity tags and keys of requests. They are no part of the JSON."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2

from gateway import routes
from gateway.openapi import document
from rollcall.fake_transport import FakeTransport
from rollcall.v1 import bot_pb2
from rollcall.v1 import bot_service_pb2 as pb
from tests.unit.gateway.statuses import info, refused

BOTS = "/rollcall.v1.BotService/"
BODY = {"meeting_url": "https://meet.google.com/abc-defg-hij", "bot_name": "My Bot"}
BOT = bot_pb2.Bot(id="bot_0123456789abcdef", state=bot_pb2.BOT_STATE_JOINING, etag="7")


@pytest.fixture(autouse=True)
def answers(transport: FakeTransport) -> None:
    transport.answers[BOTS + "GetBot"] = lambda _request, _metadata: pb.GetBotResponse(bot=BOT)
    transport.answers[BOTS + "ListBots"] = lambda _request, _metadata: pb.ListBotsResponse(results=[BOT])
    transport.answers[BOTS + "CreateBot"] = lambda _request, _metadata: pb.CreateBotResponse(bot=BOT)
    transport.answers[BOTS + "LeaveMeeting"] = lambda _request, _metadata: pb.LeaveMeetingResponse(bot=BOT)


async def test_a_bots_etag_is_a_header_and_no_part_of_its_json(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.get("/api/v1/bots/bot_x"),
        await client.post("/api/v1/bots", json=BODY),
        await client.post("/api/v1/bots/bot_x/leave"),
    ):
        assert answer.headers["etag"] == '"7"'
        assert "etag" not in answer.json()
    listed = await client.get("/api/v1/bots")
    assert "etag" not in listed.headers
    assert "etag" not in listed.json()["results"][0]


@pytest.mark.parametrize(
    ("condition", "status"), [('"7"', 304), ('W/"7"', 304), ('"1", "7"', 304), ("*", 304), ('"8"', 200), ("", 200)]
)
async def test_who_has_the_answer_already_is_not_sent_it_again(client: httpx.AsyncClient, condition: str, status: int) -> None:
    answer = await client.get("/api/v1/bots/bot_x", headers={"If-None-Match": condition})
    assert answer.status_code == status
    assert answer.headers["etag"] == '"7"'
    assert bool(answer.content) is (status == 200)


@pytest.mark.parametrize(("header", "etag"), [('"7"', "7"), ('W/"7"', "7"), ("7", "7"), ("*", "*"), ('""', ""), (' "7" ', "7")])
async def test_a_condition_goes_into_the_request(
    client: httpx.AsyncClient, transport: FakeTransport, header: str, etag: str
) -> None:
    assert (await client.post("/api/v1/bots/bot_x/leave", headers={"If-Match": header})).status_code == 200
    request: Any = transport.asked[-1].request
    assert (request.HasField("etag"), request.etag) == (True, etag)


@pytest.mark.parametrize("header", ['"7", "8"', '"7', "", '7"8'])
async def test_a_condition_that_is_not_one_tag_is_refused(
    client: httpx.AsyncClient, transport: FakeTransport, header: str
) -> None:
    answer = await client.post("/api/v1/bots/bot_x/leave", headers={"If-Match": header})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Invalid If-Match header. ")
    assert BOTS + "LeaveMeeting" not in {asked.method for asked in transport.asked}


async def test_a_condition_is_refused_where_nothing_heeds_it(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/bots", json=BODY, headers={"If-Match": '"7"'})
    assert answer.status_code == 400
    assert "If-Match" in answer.json()["error"]
    assert (await client.get("/api/v1/bots/bot_x", headers={"If-Match": '"7"'})).status_code == 200


async def test_a_requests_key_goes_into_the_request(client: httpx.AsyncClient, transport: FakeTransport) -> None:
    await client.post("/api/v1/bots", json=BODY, headers={"Idempotency-Key": "k 1"})
    await client.post("/api/v1/bots", json=BODY)
    first, second = (asked.request for asked in transport.asked)
    assert isinstance(first, pb.CreateBotRequest)
    assert isinstance(second, pb.CreateBotRequest)
    assert first.request_id == "k 1"
    assert not second.HasField("request_id")


@pytest.mark.parametrize("key", [b"", b"x" * 256, b"\xe9", b"a\tb"])
async def test_a_key_that_cannot_be_one_is_refused(client: httpx.AsyncClient, key: bytes) -> None:
    answer = await client.post("/api/v1/bots", json={"bot_name": 5}, headers={b"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json() == {"error": "Invalid Idempotency-Key header. It must be 1 to 255 printable ASCII characters."}


@pytest.mark.parametrize("name", ["etag", "request_id"])
async def test_what_travels_as_a_header_is_no_field_of_the_body(
    client: httpx.AsyncClient, transport: FakeTransport, name: str
) -> None:
    answer = await client.post("/api/v1/bots", json={**BODY, name: "x"})
    assert answer.status_code == 400
    assert name in answer.json()["non_field_errors"][0]
    assert name not in answer.json()["non_field_errors"][0].partition("Allowed")[2]
    await client.post("/api/v1/bots/bot_x/leave", json={name: "x"})  # where unknown fields are passed over
    request: Any = transport.asked[-1].request
    assert not request.HasField("etag")
    assert not request.HasField("request_id")


async def test_a_bot_that_has_changed_is_a_400_with_a_reason_for_programs(
    client: httpx.AsyncClient, transport: FakeTransport
) -> None:
    def changed(_request: Message, _metadata: dict[str, str]) -> Message:
        raise refused(code_pb2.ABORTED, "The bot has changed.", info("ETAG_MISMATCH"))

    transport.answers[BOTS + "LeaveMeeting"] = changed
    answer = await client.post("/api/v1/bots/bot_x/leave", headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()) == (400, {"error": "The bot has changed."})
    assert answer.headers["x-error-reason"] == "ETAG_MISMATCH"


def test_openapi_shows_headers_as_headers() -> None:
    paths = document(routes.build())["paths"]
    leave = paths["/api/v1/bots/{bot_id}/leave"]["post"]
    assert {one["name"] for one in leave["parameters"] if one["in"] == "header"} == {"If-Match", "Idempotency-Key"}
    assert "requestBody" not in leave
    assert set(leave["responses"]["200"]["headers"]) == {"ETag"}
