"""Tells workers to look at a bot. A message is a hint and nothing else: it may be lost, doubled or late without harm.

The only place of the server that knows dramatiq. Actors are named, never imported.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Protocol

import structlog
from dramatiq import Broker, Message

_log = structlog.get_logger(__name__)

QUEUE = "bots"
ACTOR = "run_bot"
_MOST_WAITING = 10_000
_STOP = None
_BROKER_TIMEOUT_S = 5.0


class Dispatcher(Protocol):
    """Sends hints."""

    def send(self, bot_id: str) -> None:
        """Says that a bot wants to be run. Returns at once and never raises."""
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
        self._waiting: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        self._declared = False
        self._away = False
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)
        self._thread.start()

    def send(self, bot_id: str) -> None:
        """Puts the hint into line."""
        try:
            self._waiting.put_nowait(bot_id)
        except queue.Full:
            _log.warning("hint_dropped", bot_id=bot_id, reason="too many hints wait for the broker")

    def close(self) -> None:
        """Ends the thread once what is in line was tried; waits 2 s at most."""
        try:
            self._waiting.put_nowait(_STOP)
        except queue.Full:
            return
        self._thread.join(2.0)

    def _run(self) -> None:
        while (bot_id := self._waiting.get()) is not _STOP:
            self._try(bot_id)

    def _try(self, bot_id: str) -> None:
        try:
            if not self._declared:
                self._broker.declare_queue(QUEUE)
                self._declared = True
            self._broker.enqueue(Message(queue_name=QUEUE, actor_name=ACTOR, args=(bot_id,), kwargs={}, options={}))
        except Exception as error:  # noqa: BLE001 - brokers raise what their libraries raise; a hint may be lost, a thread may not
            self._declared = False
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
        self._on_send = on_send

    def send(self, bot_id: str) -> None:
        """Remembers the hint."""
        self.sent.append(bot_id)
        if self._on_send:
            self._on_send(bot_id)

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
