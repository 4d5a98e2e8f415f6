"""One service and one server of twins for all tests here: each bot is made by REST, with a URL as the platforms give them."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agents.browser.api import Browser, BrowserOptions
from agents.browser.session import ChromiumLauncher
from tests.meetings.service import REPOSITORY, Service, running
from tests.receiver import certificate
from tests.twins.attending import Twins

BOTS_AT_ONCE = 4
"""More only slow each other down on two cores."""


@contextlib.contextmanager
def _process() -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.twins"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def twins() -> Iterator[Twins]:
    """The platforms' twins, under the platforms' names."""
    with _process() as where:
        yield Twins(where["plain"], tuple(where["switches"]))


@pytest.fixture(scope="session")
def callbacks(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """TLS for a receiver on this machine, which the service trusts."""
    return certificate(tmp_path_factory.mktemp("callbacks"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service(
    twins: Twins, callbacks: tuple[ssl.SSLContext, Path], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """The whole service, whose bots find the twins."""
    settings = {
        "ROLLCALL_CHROMIUM_SWITCHES": json.dumps(twins.switches),
        "ROLLCALL_WORKER_BOTS": str(BOTS_AT_ONCE),
        "ROLLCALL_JITSI_HOSTS": "calls.example.org,*.jitsi.example.net",
        "ROLLCALL_WEBHOOK_PRIVATE_ADDRESSES": "true",
        "ROLLCALL_WEBHOOK_CA_FILE": str(callbacks[1]),
    }
    folder: Path = tmp_path_factory.mktemp("service")
    async with running(folder, platforms=None, **settings) as one:
        yield one


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(twins: Twins, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """For people, relays, and pages that are looked at without a service."""
    launcher = ChromiumLauncher(switches=twins.switches)
    options = BrowserOptions(grants=("audioCapture", "videoCapture"))
    folder: Path = tmp_path_factory.mktemp("profiles")
    opened = await launcher.launch(options, profile_parent=folder)
    yield opened
    await opened.close()
