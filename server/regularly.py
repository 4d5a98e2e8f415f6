"""Work that is done again and again, whatever goes wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from server.domain.errors import DatabaseAway
from server.tasks import end_tasks

_log = structlog.get_logger(__name__)


class Regularly:
    """Does `work`, waits `every_s` seconds, and so on until it is stopped. `name` says in the log whose work it is."""

    def __init__(self, name: str, work: Callable[[], Awaitable[object]], every_s: float) -> None:
        self._name = name
        self._work = work
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Ends, wherever the work is."""
        if self._task is not None:
            await end_tasks([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._work()
            except DatabaseAway:
                _log.warning("work_waits", work=self._name, reason="database away")
            except Exception as error:  # noqa: BLE001 - a fault this time must not end all later ones
                _log.error("work_failed", work=self._name, error=type(error).__name__)
            await asyncio.sleep(self._every_s)
