"""A rehearsal on a port of its own, and browsers that visit it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from agents.browser.api import Browser, BrowserOptions, Page
from agents.browser.session import ChromiumLauncher
from agents.people.run import GRANTS
from agents.people.synthetic_media import SyntheticMedia, synthetic_media_script
from gateway.rehearsal import RehearsalSettings, routes


@dataclass
class Meeting:
    """One room, with the browser that its visitors share."""

    url: str
    browser: Browser
    http: httpx.AsyncClient
    pages: list[Page] = field(default_factory=list)

    async def visit(self, name: str | None, *, number: int = 0, media: SyntheticMedia | None = None, **query: str) -> Page:
        """Opens the room; with a name, joins at once. Devices only where `number` or `media` is given."""
        page = await self.browser.new_page()
        self.pages.append(page)
        if number or media:
            await page.add_script(synthetic_media_script(media or SyntheticMedia(name or "", number)))
        joining = {"name": name, "autojoin": "1"} if name is not None else {}
        await page.open(f"{self.url}?{urlencode({**joining, **query})}")
        return page

    async def control(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Calls the control API and returns the state after it."""
        answer = await self.http.post(f"{self.url}/control", json={"action": action, **arguments})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def state(self) -> dict[str, Any]:
        """The room's state."""
        return dict((await self.http.get(f"{self.url}/control")).json())

    async def person(self, name: str) -> dict[str, Any] | None:
        """The state of one person, or None."""
        return next((p for p in (await self.state())["people"] if p["name"] == name), None)


async def until(condition: Callable[[], Awaitable[Any]], *, within_s: float = 15.0) -> Any:
    """Waits until the condition gives something true, and returns that."""
    end = time.monotonic() + within_s
    while True:
        result = await condition()
        if result:
            return result
        assert time.monotonic() < end, f"not within {within_s} s; last: {result!r}"
        await asyncio.sleep(0.05)


async def view(page: Page) -> str:
    """What the page shows, as `body[data-view]`."""
    return str(await page.evaluate("() => document.body.dataset.view"))


async def until_view(page: Page, wanted: str, *, within_s: float = 15.0) -> None:
    """Waits until the page shows a view."""

    async def shows() -> bool:
        return await view(page) == wanted

    await until(shows, within_s=within_s)


async def names(page: Page) -> list[str]:
    """The names on the tiles, sorted."""
    found = await page.evaluate("() => [...document.querySelectorAll('.tile .tile-name')].map((t) => t.textContent)")
    return sorted(found)


async def counters(page: Page) -> list[dict[str, Any]]:
    """What has flowed over each of the page's connections."""
    return list((await page.evaluate("() => rehearsal.counters()")).values())


@pytest.fixture
async def rehearsal() -> AsyncIterator[str]:
    """A server with the rehearsal's routes; its address."""
    settings = RehearsalSettings(resume_seconds=4)
    config = uvicorn.Config(
        Starlette(routes=routes(settings)),
        host="127.0.0.1",
        port=0,
        ws="wsproto",
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[assignment,method-assign]  # the test's own process keeps its signals
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until(started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    """A small Chromium."""
    options = BrowserOptions(width=960, height=600, grants=GRANTS)
    started = await ChromiumLauncher().launch(options, profile_parent=tmp_path)
    yield started
    await started.close()


@pytest.fixture
async def meeting(rehearsal: str, browser: Browser) -> AsyncIterator[Meeting]:
    """An empty room."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
        yield Meeting(f"{rehearsal}/rehearsal/test-room", browser, http)
