"""Where hints come from: Dramatiq brokers by URL, and the one that lives in the process.

A hint may come twice, late or never; the database of the server is the truth, and its sweep sends hints again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from threading import Semaphore
from typing import Any

import dramatiq
from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.errors import QueueNotFound
from dramatiq.middleware import AsyncIO, Middleware, Retries, ShutdownNotifications, TimeLimit
from pydantic import SecretStr

from agents.actors import QUEUE

_POLL_MS = 250
"""How often a broker that has to be asked is asked: a bot waits so much longer at most."""
_FAR_TIMEOUT_S = 5.0


def make_broker(url: str | SecretStr) -> dramatiq.Broker:
    """The broker for `embedded://`, `redis://…`, `rediss://…`, `amqp://…` or `amqps://…`. Raises ValueError for anything else.

    An embedded broker is good for the one process that made it: server and worker must be given the same object.
    """
    text = url.get_secret_value() if isinstance(url, SecretStr) else url
    scheme = text.partition("://")[0]
    if scheme == "embedded":
        return EmbeddedBroker(_middleware())
    if scheme in ("redis", "rediss"):
        import redis
        from dramatiq.brokers.redis import RedisBroker

        client = redis.Redis.from_url(text, socket_timeout=_FAR_TIMEOUT_S, socket_connect_timeout=_FAR_TIMEOUT_S)
        return RedisBroker(client=client, middleware=_middleware())  # type: ignore[no-untyped-call]  # dramatiq types this one not at all
    if scheme in ("amqp", "amqps"):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(url=text, middleware=_middleware())
    raise ValueError(f"{scheme}://: a broker is embedded://, redis://… or amqp://…")


def _middleware() -> list[Middleware]:
    """Only what an actor that runs for hours needs: no age limit, no results, no time limit but the one it states itself."""
    return [TimeLimit(), ShutdownNotifications(), Retries(max_retries=0), OneLoop()]


class OneLoop(AsyncIO):
    """One event loop for all bots of a worker, in a thread that does not keep a dying process alive.

    The embedded broker also has the server's worker, for hints about webhooks; that one needs no loop.
    """

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Starts the loop."""
        del broker
        if not _runs_bots(worker):
            return
        # Half a second instead of a tenth: each running bot's thread wakes so often to see whether it was interrupted.
        thread = EventLoopThread(self.logger, interrupt_check_ival=0.5)
        thread.daemon = True
        thread.start(timeout=5.0)
        set_event_loop_thread(thread)

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Ends the loop."""
        if _runs_bots(worker):
            super().after_worker_shutdown(broker, worker)  # type: ignore[no-untyped-call]  # untyped in dramatiq


def _runs_bots(worker: dramatiq.Worker) -> bool:
    return QUEUE in (worker.consumer_whitelist or ())


def start_worker(broker: dramatiq.Broker, *, threads: int) -> dramatiq.Worker:
    """Starts to take hints, at most `threads` at a time: one that is being carried out holds its thread.

    As many are fetched as there are threads, so that no hint waits in this worker while another one is free.
    """
    worker = dramatiq.Worker(broker, queues={QUEUE}, worker_threads=threads, worker_timeout=_POLL_MS)
    worker.queue_prefetch = threads
    worker.delay_prefetch = 1  # nothing is ever delayed by the broker
    worker.start()
    return worker


def stop_taking(worker: dramatiq.Worker) -> None:
    """Fetches no more hints; what is being carried out goes on. Another worker gets them."""
    for consumer in worker.consumers.values():
        consumer.pause()


def _unless_of_two_workers(record: logging.LogRecord) -> bool:
    """Dramatiq warns of a second worker on a broker; here one takes bots and one webhooks, each from a queue of its own."""
    return "_WorkerMiddleware" not in record.getMessage()


class EmbeddedBroker(dramatiq.Broker):
    """Hands hints to a worker in the same process.

    Dramatiq's own StubBroker is made for tests: it keeps each failed message with its traceback for ever, and hands no message
    back that a stopping worker had fetched. This one keeps nothing: a hint that fails is gone, the server sends another.
    """

    def __init__(self, middleware: list[Middleware]) -> None:
        super().__init__(middleware)
        self.logger.addFilter(_unless_of_two_workers)
        self._lines: dict[str, SimpleQueue[bytes]] = {}
        self.queues: dict[str, SimpleQueue[bytes]] = self._lines

    def declare_queue(self, queue_name: str) -> None:
        """Makes the queue where it is not there."""
        if queue_name in self._lines:
            return
        self.emit_before("declare_queue", queue_name)
        self._lines[queue_name] = SimpleQueue()
        self.emit_after("declare_queue", queue_name)

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        """Puts a message into line. Raises QueueNotFound, and ValueError for a delay: `join_at` is the scheduler's."""
        if delay is not None:
            raise ValueError("the embedded broker delays nothing")
        if message.queue_name not in self._lines:
            raise QueueNotFound(message.queue_name)  # type: ignore[no-untyped-call]  # untyped in dramatiq
        self.emit_before("enqueue", message, delay)
        self._lines[message.queue_name].put(message.encode())
        self.emit_after("enqueue", message, delay)
        return message

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30_000) -> Consumer:
        """As dramatiq.Broker; `timeout` in milliseconds."""
        if queue_name not in self._lines:
            raise QueueNotFound(queue_name)  # type: ignore[no-untyped-call]  # as above
        return _EmbeddedConsumer(self._lines[queue_name], prefetch, timeout / 1000)

    def flush(self, queue_name: str) -> None:
        """Drops what is in line."""
        while not self._lines[queue_name].empty():
            self._lines[queue_name].get_nowait()

    def flush_all(self) -> None:
        """Drops what is in any line."""
        for name in self._lines:
            self.flush(name)


class _EmbeddedConsumer(Consumer):
    """Takes from one line, never more than `prefetch` at a time. `ack` and `nack` come from other threads."""

    def __init__(self, line: SimpleQueue[bytes], prefetch: int, timeout_s: float) -> None:
        self._line = line
        self._timeout_s = timeout_s
        self._places = Semaphore(prefetch)

    def __next__(self) -> MessageProxy | None:
        if not self._places.acquire(timeout=self._timeout_s):
            return None
        try:
            data = self._line.get(timeout=self._timeout_s)
        except Empty:
            self._places.release()
            return None
        return MessageProxy(dramatiq.Message.decode(data))

    def ack(self, message: MessageProxy) -> None:
        """Done."""
        del message
        self._places.release()

    def nack(self, message: MessageProxy) -> None:
        """Failed: the hint is gone."""
        self.ack(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Back into line: the worker stops."""
        for message in messages:
            self._line.put(message.encode())
