from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agents.browser.api import BrowserOptions
from agents.browser.page import ChromiumPage
from agents.browser.session import ChromiumBrowser, ChromiumLauncher
from tests.browser.browser.site import Site, running_site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as site:
        yield site


Launch = Callable[..., Awaitable[ChromiumBrowser]]


@pytest.fixture
async def launch(tmp_path: Path) -> AsyncIterator[Launch]:
    """Launches browsers that are closed at the end."""
    browsers = []

    async def launch(options: BrowserOptions | None = None, executable: Path | None = None) -> ChromiumBrowser:
        browser = await ChromiumLauncher(executable).launch(options or BrowserOptions(), profile_parent=tmp_path / "profiles")
        browsers.append(browser)
        return browser

    yield launch
    for browser in browsers:
        await browser.close()


@pytest.fixture
async def browser(launch: Launch) -> ChromiumBrowser:
    return await launch()


@pytest.fixture
async def page(browser: ChromiumBrowser) -> ChromiumPage:
    return await browser.new_page()


async def until(condition: Callable[[], Any], *, timeout_s: float = 10.0) -> None:
    """Waits until the condition, which may be awaitable, holds."""
    async with asyncio.timeout(timeout_s):
        while not (await held if inspect.isawaitable(held := condition()) else held):  # noqa: ASYNC110 -- it happens in other processes
            await asyncio.sleep(0.02)
