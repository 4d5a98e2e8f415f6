"""Notices a page that does not answer: first that it is silent, then that it hangs."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable

from pyppeteer.errors import PyppeteerError

from agents.browser.errors import BrowserError
from agents.browser.frames import Frames
from agents.browser.navigation import Navigation
from agents.browser.pyppeteer_fixes import Params

PING_SECONDS = 0.5
SILENT_SECONDS = 1.5
HUNG_SECONDS = 10.0
LOOK_SECONDS = 0.25
LATE_SECONDS = 1.0
"""More than this between two looks is no silence of the page: this process, or the machine, stood still itself."""
FORGET_PINGS = 4
"""With every so many pings Chromium is let free what the page has logged."""
TOLD_TIMES = 20
"""So often a page is told to be silent; one that goes on so is slow, which is known by then."""


async def watch(frames: Frames, navigation: Navigation, silent: Callable[[float], None], hung: Callable[[], None]) -> None:
    """Asks the page for a sign of life twice a second; calls `hung` once and ends when none comes for 10 s.

    `silent` is called with the seconds when none has come for 1.5 s, and with 0 when there is one again. Time in which another
    document is on its way does not count: Chromium then holds all calls back until that document's headers are there. Ends as
    well when the session does.
    """
    told = 0
    for number in itertools.count():
        await asyncio.sleep(PING_SECONDS)
        if number % FORGET_PINGS == 0:
            frames.forget_console()
        ping = frames.root.send("Runtime.evaluate", {"expression": "1"})
        looked, silence, is_told = time.monotonic(), 0.0, False
        while not await _answered(ping):
            since, looked = looked, time.monotonic()
            silence = 0.0 if navigation.is_pending else silence + min(looked - since, LATE_SECONDS)
            if silence >= HUNG_SECONDS:
                hung()
                return
            if silence >= SILENT_SECONDS and not is_told and told < TOLD_TIMES:
                is_told = True
                silent(silence)
        if is_told:
            told += 1
            silent(0.0)


async def _answered(ping: asyncio.Future[Params]) -> bool:
    await asyncio.wait({ping}, timeout=min(LOOK_SECONDS, HUNG_SECONDS / 4))
    if not ping.done():
        return False
    with contextlib.suppress(PyppeteerError, BrowserError):  # between two documents, or failed already, which others report
        ping.result()
    return True
