"""Each fault of pyppeteer 2.0.0 that agents.browser cures: it is there in the library as it is, and is not in ours.

When a test's first half fails, the library was changed, and the cure may go.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
import urllib.request
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyppeteer
import pytest
from pyppeteer.browser import Browser as StockBrowser
from pyppeteer.connection import Connection as StockConnection

from agents.browser import executables
from agents.browser.api import BrowserOptions
from agents.browser.chromium import Chromium
from agents.browser.errors import LoadFailure, PageCrashedError, PageLoadError
from agents.browser.page import ChromiumPage
from agents.browser.pyppeteer_fixes import SafeConnection, SessionGoneError
from tests.browser.browser.conftest import Launch, until
from tests.browser.browser.processes import users
from tests.browser.browser.site import Site, after

pytestmark = [
    pytest.mark.browser,
    # The library as it is leaves tasks and futures behind that nobody hears; that is not what is tested here.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Chromium]:
    chromium = await Chromium.start(BrowserOptions(), profile_parent=tmp_path / "profiles")
    yield chromium
    await chromium.end()


@pytest.fixture
async def stock(chromium: Chromium) -> AsyncIterator[StockBrowser]:
    browser = await pyppeteer.connect(browserWSEndpoint=chromium.endpoint)
    yield browser
    with contextlib.suppress(Exception):
        await asyncio.wait_for(browser.disconnect(), 1)
    browser._connection._recv_fut.cancel()


@pytest.fixture
async def safe(chromium: Chromium) -> AsyncIterator[SafeConnection]:
    connection = await SafeConnection.connect(chromium.endpoint, timeout_s=5)
    yield connection
    await connection.dispose()


async def answers(connection: Any) -> bool:
    """Whether calls still get answers."""
    try:
        async with asyncio.timeout(1):
            return bool((await connection.send("Browser.getVersion"))["product"])
    except (TimeoutError, ConnectionError, TypeError, pyppeteer.errors.NetworkError):  # TypeError: its answer is None
        return False


async def cancel_a_call(connection: Any) -> None:
    call = asyncio.ensure_future(connection.send("Target.getTargets"))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.sleep(0.3)


async def test_a_cancelled_call_ends_the_connection(stock: StockBrowser, safe: SafeConnection) -> None:
    await cancel_a_call(stock._connection)
    assert not await answers(stock._connection)
    await cancel_a_call(safe)
    assert await answers(safe)


async def raise_in_a_listener(connection: Any) -> None:
    def listener(_: Any) -> None:
        raise ValueError("a listener's fault")

    connection.on("Target.targetCreated", listener)
    connection.send("Target.setDiscoverTargets", {"discover": False})
    connection.send("Target.setDiscoverTargets", {"discover": True})
    await asyncio.sleep(0.3)


async def test_a_listener_that_raises_ends_the_connection(stock: StockBrowser, safe: SafeConnection) -> None:
    await raise_in_a_listener(stock._connection)
    assert not await answers(stock._connection)
    await raise_in_a_listener(safe)
    assert await answers(safe)


async def test_a_call_on_a_dead_connection_waits_for_ever(stock: StockBrowser, safe: SafeConnection, chromium: Chromium) -> None:
    os.kill(chromium.pid, signal.SIGKILL)
    await chromium.wait()
    stock._connection._connected = True  # as in the moment before the library notices
    with pytest.raises((TimeoutError, pyppeteer.errors.NetworkError, TypeError)):
        await asyncio.wait_for(stock.version(), 0.5)
    with pytest.raises(SessionGoneError):
        await asyncio.wait_for(safe.send("Browser.getVersion"), 0.5)


def test_launching_off_the_main_thread_fails_and_leaves_a_chromium(tmp_path: Path) -> None:
    """Its own `launch` sets signal handlers, after it has started the process."""
    profile = tmp_path / "stock" / "profile"
    arguments = {
        "executablePath": str(executables.find(None, whole_browser=False)),
        "userDataDir": str(profile),
        "args": ["--no-sandbox"],
        "autoClose": False,
    }

    async def launch_stock() -> None:
        with pytest.raises(ValueError, match="signal only works in main thread"):
            await pyppeteer.launch(**arguments)

    asyncio.run(asyncio.to_thread(asyncio.run, launch_stock()))
    left = users(profile.parent)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left
    # Ours: test_launch.py, test_a_browser_works_in_the_loop_of_any_thread.


async def longest_pause(work: Any) -> float:
    """The longest time that the loop was held up meanwhile, in seconds."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - began)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.02)
    await work
    await asyncio.sleep(0.02)
    ticking.cancel()
    return longest


@pytest.mark.alone
async def test_connecting_by_address_blocks_the_loop(unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks with urlopen and sleeps between tries, up to 30 s: the whole worker stands still meanwhile."""
    clock = iter([0.0, 0.0, 100.0])  # the third look at the clock is past its 30 s
    monkeypatch.setattr("pyppeteer.launcher.time", SimpleNamespace(time=lambda: next(clock), sleep=time.sleep))

    async def connect_stock() -> None:
        with pytest.raises(pyppeteer.errors.BrowserError):
            await pyppeteer.connect(browserURL=f"http://127.0.0.1:{unused_tcp_port}")

    async def connect_ours() -> None:
        with pytest.raises(OSError, match=str(unused_tcp_port)):
            await SafeConnection.connect(f"ws://127.0.0.1:{unused_tcp_port}/devtools/browser/x", timeout_s=1)

    assert await longest_pause(connect_stock()) > 0.09
    assert await longest_pause(connect_ours()) < 0.09


async def test_goto_waits_for_late_headers_beyond_its_time(stock: StockBrowser, page: ChromiumPage, site: Site) -> None:
    site.page("/now", "<p>now")
    url = site.handle("/late", after(1.5, site.pages["/now"]))
    stock_page = await stock.newPage()
    began = time.monotonic()
    with contextlib.suppress(pyppeteer.errors.TimeoutError):
        await stock_page.goto(url, timeout=200)
    assert time.monotonic() - began > 1.2
    began = time.monotonic()
    with pytest.raises(PageLoadError) as caught:
        await page.open(url, timeout_s=0.2)
    assert caught.value.kind == LoadFailure.TIMEOUT
    assert time.monotonic() - began < 1


async def test_evaluating_in_a_crashed_page_never_returns(stock: StockBrowser, page: ChromiumPage) -> None:
    stock_page = await stock.newPage()
    crashed = asyncio.Event()
    stock_page.on("error", lambda _: crashed.set())
    stock_page._client.send("Page.navigate", {"url": "chrome://crash"})
    await asyncio.wait_for(crashed.wait(), 5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stock_page.evaluate("1"), 1)
    page._session.cast("Page.navigate", {"url": "chrome://crash"})
    with pytest.raises(PageCrashedError):
        await asyncio.wait_for(page.evaluate("() => new Promise(() => {})", timeout_s=5), 1)


async def test_request_interception_is_gone_from_chromium(stock: StockBrowser) -> None:
    """Nothing of ours uses it; whoever needs it must use CDP's Fetch."""
    stock_page = await stock.newPage()
    with pytest.raises(pyppeteer.errors.NetworkError, match="wasn't found"):
        await stock_page.setRequestInterception(True)


async def test_text_with_an_arrow_is_taken_for_a_function(stock: StockBrowser, page: ChromiumPage) -> None:
    stock_page = await stock.newPage()
    with pytest.raises(pyppeteer.errors.NetworkError, match="does not evaluate to a function"):
        await stock_page.evaluate("'a => b'")
    assert await page.evaluate("() => 'a => b'") == "a => b"


async def test_a_binding_of_another_makes_its_page_raise(stock: StockBrowser, page: ChromiumPage) -> None:
    stock_page = await stock.newPage()
    await stock_page._client.send("Runtime.addBinding", {"name": "raw"})
    with contextlib.suppress(TimeoutError, pyppeteer.errors.PyppeteerError):
        await asyncio.wait_for(stock_page.evaluate("raw('not what it expects')"), 1)
    assert not await answers(stock._connection)
    await page._session.send("Runtime.addBinding", {"name": "raw"})
    await page.evaluate("() => raw('not what it expects')")
    assert await page.evaluate("() => 1") == 1


async def test_frames_of_other_sites_are_invisible_with_its_switches(launch: Launch, site: Site) -> None:
    """As `launch` of the library starts Chromium, that is without --disable-site-isolation-trials."""
    site.page("/inner", "<p>inner")
    html = f"<p>outer<iframe src={site.other_url}/inner></iframe>"
    with isolated_sites():
        browser = await launch(BrowserOptions(flags=("--site-per-process",)))
    stock_browser = await pyppeteer.connect(browserWSEndpoint=browser.endpoint)
    stock_page = await stock_browser.newPage()
    await stock_page.goto(site.page("/", html))
    texts = []
    for frame in stock_page.frames:
        with contextlib.suppress(TimeoutError, pyppeteer.errors.PyppeteerError):
            texts.append(await asyncio.wait_for(frame.evaluate("document.body.innerText"), 1))
    assert "inner" not in texts
    await stock_browser.disconnect()
    # Ours: test_page.py, test_frames_of_other_sites_are_seen and the next, which has these very switches.


@contextlib.contextmanager
def isolated_sites() -> Iterator[None]:
    """Starts Chromium without the switch that keeps all sites in one process."""
    with pytest.MonkeyPatch.context() as patch:
        from agents.browser import switches

        patch.setattr(switches, "ALWAYS", tuple(s for s in switches.ALWAYS if s != "--disable-site-isolation-trials"))
        patch.setattr(switches, "DISABLED_FEATURES", frozenset())
        yield


async def test_its_pages_are_800_by_600(stock: StockBrowser, page: ChromiumPage) -> None:
    stock_page = await stock.newPage()
    assert await stock_page.evaluate("[innerWidth, innerHeight]") == [800, 600]
    assert await page.evaluate("() => [innerWidth, innerHeight]") == [1280, 720]


async def test_its_connection_uses_what_python_has_deprecated(chromium: Chromium) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stock = StockConnection(chromium.endpoint, asyncio.get_running_loop())
        await until(lambda: stock._connected)
        await stock.dispose()
    assert [warning for warning in caught if issubclass(warning.category, DeprecationWarning)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        safe = await SafeConnection.connect(chromium.endpoint, timeout_s=5)
        await safe.dispose()


async def test_devtools_answer_nobody_who_comes_from_a_web_page(chromium: Chromium) -> None:
    """The debugging port is on loopback; a page must not be able to drive the browser that shows it."""
    address = chromium.endpoint.replace("ws://", "http://").partition("/devtools")[0]
    request = urllib.request.Request(f"{address}/json/version", headers={"Host": "attacker.example"})
    with pytest.raises(urllib.error.HTTPError):
        await asyncio.to_thread(urllib.request.urlopen, request)
