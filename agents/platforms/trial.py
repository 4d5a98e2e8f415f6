"""Tries a platform file on a real meeting and prints what it sees: `rollcall platforms try`, for whoever is writing one."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agents.browser.api import BrowserOptions, Page
from agents.browser.errors import BrowserError
from agents.browser.session import ChromiumLauncher
from agents.media_devices.virtual_devices import VirtualDevices
from agents.platforms.adapter import DeclarativeAdapter
from agents.platforms.base import (
    ChatSeen,
    JoinRequest,
    JoinStepError,
    Listeners,
    NotSupportedError,
    Observation,
    PersonSeen,
    UiState,
)
from agents.platforms.classifier import OUT, REFUSED
from agents.platforms.declarative import DeclarativeAttendance
from agents.platforms.platform_file import PlatformFile

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """What to try."""

    file: PlatformFile
    url: str
    name: str = "Rollcall trial"
    seconds: float = 30.0
    """How long to stay after the steps are done."""
    message: str = ""
    """Said in the chat, once the bot is in; nothing where it is empty."""
    screenshot: Path | None = None
    """Where to put a picture of the page at the end."""
    chromium: Path | None = None
    switches: tuple[str, ...] = ()
    """More for Chromium, as WorkerSettings.chromium_switches."""


@dataclass(slots=True)
class _Witness:
    """Prints what an attendance says, with the seconds since the beginning."""

    say: Say
    begun: float = field(default_factory=time.monotonic)
    shown: UiState = UiState.LOADING

    def __call__(self, words: str) -> None:
        self.say(f"{time.monotonic() - self.begun:7.2f} s  {words}")

    def listeners(self) -> Listeners:
        return Listeners(
            ui_state=self._state,
            people=self._people,
            speaking=lambda uuid, on: self(f"speaking   {uuid} {'begins' if on else 'ends'}"),
            chat=self._chat,
            log=lambda code, text: self(f"remark     {code}: {text}"),
        )

    def _state(self, seen: Observation) -> None:
        self.shown = seen.state
        self(f"state      {seen.state.value}   ({seen.evidence}){'   “' + seen.text + '”' if seen.text else ''}")

    def _people(self, people: list[PersonSeen]) -> None:
        marks = [f"{one.name}{' (self)' if one.is_self else ''}{' (host)' if one.is_host else ''} [{one.uuid}]" for one in people]
        self(f"people     {len(people)}: {', '.join(marks) or 'nobody'}")

    def _chat(self, message: ChatSeen) -> None:
        whose = "the bot" if message.is_self else message.sender_name or "somebody"
        self(f"chat       {whose}{' (to the bot alone)' if message.to_bot_only else ''}: {message.text}")


async def run(trial: Trial, say: Say = print) -> bool:
    """Joins, prints, leaves; whether the steps could be done."""
    adapter = DeclarativeAdapter(trial.file)
    witness = _Witness(say)
    with tempfile.TemporaryDirectory(prefix="rollcall-trial-", ignore_cleanup_errors=True) as folder:
        try:
            options = adapter.browser_options(BrowserOptions())
            browser = await ChromiumLauncher(trial.chromium, switches=trial.switches).launch(options, profile_parent=Path(folder))
        except BrowserError as error:
            witness(f"no browser: {error}")
            return False
        try:
            page = await browser.new_page()
            await VirtualDevices(page).prepare()
            attendance = adapter.attend()
            await attendance.prepare(page, witness.listeners())
            done = await _attend(trial, attendance, page, witness)
            if trial.screenshot is not None:
                trial.screenshot.write_bytes(await page.screenshot())
                witness(f"picture    {trial.screenshot}")
            await attendance.leave()
            witness("left")
        except BrowserError as error:
            witness(f"the browser failed: {error}")
            return False
        finally:
            await browser.close()
    return done


async def _attend(trial: Trial, attendance: DeclarativeAttendance, page: Page, witness: _Witness) -> bool:
    try:
        await attendance.enter(JoinRequest(trial.url, trial.name))
        refused = witness.shown in {*REFUSED, *OUT}
        witness(f"steps      ended, for the page shows {witness.shown.value}" if refused else "steps      done")
        end = time.monotonic() + trial.seconds
        if trial.message and not refused:
            await asyncio.sleep(min(3.0, trial.seconds))
            await attendance.send_chat(trial.message, to_user_uuid=None)
            witness("chat       said it")
        await asyncio.wait([page.failure], timeout=max(end - time.monotonic(), 0.0))
    except (BrowserError, JoinStepError, NotSupportedError) as error:
        witness(f"failed     {error}")
        return False
    if page.failure.done():
        witness(f"failed     {page.failure.result()}")
        return False
    return True
