"""A meeting that nobody here wrote, described by a file: the VideoRoom of Debian's janus, in a network namespace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.browser.api import BrowserOptions, Page
from agents.browser.session import ChromiumBrowser, ChromiumLauncher
from agents.people.synthetic_media import SyntheticMedia, synthetic_media_script
from agents.platforms.base import NotSupportedError, UiState
from agents.platforms.file_reader import load
from tests.browser.platforms.attending import Attending
from tests.meetings.conftest import PLATFORMS

pytestmark = [pytest.mark.meeting, pytest.mark.browser]


@pytest.fixture
async def bot(janus_room: str, tmp_path: Path) -> AsyncIterator[Attending]:
    attending = Attending(load(PLATFORMS / "janus.toml"))
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
    for condition, act in (
        ("typeof $ === 'function' && $._data($('#start')[0], 'events')", "$('#start').click()"),
        ("$('#username').is(':visible')", f"$('#username').val('{name}'); $('#register').click()"),
    ):
        async with asyncio.timeout(10):
            while not await page.evaluate(f"() => Boolean({condition})"):  # noqa: ASYNC110 -- it happens in a browser
                await asyncio.sleep(0.05)
        await page.evaluate(f"() => {{ {act} }}")
    return page


async def test_the_bot_joins_counts_people_by_name_and_sees_them_leave(
    janus_room: str, bot: Attending, people_browser: ChromiumBrowser
) -> None:
    ada = await person(people_browser, janus_room, "Ada")
    await bot.enter(janus_room, "The bot!")
    await bot.until_state(UiState.IN_MEETING)
    await bot.until(lambda: bot.names == {"Ada"}, timeout_s=20)
    bob = await person(people_browser, janus_room, "Bob")
    await bot.until(lambda: bot.names == {"Ada", "Bob"}, timeout_s=20)
    shown = await ada.evaluate("() => [...document.querySelectorAll('h3 .label-info')].map((e) => e.textContent)")
    assert "Thebot" in shown
    with pytest.raises(NotSupportedError):
        await bot.attendance.send_chat("hello", to_user_uuid=None)
    await ada.evaluate("() => { janus.destroy(); }")
    await bot.until(lambda: bot.names == {"Bob"}, timeout_s=20)
    await bob.evaluate("() => { janus.destroy(); }")
    await bot.until(lambda: not bot.people, timeout_s=20)
    assert bot.states[-1] is UiState.IN_MEETING
