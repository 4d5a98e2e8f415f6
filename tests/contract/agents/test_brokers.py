"""Hints from the server's side to the worker's, over each broker."""

from __future__ import annotations

import asyncio
import gc
import logging
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import dramatiq
import pytest

from agents.actors import declare_run_bot
from agents.broker import make_broker, start_worker
from server.dispatch import DramatiqDispatcher
from server.dispatch import make_broker as make_servers_broker
from tests.contract.agents import brokers

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="rollcall-broker-", ignore_cleanup_errors=True) as folder:
        start = brokers.redis if request.param == "redis" else brokers.rabbitmq
        with start(Path(folder)) as url:
            yield url


@pytest.fixture
def dispatcher(url: str) -> Iterator[DramatiqDispatcher]:
    broker = make_servers_broker(url)
    dispatcher = DramatiqDispatcher(broker)
    yield dispatcher
    dispatcher.close()
    broker.close()


class Taker:
    """A worker whose bots run until they are let go."""

    def __init__(self, url: str, *, threads: int) -> None:
        self.ran: list[str] = []
        self.interrupted: list[str] = []
        self.gate = threading.Event()
        self._broker = make_broker(url)
        declare_run_bot(self._broker, self.run)
        self._worker: dramatiq.Worker | None = start_worker(self._broker, threads=threads)

    async def run(self, bot_id: str) -> None:
        self.ran.append(bot_id)
        try:
            while not self.gate.is_set():  # noqa: ASYNC110 - set from another thread
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.interrupted.append(bot_id)
            raise

    def stop(self) -> None:
        if self._worker is not None:
            self._worker.stop(timeout=10_000)
            self._worker = None
            self._broker.close()


@pytest.fixture
def taker(url: str) -> Iterator[Callable[[int], Taker]]:
    takers: list[Taker] = []

    def take(threads: int) -> Taker:
        takers.append(Taker(url, threads=threads))
        return takers[-1]

    yield take
    for one in takers:
        one.gate.set()
        one.stop()


def until(condition: Callable[[], object], within_s: float = 15.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.02)


def test_a_hint_reaches_the_worker(dispatcher: DramatiqDispatcher, taker: Callable[[int], Taker]) -> None:
    worker = taker(2)
    dispatcher.send("bot_1")
    until(lambda: worker.ran == ["bot_1"])


def test_a_hint_that_one_busy_worker_cannot_take_goes_to_another(
    dispatcher: DramatiqDispatcher, taker: Callable[[int], Taker]
) -> None:
    first = taker(1)
    dispatcher.send("bot_1")
    until(lambda: first.ran == ["bot_1"])
    dispatcher.send("bot_2")
    second = taker(1)
    until(lambda: second.ran == ["bot_2"])
    assert first.ran == ["bot_1"]


def test_bots_hear_of_a_stopping_worker_and_that_is_no_error(
    dispatcher: DramatiqDispatcher, taker: Callable[[int], Taker], caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()  # two workers in one process, as in the test before, share one loop: what that left is not ours
    caplog.clear()
    worker = taker(1)
    dispatcher.send("bot_1")
    until(lambda: worker.ran == ["bot_1"])
    time.sleep(0.5)  # dramatiq loses an interruption of a bot that it just hands to the loop; our Worker needs none
    worker.stop()
    assert worker.interrupted == ["bot_1"]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []


def test_hints_for_webhooks_go_to_a_server_and_never_to_a_worker(
    url: str, dispatcher: DramatiqDispatcher, taker: Callable[[int], Taker]
) -> None:
    worker = taker(1)
    heard: list[str] = []
    broker = make_servers_broker(url)
    listening = DramatiqDispatcher(broker)
    try:
        listening.listen(heard.append)
        for number in range(3):
            dispatcher.send_delivery(f"bot_{number}")
        dispatcher.send("bot_to_run")
        until(lambda: sorted(heard) == ["bot_0", "bot_1", "bot_2"])
        until(lambda: worker.ran == ["bot_to_run"])
    finally:
        listening.close()
        broker.close()
