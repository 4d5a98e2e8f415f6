"""Work beside the story: begun here, ended with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """Tasks of one owner. Whoever cares for the result keeps the task that `begin` returns."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Begins it on the running loop."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self, name: str | None = None) -> None:
        """Cancels those of that name, or all, and returns when they have ended."""
        tasks = {task for task in self._tasks if name in {None, task.get_name()}}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
