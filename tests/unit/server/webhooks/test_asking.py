"""Questions to users' servers, against a real receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rollcall.outward import GuardedTransport, Policy
from server.webhooks.asking import ANSWER_MOST_BYTES, Asker, NoAnswerError
from tests.receiver import Answer, Receiver, receiver

TIMEOUT_S = 1.0


@pytest.fixture
async def callback() -> AsyncIterator[Receiver]:
    async with receiver() as one:
        yield one


@pytest.fixture
async def asker() -> AsyncIterator[Asker]:
    one = Asker(GuardedTransport(Policy(private=True)), TIMEOUT_S)
    yield one
    await one.close()


async def test_the_answer_is_its_body_and_the_question_the_very_bytes(callback: Receiver, asker: Asker) -> None:
    callback.answer = lambda _: b"x" * ANSWER_MOST_BYTES
    assert await asker.ask(callback.url + "/tokens?a=b", b'{"a":1}', {"webhook-id": "k"}) == b"x" * ANSWER_MOST_BYTES
    [one] = callback.received
    assert (one.path, one.body, one.headers["webhook-id"]) == ("/tokens?a=b", b'{"a":1}', "k")
    assert "authorization" not in one.headers


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (404, "It answered 404"),
        (500, "It answered 500"),
        ("redirect", "It answered 307"),
        (b"x" * (ANSWER_MOST_BYTES + 1), "more than 65,536 bytes"),
        ("endless", "more than 65,536 bytes"),
        ("hang", "within 1 s"),
        ("drip", "within 1 s"),
        ("slow_head", "within 1 s"),
        ("lie", "closed before the answer was complete"),
        ("close", "closed before the answer was complete"),
        ("garbage", "not HTTP"),
    ],
)
async def test_whatever_comes_back_there_is_an_answer_or_words(
    callback: Receiver, asker: Asker, answer: Answer, words: str
) -> None:
    callback.answer = lambda _: answer
    with pytest.raises(NoAnswerError, match=words):
        await asker.ask(callback.url, b"{}", {})
    assert len(callback.received) == 1


async def test_a_private_address_is_not_asked(callback: Receiver) -> None:
    asker = Asker(GuardedTransport(Policy()), TIMEOUT_S)
    with pytest.raises(NoAnswerError, match="only public addresses may be called"):
        await asker.ask(callback.url, b"{}", {})
    await asker.close()
    assert callback.received == []


async def test_a_name_that_leads_to_a_private_address_is_not_asked(callback: Receiver) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    asker = Asker(GuardedTransport(Policy(), resolve=resolve), TIMEOUT_S)
    with pytest.raises(NoAnswerError, match="loopback"):
        await asker.ask(callback.url.replace("localhost", "tokens.example.com"), b"{}", {})
    await asker.close()
    assert callback.received == []
