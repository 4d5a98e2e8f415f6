"""Compiles a platform file into what the observer in the page evaluates: numbered atoms, and formulas over them that stay here.

A formula is decided over all frames at once: the lobby's text may be in one frame and the toolbar in another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.platforms.base import UiState
from agents.platforms.folding import fold
from agents.platforms.platform_file import LISTED, OTHERS, Condition, Hosts, PlatformFile, Target

Json = dict[str, Any]
OTHERS_ATOM = -1
LISTED_ATOM = -2
OUTSIDE = {OTHERS: OTHERS_ATOM, LISTED: LISTED_ATOM}
"""Not counted in the page, which does not know the bot's name, but by Facts."""


@dataclass(frozen=True, slots=True)
class Need:
    """An atom's count, over all frames, must lie within these bounds."""

    atom: int
    at_least: int = 1
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Formula:
    """A condition, compiled: all needs, the variable (if any), all of `every`, one of `some` (if any), none of `none`."""

    needs: tuple[Need, ...]
    variable: str
    every: tuple[Formula, ...]
    some: tuple[Formula, ...]
    none: tuple[Formula, ...]
    for_seconds: float | None
    says_it: bool
    where: str


@dataclass(slots=True)
class Program:
    """The observer's program, and the formulas of the file over its atoms."""

    file: PlatformFile
    atoms: list[Json] = field(default_factory=list)
    expressions: dict[str, str] = field(default_factory=dict)
    """JavaScript of the file, by the name under which the page has it."""
    evidence: dict[UiState, tuple[Formula, ...]] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def formulas(self, conditions: Sequence[Condition]) -> tuple[Formula, ...]:
        """Alternatives, compiled; their atoms join the program. Only before `for_page`."""
        return tuple(self._formula(condition) for condition in conditions)

    def shown(self, targets: Sequence[Target]) -> tuple[Formula, ...]:
        """That one of these elements is there."""
        return tuple(self._formula(Condition(element=target)) for target in targets)

    def expression(self, source: str) -> str:
        """The name under which the page will know an expression."""
        name = next((name for name, known in self.expressions.items() if known == source), f"js{len(self.expressions)}")
        self.expressions[name] = source
        return name

    def for_page(self) -> Json:
        """What the observer needs to know."""
        return {
            "atoms": self.atoms,
            "excluded": self._excluded(),
            "people": self._people(),
            "chat": self._chat(),
            "captions": self._captions(),
        }

    def _formula(self, condition: Condition) -> Formula:
        needs = []
        if condition.element is not None:
            needs.append(Need(self._element(condition.element), condition.at_least, condition.at_most))
        if condition.title:
            needs.append(Need(self._atom({"kind": "title", "any": condition.title})))
        if condition.url:
            needs.append(Need(self._atom({"kind": "url", "any": condition.url})))
        if condition.js:
            needs.append(Need(self._atom({"kind": "js", "id": self.expression(condition.js)})))
        for name, least in condition.counters:
            atom = OUTSIDE.get(name)
            needs.append(Need(self._atom({"kind": "counter", "name": name}) if atom is None else atom, least))
        return Formula(
            needs=tuple(needs),
            variable=condition.variable,
            every=self.formulas(condition.every),
            some=self.formulas(condition.some),
            none=self.formulas(condition.none),
            for_seconds=condition.for_seconds,
            says_it=condition.says_it,
            where=condition.where,
        )

    def _element(self, target: Target) -> int:
        return self._atom({"kind": "element", **target_for_page(target)})

    def _atom(self, atom: Json) -> int:
        key = json.dumps(atom, sort_keys=True)
        if key not in self._numbers:
            self._numbers[key] = len(self.atoms)
            self.atoms.append(atom)
        return self._numbers[key]

    def _excluded(self) -> list[str]:
        """Where others write: chat, names, fields, as selectors. No text there is evidence."""
        found = list(self.file.ignore_text_in)
        if self.file.chat and self.file.chat.message:
            found.append(self.file.chat.message)
        if self.file.captions and self.file.captions.region:
            found.append(self.file.captions.region)
        if self.file.people and self.file.people.name and self.file.people.item:
            found.append(self.file.people.item)
        if self.file.people and self.file.people.hosts:
            found.append(self.file.people.hosts.row)
        return ["[contenteditable]", "textarea", *found]

    def _people(self) -> Json | None:
        people = self.file.people
        if people is None:
            return None
        return {
            "js": self.expression(people.js) if people.js else "",
            "source": people.source,
            "item": people.item,
            "id": people.id,
            "userId": people.user_id,
            "trackSource": people.track_source,
            "name": people.name,
            "named": people.named,
            "selfMark": people.self_mark,
            "selfText": [fold(text) for text in people.self_text],
            "hostMark": people.host_mark,
            "hostText": [fold(text) for text in people.host_text],
            "speakingMark": people.speaking_mark,
            "place": people.place,
            "count": people.count,
            "hosts": _hosts(people.hosts) if people.hosts else None,
            "ignore": people.ignore,
            "remoteMedia": people.remote_media,
            "hidden": people.hidden,
        }

    def _chat(self) -> Json | None:
        chat = self.file.chat
        if chat is None:
            return None
        return {
            "js": self.expression(chat.js) if chat.js else "",
            "message": chat.message,
            "id": chat.id,
            "text": chat.text,
            "sender": chat.sender,
            "senderId": chat.sender_id,
            "ownMark": chat.own_mark,
            "privateMark": chat.private_mark,
            "ignore": chat.ignore,
            "hidden": chat.hidden,
        }

    def _captions(self) -> Json | None:
        captions = self.file.captions
        if captions is None:
            return None
        return {
            "js": self.expression(captions.js) if captions.js else "",
            "line": captions.line or captions.region,
            "id": captions.id,
            "speaker": captions.speaker,
            "speakerId": captions.speaker_id,
            "text": captions.text,
        }


def _hosts(hosts: Hosts) -> Json:
    return {
        "row": hosts.row,
        "id": hosts.id,
        "name": hosts.name,
        "mark": hosts.mark,
        "text": [fold(text) for text in hosts.text],
        "exceptText": [fold(text) for text in hosts.except_text],
    }


def target_for_page(target: Target) -> Json:
    """A target as the page's scripts read it."""
    return {
        "css": target.css,
        "text": target.text,
        "textIs": target.text_is,
        "label": target.label,
        "hidden": target.hidden,
        "frame": target.frame,
    }


def compile_file(file: PlatformFile) -> Program:
    """The program with the evidence of all states; steps and dialogs add theirs."""
    program = Program(file)
    program.evidence = {state: program.formulas(conditions) for state, conditions in file.evidence}
    return program
