"""Notices a page that hangs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from pyppeteer.errors import PyppeteerError

from agents.browser.errors import BrowserError
from agents.browser.frames import Frames
from agents.browser.navigation import Navigation
from agents.browser.pyppeteer_fixes import Params

PING_SECONDS = 2.0
HUNG_SECONDS = 10.0


async def watch(frames: Frames, navigation: Navigation, hung: Callable[[], None]) -> None:
    """Asks the page for a sign of life every 2 s; calls `hung` once and ends when none comes for 10 s.

    Time in which another document is on its way does not count: Chromium then holds all calls back until that document's headers
    are there. Ends as well when the session does.
    """
    while True:
        await asyncio.sleep(PING_SECONDS)
        frames.forget_console()
        ping = frames.root.send("Runtime.evaluate", {"expression": "1"})
        silent_since = time.monotonic()
        while not await _answered(ping):
            if navigation.is_pending:
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since >= HUNG_SECONDS:
                hung()
                return


async def _answered(ping: asyncio.Future[Params]) -> bool:
    await asyncio.wait({ping}, timeout=min(1.0, HUNG_SECONDS / 4))
    if not ping.done():
        return False
    with contextlib.suppress(PyppeteerError, BrowserError):  # between two documents, or failed already, which others report
        ping.result()
    return True
