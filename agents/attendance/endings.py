"""What ends an attendance, and which failure means what: tables and pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from agents.attendance.account import LoginError
from agents.attendance.happenings import Forsaken, Happening, LeaseLost, ShutDown
from agents.attendance.zoom_tokens import ZoomTokensError
from agents.browser.errors import (
    BrowserError,
    BrowserLostError,
    ChromiumNotFoundError,
    ChromiumStartError,
    LoadFailure,
    PageClosedError,
    PageCrashedError,
    PageError,
    PageFloodError,
    PageHungError,
    PageLoadError,
)
from agents.capture.base import CaptureError
from agents.platforms.base import JoinStepError, NotSupportedError, UiState
from rollcall.v1 import bot_pb2 as bot

Trigger: TypeAlias = bot.BotEventType.ValueType
SubType: TypeAlias = bot.BotEventSubType.ValueType

_NO_REASON = bot.BOT_EVENT_SUB_TYPE_UNSPECIFIED


class Way(Enum):
    """How an attendance ends."""

    LEFT = auto()
    """The bot was asked to leave and says goodbye."""
    ABANDONED = auto()
    """As LEFT, but the bot is in a terminal state already: it never got in."""
    OVER = auto()
    """The meeting, or the attempt to join it, is over; `trigger` says so to the log at once."""
    HANDED_OVER = auto()
    """This worker stops; another one goes on."""
    LEASE_LOST = auto()
    """Another worker goes on already; nothing more may be written."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of an attendance. `code` is what the worker's log and the evidence are named by."""

    way: Way
    trigger: Trigger = bot.BOT_EVENT_TYPE_UNSPECIFIED
    sub_type: SubType = _NO_REASON
    detail: str = ""
    code: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether something went wrong that evidence should be kept of."""
        return self.trigger in (bot.BOT_EVENT_TYPE_COULD_NOT_JOIN_MEETING, bot.BOT_EVENT_TYPE_FATAL_ERROR)


class Then(Enum):
    """What follows where nothing ends."""

    GO_ON = auto()
    TRY_AGAIN = auto()  # with a new browser


def meeting_ended(detail: str, code: str) -> Ending:
    """The meeting is over for the bot."""
    return Ending(Way.OVER, bot.BOT_EVENT_TYPE_MEETING_ENDED, _NO_REASON, detail, code)


def could_not_join(sub_type: SubType, detail: str, code: str) -> Ending:
    """The bot did not get in."""
    return Ending(Way.OVER, bot.BOT_EVENT_TYPE_COULD_NOT_JOIN_MEETING, sub_type, detail, code)


def fatal(sub_type: SubType, detail: str, code: str) -> Ending:
    """The bot failed."""
    return Ending(Way.OVER, bot.BOT_EVENT_TYPE_FATAL_ERROR, sub_type, detail, code)


_REFUSALS: dict[UiState, tuple[SubType, str]] = {
    UiState.DENIED: (bot.BOT_EVENT_SUB_TYPE_REQUEST_TO_JOIN_DENIED, "Somebody in the meeting refused the bot."),
    UiState.REMOVED: (bot.BOT_EVENT_SUB_TYPE_REQUEST_TO_JOIN_DENIED, "The bot was removed before it was in the meeting."),
    UiState.NOT_FOUND: (bot.BOT_EVENT_SUB_TYPE_MEETING_NOT_FOUND, "The platform knows no meeting at this URL."),
    UiState.WRONG_PASSCODE: (
        bot.BOT_EVENT_SUB_TYPE_UNABLE_TO_CONNECT_TO_MEETING,
        "The passcode is missing or wrong: give the meeting_url that holds it.",
    ),
    UiState.LOGIN_REQUIRED: (bot.BOT_EVENT_SUB_TYPE_LOGIN_REQUIRED, "Only signed-in people may join this meeting."),
    UiState.CAPTCHA: (bot.BOT_EVENT_SUB_TYPE_BLOCKED_BY_CAPTCHA, "The platform asked for a captcha; bots do not solve them."),
    UiState.BLOCKED: (bot.BOT_EVENT_SUB_TYPE_BLOCKED_BY_PLATFORM, "The platform does not let the bot join."),
    UiState.ENCRYPTED: (
        bot.BOT_EVENT_SUB_TYPE_BLOCKED_BY_PLATFORM,
        "The meeting is encrypted from end to end, and the platform keeps browsers out of such meetings.",
    ),
    UiState.FULL: (bot.BOT_EVENT_SUB_TYPE_UNABLE_TO_CONNECT_TO_MEETING, "The meeting is full."),
}

_ENDS_MEETING: dict[UiState, str] = {
    UiState.REMOVED: "The bot was removed from the meeting.",
    UiState.ENDED: "The meeting ended.",
    UiState.DENIED: "The bot was removed from the meeting.",
}


_TOKENS_REFUSED = (
    "Zoom asks the bot to sign in though it came with the tokens of callback_settings.zoom_tokens_url: give tokens that have not "
    "expired, of a user whom this meeting lets in."
)


def ending_of(state: UiState, *, joined: bool, with_tokens: bool = False) -> Ending | None:
    """What a page's state means for a bot that is (or was ever) in the meeting, or is not yet; None where it ends nothing.

    `with_tokens`: it came with Zoom tokens.
    """
    code = f"page_{state.value}"
    if joined:
        return meeting_ended(_ENDS_MEETING[state], code) if state in _ENDS_MEETING else None
    if state is UiState.ENDED:
        return meeting_ended("The meeting ended before the bot was in it.", code)
    if state is UiState.LOGIN_REQUIRED and with_tokens:
        return could_not_join(bot.BOT_EVENT_SUB_TYPE_ZOOM_AUTHORIZATION_FAILED, _TOKENS_REFUSED, code)
    if state in _REFUSALS:
        sub_type, detail = _REFUSALS[state]
        return could_not_join(sub_type, detail, code)
    return None


ENDS: dict[type[Happening], Ending] = {
    LeaseLost: Ending(Way.LEASE_LOST, code="lease_lost"),
    ShutDown: Ending(Way.HANDED_OVER, code="worker_stops"),
    Forsaken: meeting_ended("Nobody was left in the meeting, and the server was away.", "forsaken"),
}
"""What ends an attendance by itself, whatever else is going on."""

_CODES: tuple[tuple[type[Exception], str], ...] = (
    (ChromiumNotFoundError, "chromium_not_found"),
    (ChromiumStartError, "chromium_not_started"),
    (PageLoadError, "page_not_loaded"),
    (PageHungError, "page_hung"),
    (PageCrashedError, "page_crashed"),
    (PageClosedError, "page_closed"),
    (PageFloodError, "page_flood"),
    (BrowserLostError, "browser_lost"),
    (BrowserError, "browser_failed"),
    (JoinStepError, "join_step_failed"),
    (NotSupportedError, "not_supported"),
    (CaptureError, "capture_not_ready"),
    (LoginError, "login_not_available"),
    (ZoomTokensError, "zoom_tokens_not_available"),
)


def code_of(error: Exception) -> str:
    """A fixed word for an error, as `page_hung`."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), "internal_error")


_NEVER_THERE = frozenset({404, 410})
_PASSING = frozenset({408, 421, 425, 429})
"""Of 4xx, by which a server refuses: those that it may answer otherwise a moment later (RFC 9110, 15.5; 8470; 6585)."""


def worth_another_try(error: Exception) -> bool:
    """Whether the same attendance may try again, with a fresh browser: after a fault, never after a refusal.

    docs/platforms.md has the table; test_tries.py holds to it.
    """
    if isinstance(error, PageLoadError):
        refused = 400 <= error.status < 500 and error.status not in _PASSING
        return error.kind is not LoadFailure.NOT_ALLOWED and not refused
    if isinstance(error, ChromiumNotFoundError | NotSupportedError):
        return False
    return isinstance(error, BrowserError | JoinStepError | CaptureError)


def nothing_seen(state: UiState, meeting_url: str, *, joined: bool) -> PageError | JoinStepError:
    """What failed where the page still shows `state` when its time is over."""
    if state is UiState.LOADING and not joined:
        return PageLoadError(LoadFailure.TIMEOUT, meeting_url)
    if state is UiState.PAGE_LOST and not joined:
        return PageLoadError(LoadFailure.NETWORK, meeting_url, detail="the page says that it has lost its connection")
    return JoinStepError("wait for the meeting", f"the page shows neither meeting nor lobby, but “{state.value}”")


def join_failure(error: Exception, *, tries: int = 1, seconds: float = 0.0) -> Ending:
    """What it means that the bot could not be brought in, after so many tries in so many seconds."""
    code = code_of(error)
    after = f" after {tries} tries in {seconds:.0f} s" if tries > 1 else ""
    if isinstance(error, LoginError):
        return could_not_join(bot.BOT_EVENT_SUB_TYPE_BOT_LOGIN_ATTEMPT_FAILED, _first_line(error), code)
    if isinstance(error, ZoomTokensError):
        return could_not_join(bot.BOT_EVENT_SUB_TYPE_ZOOM_AUTHORIZATION_FAILED, _first_line(error), code)
    if isinstance(error, PageLoadError):
        return _not_loaded(error, after, code)
    if isinstance(error, JoinStepError):
        detail = f"The step “{error.step}” could not be done{after}: {_first_line(error)}"
        return fatal(bot.BOT_EVENT_SUB_TYPE_UI_ELEMENT_NOT_FOUND, detail, code)
    if isinstance(error, PageError | BrowserLostError):
        detail = f"The meeting's page never became usable{after}: {_WHAT_HAPPENED.get(code, 'its browser failed')}."
        return could_not_join(bot.BOT_EVENT_SUB_TYPE_UNABLE_TO_CONNECT_TO_MEETING, detail, code)
    return fatal(bot.BOT_EVENT_SUB_TYPE_BOT_NOT_LAUNCHED, _NOT_LAUNCHED.get(code, "{}").format(_first_line(error)), code)


_NOT_LAUNCHED = {
    "chromium_not_found": "No Chromium on the worker's machine: {}",
    "chromium_not_started": "Chromium did not start on the worker's machine: {}",
}


def _not_loaded(error: PageLoadError, after: str, code: str) -> Ending:
    if error.status in _NEVER_THERE:
        detail = f"The meeting's address answers {error.status}: there is no such page."
        return could_not_join(bot.BOT_EVENT_SUB_TYPE_MEETING_NOT_FOUND, detail, code)
    detail = f"The meeting's page could not be loaded{after}: {_LOAD_FAILURES.get(error.kind, error.kind.value)}"
    detail += f" ({error.status})." if error.status else "."
    return could_not_join(bot.BOT_EVENT_SUB_TYPE_UNABLE_TO_CONNECT_TO_MEETING, detail, code)


_LOAD_FAILURES = {
    LoadFailure.NOT_ALLOWED: "it leads to an address that is not http or https",
    LoadFailure.DNS: "its host name is not known",
    LoadFailure.REFUSED: "nobody listens at its address",
    LoadFailure.TLS: "its certificate is not valid",
    LoadFailure.HTTP: "its server answers with an error",
    LoadFailure.TIMEOUT: "it did not load in time",
    LoadFailure.NO_DOCUMENT: "there is no page at its address",
    LoadFailure.NETWORK: "the network failed",
}

_WHAT_HAPPENED = {
    "page_hung": "it did not answer",
    "page_crashed": "it crashed",
    "page_closed": "it closed itself",
    "page_flood": "it told of more people and words than any meeting has",
    "browser_lost": "its browser ended",
}


def lost_in_meeting(code: str) -> Ending:
    """The page was lost in the meeting, and the one attempt to come back is used up."""
    what = _WHAT_HAPPENED.get(code, "its browser failed")
    return fatal(bot.BOT_EVENT_SUB_TYPE_PROCESS_TERMINATED, f"The meeting's page was lost twice; the last time {what}.", code)


def no_way_back(last: Ending) -> Ending:
    """The page was lost in the meeting and the bot did not get in again: for it the meeting is over."""
    return meeting_ended(f"The page was lost and the bot did not get back in. {last.detail}", last.code)


def not_back_in_time() -> Ending:
    """As `no_way_back`, where nobody said no."""
    return meeting_ended("The page was lost and the bot was not let back in within two minutes.", "not_back_in_time")


def internal_error(fault_id: str) -> Ending:
    """A fault of ours."""
    detail = f"A fault in the worker; look for {fault_id} in its log." if fault_id else "A fault in the worker; see its log."
    return fatal(bot.BOT_EVENT_SUB_TYPE_INTERNAL_ERROR, detail, "internal_error")


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
