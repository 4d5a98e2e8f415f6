"""Who speaks, by signs that are not equally good. No clock of its own: time is asked for.

The order of trust (docs/platforms.md, "Who speaks"): what stands in the packets of a track, then what the page marks. Packets are
stamped with the sound itself, and say who is in it; marks lag behind, linger, and are the first thing that a redesign takes away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from agents.attendance.clock import Clock
from agents.platforms.base import PersonSeen

UNCONFIRMED_S = 2.0
"""So long a mark must stand that packets do not confirm, of somebody whom they have named before. Then it counts all the same:
platforms send the loudest few alone, and a page may move to a connection whose packets name nobody.
"""
_KEPT = 500
"""Speeches that are remembered; of a lively meeting, some twenty minutes."""
_MOST_OF_IT = 0.6
"""This part of what was heard must be one person's, or nobody is named."""


@dataclass(slots=True)
class Speakers:
    """`find` gives the participant whom the page knows by a number or track; `tell` hears who begins and who ceases to speak."""

    clock: Clock
    find: Callable[[str], PersonSeen | None]
    tell: Callable[[str, bool], None]
    _heard: dict[str, str] = field(default_factory=dict)
    """Numbers and tracks that carry sound now, and whose they are; empty where nobody is known by that."""
    _marked: dict[str, float] = field(default_factory=dict)
    """Since when somebody's mark counts its time."""
    _named: set[str] = field(default_factory=set)
    """Whom packets have named on this page."""
    _speaking: dict[str, float] = field(default_factory=dict)
    _past: deque[tuple[str, float, float]] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def hear(self, source: str, *, on: bool) -> None:
        """A number or track begins, or ceases, to carry somebody's voice."""
        if on:
            self._heard.setdefault(source, "")
        elif (uuid := self._heard.pop(source, "")) in self._marked:
            self._marked[uuid] = self.clock.monotonic()
        self.refresh()

    def mark(self, uuid: str, *, on: bool) -> None:
        """The page marks somebody as speaking, or no longer."""
        if on:
            self._marked.setdefault(uuid, self.clock.monotonic())
        else:
            self._marked.pop(uuid, None)
        self.refresh()

    def refresh(self) -> None:
        """Draws conclusions anew: people have come, or time has passed."""
        now = self.clock.monotonic()
        for source, uuid in self._heard.items():
            if not uuid and (person := self.find(source)) is not None:
                self._heard[source] = person.uuid
                self._named.add(person.uuid)
        speaking = {uuid for uuid in self._heard.values() if uuid}
        speaking |= {uuid for uuid, since in self._marked.items() if uuid not in self._named or now - since >= UNCONFIRMED_S}
        for uuid in [one for one in self._speaking if one not in speaking]:
            self._past.append((uuid, self._speaking.pop(uuid), now))
            self.tell(uuid, False)
        for uuid in [one for one in speaking if one not in self._speaking]:
            self._speaking[uuid] = now
            self.tell(uuid, True)

    def forget(self, uuid: str) -> None:
        """Somebody is gone, and is told to have ceased to speak before."""
        self._marked.pop(uuid, None)
        self._heard = {source: "" if whose == uuid else whose for source, whose in self._heard.items()}
        self.refresh()

    def leave_page(self) -> None:
        """The page is gone: the next one marks and numbers anew."""
        self._heard.clear()
        self._marked.clear()
        self._named.clear()
        self.refresh()

    def who_spoke(self, began: float, ended: float, *, among: Collection[str] | None = None) -> str:
        """Whose most of what was heard between two instants of the monotonic clock was; empty where that is not clear.

        `among`: only these are thought of, and then the one who spoke longest is named.
        """
        now = self.clock.monotonic()
        spoken: dict[str, float] = {}
        for uuid, start, end in (*self._past, *((one, since, now) for one, since in self._speaking.items())):
            if (among is None or uuid in among) and min(end, ended) > max(start, began):
                spoken[uuid] = spoken.get(uuid, 0.0) + min(end, ended) - max(start, began)
        most = max(spoken, key=lambda one: spoken[one], default="")
        clear = among is not None or (most and spoken[most] >= _MOST_OF_IT * sum(spoken.values()))
        return most if clear else ""
