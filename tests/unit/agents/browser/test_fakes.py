"""The fakes are what they pretend to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.browser.api import Browser, BrowserLauncher, BrowserOptions, Page
from agents.browser.errors import ChromiumNotFoundError, LoadFailure, PageClosedError, PageHungError, PageLoadError
from agents.browser.fakes import FakeBrowser, FakeLauncher, FakePage
from agents.browser.page import ChromiumPage
from agents.browser.session import ChromiumBrowser, ChromiumLauncher


def takes_protocols(launcher: BrowserLauncher, browser: Browser, page: Page) -> None:
    """Checked by mypy."""


def fits(fake: FakePage, real: ChromiumPage, browser: ChromiumBrowser) -> None:
    """Checked by mypy: the real ones fit as well."""
    takes_protocols(ChromiumLauncher(), browser, real)
    takes_protocols(FakeLauncher(), FakeBrowser(), fake)


async def test_a_fake_page_tells_what_was_done_to_it() -> None:
    page = FakePage(answer=lambda _, args: args[0] * 2)
    got: list[object] = []
    await page.bind("tell", got.append)
    await page.add_script("x")
    await page.open("https://h/")
    assert await page.evaluate("(a) => a * 2", 21) == 42
    await page.click_at(1, 2)
    await page.type_text("hello")
    await page.press("Enter")
    page.call("tell", {"a": 1})
    assert (page.scripts, page.opened, got) == (["x"], ["https://h/"], [{"a": 1}])
    assert page.done == [("click_at", [1, 2]), ("type_text", "hello"), ("press", "Enter")]
    assert await page.url() == "https://h/"


async def test_a_fake_page_fails_and_closes_as_a_real_one() -> None:
    failed, closed = FakePage(), FakePage()
    failed.fail(PageHungError("hung"))
    await closed.close()
    with pytest.raises(PageHungError):
        await failed.evaluate("() => 1")
    with pytest.raises(PageClosedError):
        await closed.evaluate("() => 1")
    assert isinstance(failed.failure.result(), PageHungError)
    assert not closed.failure.done()


async def test_a_fake_page_opens_or_not_as_told() -> None:
    page = FakePage(load_error=PageLoadError(LoadFailure.DNS, "https://h/"))
    with pytest.raises(PageLoadError):
        await page.open("https://h/")


async def test_a_fake_launcher_keeps_its_browsers(tmp_path: Path) -> None:
    launcher = FakeLauncher()
    browser = await launcher.launch(BrowserOptions(width=1), profile_parent=tmp_path)
    page = await browser.new_page()
    await browser.close()
    assert launcher.launched == [(BrowserOptions(width=1), browser)]
    assert browser.pages == [page]
    assert browser.closed
    with pytest.raises(ChromiumNotFoundError):
        await FakeLauncher(error=ChromiumNotFoundError("none")).launch(BrowserOptions(), profile_parent=tmp_path)
