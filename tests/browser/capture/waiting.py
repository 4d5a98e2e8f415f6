from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], *, timeout_s: float = 15.0) -> None:
    """Waits until the condition holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 -- it happens in other processes
            await asyncio.sleep(0.02)


async def recorded_ms(one: object, milliseconds: int) -> None:
    """Waits until so much sound more has reached the disk."""
    health = one.health  # type: ignore[attr-defined]
    goal = sum(s.audio_ms for s in health) + milliseconds
    await until(lambda: sum(s.audio_ms for s in health) >= goal, timeout_s=milliseconds / 1000 + 15)
