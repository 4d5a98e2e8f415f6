"""Launches Chromium and connects to it: api.BrowserLauncher and api.Browser. pyppeteer is used here, in page.py and its fixes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

import structlog
from pyppeteer.errors import PyppeteerError
from websockets.exceptions import WebSocketException

from agents.browser.api import BrowserOptions
from agents.browser.calls import call
from agents.browser.chromium import Chromium
from agents.browser.errors import BrowserLostError, ChromiumStartError
from agents.browser.page import ChromiumPage
from agents.browser.pyppeteer_fixes import Params, SafeConnection
from agents.browser.switches import window_height

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 10.0
CALL_SECONDS = 10.0


class ChromiumBrowser:
    """A Chromium of our own and the connection to it. Made by `ChromiumLauncher.launch`."""

    def __init__(self, chromium: Chromium, connection: SafeConnection, options: BrowserOptions) -> None:
        self._chromium = chromium
        self._connection = connection
        self._options = options
        self._window_height = window_height(options, headless_shell=chromium.is_headless_shell)
        self._known: set[str] = set()
        self._opening = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None
        connection.on("Target.targetCreated", self._target_created)

    @property
    def pid(self) -> int:
        """As api.Browser."""
        return self._chromium.pid

    @property
    def endpoint(self) -> str:
        """Where its DevTools listen, as ws://127.0.0.1:…; for measurements and for looking at a bot's page."""
        return self._chromium.endpoint

    @property
    def profile(self) -> Path:
        """Its profile folder, gone after `close`."""
        return self._chromium.profile

    async def prepare(self) -> None:
        """Rules for all pages: permissions, no downloads, no windows that pages open. Raises as `call`."""
        calls: list[tuple[str, Params]] = [
            ("Target.setDiscoverTargets", {"discover": True, "filter": [{"type": "page"}]}),
            ("Browser.setDownloadBehavior", {"behavior": "deny"}),
        ]
        if self._options.grants:
            calls.append(("Browser.grantPermissions", {"permissions": list(self._options.grants)}))
        await asyncio.gather(*(call(self._connection, method, params, timeout_s=CALL_SECONDS) for method, params in calls))

    async def new_page(self) -> ChromiumPage:
        """As api.Browser. The first page is the tab that Chromium starts with."""
        async with self._opening:
            try:
                target_id = await self._first_tab() or await self._new_tab()
            except (PyppeteerError, TimeoutError) as error:
                raise BrowserLostError(f"no page could be opened: {error or 'no answer in time'}") from error
            self._known.add(target_id)
        # A captured tab is as big as its window leaves it: what is drawn must be what is captured.
        size = None if self._options.tab_capture else (self._options.width, self._options.height)
        return await ChromiumPage.create(self._connection, target_id, size=size)

    async def close(self) -> None:
        """As api.Browser."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._connection.is_ending = True
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(PyppeteerError, TimeoutError):
            await call(self._connection, "Browser.close", timeout_s=0.5)
        await self._chromium.end(polite=True)
        await self._connection.dispose()

    async def _first_tab(self) -> str | None:
        if self._known:
            return None
        targets = (await call(self._connection, "Target.getTargets", timeout_s=CALL_SECONDS))["targetInfos"]
        return next((t["targetId"] for t in targets if t["type"] == "page" and t["url"] == "about:blank"), None)

    async def _new_tab(self) -> str:
        """In a window of its own: a tab behind another would not be drawn."""
        wanted: Params = {"url": "about:blank", "newWindow": True, "width": self._options.width, "height": self._window_height}
        return str((await call(self._connection, "Target.createTarget", wanted, timeout_s=CALL_SECONDS))["targetId"])

    def _target_created(self, event: Params) -> None:
        task = asyncio.create_task(self._close_if_strange(event["targetInfo"]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close_if_strange(self, target: Params) -> None:
        """A window that a page opened is closed: nobody watches it, and it could ask, play or cover."""
        async with self._opening:  # a page of ours is known only when its call has returned
            if target["targetId"] in self._known or not target.get("openerId"):
                return
        log.info("browser.popup_closed")
        with contextlib.suppress(PyppeteerError, TimeoutError):
            await call(self._connection, "Target.closeTarget", {"targetId": target["targetId"]}, timeout_s=CALL_SECONDS)


class ChromiumLauncher:
    """As api.BrowserLauncher. `executable`: the program to start instead of the one that is found; `switches`: more for each."""

    def __init__(self, executable: Path | None = None, *, switches: Sequence[str] = ()) -> None:
        self._executable = executable
        self._switches = tuple(switches)

    async def launch(self, options: BrowserOptions, *, profile_parent: Path) -> ChromiumBrowser:
        """As api.BrowserLauncher; also sweeps what dead owners left in `profile_parent`."""
        options = options.merged(flags=self._switches)
        chromium = await Chromium.start(options, profile_parent=profile_parent, executable=self._executable)
        try:
            connection = await SafeConnection.connect(chromium.endpoint, timeout_s=CONNECT_SECONDS)
            browser = ChromiumBrowser(chromium, connection, options)
            await browser.prepare()
        except (OSError, TimeoutError, WebSocketException, PyppeteerError) as error:
            await chromium.end()
            message = f"Chromium started but did not answer ({type(error).__name__})"
            raise ChromiumStartError(message, output=chromium.output, hint="") from error
        except BaseException:
            await chromium.end()
            raise
        return browser
