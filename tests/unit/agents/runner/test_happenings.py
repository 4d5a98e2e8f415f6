from __future__ import annotations

import asyncio

from agents.attendance.happenings import (
    CaptureFailed,
    Commanded,
    Entered,
    EnterFailed,
    Forsaken,
    Happening,
    LeaseLost,
    PageFailed,
    ShutDown,
    forget_the_page,
)
from rollcall.v1 import agent_service_pb2 as agent


def test_a_page_takes_its_own_words_along_and_nobody_elses() -> None:
    inbox: asyncio.Queue[Happening] = asyncio.Queue()
    others = [Commanded(agent.Command(command_id="c")), Forsaken(), LeaseLost(), ShutDown()]
    of_page = [Entered(), EnterFailed(OSError()), PageFailed(OSError()), CaptureFailed("x")]
    for pair in zip(of_page, others, strict=True):
        for happening in pair:
            inbox.put_nowait(happening)
    forget_the_page(inbox)
    assert [inbox.get_nowait() for _ in range(inbox.qsize())] == others
