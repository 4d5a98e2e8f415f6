"""What a platform adapter is, and what it says. Adapters are data read by one engine, plus small named hooks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from agents.browser.api import BrowserOptions, Page


class UiState(StrEnum):
    """What the page shows. Found by the one in-page observer; each has evidence."""

    LOADING = "loading"
    PRE_JOIN = "pre_join"
    NAME_ASKED = "name_asked"
    """As PRE_JOIN, and the page asks for a name."""
    LOBBY = "lobby"
    HOST_ABSENT = "host_absent"
    IN_MEETING = "in_meeting"
    CONSENT = "consent"
    DENIED = "denied"
    LOBBY_GAVE_UP = "lobby_gave_up"
    NOT_FOUND = "not_found"
    WRONG_PASSCODE = "wrong_passcode"
    LOGIN_REQUIRED = "login_required"
    CAPTCHA = "captcha"
    BLOCKED = "blocked"
    ENCRYPTED = "encrypted"
    REMOVED = "removed"
    ENDED = "ended"
    FULL = "full"
    PAGE_LOST = "page_lost"
    """The page says itself that it has lost its connection; it may find back."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """A change of what the page shows."""

    state: UiState
    evidence: str
    """Which rule matched, as `in_meeting: selector .remote-tile`; for logs, without page text."""
    text: str = ""
    """The page's text that matched, cut at 200 characters; hostile."""


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """A participant as the page shows them; `uuid` is stable while they are there."""

    uuid: str
    name: str
    is_host: bool = False
    is_self: bool = False
    user_uuid: str = ""
    source: str = ""
    """Where the page says it: the number by which they are known in packets (CSRC), or the id of the track that is theirs."""


@dataclass(frozen=True, slots=True)
class ChatSeen:
    """A chat message as the page shows it. `key` is stable: the same message seen again has the same key."""

    key: str
    text: str
    sender_name: str
    sender_uuid: str = ""
    is_self: bool = False
    to_bot_only: bool = False


@dataclass(frozen=True, slots=True)
class CaptionSeen:
    """A piece of what somebody says, by the page's captions. Told again with the same `key` as it grows, until it is final."""

    key: str
    text: str
    speaker_name: str
    speaker_uuid: str = ""
    """Where the page says it."""
    final: bool = False
    began_seconds_ago: float = 0.0
    lasted_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CaptionWish:
    """How a bot wants captions."""

    language: str = ""
    """As the platform names it; empty for whatever the meeting has."""
    merge: bool = False
    """Whether consecutive captions of one speaker are one utterance."""


class Device(StrEnum):
    """What of the bot the others hear and see."""

    MICROPHONE = "microphone"
    CAMERA = "camera"


async def _open_door() -> None:
    """Who is not early need not wait."""


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """What a bot brings along. `door` returns when it may go in: a scheduled bot comes some seconds before its time."""

    meeting_url: str
    bot_name: str
    attempt: int = 1
    captions: CaptionWish | None = None
    """Not given: they stay off."""
    view: str = ""
    """How the meeting shall be laid out, as `gallery_view`."""
    camera: bool = False
    """Whether the bot has a picture to show from the beginning. Else its camera is off; its microphone is off in any case."""
    door: Callable[[], Awaitable[None]] = _open_door
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the address that is opened and of nothing else: values for SECRET_VARIABLES of a platform file."""


def _ignore(*_: object) -> None:
    """Who does not want captions need not listen."""


@dataclass(slots=True)
class Listeners:
    """What the runner wants to hear; called from the event loop, must return at once."""

    ui_state: Callable[[Observation], None]
    people: Callable[[list[PersonSeen]], None]
    """The whole list each time it changes, the bot itself included (`is_self`) where the page shows it."""
    speaking: Callable[[str, bool], None]
    """uuid, whether they speak now."""
    chat: Callable[[ChatSeen], None]
    log: Callable[[str, str], None]
    """code, message: a remark for the bot's log, as consent_answered."""
    caption: Callable[[CaptionSeen], None] = _ignore
    captions: Callable[[bool, str], None] = _ignore
    """Whether captions are on now, and where they are not, why."""


class Attendance(Protocol):
    """One adapter at work on one page."""

    async def prepare(self, page: Page, listeners: Listeners) -> None:
        """Installs the observer; before `enter`. The observer reports from the first document on."""
        ...

    async def enter(self, request: JoinRequest) -> None:
        """Opens the URL and goes through the steps up to having asked to join; then returns.

        Nothing by which anybody could learn of the bot is done before the request's `door` has returned.

        What happens after that (lobby, in, denied) is heard from the observer. Raises JoinStepError with the step's name where a
        control is not there in time, and the browser's errors.
        """
        ...

    async def send_chat(self, message: str, *, to_user_uuid: str | None) -> None:
        """Says something in the chat. Raises NotSupportedError, JoinStepError."""
        ...

    async def switch(self, device: Device, *, on: bool) -> bool:
        """Turns the page's own microphone or camera on or off, and looks whether it is; nothing where it is already so.

        False where nothing is known of the page's controls: it is left as it is. Raises SwitchError and the browser's errors.
        """
        ...

    async def switched_off(self, device: Device) -> None:
        """Returns when the page has shown for a moment that the device is off; never where nothing is known of its controls."""
        ...

    async def leave(self) -> None:
        """Leaves as a guest would; returns when the page has let go, or after 3 s. Never raises."""
        ...


class Adapter(Protocol):
    """One platform."""

    name: str

    def browser_options(self, options: BrowserOptions) -> BrowserOptions:
        """Adds the platform's own switches."""
        ...

    def attend(self) -> Attendance:
        """A fresh attendance."""
        ...


RECEIVER_STEP = "chat receiver"
"""The JoinStepError of a chat that does not offer whoever a message is for."""


class JoinStepError(Exception):
    """A step before or in the meeting could not be done; `step` names it. Raised by adapters."""

    def __init__(self, step: str, message: str) -> None:
        super().__init__(message)
        self.step = step


class SwitchError(Exception):
    """The page did not turn the bot's microphone or camera on or off; the text says why and what to do. Raised by adapters."""


class NotSupportedError(Exception):
    """The platform cannot do what was asked; the text says what. Raised by adapters."""


@dataclass(slots=True)
class FakeAttendance:
    """A platform for tests: does nothing by itself; the test calls `listeners` and reads what was asked."""

    listeners: Listeners | None = None
    entered: list[JoinRequest] = field(default_factory=list)
    said: list[tuple[str, str | None]] = field(default_factory=list)
    switched: list[tuple[Device, bool]] = field(default_factory=list)
    muted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the test: the page shows the devices as off."""
    left: bool = False

    async def prepare(self, page: Page, listeners: Listeners) -> None:
        """Keeps the listeners."""
        del page
        self.listeners = listeners

    async def enter(self, request: JoinRequest) -> None:
        """Notes the request, once it may go in."""
        await request.door()
        self.entered.append(request)

    async def send_chat(self, message: str, *, to_user_uuid: str | None) -> None:
        """Notes the message."""
        self.said.append((message, to_user_uuid))

    async def switch(self, device: Device, *, on: bool) -> bool:
        """Notes it."""
        self.switched.append((device, on))
        return True

    async def switched_off(self, device: Device) -> None:
        """Waits for the test."""
        del device
        await self.muted.wait()

    async def leave(self) -> None:
        """Notes it."""
        self.left = True
