from __future__ import annotations

import json
import re

import httpx
import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2

from gateway.app import create_app
from gateway.settings import GatewaySettings
from rollcall.fake_transport import FakeTransport
from rollcall.v1 import bot_pb2
from rollcall.v1 import bot_service_pb2 as pb
from tests.unit.gateway.conftest import KEY
from tests.unit.gateway.statuses import bad_request, info, refused

CREATE = "/rollcall.v1.BotService/CreateBot"
GET = "/rollcall.v1.BotService/GetBot"
LIST = "/rollcall.v1.BotService/ListBots"
CHAT = "/rollcall.v1.BotService/SendChatMessage"
BODY = {"meeting_url": "https://meet.google.com/abc-defg-hij", "bot_name": "My Bot"}


def bot(**fields: object) -> bot_pb2.Bot:
    return bot_pb2.Bot(id="bot_0123456789abcdef", state=bot_pb2.BOT_STATE_JOINING, **fields)  # type: ignore[arg-type]


def create(request: Message, _metadata: dict[str, str]) -> Message:
    assert isinstance(request, pb.CreateBotRequest)
    return pb.CreateBotResponse(bot=bot(meeting_url=request.meeting_url))


async def test_a_body_becomes_a_call_and_its_answer_the_body(client: httpx.AsyncClient, transport: FakeTransport) -> None:
    transport.answers[CREATE] = create
    answer = await client.post("/api/v1/bots", json=BODY, headers={"X-Request-Id": "abc"})
    assert answer.status_code == 201
    assert answer.json()["meeting_url"] == BODY["meeting_url"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"] == "abc"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert transport.asked[0].metadata == {"authorization": "Token test-key", "x-request-id": "abc"}


async def test_a_strange_request_id_is_replaced(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/nope", headers={"X-Request-Id": "a b<script>"})
    assert re.fullmatch(r"req_[A-Za-z0-9]{16}", answer.headers["x-request-id"])


@pytest.mark.parametrize("scheme", ["Token", "token", "TOKEN", "Bearer", "bearer"])
async def test_both_schemes_are_taken_in_any_case(client: httpx.AsyncClient, transport: FakeTransport, scheme: str) -> None:
    transport.answers[GET] = lambda _request, _metadata: pb.GetBotResponse(bot=bot())
    answer = await client.get("/api/v1/bots/bot_x", headers={"Authorization": f"{scheme} my-key"})
    assert answer.status_code == 200
    assert transport.asked[0].metadata["authorization"] == "Token my-key"


@pytest.mark.parametrize("header", [None, "", "Token", "Basic abc", "Token a b", "Token \x7f", "abc"])
async def test_a_missing_or_broken_key_is_401_also_when_the_body_is_bad(
    app: object, transport: FakeTransport, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x", headers=headers) as client:  # type: ignore[arg-type]
        answer = await client.post("/api/v1/bots", content=b"{bad", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 401
    assert list(answer.json()) == ["detail"]
    assert answer.headers["www-authenticate"] == "Token"
    assert transport.asked == []


@pytest.mark.parametrize("content", [b"{bad", b'{"foo": 1}', b"[]"])
async def test_a_wrong_key_is_told_before_what_is_wrong_with_the_body(
    client: httpx.AsyncClient, transport: FakeTransport, content: bytes
) -> None:
    def nobody(_request: Message, _metadata: dict[str, str]) -> Message:
        raise refused(code_pb2.UNAUTHENTICATED, "Invalid or disabled API key", info("KEY_INVALID"))

    transport.answers[GET] = nobody
    answer = await client.post("/api/v1/bots", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Invalid or disabled API key"}
    assert [asked.method for asked in transport.asked] == [GET]


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/api/v1/nope", 404, {"error": "Not found"}),
        ("GET", "/api/v1/bots/", 404, {"error": "Not found"}),
        ("POST", "/api/v1/bots/x/y/z", 404, {"error": "Not found"}),
        ("GET", "/api/v1/bots/%FF", 404, {"error": "Not found"}),
        ("GET", "/api/v1/bots/a%00b", 404, {"error": "Not found"}),
        ("GET", "/api", 404, {"error": "Not found"}),
        ("GET", "/nope", 404, {"error": "Not found"}),
        ("GET", "/docs/", 404, {"error": "Not found"}),
    ],
)
async def test_what_is_not_there_is_404(client: httpx.AsyncClient, method: str, path: str, status: int, body: object) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()) == (status, body)


async def test_another_method_is_405_and_told_which_are_allowed(client: httpx.AsyncClient) -> None:
    answer = await client.put("/api/v1/bots", json={})
    assert answer.status_code == 405
    assert list(answer.json()) == ["detail"]
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    answer = await client.options("/api/v1/bots")
    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, "GET, HEAD, OPTIONS, POST", b"")


async def test_head_is_get_without_the_body(client: httpx.AsyncClient, transport: FakeTransport) -> None:
    transport.answers[GET] = lambda _request, _metadata: pb.GetBotResponse(bot=bot())
    answer = await client.head("/api/v1/bots/bot_x")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) > 100
    assert answer.content == b""


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "", "é"]
)
async def test_a_body_that_is_not_said_to_be_json_is_415(client: httpx.AsyncClient, kind: str) -> None:
    headers = {b"Content-Type": kind.encode("latin-1")} if kind else {}
    answer = await client.post("/api/v1/bots", content=json.dumps(BODY), headers=headers)
    assert answer.status_code == 415
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize("kind", ["application/json", "application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"'])
async def test_json_in_utf_8_is_taken(client: httpx.AsyncClient, transport: FakeTransport, kind: str) -> None:
    transport.answers[CREATE] = create
    answer = await client.post("/api/v1/bots", content=json.dumps(BODY), headers={"Content-Type": kind})
    assert answer.status_code == 201


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_too_large_is_413(client: httpx.AsyncClient, transport: FakeTransport, chunked: bool) -> None:
    body = json.dumps({**BODY, "bot_name": "x" * 200_000}).encode()

    async def parts() -> object:
        for at in range(0, len(body), 50_000):
            yield body[at : at + 50_000]

    content = parts() if chunked else body
    answer = await client.post("/api/v1/bots", content=content, headers={"Content-Type": "application/json"})  # type: ignore[arg-type]
    assert answer.status_code == 413
    assert list(answer.json()) == ["detail"]
    assert CREATE not in {asked.method for asked in transport.asked}


async def test_nothing_is_called_when_the_body_cannot_be_read(client: httpx.AsyncClient, transport: FakeTransport) -> None:
    answer = await client.post("/api/v1/bots", json={"meeting_url": None, "recording_settings": {"format": "x"}})
    assert answer.status_code == 400
    assert answer.json().keys() == {"meeting_url", "bot_name", "recording_settings"}
    assert [asked.method for asked in transport.asked] == [GET]


async def test_violations_of_the_service_have_the_shape_of_the_body(client: httpx.AsyncClient, transport: FakeTransport) -> None:
    def invalid(_request: Message, _metadata: dict[str, str]) -> Message:
        fields = bad_request(bot_name="This field is required.", meeting_url="This field is required.")
        raise refused(code_pb2.INVALID_ARGUMENT, "2 fields are wrong.", fields)

    transport.answers[CREATE] = invalid
    answer = await client.post("/api/v1/bots", json={})
    assert answer.status_code == 400
    assert answer.json() == {"bot_name": ["This field is required."], "meeting_url": ["This field is required."]}


async def test_an_answer_without_a_body_is_empty(client: httpx.AsyncClient, transport: FakeTransport) -> None:
    transport.answers[CHAT] = lambda _request, _metadata: pb.SendChatMessageResponse()
    answer = await client.post("/api/v1/bots/bot_x/send_chat_message", json={"message": "hi"})
    assert (answer.status_code, answer.content) == (200, b"")
    request = transport.asked[0].request
    assert isinstance(request, pb.SendChatMessageRequest)
    assert (request.bot_id, request.message) == ("bot_x", "hi")


async def test_a_post_without_a_body_needs_no_content_type(client: httpx.AsyncClient, transport: FakeTransport) -> None:
    transport.answers["/rollcall.v1.BotService/LeaveMeeting"] = lambda _request, _metadata: pb.LeaveMeetingResponse(bot=bot())
    assert (await client.post("/api/v1/bots/bot_x/leave")).status_code == 200


async def test_a_page_cursor_is_shown_as_the_url_of_that_page(client: httpx.AsyncClient, transport: FakeTransport) -> None:
    transport.answers[LIST] = lambda _request, _metadata: pb.ListBotsResponse(next="a+/=", results=[bot()])
    answer = await client.get("/api/v1/bots?states=joining&cursor=old&states=ended")
    page = answer.json()
    assert page["next"] == "http://gateway.test/api/v1/bots?states=joining&states=ended&cursor=a%2B%2F%3D"
    assert page["previous"] is None
    await client.get(page["next"])
    request = transport.asked[-1].request
    assert isinstance(request, pb.ListBotsRequest)
    assert request.cursor == "a+/="
    assert len(request.states) == 2


async def test_links_start_with_the_public_url_where_one_is_set(transport: FakeTransport) -> None:
    transport.answers[LIST] = lambda _request, _metadata: pb.ListBotsResponse(next="n")
    app = create_app(transport, GatewaySettings(public_url="https://rollcall.example/"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://inside", headers=KEY) as client:
        page = (await client.get("/api/v1/bots")).json()
    assert page["next"] == "https://rollcall.example/api/v1/bots?cursor=n"


@pytest.mark.parametrize("query", ["states=nope", "join_at_after=x", "%ff=1", "&".join("a=1" for _ in range(300))])
async def test_a_wrong_query_is_400_in_one_sentence(client: httpx.AsyncClient, transport: FakeTransport, query: str) -> None:
    answer = await client.get(f"/api/v1/bots?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert LIST not in {asked.method for asked in transport.asked}


async def test_a_fault_of_ours_is_500_with_an_id_and_no_word_of_it(client: httpx.AsyncClient, transport: FakeTransport) -> None:
    def broken(_request: Message, _metadata: dict[str, str]) -> Message:
        raise RuntimeError("postgres://user:secret@host")

    transport.answers[GET] = broken
    answer = await client.get("/api/v1/bots/bot_x")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert re.search(r"err_[A-Za-z0-9]{16}", answer.json()["error"])


async def test_a_header_for_the_service_must_be_printable(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/bots/bot_x", headers={b"traceparent": b"\xe9"})
    assert answer.status_code == 400


async def test_health_says_that_the_gateway_runs_and_readiness_that_the_service_answers(
    client: httpx.AsyncClient, transport: FakeTransport
) -> None:
    def answering(code: int) -> None:
        def answer(_request: Message, _metadata: dict[str, str]) -> Message:
            raise refused(code, "x")

        transport.answers[GET] = answer

    answering(code_pb2.UNAUTHENTICATED)
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/readyz")).status_code == 200
    answering(code_pb2.UNAVAILABLE)
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/readyz")).status_code == 503
