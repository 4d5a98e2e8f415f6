from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2

from gateway.app import Gateway
from gateway.serve import serving
from rollcall.fake_transport import FakeTransport
from rollcall.v1 import bot_pb2, event_pb2
from rollcall.v1 import event_service_pb2 as pb
from tests.unit.gateway.conftest import KEY
from tests.unit.gateway.served import served
from tests.unit.gateway.statuses import refused

WATCH_BOT = "/rollcall.v1.EventService/WatchBot"
WATCH = "/rollcall.v1.EventService/WatchEvents"
SSE = {"Accept": "text/event-stream"}
NDJSON = {"Accept": "application/x-ndjson"}


def event(sequence: int) -> pb.WatchBotResponse:
    found = event_pb2.Event(id=f"evt_{sequence}", bot_id="bot_x", sequence=sequence, kind=event_pb2.EVENT_KIND_STATE)
    found.state.new_state = bot_pb2.BOT_STATE_JOINING
    return pb.WatchBotResponse(sequence=sequence, event=found)


def bookmark(sequence: int) -> pb.WatchBotResponse:
    return pb.WatchBotResponse(sequence=sequence, bookmark=event_pb2.Bookmark(caught_up=True))


async def two_events(_request: Message, _metadata: dict[str, str]) -> AsyncIterator[Message]:
    for message in (event(1), event(2), bookmark(2)):
        yield message


async def endless(_request: Message, _metadata: dict[str, str]) -> AsyncIterator[Message]:
    yield event(1)
    await asyncio.Event().wait()


async def silent(_request: Message, _metadata: dict[str, str]) -> AsyncIterator[Message]:
    await asyncio.Event().wait()
    yield event(1)


async def broken_off(_request: Message, _metadata: dict[str, str]) -> AsyncIterator[Message]:
    yield event(1)
    raise refused(code_pb2.RESOURCE_EXHAUSTED, "You read too slowly.")


async def refusing(_request: Message, _metadata: dict[str, str]) -> AsyncIterator[Message]:
    raise refused(code_pb2.OUT_OF_RANGE, "The log begins at 5.")
    yield event(1)


def parse(text: str) -> list[dict[str, str]]:
    blocks = [block for block in text.split("\n\n") if block]
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]


async def test_a_stream_is_server_sent_events_with_position_kind_and_json(app: Gateway, transport: FakeTransport) -> None:
    transport.feeds[WATCH_BOT] = two_events
    async with served(app) as client:
        answer = await client.get("/api/v1/bots/bot_x/events?after_sequence=0&kinds=state", headers=SSE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    first, one, two, mark, end = parse(answer.text)
    assert first.keys() == {"retry"}
    assert (one["id"], one["event"]) == ("1", "state")
    assert json.loads(two["data"])["state"]["new_state"] == "joining"
    assert (mark["id"], mark["event"], json.loads(mark["data"])) == ("2", "bookmark", {"caught_up": True})
    assert end == {"event": "end", "data": "{}"}
    request: Any = transport.asked[0].request
    assert (request.bot_id, request.after_sequence, list(request.kinds)) == ("bot_x", 0, [event_pb2.EVENT_KIND_STATE])


async def test_lines_of_json_show_the_whole_message(app: Gateway, transport: FakeTransport) -> None:
    transport.feeds[WATCH_BOT] = two_events
    async with served(app) as client:
        answer = await client.get("/api/v1/bots/bot_x/events", headers=NDJSON)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["sequence"] for line in lines] == [1, 2, 2]
    assert lines[0]["event"]["id"] == "evt_1"
    assert lines[2]["bookmark"] == {"caught_up": True}
    request: Any = transport.asked[0].request
    assert not request.HasField("after_sequence")


@pytest.mark.parametrize(("header", "expected"), [({}, 3), ({"Last-Event-ID": "7"}, 7)])
async def test_a_stream_resumes_by_parameter_and_the_header_is_newer(
    app: Gateway, transport: FakeTransport, header: dict[str, str], expected: int
) -> None:
    transport.feeds[WATCH_BOT] = two_events
    async with served(app) as client:
        await client.get("/api/v1/bots/bot_x/events?after_sequence=3", headers={**SSE, **header})
    request: Any = transport.asked[0].request
    assert request.after_sequence == expected


async def test_the_projects_stream_resumes_by_its_cursor(app: Gateway, transport: FakeTransport) -> None:
    transport.feeds[WATCH] = two_events
    async with served(app) as client:
        await client.get("/api/v1/events?metadata.team=a", headers={**SSE, "Last-Event-ID": "c1z"})
    request: Any = transport.asked[0].request
    assert (request.cursor, dict(request.metadata)) == ("c1z", {"team": "a"})


async def test_a_resume_point_that_is_none_is_400(app: Gateway) -> None:
    async with served(app) as client:
        answer = await client.get("/api/v1/bots/bot_x/events", headers={**SSE, "Last-Event-ID": "x"})
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


async def test_without_such_an_accept_the_same_path_is_a_page(app: Gateway, transport: FakeTransport) -> None:
    transport.answers["/rollcall.v1.EventService/ListBotEvents"] = lambda _r, _m: pb.ListBotEventsResponse(next="n")
    async with served(app) as client:
        answer = await client.get("/api/v1/bots/bot_x/events")
    assert answer.json()["next"].endswith("/api/v1/bots/bot_x/events?cursor=n")
    assert answer.json()["results"] == []


async def test_a_refusal_before_the_first_event_is_a_plain_http_error(app: Gateway, transport: FakeTransport) -> None:
    transport.feeds[WATCH_BOT] = refusing
    async with served(app) as client:
        answer = await client.get("/api/v1/bots/bot_x/events?after_sequence=1", headers=SSE)
    assert (answer.status_code, answer.json()) == (410, {"error": "The log begins at 5."})


async def test_an_error_after_the_headers_is_a_last_event(app: Gateway, transport: FakeTransport) -> None:
    transport.feeds[WATCH_BOT] = broken_off
    async with served(app) as client:
        last = parse((await client.get("/api/v1/bots/bot_x/events", headers=SSE)).text)[-1]
        line = (await client.get("/api/v1/bots/bot_x/events", headers=NDJSON)).text.splitlines()[-1]
    expected = {"detail": "You read too slowly.", "code": "resource_exhausted", "status": 429}
    assert last["event"] == "error"
    assert json.loads(last["data"]) == expected
    assert json.loads(line) == {"error": expected}


async def test_silence_is_filled_with_comments(app: Gateway, transport: FakeTransport) -> None:
    transport.feeds[WATCH_BOT] = silent
    async with served(app) as client, client.stream("GET", "/api/v1/bots/bot_x/events", headers=SSE) as answer:
        assert answer.status_code == 200
        comments = 0
        async for line in answer.aiter_lines():
            comments += line == ": keep-alive"
            if comments == 2:
                break


async def test_a_client_that_goes_away_ends_the_call_at_once(app: Gateway, transport: FakeTransport) -> None:
    transport.feeds[WATCH_BOT] = endless
    async with served(app) as client:
        async with client.stream("GET", "/api/v1/bots/bot_x/events", headers=SSE) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("id: 1"):
                    break
            assert transport.ended_streams == 0
        await asyncio.wait_for(transport.stream_ended.wait(), 1)


async def test_a_process_that_stops_ends_its_streams_with_a_reason(app: Gateway, transport: FakeTransport) -> None:
    transport.feeds[WATCH_BOT] = endless
    lines: list[str] = []
    first = asyncio.Event()

    async def follow(port: int) -> None:
        async with (
            httpx.AsyncClient(headers={**KEY, **SSE}) as client,
            client.stream("GET", f"http://127.0.0.1:{port}/api/v1/bots/bot_x/events") as answer,
        ):
            async for line in answer.aiter_lines():
                lines.append(line)
                first.set()

    async with serving(app, "127.0.0.1:0", drain_s=5) as port:
        reader = asyncio.create_task(follow(port))
        await first.wait()
    await asyncio.wait_for(reader, 2)
    assert "event: error" in lines
    assert '"code":"unavailable"' in lines[-2]


async def test_a_client_that_does_not_read_is_not_read_ahead_for(app: Gateway, transport: FakeTransport) -> None:
    sent = 0

    async def fast(_request: Message, _metadata: dict[str, str]) -> AsyncIterator[Message]:
        nonlocal sent
        while True:
            message = event(sent + 1)
            message.event.state.detail = "x" * 10_000
            sent += 1
            yield message

    transport.feeds[WATCH_BOT] = fast
    async with serving(app, "127.0.0.1:0") as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(
            b"GET /api/v1/bots/b/events HTTP/1.1\r\nHost: x\r\nAuthorization: Token k\r\nAccept: text/event-stream\r\n\r\n"
        )
        before = -1
        while sent != before or not sent:  # until nothing moves any more
            before = sent
            await asyncio.sleep(0.2)
        assert sent < 2000  # 20 MB: what the two sockets of this machine hold, not what there is to send
        writer.close()
        await asyncio.wait_for(transport.stream_ended.wait(), 2)
        assert reader is not None
