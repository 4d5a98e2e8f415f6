"""The bots that one worker runs, on its one event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from agents.room import Room


class BotRun(Protocol):
    """agents.runner.Runner, or a fake."""

    async def run(self) -> None:
        """Runs the bot to its end."""
        ...

    def shut_down(self) -> None:
        """Makes `run` hand over and return soon."""
        ...


_OBSERVE_S = 2.0


class Crew:
    """Runs bots where there is room. All but the constructor is called on one event loop."""

    def __init__(self, make_run: Callable[[str], BotRun], room: Room, close: Callable[[], Awaitable[None]]) -> None:
        self._make_run = make_run
        self._room = room
        self._close = close
        self._running: dict[str, BotRun] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._stopping = False
        self._observer: asyncio.Task[None] | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self._log = structlog.get_logger()

    async def run(self, bot_id: str) -> None:
        """Carries out a hint: runs the bot to its end, or returns at once where this worker is not the one to do it.

        A hint without room here is let go: the server's sweep sends it again, to whoever is free then.
        """
        if self._stopping or bot_id in self._running:
            return
        self._observe()
        if not self._room.take(bot_id):
            self._log.info("no_room_for_bot", bot_id=bot_id, running=len(self._running))
            return
        run = self._running[bot_id] = self._make_run(bot_id)
        self._empty.clear()
        try:
            await run.run()
        finally:
            del self._running[bot_id]
            self._room.give_back(bot_id)
            if not self._running:
                self._empty.set()

    def _observe(self) -> None:
        """Measures every two seconds from the first bot on, so that the room's figures are those of now."""
        if self._observer is None:
            self.loop = asyncio.get_running_loop()
            self._observer = asyncio.create_task(self._keep_measuring(), name="measure room")

    async def _keep_measuring(self) -> None:
        while True:
            self._room.more()
            await asyncio.sleep(_OBSERVE_S)

    async def stop(self, timeout_s: float) -> None:
        """Takes no more bots, and lets all that run hand over within `timeout_s`."""
        self._stopping = True
        for run in self._running.values():
            run.shut_down()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        if self._running:
            self._log.warning("bots_not_handed_over", count=len(self._running))
        if self._observer is not None:
            self._observer.cancel()
        await self._close()
