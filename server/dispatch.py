"""Hints through the queue: tells workers to look at a bot, and servers to look at what a bot's webhooks are to be told.

A message is a hint and nothing else: it may be lost, doubled or late without harm. The only place of the server that knows
dramatiq. Actors of workers are named, never imported; the one of servers is declared here.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Protocol

import dramatiq
import structlog
from dramatiq import Broker, Message

_log = structlog.get_logger(__name__)

QUEUE = "bots"
ACTOR = "run_bot"
WEBHOOK_QUEUE = "webhooks"
WEBHOOK_ACTOR = "deliver_webhooks"
_MOST_WAITING = 10_000
_BROKER_TIMEOUT_S = 5.0
_POLL_MS = 250
_STOP_MS = 2_000

_Hint = tuple[str, str, str]
"""Queue, actor, bot."""


class Dispatcher(Protocol):
    """Sends hints, and takes those that are for servers."""

    def send(self, bot_id: str) -> None:
        """Says that a bot wants to be run. Returns at once and never raises."""
        ...

    def send_delivery(self, bot_id: str) -> None:
        """Says that something waits for the webhooks of a bot. Returns at once and never raises."""
        ...

    def listen(self, on_delivery: Callable[[str], None]) -> None:
        """Begins to take hints of `send_delivery`, those of other servers too. `on_delivery` comes from another thread; it must
        not block or raise.
        """
        ...

    def close(self) -> None:
        """Lets go of the broker; hints not yet sent are dropped, for the sweep sends them again."""
        ...


class DramatiqDispatcher:
    """Sends hints through a dramatiq broker, from a thread of its own: a broker that is away slows nobody's call.

    While the broker is away hints are dropped and counted into one log line; the scheduler's sweep sends them again.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._waiting: queue.Queue[_Hint | None] = queue.Queue(_MOST_WAITING)
        self._declared: set[str] = set()
        self._away = False
        self._listener: dramatiq.Worker | None = None
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)
        self._thread.start()

    def send(self, bot_id: str) -> None:
        """Puts the hint into line."""
        self._put((QUEUE, ACTOR, bot_id))

    def send_delivery(self, bot_id: str) -> None:
        """Puts the hint into line."""
        self._put((WEBHOOK_QUEUE, WEBHOOK_ACTOR, bot_id))

    def listen(self, on_delivery: Callable[[str], None]) -> None:
        """Declares the actor, and starts a worker of one thread for its queue alone: what it does takes no time."""
        self._broker.actors.pop(WEBHOOK_ACTOR, None)

        @dramatiq.actor(broker=self._broker, actor_name=WEBHOOK_ACTOR, queue_name=WEBHOOK_QUEUE)
        def deliver_webhooks(bot_id: str) -> None:
            on_delivery(bot_id)

        self._listener = dramatiq.Worker(self._broker, queues={WEBHOOK_QUEUE}, worker_threads=1, worker_timeout=_POLL_MS)
        self._listener.start()

    def close(self) -> None:
        """Ends the threads once what is in line was tried; waits 2 s at most for each."""
        if self._listener is not None:
            self._listener.stop(timeout=_STOP_MS)
            self._listener = None
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(2.0)

    def _put(self, hint: _Hint) -> None:
        try:
            self._waiting.put_nowait(hint)
        except queue.Full:
            _log.warning("hint_dropped", bot_id=hint[2], reason="too many hints wait for the broker")

    def _run(self) -> None:
        while (hint := self._waiting.get()) is not None:
            self._try(*hint)

    def _try(self, queue_name: str, actor: str, bot_id: str) -> None:
        try:
            if queue_name not in self._declared:
                self._broker.declare_queue(queue_name)
                self._declared.add(queue_name)
            self._broker.enqueue(Message(queue_name=queue_name, actor_name=actor, args=(bot_id,), kwargs={}, options={}))
        except Exception as error:  # noqa: BLE001 - brokers raise what their libraries raise; a hint may be lost, a thread may not
            self._declared.clear()
            if not self._away:
                _log.warning("broker_away", bot_id=bot_id, error=type(error).__name__)
            self._away = True
            return
        if self._away:
            _log.info("broker_back")
        self._away = False


class RecordingDispatcher:
    """A dispatcher for tests: remembers what was sent, and calls `on_send` if there is one."""

    def __init__(self, on_send: Callable[[str], None] | None = None) -> None:
        self.sent: list[str] = []
        self.deliveries: list[str] = []
        self._on_send = on_send
        self._on_delivery: Callable[[str], None] | None = None

    def send(self, bot_id: str) -> None:
        """Remembers the hint."""
        self.sent.append(bot_id)
        if self._on_send:
            self._on_send(bot_id)

    def send_delivery(self, bot_id: str) -> None:
        """Hands the hint to who listens."""
        self.deliveries.append(bot_id)
        if self._on_delivery:
            self._on_delivery(bot_id)

    def listen(self, on_delivery: Callable[[str], None]) -> None:
        """Remembers who listens."""
        self._on_delivery = on_delivery

    def close(self) -> None:
        """Nothing to let go of."""


def make_broker(url: str) -> Broker:
    """A broker for `redis://…`, `rediss://…`, `amqp://…` or `amqps://…`. Raises ValueError for anything else.

    The embedded broker of the all-in-one is made by `rollcall.cli`, which gives the same one to server and worker.
    """
    scheme = url.partition("://")[0]
    if scheme in {"redis", "rediss"}:
        import redis
        from dramatiq.brokers.redis import RedisBroker

        client = redis.Redis.from_url(url, socket_timeout=_BROKER_TIMEOUT_S, socket_connect_timeout=_BROKER_TIMEOUT_S)
        return RedisBroker(client=client, middleware=[])  # type: ignore[no-untyped-call]  # dramatiq gives no types here
    if scheme in {"amqp", "amqps"}:
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(url=url, middleware=[])
    raise ValueError(f"{scheme}://: a broker is embedded://, redis://… or amqp://…")


def check_broker(url: str) -> str:
    """What keeps the broker from being used, in words; empty where nothing does. Blocks for 5 s at most."""
    try:
        broker = make_broker(url)
    except ValueError as error:
        return str(error)
    try:
        broker.declare_queue(QUEUE)
        if hasattr(broker, "client"):
            broker.client.ping()  # Redis: declaring a queue there talks to nobody
    except Exception as error:  # noqa: BLE001 - brokers raise what their libraries raise
        return type(error).__name__
    finally:
        with contextlib.suppress(Exception):
            broker.close()
    return ""
