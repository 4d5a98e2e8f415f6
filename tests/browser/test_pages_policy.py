"""Our own pages in a real browser: their Content Security Policy lets them do all they do, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.browser.api import Browser, BrowserOptions
from agents.browser.session import ChromiumLauncher
from gateway.app import create_app
from gateway.pages import routes
from gateway.serve import serving
from gateway.settings import GatewaySettings
from tests.contract.harness import running_server

pytestmark = pytest.mark.browser

WATCH = """() => {
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
}"""
PAGES = [route.path for route in routes() if "." not in route.path]  # type: ignore[attr-defined]  # all of them are Routes
READY = {
    "/": "/./.test(document.getElementById('state').textContent) && !/Asking/.test(document.getElementById('state').textContent)",
    "/docs": "document.querySelectorAll('#contents a').length > 20",
    "/rehearsal/policy?name=Ada&autojoin=1": "document.body.dataset.view === 'meeting'",
    "/rehearsal/policy/control": "document.querySelectorAll('button').length > 5",
}


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    started = await ChromiumLauncher().launch(BrowserOptions(width=960, height=600), profile_parent=tmp_path)
    yield started
    await started.close()


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with running_server(tmp_path / "data", f"sqlite:///{tmp_path / 'x.db'}") as running:
        app = create_app(running.local, GatewaySettings())
        async with serving(app, "127.0.0.1:0", drain_s=1) as port:
            yield f"http://127.0.0.1:{port}"


async def test_every_page_works_under_its_policy(browser: Browser, url: str) -> None:
    assert set(PAGES) <= {path.partition("?")[0] for path in READY}, "say here when a new page is ready"
    for path, ready in READY.items():
        page = await browser.new_page()
        await page.add_script(f"({WATCH})()")
        await page.open(url + path)
        async with asyncio.timeout(60):
            while not await page.evaluate(f"() => {ready}"):  # noqa: ASYNC110 - asked in the browser
                await asyncio.sleep(0.05)
        assert await page.evaluate("() => window.violations") == [], path
        assert "content-security-policy" in (await _get(url + path)).headers


async def test_what_a_page_was_made_to_load_by_others_is_not_loaded(browser: Browser, url: str) -> None:
    """So that the test above would see something: script in the page, script and pictures from elsewhere."""
    page = await browser.new_page()
    await page.add_script(f"({WATCH})()")
    await page.open(f"{url}/docs")
    injected: Any = """() => {
      const script = document.createElement("script");
      script.textContent = "window.injected = true";
      const image = document.createElement("img");
      image.src = "http://127.0.0.1:9/pixel.png";
      document.body.append(script, image);
    }"""
    await page.evaluate(injected)
    async with asyncio.timeout(60):
        while len(await page.evaluate("() => window.violations")) < 2:  # noqa: ASYNC110 - asked in the browser
            await asyncio.sleep(0.05)
    assert await page.evaluate("() => window.injected === undefined")
    seen = " ".join(await page.evaluate("() => window.violations"))
    assert "script-src" in seen
    assert "img-src" in seen


async def _get(url: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        return await client.get(url)
