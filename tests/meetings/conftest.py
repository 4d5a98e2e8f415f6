from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.browser.api import BrowserOptions
from agents.browser.session import ChromiumBrowser, ChromiumLauncher
from tools.meetings import easyrtc, janus
from tools.meetings.namespace import NamespaceError

PLATFORMS = Path(__file__).parent / "platforms"


def missing(what: str) -> None:
    """Skips on a laptop, fails in CI: a green run there means what it says."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture
async def easyrtc_url() -> AsyncIterator[str]:
    try:
        await easyrtc.install()
    except easyrtc.EasyRtcError as error:
        missing(str(error))
    async with easyrtc.running() as url:
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
