"""Runs a script: one Chromium, a page a person."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import httpx
import structlog

from agents.browser.api import Browser, BrowserLauncher, BrowserOptions
from agents.people.person import Performance
from agents.people.script import ControlCall, Script
from agents.people.venue import RehearsalVenue, Venue
from agents.people.voice import Voices

log = structlog.get_logger(__name__)

GRANTS = ("audioCapture", "videoCapture")
"""Without it Chromium offers no candidates at all on a machine that has no network but its loopback."""
PAGE_SIZE = (640, 400)
"""Small: nobody looks at these pages, and painting them costs more than their media."""


async def run(
    script: Script,
    url: str,
    *,
    venue: Venue | None = None,
    launcher: BrowserLauncher | None = None,
    options: BrowserOptions | None = None,
    cache: Path | None = None,
    control_key: str | None = None,
    on_start: Callable[[float], None] = lambda _started: None,
) -> None:
    """Plays `script` in the meeting at `url` and returns when it is over; cancel it to send everybody home at once.

    `venue` says how people use this kind of meeting (the rehearsal's by default), `options` adds to the browser's, `cache` keeps
    spoken words, `on_start` hears the script's zero in seconds since 1970. Raises the browser's errors, VoiceError, and an
    ExceptionGroup where several people failed.
    """
    voices = Voices(cache)
    await asyncio.gather(*(voices.sound(say) for person in script.people for say in person.says if say.at < 30))
    width, height = PAGE_SIZE
    wanted = (options or BrowserOptions()).merged(size=(width, height), grants=GRANTS)
    with tempfile.TemporaryDirectory(prefix="rollcall-people-", ignore_cleanup_errors=True) as folder:
        browser = await (launcher or _launcher()).launch(wanted, profile_parent=Path(folder))
        try:
            started = time.time()
            on_start(started)
            place = venue or RehearsalVenue()
            parts = [Performance(person, n % 63 + 1, place, voices, url, started) for n, person in enumerate(script.people)]
            control = _control(script.control, url, started, control_key)
            await _perform(parts, control, browser, script.seconds)
        finally:
            await browser.close()


def _launcher() -> BrowserLauncher:
    from agents.browser.session import ChromiumLauncher

    return ChromiumLauncher()


async def _perform(parts: list[Performance], control: Coroutine[None, None, None], browser: Browser, ends: float | None) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            controlling = group.create_task(control)
            await asyncio.wait([group.create_task(part.run(browser, ends)) for part in parts])
            controlling.cancel()  # nobody is left to be controlled
    except ExceptionGroup as errors:
        if len(errors.exceptions) == 1:
            raise errors.exceptions[0] from None
        raise


async def _control(calls: tuple[ControlCall, ...], url: str, started: float, key: str | None) -> None:
    """Makes the script's calls to the rehearsal's control API at their times; one that is refused is logged."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    address = f"{url.partition('?')[0].rstrip('/')}/control"
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        for call in sorted(calls, key=lambda c: c.at):
            await asyncio.sleep(max(0.0, started + call.at - time.time()))
            answer = await client.post(address, json=dict(call.call), headers=headers)
            if answer.is_error:
                log.warning("people.control_refused", action=call.call.get("action"), status=answer.status_code)
