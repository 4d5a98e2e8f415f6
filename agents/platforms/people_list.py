"""Makes a steady list of people out of what a page shows from moment to moment. No clock: time comes in."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agents.platforms.base import PersonSeen
from agents.platforms.folding import fold
from agents.platforms.platform_file import People
from agents.platforms.renames import Renames

MAX_NAME = 255
UNSURE_SECONDS = 15.0
"""Somebody has left, of several who are not shown: so long a list that shows all may take to be looked at."""
QUIET_SECONDS = 0.6
"""A speaking mark that goes out for less than this is the same speech."""


@dataclass(slots=True)
class _Known:
    person: PersonSeen
    seen: float = 0.0
    missing: float | None = None
    speaking: bool = False
    quiet: float | None = None


@dataclass(frozen=True, slots=True)
class PeopleChange:
    """What is new."""

    people: list[PersonSeen] | None
    """The whole list, when it changed."""
    speaking: list[tuple[str, bool]]
    wake: float | None
    """When to look again though nothing may have been reported by then."""
    unsure: bool = False
    """Somebody has left who was not shown: only a list of all says who."""


@dataclass(slots=True)
class PeopleList:
    """The people of one meeting."""

    rules: People
    bot_name: str = ""
    _known: dict[str, _Known] = field(default_factory=dict)
    _shown: list[PersonSeen] | None = None
    _self_uuid: str = ""
    """Whom the bot took for itself by its name."""
    _numbers: dict[str, int] = field(default_factory=dict)
    _hosts: set[str] = field(default_factory=set)
    """Who was shown as host when the page was last looked at."""
    _unlisted: set[str] = field(default_factory=set)
    """Who was neither shown nor in that list."""
    _renames: Renames = field(init=False)

    def __post_init__(self) -> None:
        """Nobody is known yet."""
        self._renames = Renames(self._stood, lambda uuid: uuid in self._known)

    def update(
        self, seen: Sequence[dict[str, Any]], now: float, hosts: Sequence[dict[str, Any]] = (), counted: int = 0
    ) -> PeopleChange:
        """Takes in what the page shows now; `hosts`: rows of a list that says who is host, where it is shown.

        `counted`: how many are there, the bot included, by what the page says itself; 0 where it does not.
        """
        wake: list[float] = []
        speaking: list[tuple[str, bool]] = []
        current = self._named(seen)
        if hosts:
            self._hosts = self._marked_in(hosts, current)
            current = {uuid: (replace(one, is_host=uuid in self._hosts), speaks) for uuid, (one, speaks) in current.items()}
        for uuid in set(self._known) - set(current) - self._unlisted if hosts else ():
            self._unlisted.add(uuid)
            self._known[uuid].missing = now
        self._unlisted -= set(current)
        for uuid, (person, speaks) in current.items():
            known = self._known.setdefault(uuid, _Known(person))
            known.person, known.missing, known.seen = person, None, now
            self._speak(known, speaks=speaks, now=now, changes=speaking, wake=wake)
        hidden = max(0, counted - len(current))
        absent = sorted((uuid for uuid in self._known if uuid not in current), key=self._likely_there)
        held = [uuid for uuid in absent if uuid not in self._unlisted][:hidden]
        for uuid in held:
            self._known[uuid].missing = now
            self._speak(self._known[uuid], speaks=False, now=now, changes=speaking, wake=wake)
        for uuid in [uuid for uuid in absent if uuid not in held]:
            unsure = hidden and uuid not in self._unlisted
            self._miss(uuid, now, speaking, wake, patience=UNSURE_SECONDS if unsure else self.rules.gone_after_seconds)
        people = [known.person for known in self._known.values()]
        changed = people != self._shown and (bool(people) or self._shown is not None)
        self._shown = people if changed else self._shown
        return PeopleChange(people if changed else None, speaking, min(wake, default=None), 0 < hidden < len(absent))

    def _likely_there(self, uuid: str) -> tuple[bool, float]:
        """Of those who are not shown, the bot itself and whoever was shown last come first."""
        known = self._known[uuid]
        return not known.person.is_self, -known.seen

    def _miss(self, uuid: str, now: float, changes: list[tuple[str, bool]], wake: list[float], *, patience: float) -> None:
        known = self._known[uuid]
        known.missing = now if known.missing is None else known.missing
        if now - known.missing < patience:
            wake.append(known.missing + patience)
            return
        if known.speaking:
            changes.append((uuid, False))
        del self._known[uuid]
        self._hosts.discard(uuid)
        self._unlisted.discard(uuid)
        self._renames.forget(uuid)

    def _speak(self, known: _Known, *, speaks: bool, now: float, changes: list[tuple[str, bool]], wake: list[float]) -> None:
        if speaks:
            known.quiet = None
            if not known.speaking:
                known.speaking = True
                changes.append((known.person.uuid, True))
        elif known.speaking:
            known.quiet = now if known.quiet is None else known.quiet
            if now - known.quiet >= QUIET_SECONDS:
                known.speaking, known.quiet = False, None
                changes.append((known.person.uuid, False))
            else:
                wake.append(known.quiet + QUIET_SECONDS)

    def _named(self, seen: Sequence[dict[str, Any]]) -> dict[str, tuple[PersonSeen, bool]]:
        found: dict[str, tuple[PersonSeen, bool]] = {}
        own_names = {fold(name) for name in self.rules.self_names}
        for one, name, uuid in self._with_uuids(seen):
            mine = one.get("self") is True or fold(name) in own_names
            person = PersonSeen(
                uuid=uuid,
                name=name or self._unnamed(uuid),
                is_host=one.get("host") is True,
                is_self=mine,
                user_uuid=_text(one.get("user_id"))[:200],
                source=_text(one.get("track_source"))[:100],
            )
            speaks = one.get("speaking") is True
            if uuid in found:  # a person has two tiles, as for a shared screen
                before, spoke = found[uuid]
                person, speaks = _both(before, person), speaks or spoke
            if person.is_host and not self.rules.hosts:
                self._hosts.add(uuid)
            elif (self.rules.look or self.rules.hosts) and uuid in self._hosts:
                person = replace(person, is_host=True)
            found[uuid] = (person, speaks)
        marked = any(person.is_self for person, _ in found.values())
        if self.rules.self_by_name and not marked and (uuid := self._namesake(found)):
            found[uuid] = (replace(found[uuid][0], is_self=True), found[uuid][1])
        return found

    def _with_uuids(self, seen: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], str, str]]:
        """Each of those seen, with their name and id."""
        same_names: Counter[str] = Counter()
        found: list[tuple[dict[str, Any], str, str]] = []
        for one in seen:
            name = self._clean(_text(one.get("name")))
            same_names[name] += 1
            found.append((one, name, _uuid(one, name, same_names[name])))
        without = [(number, one, uuid) for number, (one, _, uuid) in enumerate(found) if not _text(one.get("id"))]
        uuids = self._renames.resolve([(uuid, _text(one.get("place"))) for _, one, uuid in without])
        for (number, one, _), uuid in zip(without, uuids, strict=True):
            found[number] = (one, found[number][1], uuid)
        return found

    def _stood(self, uuid: str) -> bool:
        """Whether somebody was still there when the page was last looked at."""
        return uuid in self._known and self._known[uuid].missing is None

    def _marked_in(self, rows: Sequence[dict[str, Any]], people: dict[str, tuple[PersonSeen, bool]]) -> set[str]:
        """The hosts among the rows of a list: by id, else by a name that one alone bears."""
        named: dict[str, list[str]] = {}
        for uuid, (person, _) in people.items():
            named.setdefault(fold(person.name), []).append(uuid)
        hosts = set()
        for row in rows:
            if row.get("host") is not True:
                continue
            name = self._clean(_text(row.get("name")))
            if _text(row.get("id")) and (uuid := _uuid(row, name, 1)) in people:
                hosts.add(uuid)
            elif len(bearers := named.get(fold(name), [])) == 1:
                hosts.add(bearers[0])
        return hosts

    def _namesake(self, found: dict[str, tuple[PersonSeen, bool]]) -> str:
        """The bot itself, by its name: one person, and the same as before, however many bear that name."""
        wanted = fold(self.bot_name)
        namesakes = [uuid for uuid, (person, _) in found.items() if wanted and fold(person.name) == wanted]
        if self._self_uuid not in namesakes:
            self._self_uuid = namesakes[0] if namesakes else ""
        return self._self_uuid

    def others(self, seen: Sequence[dict[str, Any]]) -> int:
        """How many of what the page shows now are not the bot."""
        return sum(not person.is_self for person, _ in self._named(seen).values())

    def name(self, uuid: str) -> str:
        """What somebody is called; empty where nobody has that id."""
        known = self._known.get(uuid)
        return known.person.name if known else ""

    def _clean(self, name: str) -> str:
        if self.rules.name_pattern and (match := re.search(self.rules.name_pattern, name)):
            name = match[1] or ""
        for text in self.rules.name_strip:
            name = re.sub(re.escape(text), "", name, flags=re.IGNORECASE)
        return " ".join(name.split())[:MAX_NAME]

    def _unnamed(self, uuid: str) -> str:
        number = self._numbers.setdefault(uuid, len(self._numbers) + 1)
        return self.rules.unnamed.replace("{n}", str(number))[:MAX_NAME]


def _both(one: PersonSeen, other: PersonSeen) -> PersonSeen:
    """A person who is shown twice: what either place says of them."""
    person = other if other.is_self and not one.is_self else one
    return replace(person, is_host=one.is_host or other.is_host, source=one.source or other.source)


def _uuid(one: dict[str, Any], name: str, same: int) -> str:
    """The page's id; else the name, which outlives a redrawn tile; else the element."""
    identifier, element = _text(one.get("id")), _text(one.get("element"))
    if identifier:
        return identifier if len(identifier) <= 100 else hashlib.sha256(identifier.encode()).hexdigest()[:32]
    basis = f"name {name} {same}" if name else f"element {element}"
    return hashlib.sha256(basis.encode()).hexdigest()[:32]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
