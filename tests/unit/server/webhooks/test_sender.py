from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rollcall.outward import GuardedTransport, Policy
from server.webhooks.sender import Sender
from tests.receiver import Answer, Receiver, certificate, receiver

BODY = b'{"a":1}'
HEADERS = {"Content-Type": "application/json", "webhook-id": "k"}
TIMEOUT_S = 1.0


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as one:
        yield one


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    one = Sender(GuardedTransport(Policy(private=True)), TIMEOUT_S)
    yield one
    await one.close()


async def test_the_very_bytes_and_headers_are_what_comes(hook: Receiver, sender: Sender) -> None:
    attempt = await sender.send(hook.url + "/a?b=c", BODY, HEADERS)
    assert (attempt.status, attempt.error) == (200, None)
    [one] = hook.received
    assert (one.path, one.body) == ("/a?b=c", BODY)
    assert one.headers["content-type"] == "application/json"
    assert one.headers["webhook-id"] == "k"
    assert "cookie" not in one.headers
    assert "authorization" not in one.headers


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (201, 201, None),
        (204, 204, None),
        (400, 400, "Answered 400"),
        (404, 404, "Answered 404"),
        (500, 500, "Answered 500"),
        (301, 301, "redirects are not followed"),
        ("redirect", 307, "redirects are not followed"),
        ("hang", None, "within 1 s"),
        ("drip", 200, "within 1 s"),
        ("slow_head", None, "within 1 s"),
        ("lie", 200, "closed before"),
        ("close", None, "closed before"),
        ("garbage", None, "not HTTP"),
        ("endless", 200, None),
    ],
)
async def test_whatever_a_receiver_does_is_an_attempt_with_an_outcome(
    hook: Receiver, sender: Sender, answer: Answer, status: int | None, words: str | None
) -> None:
    hook.answer = lambda _: answer
    async with asyncio.timeout(20):
        attempt = await sender.send(hook.url, BODY, HEADERS)
    assert attempt.status == status
    assert (attempt.error is None) if words is None else (words in str(attempt.error))
    assert len(hook.received) == 1, "one attempt is one request"


async def test_nothing_stays_open_towards_a_receiver_that_misbehaves(hook: Receiver, sender: Sender) -> None:
    for answer in ("hang", "drip", "slow_head", "endless", "lie"):
        hook.answer = lambda _, answer=answer: answer  # type: ignore[misc]  # bound at once
        await sender.send(hook.url, BODY, HEADERS)
    async with asyncio.timeout(10):
        while hook.open:  # noqa: ASYNC110 - told by the receiver's own count
            await asyncio.sleep(0.01)


async def test_nobody_there_is_an_outcome_too(sender: Sender) -> None:
    async with receiver() as gone:
        url = gone.url
    assert "could not be connected to" in str((await sender.send(url, BODY, HEADERS)).error)
    assert "no address" in str((await sender.send("http://nowhere.invalid/", BODY, HEADERS)).error)
    assert (await sender.send("http://[::1", BODY, HEADERS)).error is not None


async def test_private_addresses_are_refused_and_nothing_is_sent(hook: Receiver) -> None:
    sender = Sender(GuardedTransport(Policy()), TIMEOUT_S)
    attempt = await sender.send(hook.url, BODY, HEADERS)
    assert attempt.error == "The host has an address that is loopback; only public addresses may be called."
    assert hook.received == []
    await sender.close()


async def test_tls_is_checked_against_the_host_and_an_own_authority_can_be_trusted(tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path)
    async with receiver(context) as hook:
        strict = Sender(GuardedTransport(Policy(private=True)), 10)
        assert "certificate" in str((await strict.send(hook.url, BODY, HEADERS)).error)
        await strict.close()
        trusting = Sender(GuardedTransport(Policy(private=True), ca_file=trusted), 10)
        assert (await trusting.send(hook.url, BODY, HEADERS)).error is None
        elsewhere = hook.url.replace("localhost", "127.0.0.1")
        assert "certificate" in str((await trusting.send(elsewhere, BODY, HEADERS)).error)
        plain = hook.url.replace("https", "http")
        assert (await trusting.send(plain, BODY, HEADERS)).error is not None
        await trusting.close()
        assert len(hook.received) == 1
