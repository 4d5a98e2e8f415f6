"""The broker in the process, with a real Dramatiq worker on it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

import dramatiq
import pytest
from dramatiq.errors import QueueNotFound
from pydantic import SecretStr

from agents.actors import ACTOR, QUEUE, declare_run_bot
from agents.broker import EmbeddedBroker, make_broker, start_worker, stop_taking
from server.dispatch import DramatiqDispatcher


def hint(bot_id: str) -> dramatiq.Message[None]:
    """As the server sends it: by names alone."""
    return dramatiq.Message(queue_name=QUEUE, actor_name=ACTOR, args=(bot_id,), kwargs={}, options={})


def until(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.005)


@pytest.fixture
def broker() -> dramatiq.Broker:
    return make_broker("embedded://")


@pytest.fixture
def workers() -> Iterator[list[dramatiq.Worker]]:
    started: list[dramatiq.Worker] = []
    yield started
    for worker in started:
        worker.stop(timeout=5000)


def test_a_hint_sent_before_any_worker_is_there_is_carried_out(broker: dramatiq.Broker, workers: list[dramatiq.Worker]) -> None:
    ran: list[str] = []

    async def run(bot_id: str) -> None:
        ran.append(bot_id)

    broker.declare_queue(QUEUE)
    broker.enqueue(hint("bot_1"))
    declare_run_bot(broker, run)
    workers.append(start_worker(broker, threads=2))
    until(lambda: ran == ["bot_1"])


def test_all_bots_share_one_loop_and_run_at_the_same_time(broker: dramatiq.Broker, workers: list[dramatiq.Worker]) -> None:
    loops: set[int] = set()
    both = threading.Barrier(2, timeout=5)

    async def run(bot_id: str) -> None:
        loops.add(id(asyncio.get_running_loop()))
        await asyncio.to_thread(both.wait)

    declare_run_bot(broker, run)
    workers.append(start_worker(broker, threads=2))
    broker.enqueue(hint("bot_1"))
    broker.enqueue(hint("bot_2"))
    until(lambda: both.n_waiting == 0 and len(loops) == 1)
    assert not both.broken


def test_no_more_hints_are_taken_than_there_are_threads(broker: dramatiq.Broker, workers: list[dramatiq.Worker]) -> None:
    ran: list[str] = []
    gate = threading.Event()

    async def run(bot_id: str) -> None:
        ran.append(bot_id)
        await asyncio.to_thread(gate.wait)

    declare_run_bot(broker, run)
    workers.append(start_worker(broker, threads=1))
    for n in range(3):
        broker.enqueue(hint(f"bot_{n}"))
    until(lambda: len(ran) == 1)
    time.sleep(0.3)
    assert isinstance(broker, EmbeddedBroker)
    assert broker.queues[QUEUE].qsize() == 2, "what this worker cannot run stays in line"
    gate.set()
    until(lambda: len(ran) == 3)


def test_a_bot_hears_of_a_stopping_worker(broker: dramatiq.Broker) -> None:
    cleaned = threading.Event()
    started = threading.Event()

    async def run(bot_id: str) -> None:
        started.set()
        try:
            await asyncio.sleep(3600)
        finally:
            cleaned.set()

    declare_run_bot(broker, run)
    worker = start_worker(broker, threads=1)
    broker.enqueue(hint("bot_1"))
    assert started.wait(5)
    time.sleep(0.5)  # dramatiq loses an interruption of a bot that it just hands to the loop; our Worker needs none
    worker.stop(timeout=5000)
    assert cleaned.is_set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_hint_that_fails_is_gone_and_the_next_one_runs(broker: dramatiq.Broker, workers: list[dramatiq.Worker]) -> None:
    ran: list[str] = []

    async def run(bot_id: str) -> None:
        ran.append(bot_id)
        if bot_id == "bot_1":
            raise RuntimeError("a fault")

    declare_run_bot(broker, run)
    workers.append(start_worker(broker, threads=1))
    broker.enqueue(hint("bot_1"))
    broker.enqueue(hint("bot_2"))
    until(lambda: ran == ["bot_1", "bot_2"])


def test_a_worker_that_stops_taking_leaves_hints_in_line(broker: dramatiq.Broker, workers: list[dramatiq.Worker]) -> None:
    ran: list[str] = []

    async def run(bot_id: str) -> None:
        ran.append(bot_id)

    declare_run_bot(broker, run)
    workers.append(start_worker(broker, threads=1))
    stop_taking(workers[0])
    for consumer in workers[0].consumers.values():
        assert consumer.paused_event.wait(5)
    broker.enqueue(hint("bot_1"))
    time.sleep(0.3)
    assert ran == []


def test_a_queue_that_nobody_declared_is_an_error(broker: dramatiq.Broker) -> None:
    with pytest.raises(QueueNotFound):
        broker.enqueue(hint("bot_1"))


def test_a_delay_is_refused(broker: dramatiq.Broker) -> None:
    broker.declare_queue(QUEUE)
    with pytest.raises(ValueError, match="delays nothing"):
        broker.enqueue(hint("bot_1"), delay=1000)


def test_flush_empties_the_line(broker: dramatiq.Broker) -> None:
    broker.declare_queue(QUEUE)
    broker.enqueue(hint("bot_1"))
    broker.flush_all()
    assert isinstance(broker, EmbeddedBroker)
    assert broker.queues[QUEUE].empty()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://guest:guest@127.0.0.1:1", SecretStr("redis://127.0.0.1:1")])
def test_other_brokers_are_made_by_their_url_without_connecting(url: str | SecretStr) -> None:
    make_broker(url).close()


def test_an_unknown_broker_says_which_there_are() -> None:
    with pytest.raises(ValueError, match="embedded://, redis://"):
        make_broker("kafka://x")


def test_two_workers_on_one_broker_are_meant_and_no_warning(
    broker: dramatiq.Broker, workers: list[dramatiq.Worker], caplog: pytest.LogCaptureFixture
) -> None:
    workers += [start_worker(broker, threads=1), start_worker(broker, threads=1)]
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == []


def test_the_servers_hints_and_the_workers_share_the_broker_and_not_the_threads(broker: dramatiq.Broker) -> None:
    gate = threading.Event()
    ran: list[str] = []

    async def run(bot_id: str) -> None:
        ran.append(bot_id)
        while not gate.is_set():  # noqa: ASYNC110 - set from another thread
            await asyncio.sleep(0.01)

    heard: list[str] = []
    dispatcher = DramatiqDispatcher(broker)
    dispatcher.listen(heard.append)
    declare_run_bot(broker, run)
    worker = start_worker(broker, threads=1)
    try:
        dispatcher.send("bot_1")
        until(lambda: ran == ["bot_1"])
        dispatcher.send_delivery("bot_2")
        until(lambda: heard == ["bot_2"])
        assert ran == ["bot_1"], "its one thread is in a meeting, and no webhook waits for that"
    finally:
        gate.set()
        worker.stop(timeout=5000)
        dispatcher.close()
