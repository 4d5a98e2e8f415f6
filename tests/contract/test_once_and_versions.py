"""Requests that come again, and conditions on what a bot was: by HTTP on both faces, by gRPC on both databases."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from google.rpc import code_pb2

from gateway import routes
from rollcall.transport import CallError, Transport
from rollcall.v1.bot_service_pb2 import CreateBotRequest, GetBotRequest, LeaveMeetingRequest, SendChatMessageRequest
from rollcall.v1.event_pb2 import EVENT_KIND_MEDIA_REQUEST
from server.rpc.methods import all_methods
from tests.contract.harness import BOTS, MEET, FakeAgent, Running, info_of, violations_of
from tests.contract.rest import FACES, Face, create, face

BODY = {"meeting_url": MEET, "bot_name": "My Bot"}

ALWAYS_REFUSED = {"speech", "admit_from_waiting_room", "change_gallery_view_page", "create_transcript"}
"""Calls that do nothing yet, so that there is nothing to be done once."""


@pytest_asyncio.fixture(params=FACES)
async def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Face]:
    async with face(request.param, tmp_path_factory.mktemp("rest")) as one:
        yield one


async def test_a_post_that_comes_again_gets_the_first_answer(served: Face) -> None:
    async with await served.project() as client:
        key = {"Idempotency-Key": "wish 1"}
        answers = await asyncio.gather(*(client.post("/api/v1/bots", json=BODY, headers=key) for _ in range(8)))
        assert {(answer.status_code, answer.content, answer.headers["etag"]) for answer in answers} == {
            (201, answers[0].content, '"2"')
        }
        bot = answers[0].json()
        assert len((await client.get("/api/v1/bots")).json()["results"]) == 1
        respelled = '{"bot_name": "My Bot",\n "meeting_url": "' + MEET + '"}'
        again = await client.post("/api/v1/bots", content=respelled, headers={**key, "Content-Type": "application/json"})
        assert (again.status_code, again.json()) == (201, bot)
        await client.post(f"/api/v1/bots/{bot['id']}/leave", headers={"Idempotency-Key": "wish 2"})
        assert (await client.post("/api/v1/bots", json=BODY, headers=key)).json() == bot, "the first answer, not how it is now"
        left = await client.post(f"/api/v1/bots/{bot['id']}/leave", headers={"Idempotency-Key": "wish 2"})
        assert (left.status_code, left.json()["state"]) == (200, "leaving")


async def test_a_key_of_another_request_is_refused(served: Face) -> None:
    async with await served.project() as client, await served.project() as other:
        key = {"Idempotency-Key": "k"}
        bot = (await client.post("/api/v1/bots", json=BODY, headers=key)).json()
        for path, body in (("/api/v1/bots", {**BODY, "bot_name": "Other"}), (f"/api/v1/bots/{bot['id']}/leave", {})):
            answer = await client.post(path, json=body, headers=key)
            assert (answer.status_code, list(answer.json())) == (400, ["error"])
            assert answer.headers["x-error-reason"] == "IDEMPOTENCY_KEY_REUSED"
        assert (await other.post("/api/v1/bots", json={**BODY, "bot_name": "Other"}, headers=key)).status_code == 201


async def test_a_request_that_was_refused_may_be_put_right_under_its_key(served: Face) -> None:
    async with await served.project() as client:
        key = {"Idempotency-Key": "k"}
        assert (await client.post("/api/v1/bots", json={"bot_name": "x"}, headers=key)).status_code == 400
        await create(client, deduplication_key="d")
        held = await client.post("/api/v1/bots", json={**BODY, "deduplication_key": "d"}, headers=key)
        assert (held.status_code, list(held.json())) == (400, ["error"])
        assert (await client.post("/api/v1/bots", json=BODY, headers=key)).status_code == 201


async def test_what_was_right_the_first_time_is_right_when_it_comes_again(served: Face) -> None:
    """A `join_at` has to be in the future; by the time of a retry it may have passed."""
    async with await served.project() as client:
        body = {**BODY, "join_at": (datetime.now(UTC) + timedelta(seconds=2)).isoformat()}
        first = await client.post("/api/v1/bots", json=body, headers={"Idempotency-Key": "k"})
        assert first.status_code == 201, first.text
        async with asyncio.timeout(20):
            while (await client.post("/api/v1/bots", json=body)).status_code == 201:  # noqa: ASYNC110 - until the time is over
                await asyncio.sleep(0.1)
        again = await client.post("/api/v1/bots", json=body, headers={"Idempotency-Key": "k"})
        assert (again.status_code, again.json()) == (201, first.json())


async def test_a_bot_is_changed_only_as_it_was_read(served: Face) -> None:
    async with await served.project() as client:
        bot = await create(client)
        path = f"/api/v1/bots/{bot['id']}"
        read = await client.get(path)
        tag = read.headers["etag"]
        assert (await client.get(path, headers={"If-None-Match": tag})).status_code == 304
        refused = await client.post(f"{path}/leave", headers={"If-Match": '"another"'})
        assert (refused.status_code, list(refused.json())) == (400, ["error"])
        assert refused.headers["x-error-reason"] == "ETAG_MISMATCH"
        assert (await client.get(path)).json() == read.json()
        answers = await asyncio.gather(*(client.post(f"{path}/leave", headers={"If-Match": tag}) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
        after = await client.get(path, headers={"If-None-Match": tag})
        assert (after.status_code, after.json()["state"]) == (200, "leaving")
        assert {answer.headers["etag"] for answer in answers if answer.status_code == 200} == {after.headers["etag"]}


async def test_of_changes_to_one_version_one_is_made(served: Face) -> None:
    async with await served.project() as client:
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        path = f"/api/v1/bots/{(await create(client, join_at=later))['id']}"
        tag = (await client.get(path)).headers["etag"]
        changes = [client.patch(path, json={"metadata": {"n": str(n)}}, headers={"If-Match": tag}) for n in range(5)]
        gone = client.delete(path, headers={"If-Match": '"another"'})
        *answers, refused = await asyncio.gather(*changes, gone)
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
        (winner,) = [answer for answer in answers if answer.status_code == 200]
        now = await client.get(path)
        assert (now.json(), now.headers["etag"]) == (winner.json(), winner.headers["etag"])
        assert refused.headers["x-error-reason"] == "ETAG_MISMATCH"
        assert (await client.delete(path, headers={"If-Match": tag})).status_code == 400
        assert (await client.delete(path, headers={"If-Match": winner.headers["etag"]})).status_code == 200
        assert (await client.get(path)).status_code == 404


async def test_by_grpc_it_is_a_field(running: Running, caller: Transport) -> None:
    request = CreateBotRequest(bot_name="Bot", meeting_url=MEET, metadata={"a": "1", "b": "2"}, request_id="k")
    first: Any = await caller.unary(BOTS + "CreateBot", request, running.auth)
    again: Any = await caller.unary(BOTS + "CreateBot", request, running.auth)
    assert again == first
    assert first.bot.etag == (await running.get(first.bot.id)).etag
    with pytest.raises(CallError) as reused:
        await caller.unary(BOTS + "CreateBot", CreateBotRequest(bot_name="B", meeting_url=MEET, request_id="k"), running.auth)
    assert reused.value.status.code == code_pb2.ALREADY_EXISTS
    assert info_of(reused.value.status).reason == "IDEMPOTENCY_KEY_REUSED"
    for wrong in ("", "k" * 256):
        with pytest.raises(CallError) as refused:
            await caller.unary(BOTS + "LeaveMeeting", LeaveMeetingRequest(bot_id=first.bot.id, request_id=wrong), running.auth)
        assert set(violations_of(refused.value.status)) == {"request_id"}
    with pytest.raises(CallError) as changed:
        await caller.unary(BOTS + "LeaveMeeting", LeaveMeetingRequest(bot_id=first.bot.id, etag="no"), running.auth)
    assert changed.value.status.code == code_pb2.ABORTED
    assert info_of(changed.value.status).reason == "ETAG_MISMATCH"
    assert info_of(changed.value.status).metadata["etag"] == first.bot.etag


async def test_a_wish_that_comes_again_is_carried_to_the_meeting_once(running: Running) -> None:
    bot = await running.create()
    agent = FakeAgent(running, bot.id)
    await agent.join()
    request = SendChatMessageRequest(bot_id=bot.id, message="hello", request_id="k")
    for _ in range(3):
        await running.call("SendChatMessage", request)
    await agent.command("send_chat")
    assert len([event for event in await running.log(bot.id) if event.kind == EVENT_KIND_MEDIA_REQUEST]) == 1


async def test_a_key_is_good_after_a_restart(running: Running) -> None:
    request = CreateBotRequest(bot_name="Bot", meeting_url=MEET, request_id="k")
    first = await running.call("CreateBot", request)
    await running.restart()
    assert await running.call("CreateBot", request) == first
    assert (await running.call("GetBot", GetBotRequest(bot_id=first.bot.id))).bot.id == first.bot.id


async def test_every_call_that_takes_a_key_heeds_it(running: Running) -> None:
    """A key that is taken and forgotten would promise what nobody keeps. `_wish` heeds it; Speech is always refused so far."""
    repeatable = [method for method in all_methods() if method.repeatable]
    assert len(repeatable) >= 9
    for method in repeatable:
        source = inspect.getsource(_handler(running, method.path))
        assert "caller.once(" in source or "self._wish(" in source or method.handler in ALWAYS_REFUSED, method.path


WITHOUT_KEY = {"ProjectService", "WebhookService", "LoginService"}
"""A project's name, a webhook's URL and an account's name are there once at most, and a new secret is to be stored in no answer.
What is sent to a receiver once more has the same key of its own."""


async def test_every_post_about_bots_takes_a_key() -> None:
    posts = [route for route in routes.build() if route.verb == "POST" and route.rpc.containing_service.name not in WITHOUT_KEY]
    assert [route.path for route in posts if b"idempotency-key" not in route.request_headers.names] == []


async def test_every_change_of_one_bot_that_shows_the_bot_takes_a_condition() -> None:
    changes = [route for route in routes.build() if route.verb != "GET" and "ETag" in route.answer_headers.fields]
    without = [route.path for route in changes if b"if-match" not in route.request_headers.names]
    assert without == ["/api/v1/bots"], "a bot that is being made has no version yet"


def _handler(running: Running, path: str) -> Any:
    bound = running.server._pipeline.find(path)
    assert bound is not None
    return bound.handler
