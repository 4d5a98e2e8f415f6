"""A room with a clock that the test moves, and people whose messages can be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.rehearsal.limits import RehearsalSettings
from gateway.rehearsal.person import Person
from gateway.rehearsal.room import Room


@dataclass
class Clock:
    """Seconds, moved by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Guest:
    """A person in a room and all that their page was told."""

    person: Person
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def view(self) -> str | None:
        """What their page shows by now."""
        for message in reversed(self.told):
            if message["type"] == "view":
                return str(message["view"])
            if message["type"] == "welcome":
                return "meeting"
        return None

    def last(self, kind: str) -> dict[str, Any]:
        """The newest message of a type."""
        return next(m for m in reversed(self.told) if m["type"] == kind)

    def all(self, kind: str) -> list[dict[str, Any]]:
        """All messages of a type."""
        return [m for m in self.told if m["type"] == kind]


@dataclass
class Place:
    """A room and the way in."""

    room: Room
    clock: Clock

    def visit(self, *, host: bool = False) -> Guest:
        """Opens the page."""
        told: list[dict[str, Any]] = []
        person = Person(send=told.append, claims_host=host)
        self.room.visit(person)
        return Guest(person, told)

    def join(self, name: str, *, host: bool = False) -> Guest:
        """Opens the page and asks to join."""
        guest = self.visit(host=host)
        self.room.ask_to_join(guest.person, name)
        return guest


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def place(clock: Clock) -> Place:
    settings = RehearsalSettings(people_per_room=4, resume_seconds=10, chat_kept=5, chat_length=20, name_length=10)
    return Place(Room(name="room", settings=settings, clock=clock), clock)
