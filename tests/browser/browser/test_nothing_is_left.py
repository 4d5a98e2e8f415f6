"""No Chromium, profile or zombie is left behind, whatever dies first."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.browser.api import BrowserOptions
from agents.browser.session import ChromiumLauncher
from tests.browser.browser.conftest import until
from tests.browser.browser.processes import entries, users, zombies_of

pytestmark = pytest.mark.browser


@contextlib.asynccontextmanager
async def holder(folder: Path, kind: str, script: str = "") -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A Python process that holds a browser; and the browser's pid."""
    command = [sys.executable, "-m", "tests.browser.browser.holder", str(folder), kind, script]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        lines = [json.loads(line) async for line in _lines(process.stdout)]
        yield process, lines[0]["pid"]
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The first line of JSON; log lines come before it."""
    async with asyncio.timeout(20):
        while line := await stream.readline():
            if line.startswith(b"{"):
                yield line
                return


@pytest.mark.parametrize("kind", ["shell", "whole"])
@pytest.mark.parametrize("script", ["", "setTimeout(() => { while (true); }, 0)"], ids=["idle", "hung"])
async def test_killing_the_owner_ends_its_browser(tmp_path: Path, kind: str, script: str) -> None:
    async with holder(tmp_path, kind, script) as (owner, _):
        assert users(tmp_path)
        owner.kill()
        await owner.wait()
        await until(lambda: not users(tmp_path), timeout_s=5)
    left = entries(tmp_path)
    assert left, "the profile is there until the next start"
    browser = await ChromiumLauncher().launch(BrowserOptions(), profile_parent=tmp_path)
    assert not set(left) & set(entries(tmp_path))
    await browser.close()
    assert entries(tmp_path) == []


async def test_a_browser_that_was_stopped_with_its_owner_is_ended_at_the_next_start(tmp_path: Path) -> None:
    async with holder(tmp_path, "shell") as (owner, browser_pid):
        os.kill(browser_pid, signal.SIGSTOP)
        owner.kill()
        await owner.wait()
        assert browser_pid in users(tmp_path)
        browser = await ChromiumLauncher().launch(BrowserOptions(), profile_parent=tmp_path)
        await until(lambda: browser_pid not in users(tmp_path))
        await browser.close()
    assert entries(tmp_path) == []


async def test_a_start_leaves_the_browsers_of_living_owners_alone(tmp_path: Path) -> None:
    async with holder(tmp_path, "shell") as (_, browser_pid):
        before = entries(tmp_path)
        for _ in range(2):
            browser = await ChromiumLauncher().launch(BrowserOptions(), profile_parent=tmp_path)
            await browser.close()
        assert entries(tmp_path) == before
        assert browser_pid in users(tmp_path)


async def test_an_owner_that_is_interrupted_ends_its_browser(tmp_path: Path) -> None:
    async with holder(tmp_path, "shell") as (owner, _):
        owner.send_signal(signal.SIGTERM)
        await owner.wait()
        await until(lambda: not users(tmp_path), timeout_s=5)


@pytest.mark.parametrize("tab_capture", [False, True], ids=["shell", "whole"])
async def test_twenty_launches_leave_nothing(tmp_path: Path, tab_capture: bool) -> None:
    launcher = ChromiumLauncher()
    descriptors = len(entries(Path("/proc/self/fd")))
    for _ in range(10):
        browsers = await asyncio.gather(
            *(launcher.launch(BrowserOptions(tab_capture=tab_capture), profile_parent=tmp_path) for _ in range(2))
        )
        await asyncio.gather(*(browser.new_page() for browser in browsers))
        await asyncio.gather(*(browser.close() for browser in browsers))
    assert users(tmp_path) == []
    assert entries(tmp_path) == []
    assert zombies_of(os.getpid()) == []
    assert len(entries(Path("/proc/self/fd"))) <= descriptors + 2


async def test_a_start_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    for delay_ms in (0, 20, 50, 100, 150, 200):
        launch = asyncio.create_task(ChromiumLauncher().launch(BrowserOptions(), profile_parent=tmp_path))
        await asyncio.sleep(delay_ms / 1000)
        launch.cancel()
        await asyncio.wait([launch])
        if not launch.cancelled():
            await launch.result().close()
        await until(lambda: not users(tmp_path), timeout_s=5)
        await until(lambda: not entries(tmp_path), timeout_s=5)


@pytest.mark.parametrize("tab_capture", [False, True], ids=["shell", "whole"])
async def test_a_browser_that_was_killed_is_cleared_away_too(tmp_path: Path, tab_capture: bool) -> None:
    browser = await ChromiumLauncher().launch(BrowserOptions(tab_capture=tab_capture), profile_parent=tmp_path)
    await browser.new_page()
    os.kill(browser.pid, signal.SIGKILL)
    await browser.close()
    assert users(tmp_path) == []
    assert entries(tmp_path) == []


async def test_a_browser_that_does_not_listen_is_killed_within_five_seconds(tmp_path: Path) -> None:
    browser = await ChromiumLauncher().launch(BrowserOptions(), profile_parent=tmp_path)
    os.kill(browser.pid, signal.SIGSTOP)
    async with asyncio.timeout(5):
        await browser.close()
    assert users(tmp_path) == []
    assert entries(tmp_path) == []


async def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    browser = await ChromiumLauncher().launch(BrowserOptions(), profile_parent=tmp_path)
    page = await browser.new_page()
    await asyncio.gather(browser.close(), browser.close(), page.close())
    await browser.close()
    await page.close()
    assert entries(tmp_path) == []


async def test_a_loop_that_ends_without_closing_takes_its_browser_along(tmp_path: Path) -> None:
    """A worker's thread may end in any way; the browser must not outlive what could have closed it."""
    async with holder(tmp_path, "forgotten") as (owner, _):
        await until(lambda: not users(tmp_path), timeout_s=10)
        assert owner.returncode is None, "it is the loop that ended, not the process"
