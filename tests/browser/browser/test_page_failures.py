"""A page or a browser that goes wrong is a named failure, at once for every call, and never takes another along."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from agents.browser import evidence, watchdog
from agents.browser.errors import (
    BrowserError,
    BrowserLostError,
    PageClosedError,
    PageCrashedError,
    PageFloodError,
    PageHungError,
    PageLoadError,
)
from agents.browser.page import ChromiumPage
from agents.browser.session import ChromiumBrowser
from tests.browser.browser import processes
from tests.browser.browser.conftest import until
from tests.browser.browser.site import Site, after, never

pytestmark = pytest.mark.browser

NEVER = "() => new Promise(() => {})"


async def failure(page: ChromiumPage, *, timeout_s: float = 10) -> Exception:
    return await asyncio.wait_for(asyncio.shield(page.failure), timeout_s)


async def every_call_says(page: ChromiumPage, kind: type[BrowserError]) -> None:
    began = time.monotonic()
    for call in (
        page.evaluate("() => 1"),
        page.evaluate_in_frames("() => 1"),
        page.open("about:blank"),
        page.add_script("1"),
        page.bind("x", print),
        page.click_at(1, 1),
        page.type_text("x"),
        page.press("Enter"),
        page.screenshot(),
        page.text(),
        page.url(),
        page.let_go(),
    ):
        with pytest.raises(kind):
            await call
    await page.close()
    assert time.monotonic() - began < 2.5


async def crash(page: ChromiumPage) -> None:
    page._session.cast("Page.navigate", {"url": "chrome://crash"})


async def test_a_crashed_page_is_a_failure_and_its_waiting_calls_end(page: ChromiumPage) -> None:
    waiting = asyncio.create_task(page.evaluate(NEVER, timeout_s=30))
    await asyncio.sleep(0)
    await crash(page)
    assert isinstance(await failure(page), PageCrashedError)
    with pytest.raises(PageCrashedError):
        await waiting
    await every_call_says(page, PageCrashedError)


async def test_a_crashed_page_takes_no_other_along(page: ChromiumPage, browser: ChromiumBrowser) -> None:
    other = await browser.new_page()
    await crash(page)
    await failure(page)
    assert await other.evaluate("() => 1") == 1
    assert not other.failure.done()
    third = await browser.new_page()
    assert await third.evaluate("() => 1") == 1


async def test_a_crash_while_opening_ends_the_opening(page: ChromiumPage, browser: ChromiumBrowser, site: Site) -> None:
    opening = asyncio.create_task(page.open(site.handle("/", never), timeout_s=30))
    await until(lambda: "/" in site.asked)
    for renderer in processes.renderers(browser.pid):
        os.kill(renderer, signal.SIGKILL)
    with pytest.raises((PageCrashedError, PageLoadError)):
        await asyncio.wait_for(opening, 5)
    assert isinstance(await failure(page), PageCrashedError)


async def test_a_page_that_waits_for_a_slow_server_does_not_hang(
    page: ChromiumPage, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "HUNG_SECONDS", 0.4)
    monkeypatch.setattr(watchdog, "PING_SECONDS", 0.1)
    site.page("/now", "<p>now")
    site.handle("/late", after(3, site.pages["/now"]))
    await page.open(f"{site.url}/late")
    await page.evaluate("(url) => { location.href = url }", f"{site.other_url}/late")
    await until(lambda: site.asked.count("/late") == 2)
    assert await page.evaluate("() => location.hostname", timeout_s=10) == "localhost"
    assert not page.failure.done()


async def test_a_hung_page_is_a_failure(page: ChromiumPage, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "HUNG_SECONDS", 0.7)
    await page.open(site.page("/", "<p>x"))
    with pytest.raises(PageHungError):
        await page.evaluate("() => { while (true); }", timeout_s=0.2)
    assert isinstance(await failure(page), PageHungError)
    await every_call_says(page, PageHungError)


async def test_a_page_that_hangs_for_a_while_is_forgiven(page: ChromiumPage, site: Site) -> None:
    silences: list[float] = []
    page.on_silence(silences.append)
    await page.open(site.page("/", "<p>x"))
    busy = "() => { const end = Date.now() + 3500; while (Date.now() < end); return 'done' }"
    assert await page.evaluate(busy, timeout_s=10) == "done"
    await until(lambda: silences[-1:] == [0.0])  # told that it is silent, and that it is not any more
    assert silences[0] >= watchdog.SILENT_SECONDS
    assert not page.failure.done()


async def test_a_hung_page_hangs_no_other(browser: ChromiumBrowser, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "HUNG_SECONDS", 0.7)
    hung, other = await browser.new_page(), await browser.new_page()
    await hung.open(site.page("/", "<p>x"))
    await other.open(f"{site.other_url}/")
    with pytest.raises(PageHungError):
        await hung.evaluate("() => { while (true); }", timeout_s=0.1)
    assert isinstance(await failure(hung), PageHungError)
    assert await other.evaluate("() => 1") == 1


async def test_a_page_that_calls_us_without_end_is_closed(page: ChromiumPage, browser: ChromiumBrowser, site: Site) -> None:
    other = await browser.new_page()
    got: list[int] = []
    await page.bind("tell", got.append)
    url = site.page("/", "<script>setInterval(() => { for (let i = 0; i < 2000; i++) tell(i) }, 0)</script>")
    with contextlib.suppress(BrowserError):
        await page.open(url)
    assert isinstance(await failure(page, timeout_s=60), PageFloodError)
    assert await other.evaluate("() => 1", timeout_s=10) == 1


async def test_evidence_of_a_hung_page_is_what_can_be_had(page: ChromiumPage, site: Site, tmp_path: Path) -> None:
    await page.open(site.page("/meeting", "<p>x") + "?pwd=secret")
    with pytest.raises(PageHungError):
        await page.evaluate("() => { while (true); }", timeout_s=0.1)
    began = time.monotonic()
    saved = await evidence.collect(page, tmp_path / "debug", "hung")
    assert time.monotonic() - began < 6
    assert tmp_path / "debug" / "hung.url" in saved
    assert (tmp_path / "debug" / "hung.url").read_text() == f"{site.url}/meeting"


async def test_evidence_is_a_picture_the_text_and_the_address(page: ChromiumPage, site: Site, tmp_path: Path) -> None:
    await page.open(site.page("/", "<p>Let me in"))
    saved = await evidence.collect(page, tmp_path, "../joining: failed")
    assert [path.name for path in saved] == [".._joining_failed.png", ".._joining_failed.txt", ".._joining_failed.url"]
    assert all(path.parent == tmp_path for path in saved)
    assert saved[0].read_bytes().startswith(b"\x89PNG")
    assert saved[1].read_text() == "Let me in"


async def test_a_page_that_closes_itself_is_a_failure(page: ChromiumPage) -> None:
    page._session.cast("Runtime.evaluate", {"expression": "window.close()"})
    assert isinstance(await failure(page), PageClosedError)
    await every_call_says(page, PageClosedError)


async def test_a_page_that_goes_nowhere_by_itself_is_a_failure_at_once(page: ChromiumPage, site: Site) -> None:
    await page.open(site.page("/", "<p>x"))
    await page.evaluate("() => void setTimeout(() => location.replace('about:blank'), 0)")
    assert isinstance(await failure(page), PageClosedError)
    await every_call_says(page, PageClosedError)


async def test_a_page_that_we_send_nowhere_and_frames_without_address_are_no_failure(page: ChromiumPage, site: Site) -> None:
    await page.open(site.page("/", "<iframe src=about:blank></iframe>"))
    await page.evaluate("() => { document.querySelector('iframe').src = 'about:blank' }")
    await page.open("about:blank")
    await page.open(site.page("/b", "<script>addEventListener('pagehide', () => navigator.sendBeacon('/bye'))</script>"))
    await page.let_go()
    assert await page.evaluate("() => location.href") == "about:blank"  # the browser's own record of it comes a moment later
    await until(lambda: "/bye" in site.asked)
    assert not page.failure.done()


async def test_a_page_that_we_close_is_no_failure(page: ChromiumPage, browser: ChromiumBrowser) -> None:
    await page.close()
    assert not page.failure.done()
    with pytest.raises(PageClosedError):
        await page.evaluate("() => 1")
    again = await browser.new_page()
    assert await again.evaluate("() => 1") == 1


async def test_a_killed_browser_is_a_failure_of_all_its_pages(browser: ChromiumBrowser) -> None:
    pages = [await browser.new_page(), await browser.new_page()]
    waiting = [asyncio.create_task(page.evaluate(NEVER, timeout_s=30)) for page in pages]
    await asyncio.sleep(0)
    began = time.monotonic()
    os.kill(browser.pid, signal.SIGKILL)
    for page in pages:
        assert isinstance(await failure(page), BrowserLostError)
    assert time.monotonic() - began < 2
    for call in waiting:
        with pytest.raises(BrowserLostError):
            await call
    await every_call_says(pages[0], BrowserLostError)


async def test_closing_the_browser_tells_its_pages(page: ChromiumPage, browser: ChromiumBrowser) -> None:
    waiting = asyncio.create_task(page.evaluate(NEVER, timeout_s=30))
    await asyncio.sleep(0)
    await browser.close()
    with pytest.raises(BrowserLostError):
        await waiting
    assert isinstance(await failure(page), BrowserLostError)
