from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.browser.api import BrowserOptions
from agents.browser.session import ChromiumBrowser, ChromiumLauncher
from tools.meetings import easyrtc, janus, peercalls
from tools.meetings.namespace import NamespaceError
from tools.meetings.npm import NpmError, NpmMeeting

PLATFORMS = Path(__file__).parent / "platforms"


def missing(what: str) -> None:
    """Skips on a laptop, fails in CI: a green run there means what it says."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@contextlib.asynccontextmanager
async def _served(meeting: NpmMeeting) -> AsyncIterator[str]:
    try:
        await meeting.install()
    except NpmError as error:
        missing(str(error))
    async with meeting.running() as url:
        yield url


@pytest.fixture
async def easyrtc_url() -> AsyncIterator[str]:
    async with _served(easyrtc.MEETING) as url:
        yield url


@pytest.fixture
async def peercalls_url() -> AsyncIterator[str]:
    async with _served(peercalls.MEETING) as url:
        yield url


@pytest.fixture
async def people_browser(tmp_path: Path) -> AsyncIterator[ChromiumBrowser]:
    """The browser that the other people use."""
    options = BrowserOptions(
        secure_origins=(janus.ORIGIN,),
        grants=("audioCapture", "videoCapture"),
        flags=("--autoplay-policy=no-user-gesture-required",),
    )
    browser = await ChromiumLauncher().launch(options, profile_parent=tmp_path / "people")
    yield browser
    await browser.close()


@pytest.fixture
async def janus_room() -> AsyncIterator[str]:
    """The URL of the room. The test's thread is in the namespace, and so is every process that it starts."""
    try:
        janus.check()
    except janus.JanusError as error:
        missing(str(error))
    try:
        async with janus.running():
            yield janus.ROOM
    except NamespaceError as error:
        missing(str(error))
