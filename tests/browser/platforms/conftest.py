from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from agents.browser.api import BrowserOptions, Page
from agents.browser.session import ChromiumBrowser, ChromiumLauncher
from agents.platforms.file_reader import read_text
from tests.browser.browser.site import Site, running_site
from tests.browser.platforms.attending import Attending, rehearsal_gateway


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as site:
        yield site


@pytest.fixture
async def rehearsal() -> AsyncIterator[str]:
    """The URL of a rehearsal room nobody is in."""
    async with rehearsal_gateway() as url:
        yield f"{url}/rehearsal/room"


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[ChromiumBrowser]:
    options = BrowserOptions().merged(flags=("--autoplay-policy=no-user-gesture-required",))
    browser = await ChromiumLauncher().launch(options, profile_parent=tmp_path / "profiles")
    yield browser
    await browser.close()


@pytest.fixture
async def page(browser: ChromiumBrowser) -> Page:
    return await browser.new_page()


Attend = Callable[[str], Awaitable[Attending]]


@pytest.fixture
async def attend(page: Page) -> AsyncIterator[Attend]:
    """Prepares an attendance by the text of a platform file."""
    made: list[Attending] = []

    async def attend(text: str) -> Attending:
        attending = Attending(read_text(text))
        made.append(attending)
        await attending.prepare(page)
        return attending

    yield attend
    await asyncio.gather(*(one.attendance.leave() for one in made))
