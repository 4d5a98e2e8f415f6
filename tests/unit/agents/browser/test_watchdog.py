from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agents.browser import watchdog


@dataclass
class Tab:
    """A page's frames and its navigation in one; it answers when the test has it answer."""

    answers: bool = False
    is_pending: bool = False
    silences: list[float] = field(default_factory=list)
    hangs: bool = False
    asked: list[asyncio.Future[Any]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def root(self) -> Tab:
        return self

    def forget_console(self) -> None:
        """As Frames."""

    def send(self, method: str, params: dict[str, str]) -> asyncio.Future[Any]:
        assert (method, params) == ("Runtime.evaluate", {"expression": "1"})
        self.asked.append(asyncio.get_running_loop().create_future())
        if self.answers:
            self.asked[-1].set_result({})
        self.changed.set()
        return self.asked[-1]

    def silent(self, seconds: float) -> None:
        self.silences.append(seconds)
        self.changed.set()

    def hung(self) -> None:
        self.hangs = True
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def watched(tab: Tab) -> AsyncIterator[None]:
    watching = asyncio.create_task(watchdog.watch(cast("Any", tab), cast("Any", tab), tab.silent, tab.hung))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Looks come at once; each finds that so many seconds have gone by: 0.5, until the test says more."""
    step, now = [0.5], itertools.count()
    for name in ("PING_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(watchdog, name, 0.001)
    monkeypatch.setattr(watchdog, "time", SimpleNamespace(monotonic=lambda: next(now) * step[0]))

    def goes_by(seconds: float) -> None:
        step[0] = seconds

    return goes_by


pytestmark = pytest.mark.usefixtures("clock")


async def test_a_page_that_answers_is_never_told_of() -> None:
    tab = Tab(answers=True)
    async with watched(tab):
        await tab.until(lambda: len(tab.asked) > 30)
    assert (tab.silences, tab.hangs) == ([], False)


async def test_a_page_is_told_to_be_silent_once_and_to_answer_again() -> None:
    tab = Tab()
    async with watched(tab):
        await tab.until(lambda: bool(tab.silences))
        tab.answers = True
        tab.asked[-1].set_result({})
        await tab.until(lambda: len(tab.asked) > 10)
    assert (tab.silences, tab.hangs) == ([watchdog.SILENT_SECONDS, 0.0], False)


async def test_a_page_that_stays_silent_hangs() -> None:
    tab = Tab()
    async with watched(tab):
        await tab.until(lambda: tab.hangs)
    assert (tab.silences, len(tab.asked)) == ([watchdog.SILENT_SECONDS], 1)


async def test_a_document_on_its_way_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def unanswered(ping: asyncio.Future[Any]) -> bool:
        nonlocal looks
        looks += 1
        tab.changed.set()
        await asyncio.sleep(0)
        return ping.done()

    monkeypatch.setattr(watchdog, "_answered", unanswered)
    tab = Tab(is_pending=True)
    async with watched(tab):
        await tab.until(lambda: looks > 100)
    assert (tab.silences, tab.hangs) == ([], False)


async def test_time_in_which_the_worker_itself_stood_still_is_no_silence(clock: Callable[[float], None]) -> None:
    clock(3600)
    tab = Tab()
    async with watched(tab):
        await tab.until(lambda: bool(tab.silences))
    assert tab.silences == [2 * watchdog.LATE_SECONDS]


async def test_a_page_that_is_slow_all_the_time_is_told_of_so_often_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "TOLD_TIMES", 3)
    asked = itertools.count(1)

    async def answered(_ping: asyncio.Future[Any]) -> bool:
        await asyncio.sleep(0)
        return next(asked) % 6 == 0  # after five looks in vain

    monkeypatch.setattr(watchdog, "_answered", answered)
    tab = Tab()
    async with watched(tab):
        await tab.until(lambda: len(tab.asked) > 8)
    assert tab.silences == [watchdog.SILENT_SECONDS, 0.0] * 3
    assert not tab.hangs
