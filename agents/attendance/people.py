"""Who is in the meeting, and what changed since the page was last read. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from agents.attendance.text import clean
from agents.platforms.base import PersonSeen

_MOST_PEOPLE = 5000
"""More than any platform seats; a page that shows more is not believed."""
_NAME_LIMIT = 255
_ID_LIMIT = 255


class Change(Enum):
    """What happened to a participant."""

    JOIN = auto()
    LEAVE = auto()
    UPDATE = auto()


@dataclass(frozen=True, slots=True)
class PersonChange:
    """One participant's change; `data` holds what an update changed."""

    kind: Change
    person: PersonSeen
    data: dict[str, str] = field(default_factory=dict)


class Roster:
    """The participants besides the bot itself."""

    def __init__(self) -> None:
        self._people: dict[str, PersonSeen] = {}
        self._by_source: dict[str, PersonSeen] = {}

    @property
    def people(self) -> list[PersonSeen]:
        """Everybody but the bot."""
        return list(self._people.values())

    def find(self, uuid: str) -> PersonSeen | None:
        """The participant with that id, if they are there."""
        return self._people.get(uuid[:_ID_LIMIT])

    def in_track(self, source: str) -> PersonSeen | None:
        """The participant who is known by this number in mixed tracks, or to whom this track belongs."""
        return self._by_source.get(source)

    def update(self, seen: Iterable[PersonSeen]) -> list[PersonChange]:
        """Takes the whole list as the page shows it; returns who left, came and changed, in this order."""
        now = _tidy(seen)
        changes = [PersonChange(Change.LEAVE, person) for uuid, person in self._people.items() if uuid not in now]
        for uuid, person in now.items():
            before = self._people.get(uuid)
            if before is None:
                changes.append(PersonChange(Change.JOIN, person))
            elif data := _difference(before, person):
                changes.append(PersonChange(Change.UPDATE, person, data))
        self._people = now
        self._by_source = {person.source: person for person in reversed(now.values()) if person.source}
        return changes


def _tidy(seen: Iterable[PersonSeen]) -> dict[str, PersonSeen]:
    people: dict[str, PersonSeen] = {}
    for person in seen:
        if person.is_self or len(people) >= _MOST_PEOPLE:
            continue
        name = clean(person.name, _NAME_LIMIT)
        uuid = clean(person.uuid, _ID_LIMIT) or name
        if uuid:
            user_uuid = clean(person.user_uuid, _ID_LIMIT)
            source = clean(person.source, _ID_LIMIT)
            people.setdefault(uuid, PersonSeen(uuid, name, is_host=person.is_host, user_uuid=user_uuid, source=source))
    return people


def _difference(before: PersonSeen, now: PersonSeen) -> dict[str, str]:
    data: dict[str, str] = {}
    if before.name != now.name:
        data["name"] = now.name
    if before.is_host != now.is_host:
        data["is_host"] = "true" if now.is_host else "false"
    if now.user_uuid and before.user_uuid != now.user_uuid:
        data["user_uuid"] = now.user_uuid
    return data
