"""Hints to workers: by name, off the caller's back, and never an error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from dramatiq.brokers.stub import StubBroker

from server.dispatch import ACTOR, QUEUE, DramatiqDispatcher, check_broker, make_broker


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_hint_names_the_actor_and_the_bot_and_no_actor_is_known_here() -> None:
    broker = StubBroker(middleware=[])
    dispatcher = DramatiqDispatcher(broker)
    dispatcher.send("bot_1")
    dispatcher.close()
    message = next(iter(broker.consume(QUEUE, timeout=100)))
    assert message is not None
    assert (message.actor_name, message.args, message.queue_name) == (ACTOR, ("bot_1",), QUEUE)


class Away(StubBroker):
    """A broker that hangs, then fails, then works."""

    def __init__(self) -> None:
        super().__init__(middleware=[])
        self.gate = threading.Event()
        self.fails = True

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        self.gate.wait(5)
        if self.fails:
            raise ConnectionError("redis://:hunter2@host is away")
        return super().enqueue(message, delay=delay)


def test_a_broker_that_is_away_slows_nobody_and_works_again_when_it_is_back() -> None:
    broker = Away()
    dispatcher = DramatiqDispatcher(broker)
    began = time.perf_counter()
    for number in range(100):
        dispatcher.send(f"bot_{number}")
    assert time.perf_counter() - began < 4, "what waits for the broker waits for five seconds"
    broker.gate.set()
    wait_until(dispatcher._waiting.empty)
    broker.fails = False
    dispatcher.send("bot_after")
    dispatcher.close()
    assert broker.queues[QUEUE].qsize() >= 1


@pytest.mark.parametrize("url", ["http://x", "embedded://", "nonsense"])
def test_a_broker_of_another_kind_is_refused_with_words(url: str) -> None:
    with pytest.raises(ValueError, match="redis://"):
        make_broker(url)
    assert "redis://" in check_broker(url)


def test_a_broker_that_does_not_answer_is_named_without_its_password() -> None:
    problem = check_broker("redis://:hunter2@127.0.0.1:1/0")
    assert problem
    assert "hunter2" not in problem
