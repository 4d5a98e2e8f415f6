"""Webhooks by REST, on both faces, with a real receiver."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.contract.harness import MEET
from tests.contract.rest import FACES, Face, create, face
from tests.receiver import Receiver, receiver
from tests.unit.server.webhooks.sending import decoded, has_standard, is_signed

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOOKS = "/api/v1/webhooks"
URL = "https://hooks.example.com/a"
TRIGGERS = ["bot.state_change", "transcript.update"]


@pytest_asyncio.fixture(params=FACES, scope="module", loop_scope="module")
async def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Face]:
    folder = tmp_path_factory.mktemp("rest")
    async with face(request.param, folder, webhook_private_addresses=True, limit_webhooks=3) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Face) -> AsyncIterator[httpx.AsyncClient]:
    async with await served.project() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as one:
        yield one


async def subscribe(client: httpx.AsyncClient, url: str = URL, triggers: list[str] | None = None) -> dict[str, Any]:
    answer = await client.post(HOOKS, json={"url": url, "triggers": triggers or TRIGGERS})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def until_listed(client: httpx.AsyncClient, webhook_id: str, state: str, count: int = 1) -> list[dict[str, Any]]:
    async with asyncio.timeout(30):
        while True:
            page = (await client.get(f"{HOOKS}/{webhook_id}/deliveries", params={"states": state})).json()
            if len(page["results"]) >= count:
                return list(page["results"])
            await asyncio.sleep(0.02)


async def test_a_webhook_is_made_read_changed_and_deleted(client: httpx.AsyncClient) -> None:
    made = await subscribe(client)
    assert re.fullmatch(r"wh_[A-Za-z0-9]{16}", made["id"])
    assert len(base64.b64decode(made.pop("secret"), validate=True)) == 32
    assert made == {
        "id": made["id"],
        "bot_id": None,
        "url": URL,
        "triggers": TRIGGERS,
        "enabled": True,
        "disabled_reason": None,
        "failing_since": None,
        "created_at": made["created_at"],
    }
    assert (await client.get(f"{HOOKS}/{made['id']}")).json() == made, "and the secret is never shown again"
    assert (await client.get(HOOKS)).json() == {"next": None, "previous": None, "results": [made]}
    answer = await client.patch(f"{HOOKS}/{made['id']}", json={"triggers": ["bot_logs.update"], "enabled": False})
    assert answer.json() == {**made, "triggers": ["bot_logs.update"], "enabled": False, "disabled_reason": "user"}
    assert (await client.patch(f"{HOOKS}/{made['id']}", json={"enabled": True})).json()["enabled"] is True
    assert (await client.patch(f"{HOOKS}/{made['id']}", json={})).json()["triggers"] == ["bot_logs.update"]
    assert (await client.delete(f"{HOOKS}/{made['id']}")).status_code == 200
    for call in (client.get(f"{HOOKS}/{made['id']}"), client.delete(f"{HOOKS}/{made['id']}")):
        answer = await call
        assert (answer.status_code, answer.json()) == (404, {"error": "Webhook not found"})


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"url", "triggers"}),
        ({"url": "ftp://x", "triggers": TRIGGERS}, {"url"}),
        ({"url": "https://user:pw@x", "triggers": TRIGGERS}, {"url"}),
        ({"url": "https://x" + "y" * 2048, "triggers": TRIGGERS}, {"url"}),
        ({"url": URL, "triggers": []}, {"triggers"}),
        ({"url": URL, "triggers": ["bot.everything"]}, {"triggers"}),
        ({"url": URL, "triggers": ["bot.state_change"] * 2}, {"triggers"}),
        ({"url": URL, "triggers": "bot.state_change"}, {"triggers", "non_field_errors"}),
        ({"url": 5, "triggers": TRIGGERS}, {"url"}),
        ({"url": URL, "triggers": TRIGGERS, "secret": "mine"}, {"non_field_errors"}),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(client: httpx.AsyncClient, body: dict[str, Any], fields: set[str]) -> None:
    answer = await client.post(HOOKS, json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json().keys() <= fields, answer.text
    assert answer.json()


async def test_a_url_twice_and_one_too_many_are_refused_with_words(client: httpx.AsyncClient) -> None:
    await subscribe(client)
    answer = await client.post(HOOKS, json={"url": URL, "triggers": TRIGGERS})
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    await subscribe(client, URL + "2")
    await subscribe(client, URL + "3")
    answer = await client.post(HOOKS, json={"url": URL + "4", "triggers": TRIGGERS})
    assert answer.status_code == 400
    assert "at most 3" in answer.json()["error"]


async def test_another_projects_webhook_is_not_there(served: Face, client: httpx.AsyncClient, hook: Receiver) -> None:
    made = await subscribe(client, hook.url)
    await create(client)
    [delivery] = await until_listed(client, made["id"], "delivered")
    one = f"{HOOKS}/{made['id']}"
    async with await served.project() as other:
        own = await subscribe(other)
        calls = [
            ("GET", one),
            ("PATCH", one),
            ("DELETE", one),
            ("POST", f"{one}/rotate_secret"),
            ("GET", f"{one}/deliveries"),
            ("GET", f"{one}/deliveries/{delivery['id']}"),
            ("GET", f"{HOOKS}/{own['id']}/deliveries/{delivery['id']}"),
            ("POST", f"{one}/deliveries/{delivery['id']}/redeliver"),
            ("POST", f"{HOOKS}/{own['id']}/deliveries/{delivery['id']}/redeliver"),
        ]
        for method, path in calls:
            answer = await other.request(method, path, **({} if method in ("GET", "DELETE") else {"json": {}}))
            assert answer.status_code == 404, (method, path, answer.text)
        bots = (await client.get("/api/v1/bots")).json()["results"]
        assert (await other.get(HOOKS, params={"bot_id": bots[0]["id"]})).status_code == 404
    assert (await client.get(one)).status_code == 200


async def test_what_happens_arrives_signed_and_stands_in_the_list(client: httpx.AsyncClient, hook: Receiver) -> None:
    made = await subscribe(client, hook.url)
    bot = await create(client, metadata={"customer": "7"})
    await client.post(f"/api/v1/bots/{bot['id']}/leave")
    received = await hook.until(2)
    assert [one.payload["data"]["new_state"] for one in received[:2]] == ["joining", "leaving"]
    assert all(is_signed(one, decoded(made["secret"])) for one in received)
    listed = await until_listed(client, made["id"], "delivered", 2)
    first = listed[0]
    assert re.fullmatch(r"whd_[A-Za-z0-9]{16}", first["id"])
    assert first == {
        "id": first["id"],
        "webhook_id": made["id"],
        "bot_id": bot["id"],
        "sequence": 1,
        "trigger": "bot.state_change",
        "idempotency_key": received[0].key,
        "state": "delivered",
        "attempts": 1,
        "response_status": 200,
        "error": None,
        "created_at": first["created_at"],
        "last_attempt_at": first["last_attempt_at"],
        "next_attempt_at": None,
    }
    of_bot = await client.get(f"{HOOKS}/{made['id']}/deliveries", params={"bot_id": bot["id"]})
    assert {one["id"] for one in listed} <= {one["id"] for one in of_bot.json()["results"]}


async def test_a_failed_delivery_says_why_and_can_be_sent_again(client: httpx.AsyncClient, hook: Receiver) -> None:
    hook.answer = lambda _: 418
    made = await subscribe(client, hook.url)
    await create(client)
    await hook.until(1)
    async with asyncio.timeout(20):
        while not (failed := (await until_listed(client, made["id"], "pending"))[0])["attempts"]:  # noqa: ASYNC110 - asks
            await asyncio.sleep(0.02)
    assert (failed["response_status"], failed["error"]) == (418, "Answered 418.")
    assert failed["next_attempt_at"] > failed["last_attempt_at"]
    assert (await client.get(f"{HOOKS}/{made['id']}")).json()["failing_since"] is not None
    hook.answer = lambda _: 200
    answer = await client.post(f"{HOOKS}/{made['id']}/deliveries/{failed['id']}/redeliver")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["id"], answer.json()["state"], answer.json()["attempts"]) == (failed["id"], "pending", 0)
    [done] = await until_listed(client, made["id"], "delivered")
    assert (await client.get(f"{HOOKS}/{made['id']}/deliveries/{done['id']}")).json() == done
    assert (await client.get(f"{HOOKS}/{made['id']}/deliveries/nope")).json() == {"error": "Delivery not found"}
    assert done["idempotency_key"] == failed["idempotency_key"] == hook.received[-1].key
    assert (await client.get(f"{HOOKS}/{made['id']}")).json()["failing_since"] is None


async def test_a_secret_is_rotated_with_an_overlap(client: httpx.AsyncClient, hook: Receiver) -> None:
    made = await subscribe(client, hook.url)
    rotated = (await client.post(f"{HOOKS}/{made['id']}/rotate_secret", json={"overlap_seconds": 600})).json()
    assert rotated.keys() == {"secret", "previous_secret_until"}
    await create(client)
    one = (await hook.until(1))[0]
    assert is_signed(one, decoded(made["secret"]))
    assert has_standard(one, decoded(rotated["secret"]))
    at_once = (await client.post(f"{HOOKS}/{made['id']}/rotate_secret", json={"overlap_seconds": 0})).json()
    assert at_once["previous_secret_until"] is None
    await create(client)
    assert is_signed((await hook.until(2))[1], decoded(at_once["secret"]))
    for wrong in (-1, 604_801, "1"):
        answer = await client.post(f"{HOOKS}/{made['id']}/rotate_secret", json={"overlap_seconds": wrong})
        assert (answer.status_code, list(answer.json())) == (400, ["overlap_seconds"])


async def test_a_bots_own_webhooks_replace_the_projects_and_carry_its_signature(
    client: httpx.AsyncClient, hook: Receiver
) -> None:
    await subscribe(client, hook.url + "/project")
    secret = (await client.post("/api/v1/webhook_secret/rotate")).json()
    assert secret["previous_secret_until"] is None
    bot = await create(client, webhooks=[{"url": hook.url + "/own", "triggers": ["bot.state_change"]}])
    [one] = await hook.until(1)
    assert one.path == "/own"
    assert is_signed(one, decoded(secret["secret"]))
    [own] = (await client.get(HOOKS, params={"bot_id": bot["id"]})).json()["results"]
    assert (own["bot_id"], own["url"], own["triggers"]) == (bot["id"], hook.url + "/own", ["bot.state_change"])
    answer = await client.patch(f"{HOOKS}/{own['id']}", json={"url": URL})
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    answer = await client.post(f"{HOOKS}/{own['id']}/rotate_secret")
    assert "project" in answer.json()["error"]
    assert (await client.patch(f"{HOOKS}/{own['id']}", json={"enabled": False})).json()["enabled"] is False


async def test_a_bots_own_webhooks_are_at_most_two_each_with_its_url(client: httpx.AsyncClient) -> None:
    own = {"url": URL, "triggers": TRIGGERS}

    async def made(*webhooks: Any) -> httpx.Response:
        return await client.post("/api/v1/bots", json={"meeting_url": MEET, "bot_name": "x", "webhooks": list(webhooks)})

    assert (await made(own, own)).json().keys() == {"error"}
    assert (await made(own, {**own, "url": URL + "2"}, {**own, "url": URL + "3"})).json().keys() == {"webhooks"}
    answer = await made({**own, "url": "gopher://x"})
    assert answer.json() == {"webhooks": ["[0].url: Must start with https:// or http://."]}
    assert (await made(own, {**own, "url": URL + "2"})).status_code == 201
    assert (await client.get(HOOKS)).json()["results"] == [], "they are not the project's"


async def test_pages_of_deliveries_lead_through_all_of_them(client: httpx.AsyncClient, hook: Receiver) -> None:
    made = await subscribe(client, hook.url)
    for _ in range(30):
        await create(client)
    await hook.until(30)
    page = (await client.get(f"{HOOKS}/{made['id']}/deliveries")).json()
    assert len(page["results"]) == 25
    rest = (await client.get(page["next"])).json()
    assert len({one["id"] for one in page["results"] + rest["results"]}) == 30
    assert rest["next"] is None
    assert (await client.get(rest["previous"])).json()["results"] == page["results"]
    answer = await client.get(f"{HOOKS}/{made['id']}/deliveries", params={"cursor": "nonsense"})
    assert answer.status_code == 404
    answer = await client.get(f"{HOOKS}/{made['id']}/deliveries", params={"states": "lost"})
    assert answer.status_code == 400
