"""What an attendance needs from outside; tests bring their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agents.attendance.clock import Clock, SystemClock
from agents.browser.api import BrowserLauncher, Page
from agents.capture.base import Capture, CaptureRequest, FinishedFile, Format
from agents.link import LinkListeners
from agents.media_devices.virtual_devices import Picture, VirtualDevices
from agents.platforms.base import Adapter
from rollcall.v1 import agent_service_pb2 as agent


class LinkPort(Protocol):
    """agents.link.Link, or a fake."""

    async def claim(self) -> agent.LeaseGranted:
        """As Link.claim."""
        ...

    def report(self, report: agent.Report) -> None:
        """As Link.report."""
        ...

    def answer(self, command_id: str, *, done: bool, detail: str = "") -> None:
        """As Link.answer."""
        ...

    @property
    def away_s(self) -> float:
        """As Link.away_s."""
        ...

    def nudge(self) -> None:
        """As Link.nudge."""
        ...

    async def take_login(self, *, timeout_s: float) -> agent.LoginGiven:
        """As Link.take_login."""
        ...

    async def take_zoom_tokens(self, *, timeout_s: float) -> agent.ZoomTokensGiven:
        """As Link.take_zoom_tokens."""
        ...

    def refuse_login(self, login_id: str, problem: str) -> None:
        """As Link.refuse_login."""
        ...

    async def release(self, *, hand_over: bool, timeout_s: float, unfinished: str = "") -> bool:
        """As Link.release."""
        ...

    async def close(self) -> None:
        """As Link.close."""
        ...


class Devices(Protocol):
    """The bot's own camera and microphone."""

    async def install(self, page: Page, picture: Picture | None) -> VirtualDevices:
        """Puts virtual devices into the page, with the bot's picture on the camera; before the page is opened."""
        ...


Fetch = Callable[[str, Path], Awaitable[None]]
"""Writes what is at a user's URL to a file. Raises DeviceError, with why for the user."""


class Finish(Protocol):
    """agents.capture.finish.finish, or a fake."""

    async def __call__(self, folder: Path, format: Format, *, keep_segments: bool) -> FinishedFile:  # noqa: A002 -- the contract's word
        """Joins the segments in a bot's folder into one playable file, off the loop. Raises FinishError."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an attendance waits, in seconds, and how often it tries; tests are less patient."""

    evidence_s: float = 60.0
    """From having asked to join (or from the page's last sign) to any evidence of where the bot is."""
    back_s: float = 20.0
    """How long the page may show neither the meeting nor its end, once the bot was in."""
    lost_s: float = 60.0
    """As back_s, where the page itself says that it has lost its connection: it is trying to find back."""
    join_tries: int = 3
    between_tries_s: float = 1.0
    join_s: float = 600.0
    """All tries together, where the bot's settings do not say how long it waits for a meeting to begin."""
    rejoins: int = 1
    """How often a page lost in the meeting is replaced."""
    rejoin_s: float = 120.0
    """How long a bot that was in the meeting tries to get back in, the lobby included."""
    recording_first_s: float = 0.5
    """How long `joined_meeting` waits for the recording to have begun."""
    capture_again_s: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0, 10.0)
    """Waits before a failed capture is started anew; the last repeats."""
    leave_s: float = 4.0
    release_s: float = 600.0
    """How long the last reports of a bot are kept for a server that is away."""
    forsaken_s: float = 900.0
    """Nobody tells a bot without a server to leave: it does so by itself when the server has been away, and the bot alone, for so
    long."""
    ask_again_s: float = 2.0
    """Before asking again where the platform itself gave up on the lobby."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Everything that is not the attendance itself."""

    launcher: BrowserLauncher
    adapter_for: Callable[[agent.BotSpec], Adapter]
    """Raises NotSupportedError with what is missing."""
    make_capture: Callable[[CaptureRequest], Capture]
    finish: Finish
    devices: Devices | None
    fetch: Fetch
    connect: Callable[[str, LinkListeners], LinkPort]
    """A link for a bot id, not yet claimed."""
    media_dir: Path
    profile_parent: Path
    clock: Clock = field(default_factory=SystemClock)
    patience: Patience = field(default_factory=Patience)
    join_evidence: bool = True
    """Whether it is kept what the page showed to a bot that did not get in, also where nobody asked for it."""
