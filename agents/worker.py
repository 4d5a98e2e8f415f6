"""A worker: takes bots from the queue and attends their meetings, until it is stopped."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from typing import TYPE_CHECKING

import structlog

from agents.actors import declare_run_bot
from agents.assembly import Connection, make_tools
from agents.broker import start_worker, stop_taking
from agents.crew import Crew
from agents.room import BotNeeds, Machine, Room
from agents.runner import Runner
from agents.settings import WorkerSettings

if TYPE_CHECKING:
    import dramatiq

_STOP_THREADS_S = 3.0


class Worker:
    """One a process. `start` and `stop` block, so call them from a thread where an event loop runs."""

    def __init__(self, settings: WorkerSettings, broker: dramatiq.Broker) -> None:
        """Raises SettingError for what cannot work."""
        self._broker = broker
        connection = Connection(settings)
        tools = make_tools(settings, connection)
        needs = BotNeeds(cores=settings.worker_bot_cores, mb=settings.worker_bot_mb)
        self._room = Room(most=settings.worker_bots, needs=needs, measure=Machine().measure)
        self._crew = Crew(lambda bot_id: Runner(tools, bot_id), self._room, connection.close)
        self._worker: dramatiq.Worker | None = None
        declare_run_bot(broker, self._crew.run)

    def start(self) -> None:
        """Begins to take bots."""
        self._worker = start_worker(self._broker, threads=self._room.threads)
        structlog.get_logger().info("worker_takes_bots", most=self._room.threads, room_now=self._room.more())

    def stop(self, timeout_s: float = 20.0) -> None:
        """Takes no more bots, says goodbye to all meetings, hands the bots over; within about `timeout_s`."""
        if self._worker is None:
            return
        deadline = time.monotonic() + timeout_s
        stop_taking(self._worker)
        if self._crew.loop is not None:
            stopping = asyncio.run_coroutine_threadsafe(self._crew.stop(max(timeout_s - _STOP_THREADS_S, 0.5)), self._crew.loop)
            concurrent.futures.wait([stopping], timeout=timeout_s)
        worker, self._worker = self._worker, None
        worker.stop(timeout=round(max(deadline - time.monotonic(), 1.0) * 1000))
