"""Ends tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN_S = 0.1


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks and returns when all have ended; what they raise is dropped.

    Cancels again what does not end: asyncio.wait_for of Python 3.11 forgets a cancellation that arrives at the moment at which
    what it waits for is done (cpython issue 86296). A loop that was cancelled once then goes on for ever; seen here with a read.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=_AGAIN_S)
        for task in done:
            if not task.cancelled():
                task.exception()
