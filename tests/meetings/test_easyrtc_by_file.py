"""A meeting that nobody here wrote, described by a file: open-easyrtc's multiparty demo."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.browser.api import BrowserOptions, Page
from agents.browser.session import ChromiumBrowser, ChromiumLauncher
from agents.people.synthetic_media import SyntheticMedia, synthetic_media_script
from agents.platforms.base import UiState
from agents.platforms.file_reader import load
from tests.browser.platforms.attending import Attending
from tests.meetings.conftest import PLATFORMS

pytestmark = [pytest.mark.meeting, pytest.mark.browser]


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Attending]:
    attending = Attending(load(PLATFORMS / "easyrtc.toml"))
    options = attending.adapter.browser_options(BrowserOptions())
    browser = await ChromiumLauncher().launch(options, profile_parent=tmp_path / "bot")
    await attending.prepare(await browser.new_page())
    yield attending
    await attending.attendance.leave()
    await browser.close()


async def person(browser: ChromiumBrowser, url: str, name: str) -> Page:
    page = await browser.new_page()
    await page.add_script(synthetic_media_script(SyntheticMedia(name)))
    await page.open(url)
    return page


async def test_the_bot_joins_counts_people_chats_and_sees_them_leave(
    bot: Attending, easyrtc_url: str, people_browser: ChromiumBrowser
) -> None:
    await bot.enter(easyrtc_url)
    await bot.until_state(UiState.IN_MEETING)
    assert not bot.people
    ada = await person(people_browser, easyrtc_url, "Ada")
    await bot.until(lambda: len(bot.people) == 1, timeout_s=20)
    bob = await person(people_browser, easyrtc_url, "Bob")
    await bot.until(lambda: len(bot.people) == 2, timeout_s=20)
    await ada.evaluate("() => { showTextEntry(); document.getElementById('textentryField').value = 'hello bot'; sendText(); }")
    await bot.until(lambda: [one.text for one in bot.chat] == ["hello bot"])
    await bot.attendance.send_chat("hello people", to_user_uuid=None)
    heard = "() => [...document.querySelectorAll('#fullpage > div')].some((e) => e.textContent === 'hello people')"
    async for _ in _asking(ada, heard):
        pass
    await ada.close()
    await bot.until(lambda: len(bot.people) == 1, timeout_s=20)
    await bob.close()
    await bot.until(lambda: not bot.people, timeout_s=20)
    assert bot.states[-1] is UiState.IN_MEETING


async def _asking(page: Page, question: str) -> AsyncIterator[None]:
    """Until the page says yes."""
    import asyncio

    async with asyncio.timeout(10):
        while not await page.evaluate(question):
            await asyncio.sleep(0.05)
            yield
