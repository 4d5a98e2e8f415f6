"""The browser alone: starting it, calling into a page and out of it, and what it weighs; beside pyppeteer as it is."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pyppeteer

from agents.browser.api import BrowserOptions
from agents.browser.page import ChromiumPage
from agents.browser.session import ChromiumBrowser, ChromiumLauncher
from benchmarks.harness import pss_bytes

ROUNDS = 300
CHUNK = 1_000_000
LAUNCHES = 5


async def main() -> str:
    """The tables."""
    with tempfile.TemporaryDirectory() as folder:
        profiles = Path(folder)
        starts = [await starting(profiles, tab_capture=tab_capture) for tab_capture in (False, True)]
        ours = await calls_of_ours(profiles)
        stock = await calls_of_pyppeteer(profiles)
    lines = ["| | to the first page, ms (median) | closing, ms | memory with one empty page, MB (PSS) |", "|---|---|---|---|"]
    lines += [f"| {name} | {row} |" for name, row in zip(("chromium-headless-shell", "whole Chromium"), starts, strict=True)]
    lines += ["", "| a call, ms (median) | ours | pyppeteer 2.0.0 |", "|---|---|---|"]
    lines += [f"| {name} | {took:.2f} | {stock[name]:.2f} |" for name, took in ours.items()]
    return "\n".join(lines)


async def starting(profiles: Path, *, tab_capture: bool) -> str:
    """A row: medians of several launches."""
    opened, closed, memory = [], [], []
    for _ in range(LAUNCHES):
        began = time.perf_counter()
        browser = await ChromiumLauncher().launch(BrowserOptions(tab_capture=tab_capture), profile_parent=profiles)
        await browser.new_page()
        opened.append(time.perf_counter() - began)
        await asyncio.sleep(1)  # it is still busy with itself
        memory.append(pss_bytes(browser.pid))
        began = time.perf_counter()
        await browser.close()
        closed.append(time.perf_counter() - began)
    times = " | ".join(f"{1000 * statistics.median(values):.0f}" for values in (opened, closed))
    return f"{times} | {statistics.median(memory) / 1e6:.0f}"


@contextlib.asynccontextmanager
async def browser_in(profiles: Path) -> AsyncIterator[ChromiumBrowser]:
    """A browser that is closed at the end."""
    browser = await ChromiumLauncher().launch(BrowserOptions(), profile_parent=profiles)
    try:
        yield browser
    finally:
        await browser.close()


async def calls_of_ours(profiles: Path) -> dict[str, float]:
    """Milliseconds by kind of call."""
    async with browser_in(profiles) as browser:
        page: ChromiumPage = await browser.new_page()
        inbox = Inbox()
        await page.bind("tell", inbox.put)
        await page.open("about:blank")
        await page.evaluate("(size) => { window.chunk = 'x'.repeat(size) }", CHUNK)
        return {
            "evaluate": await median_ms(lambda: page.evaluate("(a) => a + 1", 1)),
            "evaluate that calls Python": await median_ms(lambda: inbox.after(page.evaluate("() => tell({a: 1})"))),
            "1 MB from the page": await median_ms(lambda: inbox.after(page.evaluate("() => tell(chunk)")), rounds=30),
        }


async def calls_of_pyppeteer(profiles: Path) -> dict[str, float]:
    """The same with the library alone, connected to the same kind of browser."""
    async with browser_in(profiles) as browser:
        stock = await pyppeteer.connect(browserWSEndpoint=browser.endpoint, defaultViewport=None)
        page = await stock.newPage()
        inbox = Inbox()
        await page.exposeFunction("tell", inbox.put)
        await page.evaluate("(size) => { window.chunk = 'x'.repeat(size) }", CHUNK)
        times = {
            "evaluate": await median_ms(lambda: page.evaluate("(a) => a + 1", 1)),
            "evaluate that calls Python": await median_ms(lambda: inbox.after(page.evaluate("() => { tell({a: 1}) }"))),
            "1 MB from the page": await median_ms(lambda: inbox.after(page.evaluate("() => { tell(chunk) }")), rounds=30),
        }
        await stock.disconnect()
        return times


class Inbox:
    """What the page told; `after` waits for one more."""

    def __init__(self) -> None:
        self._arrived = asyncio.Event()

    def put(self, _: Any) -> None:
        """Something arrived."""
        self._arrived.set()

    async def after(self, call: Awaitable[Any]) -> None:
        """Makes the call and waits for what it tells."""
        self._arrived.clear()
        await call
        await self._arrived.wait()


async def median_ms(call: Callable[[], Awaitable[Any]], *, rounds: int = ROUNDS) -> float:
    """The median of many calls, one after the other, in milliseconds."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        await call()
        took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)
