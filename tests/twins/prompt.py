"""How soon a bot's log tells what a twin's page shows: the page's own clock against the times of the log, on one machine.

A page says when it began to draw a view and when all of it stood there. What the log must say then is in the table below: not
before the page began (a bot is not in before it is let in), and within 3 s of when it stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.meetings.service import Event
from tests.twins.plays import Played

SOON_S = 3.0
CLOCKS_S = 0.1
"""A page's clock runs by itself from the page's start on, and may go another way than the machine's."""
REFUSED = ("could_not_join_meeting", "fatal_error", "meeting_ended")
TOLD: dict[str, tuple[str, ...]] = {
    "lobby": ("put_in_waiting_room", "lobby"),
    "meeting": ("joined_meeting", "in_meeting"),
    "host-absent": ("host_absent",),
    "consent": ("consent_answered",),
    "lobby-gave-up": ("lobby_gave_up",),
    "unknown": ("page_unknown",),
    "strange": ("page_unknown",),
    **dict.fromkeys(
        ("denied", "removed", "ended", "not-found", "wrong-passcode", "blocked", "full", "encrypted", "captcha"), REFUSED
    ),
    "login-required": REFUSED,
    "line": ("page_lost",),
}
"""What is told of a view: the type of a state event, the code of a remark, or the state of a `page_state`."""
SLOWER_S = dict.fromkeys(("unknown", "strange"), 20.0)
"""docs/platforms.md says why."""
INTERRUPTIONS = ("freeze", "crash", "close_page", "drop_network", "gone")
"""What keeps a page from telling anything."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One view of one page (or what is kept of it), and how long the log took to tell it: `after_s`, None where it never did."""

    platform: str
    view: str
    after_s: float | None
    early_s: float
    """How long before the page began to draw it the log told it; 0 where it did not."""

    @property
    def limit_s(self) -> float:
        return SLOWER_S.get(self.view.partition(",")[0], SOON_S)


def sights(played: Played) -> Iterator[Sight]:
    """Each view that stood long enough to be told."""
    told = [(when(event), words) for event in played.log for words in _words(event)]
    left = min((at for at, words in told if words == "leave_requested"), default=float("inf"))
    stood = [one for one in played.seen if one["what"] == "stands" and one["view"] in TOLD]
    known: set[str] = set()
    inside = min((at for at, words in told if words == "joined_meeting"), default=float("inf"))
    for one in stood:
        view = one["view"]
        kinds = [(view, TOLD[view])]
        if one["since"] < inside and (TOLD[view] == REFUSED or view in SLOWER_S):
            kinds.append((f"{view}, kept", ("evidence_kept",)))
        for name, words in kinds:
            sight = _sight(played.case.platform, one, name, [at for at, word in told if word in words], first=name not in known)
            known.add(name)
            if not _cut_short(one, sight, played.seen, left):
                yield sight
    silent = [at for at, words in told if words == "page_silent"]
    for frozen in (one["at"] for one in played.seen if one["what"] == "freeze"):
        after = min((at - frozen for at in silent if at > frozen), default=None)
        yield Sight(played.case.platform, "frozen", after, early_s=0.0)


def _sight(platform: str, one: dict[str, Any], name: str, times: list[float], *, first: bool) -> Sight:
    """`first`: of its view, so that nothing of it may have been told before."""
    since = one["since"] - CLOCKS_S
    after = min((at for at in times if at >= since), default=None)
    before = min((at for at in times if at < since), default=None) if first else None
    return Sight(
        platform,
        name,
        after_s=None if after is None else max(after - one["stood"], 0.0),
        early_s=0.0 if before is None else one["since"] - before,
    )


def _cut_short(one: dict[str, Any], sight: Sight, seen: list[dict[str, Any]], left: float) -> bool:
    """Whether the view went, or the page or the bot, before it had to be told."""
    if sight.early_s or (sight.after_s is not None and sight.after_s <= sight.limit_s):
        return False
    until = one["stood"] + sight.limit_s
    later = [other["since"] for other in seen if other["what"] == "stands" and other["since"] > one["since"]]
    cut = one["view"] != "line"  # which is an interruption itself
    since = one["since"] - CLOCKS_S  # an interruption is noted when it is sent, by another clock: it may be drawn first
    broken = [other["at"] for other in seen if cut and other["what"] in INTERRUPTIONS and other["at"] >= since]
    return min([*later, *broken, left]) < until


def when(event: Event) -> float:
    """When it was stored, in seconds since 1970."""
    return datetime.fromisoformat(event["created_time"]).timestamp()


def _words(event: Event) -> Iterator[str]:
    if event.get("state"):
        yield event["state"]["type"]
    if event.get("log"):
        yield event["log"]["code"]
        yield event["log"]["fields"].get("state", "")
