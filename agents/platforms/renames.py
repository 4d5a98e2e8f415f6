"""Keeps people apart on a page that gives them no ids: by their names, and by where they stand when a name changes. No clock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Renames:
    """`stood` says of an id whether that person was there when the page was last looked at; `known`, whether they are at all."""

    stood: Callable[[str], bool]
    known: Callable[[str], bool]
    _places: dict[str, str] = field(default_factory=dict)
    """Where each person was last shown."""
    _had: dict[str, str] = field(default_factory=dict)
    """An id that is made of a name, and the id of the person who bears it now."""

    def resolve(self, seen: Sequence[tuple[str, str]]) -> list[str]:
        """The ids of those seen, given as an id made of the name, and a place or nothing.

        A name that is new, in the place of somebody who has gone in this very moment, is a new name of theirs. A name that comes
        back is somebody else where its former bearer is still there.
        """
        there = {name for name, _ in seen}
        found = []
        for name, place in seen:
            if name not in self._had and not self.known(name) and place:
                before = next((uuid for uuid, where in self._places.items() if where == place and self.stood(uuid)), "")
                if before and before not in there and not self._shown_by_another_name(before, there):
                    self._had[name] = before
            elif self._had.get(name, name) == name and self._shown_by_another_name(name, there - {name}):
                self._had[name] = hashlib.sha256(f"again {name}".encode()).hexdigest()[:32]
            found.append(self._had.get(name, name))
        self._places.update({uuid: place for uuid, (_, place) in zip(found, seen, strict=True) if place})
        return found

    def _shown_by_another_name(self, uuid: str, there: set[str]) -> bool:
        return any(whose == uuid and name in there for name, whose in self._had.items())

    def forget(self, uuid: str) -> None:
        """That person has left."""
        self._places.pop(uuid, None)
        self._had = {name: whose for name, whose in self._had.items() if whose != uuid}
