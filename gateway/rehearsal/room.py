"""One meeting: who is in it, who waits, what was said. No sockets and no waiting, so that every rule can be tested at once."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import time

from gateway.rehearsal.limits import RehearsalSettings
from gateway.rehearsal.person import Message, Person, Place

LANGUAGES = ("en", "de", "ja")


@dataclass(slots=True)
class Rules:
    """How a room treats those who come; set by the control API."""

    require_admission: bool = False
    locked: bool = False
    host_absent: bool = False
    consent_at_join: bool = False
    toolbar_in_lobby: bool = False
    lobby_timeout_seconds: float | None = None
    obstacle: str | None = None
    """A view shown to whoever opens the page instead of the meeting: not-found, login-required, …"""
    language: str = "en"
    never_load: int = 0
    """How many of the next visitors get a page that never finishes loading; -1 is all of them."""
    never_load_part: str = "document"
    silent: bool = False
    black: bool = False


@dataclass(slots=True)
class Room:
    """One room. Methods are called from one event loop; they send messages and never wait."""

    name: str
    settings: RehearsalSettings
    clock: Callable[[], float]
    control_key: str | None = field(default=None, repr=False)
    rules: Rules = field(default_factory=Rules)
    people: dict[str, Person] = field(default_factory=dict)
    chat: deque[Message] = field(default_factory=deque)
    chat_number: int = 0
    ended: bool = False
    empty_since: float = 0.0

    def __post_init__(self) -> None:
        """Starts empty, now."""
        self.empty_since = self.clock()
        self.chat = deque(maxlen=self.settings.chat_kept)

    # Who is where

    def at(self, place: Place) -> list[Person]:
        """Those who stand there, in the order they came."""
        return [p for p in self.people.values() if p.place is place]

    @property
    def host(self) -> Person | None:
        """The host in the meeting, if there is one."""
        return next((p for p in self.at(Place.MEETING) if p.is_host), None)

    def is_key(self, key: str | None) -> bool:
        """Whether `key` may steer this room."""
        return self.control_key is None or hmac.compare_digest(self.control_key.encode(), (key or "").encode())

    # Coming

    def visit(self, person: Person) -> None:
        """A page opened its socket: it is told what to show."""
        self.people[person.id] = person
        if (obstacle := self._obstacle(person)) is not None:
            self._show(person, obstacle)
            return
        self._show(person, "name")

    def ask_to_join(self, person: Person, name: str) -> None:
        """A visitor gave a name and wants in: the meeting, the lobby, or a refusal."""
        if person.place is not Place.DOOR:
            return
        person.name = name[: self.settings.name_length].strip() or "Guest"
        person.asked_at = self.clock()
        refusal = self._refusal(person)
        if refusal is not None:
            self._show(person, refusal)
        elif self.rules.host_absent and not person.claims_host:
            person.place = Place.HOST_ABSENT
            self._show(person, "host-absent")
        elif self.rules.require_admission and not person.claims_host:
            person.place = Place.LOBBY
            self._show(person, "lobby")
            self._tell_lobby()
        else:
            self._enter(person)

    def _obstacle(self, person: Person) -> str | None:
        """What stands in this person's way: a login does not where they are signed in."""
        return None if person.signed_in and self.rules.obstacle == "login-required" else self.rules.obstacle

    def _refusal(self, person: Person) -> str | None:
        if (obstacle := self._obstacle(person)) is not None:
            return obstacle
        if self.ended:
            return "ended"
        if self.rules.locked and not person.claims_host:
            return "locked"
        if len(self.at(Place.MEETING)) >= self.settings.people_per_room:
            return "full"
        return None

    def _enter(self, person: Person) -> None:
        person.place = Place.MEETING
        if person.claims_host and self.host is None:
            self.rules.host_absent = False
        if self.host is None or person.claims_host:
            for other in self.at(Place.MEETING):
                other.is_host = False
            person.is_host = True
        self._welcome(person)
        if self.rules.consent_at_join:
            self.ask_consent(person)
        if person.is_host:
            self._let_in_waiters()

    def _let_in_waiters(self) -> None:
        self._tell_lobby()
        for waiter in self.at(Place.HOST_ABSENT):
            waiter.place = Place.DOOR
            self.ask_to_join(waiter, waiter.name)

    def _welcome(self, person: Person) -> None:
        others = [p for p in self.at(Place.MEETING) if p is not person]
        person.silenced, person.blackened = self.rules.silent, self.rules.black
        person.send(
            {
                "type": "welcome",
                "self": person.public(),
                "people": [p.public() for p in others],
                "chat": [m for m in self.chat if self._may_read(person, m)],
                "silent": person.silenced,
                "black": person.blackened,
            },
        )
        for other in others:
            other.send({"type": "person_joined", "person": person.public(), "hosts": self._host_id()})
        if person.is_host:
            self._tell_lobby()

    def admit(self, person: Person) -> bool:
        """Lets somebody in from the lobby. False when they are not there any more."""
        if person.place is not Place.LOBBY:
            return False
        self._enter(person)
        self._tell_lobby()
        return True

    def deny(self, person: Person, *, view: str = "denied") -> bool:
        """Turns somebody in the lobby away. False when they are not there any more."""
        if person.place is not Place.LOBBY:
            return False
        person.place = Place.DOOR
        self._show(person, view)
        self._tell_lobby()
        return True

    # Going

    def leave(self, person: Person, view: str | None = None) -> None:
        """Somebody goes for good; `view` is what their page shows then."""
        was = person.place
        person.place = Place.GONE
        self.people.pop(person.id, None)
        if view is not None:
            self._show(person, view)
        if not self.people:
            self.empty_since = self.clock()
        if was is Place.MEETING:
            heir = next(iter(self.at(Place.MEETING)), None)
            if person.is_host and heir is not None:
                heir.is_host = True
                self._tell_lobby()
            self._to_meeting({"type": "person_left", "id": person.id, "hosts": self._host_id()})
        elif was is Place.LOBBY:
            self._tell_lobby()

    def lost(self, person: Person) -> None:
        """A socket broke without a goodbye: the place is kept for a while."""
        if person.place is not Place.MEETING or self.settings.resume_seconds <= 0:
            self.leave(person)
            return
        person.connected, person.speaking, person.lost_at = False, False, self.clock()
        self._changed(person)

    def resume(self, token: str, send: Callable[[Message], None]) -> Person | None:
        """The person who owns `token`, back with a new socket, or None when their place is gone."""
        for person in self.at(Place.MEETING):
            if not person.connected and hmac.compare_digest(person.token.encode(), token.encode()):
                person.send, person.connected, person.lost_at = send, True, None
                person.session += 1
                self._welcome(person)
                return person
        return None

    def end(self, *, closed: bool = False) -> None:
        """Ends the meeting for everybody who is in it or waits; `closed` also tells those who come later that it has ended."""
        self.ended = closed
        for person in list(self.people.values()):
            if person.place is Place.DOOR:
                continue
            self.leave(person, "ended")
        self.chat.clear()

    def tick(self) -> None:
        """What time does: places are given up, lobbies give up. Called about every half second."""
        now = self.clock()
        for person in list(self.people.values()):
            if person.lost_at is not None and now - person.lost_at >= self.settings.resume_seconds:
                self.leave(person)
            elif (
                person.place is Place.LOBBY
                and self.rules.lobby_timeout_seconds is not None
                and now - person.asked_at >= self.rules.lobby_timeout_seconds
            ):
                self.deny(person, view="lobby-gave-up")

    # In the meeting

    def signal(self, sender: Person, to: str, data: object) -> None:
        """Passes a description or a candidate on to one person in the meeting."""
        other = self.people.get(to)
        if sender.place is Place.MEETING and other is not None and other.place is Place.MEETING:
            other.send({"type": "signal", "from": sender.id, "session": sender.session, "data": data})

    def update(self, person: Person, *, microphone: bool, camera: bool, speaking: bool) -> None:
        """What a page says of its own microphone, camera and voice."""
        person.microphone, person.camera, person.speaking = microphone, camera, speaking and microphone
        if person.place is Place.MEETING:
            self._changed(person)

    def say(self, sender: Person, text: str, to: str | None) -> None:
        """A chat message to everyone, or to one person and the sender."""
        text = text[: self.settings.chat_length]
        if sender.place is not Place.MEETING or not text.strip():
            return
        receiver = self.people.get(to) if to else None
        if to and (receiver is None or receiver.place is not Place.MEETING):
            sender.send({"type": "chat_failed", "reason": "no_such_person"})
            return
        self.chat_number += 1
        message: Message = {
            "type": "chat",
            "id": f"m{self.chat_number}",
            "from": sender.id,
            "name": sender.name,
            "text": text,
            "to": to or None,
            "to_name": receiver.name if receiver else None,
            "time_ms": round(time() * 1000),
        }
        self.chat.append(message)
        for person in self.at(Place.MEETING):
            if self._may_read(person, message):
                person.send(message)

    def ask_consent(self, person: Person) -> None:
        """Shows the recording dialog to one person."""
        person.consent = "asked"
        person.send({"type": "consent"})

    # Telling

    def _may_read(self, person: Person, message: Message) -> bool:
        return message["to"] is None or person.id in {message["to"], message["from"]}

    def _host_id(self) -> str | None:
        return self.host.id if self.host else None

    def _changed(self, person: Person) -> None:
        self._to_meeting({"type": "person_changed", "person": person.public()}, but=person)

    def _to_meeting(self, message: Message, *, but: Person | None = None) -> None:
        for person in self.at(Place.MEETING):
            if person is not but:
                person.send(message)

    def _tell_lobby(self) -> None:
        if self.host is not None:
            waiting = [{"id": p.id, "name": p.name} for p in self.at(Place.LOBBY)]
            self.host.send({"type": "waiting", "people": waiting, "host": True})

    def _show(self, person: Person, view: str) -> None:
        person.send({"type": "view", "view": view, "toolbar": self.rules.toolbar_in_lobby and view in {"lobby", "host-absent"}})

    def chosen(self, who: str | None) -> Iterator[Person]:
        """People by id, by exact name, or everybody for None and `all`."""
        for person in list(self.people.values()):
            if who in {None, "all", person.id} or (who == person.name and person.name):
                yield person


def new_room_name() -> str:
    """A name for a room nobody has used."""
    letters = "abcdefghijkmnpqrstuvwxyz"
    return "-".join("".join(secrets.choice(letters) for _ in range(n)) for n in (3, 4, 3))
