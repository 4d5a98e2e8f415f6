"""Somebody who has a room's page open, and where they stand."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Message = dict[str, Any]
"""What goes over the socket: one JSON object with a `type`."""


class Place(StrEnum):
    """Where a visitor stands."""

    DOOR = "door"
    """The page is open; they have not asked to join."""
    HOST_ABSENT = "host-absent"
    """They asked, and the host has not started the meeting."""
    LOBBY = "lobby"
    """They asked, and somebody must let them in."""
    MEETING = "meeting"
    GONE = "gone"


@dataclass(slots=True)
class Person:
    """One open page. `send` hands a message to its socket and never blocks nor raises."""

    send: Callable[[Message], None]
    id: str = field(default_factory=lambda: f"p{secrets.token_hex(5)}")
    token: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    """Proves to the server that a returning socket belongs to this person."""
    name: str = ""
    language: str | None = None
    place: Place = Place.DOOR
    is_host: bool = False
    claims_host: bool = False
    signed_in: bool = False
    """Has an account; the rehearsal's own page has none to give, pages made on top of it may."""
    microphone: bool = False
    camera: bool = False
    speaking: bool = False
    connected: bool = True
    session: int = 1
    """Goes up with each return, so that signals of an older connection are told apart."""
    silenced: bool = False
    blackened: bool = False
    consent: str = "not_asked"
    """not_asked, asked, given or refused."""
    asked_at: float = 0.0
    lost_at: float | None = None

    def public(self) -> Message:
        """What everybody in the meeting may know."""
        return {
            "id": self.id,
            "name": self.name,
            "host": self.is_host,
            "mic": self.microphone,
            "camera": self.camera,
            "speaking": self.speaking,
            "connected": self.connected,
            "session": self.session,
        }
