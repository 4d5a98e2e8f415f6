"""The meetings of all twins: which scenario each one plays, in which language and variant, and its rehearsal room."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gateway.rehearsal.actions import act
from gateway.rehearsal.limits import RehearsalSettings
from gateway.rehearsal.person import Person
from gateway.rehearsal.room import Room
from gateway.rehearsal.rooms import Rooms
from tests.twins.director import come
from tests.twins.hosts import PLATFORMS
from tests.twins.scenarios import Scenario, scenarios

LANGUAGES = ("en", "de", "ja")
VARIANTS = ("a", "b")
RELAY = "twin-relay"
"""Who is named so is no participant: the page that gives media as the platform's servers do (relay.js)."""


class WishError(ValueError):
    """A meeting that cannot be set up; the text says why."""


@dataclass(slots=True)
class Meeting:
    """One meeting of a platform."""

    platform: str
    code: str
    scenario: Scenario
    language: str
    variant: str
    media: str
    """How the people's sound comes, where there is any: `tracks`, `mixed` or `data` (relay.js)."""
    room: Room
    marks: bool = True
    """Whether the page marks who speaks."""
    visitor: Callable[[], Person] | None = None
    """Who came last by the platform's own address."""
    visits: int = 0
    loads: int = 0
    seen: list[dict[str, Any]] = field(default_factory=list)
    """What the site noticed of its visitors, with the seconds since 1970: for tests."""

    def note(self, what: str, **more: Any) -> None:
        """Notes something."""
        self.seen.append({"what": what, "at": time.time(), **more})


class Stage:
    """All meetings. One that was not set up is an empty, normal one."""

    def __init__(self) -> None:
        self.rooms = Rooms(RehearsalSettings(rooms=2000, empty_room_seconds=3600, resume_seconds=10))
        self._meetings: dict[tuple[str, str], Meeting] = {}

    def of(self, platform: str, code: str) -> Meeting:
        """The meeting with that code, as it stands in its address."""
        return self._meetings.get((platform, code)) or self.set_up(platform, code, {"guests": []})

    def named(self, room: str) -> Meeting | None:
        """The meeting in a room."""
        return next((one for one in self._meetings.values() if one.room.name == room), None)

    def set_up(self, platform: str, code: str, wish: dict[str, Any]) -> Meeting:
        """Makes a meeting anew. Raises WishError."""
        table = scenarios()
        name = wish.get("scenario", "normal")
        language, variant = wish.get("language", "en"), wish.get("variant", "a")
        for what, given, among in (
            ("platform", platform, PLATFORMS),
            ("scenario", name, tuple(table)),
            ("language", language, LANGUAGES),
            ("variant", variant, VARIANTS),
        ):
            if given not in among:
                raise WishError(f"{what} must be one of: {', '.join(among)}")
        room = self.rooms.get_or_make(room_name(platform, code))
        room.rules.language = language
        scenario = table[name]
        for number, guest in enumerate(wish.get("guests", scenario.guests)):
            come(room, guest, host=number == 0)
        for call in scenario.before:
            act(room, dict(call))
        media = wish.get("media", MEDIA[platform])
        self._meetings[platform, code] = made = Meeting(
            platform, code, scenario, language, variant, media, room, wish.get("marks", True)
        )
        return made


MEDIA = {"google_meet": "tracks", "zoom": "mixed", "teams": "mixed", "jitsi": "mesh"}


def room_name(platform: str, code: str) -> str:
    """A rehearsal room's name, which is narrower than a meeting's code."""
    return f"{platform}.{re.sub('[^A-Za-z0-9._-]', '-', code)}"[:64]
