from __future__ import annotations

import asyncio

from server.tasks import end_tasks


async def test_a_task_that_forgets_a_cancellation_ends_all_the_same() -> None:
    forgotten = 0

    async def forgetful() -> None:
        nonlocal forgotten
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                forgotten += 1
                if forgotten > 1:
                    raise

    async def fails() -> None:
        raise ValueError

    tasks = [asyncio.create_task(forgetful()), asyncio.create_task(fails()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    await end_tasks(tasks)
    assert all(task.done() for task in tasks)
    assert forgotten == 2
