"""What a platform's adapter costs: joining a twin and being in its meeting, beside the same page without us.

Without us means: the same Chromium, and the least that gets in: a script that writes into every empty field and presses whatever
says join, every 50 ms, until the room has somebody of that name. Both in turns, with a browser of their own each time. The time
counts from the start of the browser to the room saying that the visitor is in; CPU and memory are of all the browser's processes,
while one other is in the meeting who sends nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from agents.browser.api import BrowserOptions
from agents.browser.page import ChromiumPage
from agents.browser.session import ChromiumBrowser, ChromiumLauncher
from agents.media_devices.virtual_devices import VirtualDevices
from agents.platforms.adapter import DeclarativeAdapter
from agents.platforms.base import JoinRequest, Listeners
from agents.platforms.file_reader import BUILT_IN, load
from benchmarks.harness import cpu_seconds, pss_bytes
from tests.twins.attending import Meeting, Twins

PLATFORMS = ("google_meet", "zoom", "teams", "jitsi")
NAME = "Rollcall"
ROUNDS = 3
SETTLE_SECONDS = 3.0
SECONDS = 10.0
PATIENCE_SECONDS = 60.0
PRESS = """(name, words) => {
  for (const field of document.querySelectorAll('input')) {
    if (!['text', ''].includes(field.type) || field.value || field.disabled) continue;
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, name);
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }
  for (const button of document.querySelectorAll('button, a, [role=button]')) {
    const says = (button.innerText || '').trim();
    if (!button.disabled && words.some((word) => says.startsWith(word))) button.click();
  }
}"""
WORDS = ["Ask to join", "Join", "Continue on this browser"]


@dataclass(frozen=True, slots=True)
class Run:
    """One visit: seconds until in, share of a core, bytes."""

    joined_s: float
    cpu: float
    memory: int


async def main() -> str:
    """The table."""
    head = "| twin of | joined, s: page alone | bot | ratio | % of a core: page alone | bot | MB (PSS): page alone | bot |"
    lines = [head, "|---" * 8 + "|"]
    with served() as twins, tempfile.TemporaryDirectory() as folder:
        for platform in PLATFORMS:
            runs: dict[bool, list[Run]] = {False: [], True: []}
            for _ in range(ROUNDS):
                for ours in (False, True):
                    runs[ours].append(await visit(twins, platform, Path(folder), ours=ours))
            joined = [statistics.median(run.joined_s for run in runs[ours]) for ours in (False, True)]
            cpu = [100 * statistics.median(run.cpu for run in runs[ours]) for ours in (False, True)]
            memory = [statistics.median(run.memory for run in runs[ours]) / 1e6 for ours in (False, True)]
            lines.append(
                f"| {platform} | {joined[0]:.1f} | {joined[1]:.1f} | {joined[1] / joined[0]:.2f} | {cpu[0]:.1f} | {cpu[1]:.1f} "
                f"| {memory[0]:.0f} | {memory[1]:.0f} |"
            )
    return "\n".join(lines)


@contextlib.contextmanager
def served() -> Iterator[Twins]:
    """The twins, in a process of their own."""
    with subprocess.Popen([sys.executable, "-m", "tests.twins"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            where = json.loads(process.stdout.readline())
            yield Twins(where["plain"], tuple(where["switches"]))
        finally:
            process.terminate()


async def visit(twins: Twins, platform: str, folder: Path, *, ours: bool) -> Run:
    """Goes in once, and stays for a while."""
    meeting = await twins.set_up(platform, "normal")
    adapter = DeclarativeAdapter(load(BUILT_IN / platform / "platform.toml"))
    began = time.monotonic()
    browser = await ChromiumLauncher(switches=twins.switches).launch(
        adapter.browser_options(BrowserOptions()), profile_parent=folder
    )
    try:
        page = await browser.new_page()
        await VirtualDevices(page).prepare()  # the page's own way in wants a microphone, with us or without
        async with by_adapter(adapter, page, meeting) if ours else by_script(page, meeting):
            joined_s = await until_in(meeting) - began
            return await being_there(browser, joined_s)
    finally:
        await browser.close()


@contextlib.asynccontextmanager
async def by_adapter(adapter: DeclarativeAdapter, page: ChromiumPage, meeting: Meeting) -> AsyncIterator[None]:
    """As a bot goes in."""
    attendance = adapter.attend()
    await attendance.prepare(page, Listeners(*([lambda *_: None] * 5)))
    async with _beside(attendance.enter(JoinRequest(meeting.url, NAME))):
        yield


@contextlib.asynccontextmanager
async def by_script(page: ChromiumPage, meeting: Meeting) -> AsyncIterator[None]:
    """By the least that gets in; it stops once somebody is in."""

    async def press() -> None:
        await page.open(meeting.url, timeout_s=45)
        while not await is_in(meeting):
            await page.evaluate_in_frames(PRESS, NAME, WORDS)
            await asyncio.sleep(0.05)

    async with _beside(press()):
        yield


@contextlib.asynccontextmanager
async def _beside(work: object) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)  # type: ignore[arg-type]  # a coroutine, whatever it gives
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def is_in(meeting: Meeting) -> bool:
    """Whether the visitor is in the meeting, as the room sees it."""
    people = (await meeting.state())["people"]
    return any(person["name"] == NAME and person["place"] == "meeting" for person in people)


async def until_in(meeting: Meeting) -> float:
    """When the visitor was in, by the monotonic clock. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await is_in(meeting):
            await asyncio.sleep(0.03)
    return time.monotonic()


async def being_there(browser: ChromiumBrowser, joined_s: float) -> Run:
    """What the browser takes while nothing happens but the meeting."""
    await asyncio.sleep(SETTLE_SECONDS)
    before = cpu_seconds(browser.pid)
    await asyncio.sleep(SECONDS)
    return Run(joined_s, (cpu_seconds(browser.pid) - before) / SECONDS, pss_bytes(browser.pid))
