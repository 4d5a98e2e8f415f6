"""What the frames of a page have reported, taken together. Reports come from hostile pages: sizes and types are checked here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.platforms.program import LISTED_ATOM, OTHERS_ATOM, Formula, Need

MAX_FRAMES = 200
MAX_PEOPLE = 1000
MAX_MESSAGES = 200
MAX_CAPTIONS = 30
MAX_TEXT = 200
LISTS = {"people": MAX_PEOPLE, "hosts": MAX_PEOPLE, "chat": MAX_MESSAGES, "captions": MAX_CAPTIONS}
NEWEST_LAST = ("chat", "captions")
SILENT_FRAME_SECONDS = 15.0
"""A frame tells something every 3 s; one that went away without a word is forgotten after this."""


@dataclass(slots=True)
class _Frame:
    top: bool
    heard: float
    ready: bool = False
    looked: bool = False
    atoms: list[tuple[int, str]] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    hosts: list[dict[str, Any]] = field(default_factory=list)
    counted: int = 0
    chat: list[dict[str, Any]] = field(default_factory=list)
    captions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Facts:
    """Counts of atoms, people and messages, over all frames of the document that is shown now."""

    atoms: int
    """How many atoms the program has."""
    documents: int = 0
    """How many documents the top frame has shown."""
    problems: list[str] = field(default_factory=list)
    """What the page's browser could not do, as read a selector."""
    others: Callable[[Sequence[dict[str, Any]]], int] = len
    """How many of the people reported are not the bot."""
    values: Mapping[str, str] = field(default_factory=dict)
    """The file's variables, once the bot has a meeting's URL."""
    bot_listed: bool = False
    """Whether the list of who is there, opened in doubt, had the bot in it: until it is known that the bot is in."""
    _others: int | None = None
    _frames: dict[str, _Frame] = field(default_factory=dict)
    _gone: deque[str] = field(default_factory=lambda: deque(maxlen=1000))

    def receive(self, report: dict[str, Any], now: float) -> bool:
        """Takes one report in; whether it was one. `now` is in seconds of any clock that goes forward."""
        self._others = None
        name, top = report.get("frame"), report.get("top") is True
        if not isinstance(name, str) or not 0 < len(name) <= 40 or name in self._gone:
            return False
        if report.get("gone") is True:
            self._forget(name)
            return True
        if name not in self._frames:
            if top:
                for old in list(self._frames):
                    self._forget(old)
                self.documents += 1
                self.bot_listed = False
            elif len(self._frames) >= MAX_FRAMES:
                return False
            self._frames[name] = _Frame(top, now)
        self._update(self._frames[name], report, now)
        for old in [n for n, frame in self._frames.items() if not frame.top and now - frame.heard > SILENT_FRAME_SECONDS]:
            self._forget(old)
        return True

    def _forget(self, name: str) -> None:
        if self._frames.pop(name, None) is not None:
            self._gone.append(name)

    def _update(self, frame: _Frame, report: dict[str, Any], now: float) -> None:
        frame.heard = now
        if "ready" in report:
            frame.ready = report["ready"] is True
        atoms = report.get("atoms")
        if isinstance(atoms, list) and len(atoms) == self.atoms:
            frame.atoms, frame.looked = [_count(value) for value in atoms], True
        for key, most in LISTS.items():
            if isinstance(report.get(key), list):
                newest = report[key][-most:] if key in NEWEST_LAST else report[key][:most]
                setattr(frame, key, [one for one in newest if isinstance(one, dict)])
        if isinstance(report.get("count"), int):
            frame.counted = report["count"]
        if isinstance(report.get("problems"), list):
            for problem in report["problems"][:20]:
                if isinstance(problem, str) and problem[:MAX_TEXT] not in self.problems and len(self.problems) < 50:
                    self.problems.append(problem[:MAX_TEXT])

    @property
    def ready(self) -> bool:
        """Whether the top document is there and has been looked at."""
        return any(frame.top and frame.ready and frame.looked for frame in self._frames.values())

    @property
    def people(self) -> list[dict[str, Any]]:
        """The people of all frames."""
        return [one for frame in self._frames.values() for one in frame.people][:MAX_PEOPLE]

    @property
    def counted(self) -> int:
        """How many people are there, by what the page says itself; 0 where it does not."""
        return max((frame.counted for frame in self._frames.values()), default=0)

    @property
    def hosts(self) -> list[dict[str, Any]]:
        """The rows of all frames that say who is host, and who is not."""
        return [one for frame in self._frames.values() for one in frame.hosts][:MAX_PEOPLE]

    @property
    def chat(self) -> list[dict[str, Any]]:
        """The messages of all frames."""
        return [one for frame in self._frames.values() for one in frame.chat][-MAX_MESSAGES:]

    @property
    def captions(self) -> list[dict[str, Any]]:
        """The captions of all frames."""
        return [one for frame in self._frames.values() for one in frame.captions][-MAX_CAPTIONS:]

    def count(self, atom: int) -> int:
        """How often an atom is found."""
        if atom == OTHERS_ATOM:
            self._others = self.others(self.people) if self._others is None else self._others
            return self._others
        if atom == LISTED_ATOM:
            return int(self.bot_listed)
        return sum(frame.atoms[atom][0] for frame in self._frames.values() if frame.atoms)

    def holds(self, formula: Formula) -> bool:
        """Whether a condition holds now. Before the top document was looked at, none does."""
        return bool(self._frames) and self._holds(formula)

    def _holds(self, formula: Formula) -> bool:
        return (
            all(self._met(need) for need in formula.needs)
            and (not formula.variable or bool(self.values.get(formula.variable)))
            and all(self._holds(one) for one in formula.every)
            and (not formula.some or any(self._holds(one) for one in formula.some))
            and not any(self._holds(one) for one in formula.none)
        )

    def _met(self, need: Need) -> bool:
        count = self.count(need.atom)
        return count >= need.at_least and (need.at_most is None or count <= need.at_most)

    def text(self, formula: Formula) -> str:
        """The page's text that met a condition, or nothing."""
        for need in formula.needs:
            for frame in self._frames.values():
                if need.atom >= 0 and frame.atoms and frame.atoms[need.atom][1]:
                    return frame.atoms[need.atom][1]
        return next((text for one in (*formula.every, *formula.some) if (text := self.text(one))), "")


def _count(value: Any) -> tuple[int, str]:
    text = ""
    if isinstance(value, list) and len(value) == 2:
        value, text = value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1_000_000:
        return 0, ""
    return int(value), text[:MAX_TEXT] if isinstance(text, str) else ""
