"""Who spoke when, by what the site noticed and by the bot's log; and how soon the bot heard where no track brings it."""

from __future__ import annotations

from typing import Any

from tests.meetings.service import Event
from tests.twins.prompt import when

HEARING_S = 10.0
"""From somebody's first word to the log's saying that the page's own sound is taken."""


def joined_at(log: list[Event]) -> float:
    """When the bot was in, in seconds since 1970."""
    return next(when(event) for event in log if (event.get("state") or {}).get("type") == "joined_meeting")


def turns_of(seen: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """Who spoke from when to when, by the site's own clock."""
    return intervals([(one["name"], one["at"], one["on"]) for one in seen if one["what"] == "speaks"])


def hearing_changed_after_s(log: list[Event], seen: list[dict[str, Any]]) -> float:
    """How long after the first moment at which somebody spoke and the bot was there its log says that it hears the page itself.

    Infinite where it never says so. Raises ValueError where nobody spoke.
    """
    joined = joined_at(log)
    spoken = min(max(start, joined) for _, start, end in turns_of(seen) if end > joined)
    changed = (when(event) for event in log if (event.get("log") or {}).get("code") == "hearing_page")
    return max(min(changed, default=float("inf")) - spoken, 0.0)


def intervals(changes: list[tuple[str, float, bool]]) -> list[tuple[str, float, float]]:
    """Who spoke from when to when; what has not ended is left out."""
    found, since = [], dict[str, float]()
    for name, at, on in changes:
        if on:
            since.setdefault(name, at)
        elif name in since:
            found.append((name, since.pop(name), at))
    return found


def shared(speeches: list[tuple[str, float, float]], name: str, start: float, end: float) -> float:
    return sum(max(0.0, min(end, to) - max(start, since)) for one, since, to in speeches if one == name)
