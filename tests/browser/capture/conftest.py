from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.browser.api import BrowserOptions
from agents.browser.page import ChromiumPage
from agents.browser.session import ChromiumBrowser, ChromiumLauncher
from agents.capture.base import CaptureListeners, CaptureRequest, FinishedFile, Format, HealthSample
from agents.capture.finish import finish
from agents.capture.methods import make_capture
from tests.measure.media import samples

PAGES = Path(__file__).parent / "pages"


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the pages; a query of `forbid=1` gets a policy that forbids to capture the display."""

    def log_message(self, *args: Any) -> None:
        pass

    def end_headers(self) -> None:
        if "forbid=1" in self.path:
            self.send_header("Permissions-Policy", "display-capture=()")
        super().end_headers()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that is killed breaks its connections."""


@pytest.fixture
def site() -> Iterator[str]:
    """Where the pages are; 127.0.0.1 and localhost are two origins of the same server."""
    server = _Server(("127.0.0.1", 0), functools.partial(_Handler, directory=PAGES))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _chromium() -> None:
    if not shutil.which("chromium") and not os.environ.get("CI"):
        pytest.skip("no Chromium is installed")


@dataclass
class Taken:
    """A capture at work on a page of its own browser."""

    folder: Path
    format: Format
    capture: Any
    browser: ChromiumBrowser
    page: ChromiumPage
    health: list[HealthSample] = field(default_factory=list)
    speaking: list[tuple[str, bool]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    hearing: list[bool] = field(default_factory=list)

    async def open(self, url: str) -> None:
        await self.page.open(url)

    async def people_are_there(self) -> None:
        await self.page.evaluate("() => window.ready", timeout_s=20)

    async def finish(self) -> FinishedFile:
        return await finish(self.folder, self.format)

    def written(self) -> int:
        """Bytes in all segments."""
        return sum(p.stat().st_size for p in self.folder.glob("segments/e*-*.*") if p.suffix != ".json")


Take = Callable[..., Awaitable[Taken]]


@pytest.fixture
async def take(tmp_path: Path) -> AsyncIterator[Take]:
    """Starts a browser with a capture prepared on its first page."""
    taken: list[Taken] = []

    async def take(
        wanted: Format, *, size: tuple[int, int] = (1280, 720), epoch: int = 1, folder: str = "bot", script: str = "", **more: Any
    ) -> Taken:
        request = CaptureRequest(wanted, *size, tmp_path / folder, epoch)
        capture = make_capture(request, **more)
        browser = await ChromiumLauncher().launch(capture.browser_options(BrowserOptions()), profile_parent=tmp_path / "profiles")
        one = Taken(request.folder, wanted, capture, browser, await browser.new_page())
        taken.append(one)
        listeners = CaptureListeners(
            health=one.health.append,
            speaking=lambda source, on: one.speaking.append((source, on)),
            failed=one.failures.append,
            hearing=one.hearing.append,
        )
        if script:
            await one.page.add_script(script)  # before ours
        await capture.prepare(one.page, listeners)
        return one

    yield take
    for one in taken:
        await one.capture.stop()
        await one.browser.close()


def tone_dbfs(path: Path, hertz: float, *, start_s: float = 0.0, end_s: float | None = None) -> float:
    """The level of one pitch in a part of the sound, in dB of full scale (a sine of amplitude 1 has 0).

    Over blocks of a tenth of a second: what comes from the net is stretched now and then, so its phase is not steady for longer.
    """
    sound = samples(path)[int(start_s * 48000) : None if end_s is None else int(end_s * 48000)]
    blocks = sound[: len(sound) // 4800 * 4800].reshape(-1, 4800)
    if not len(blocks):
        return -120.0
    turning = np.exp(-2j * np.pi * hertz * np.arange(4800) / 48000)
    amplitude = np.sqrt(np.mean(np.abs(2 * np.mean(blocks * turning, axis=1)) ** 2))
    return float(20 * np.log10(max(amplitude, 1e-6)))
