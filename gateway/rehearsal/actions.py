"""What the control API can do to a room: one function an action, found by its name. docs/rehearsal.md lists them for users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.rehearsal.person import Message, Person, Place
from gateway.rehearsal.room import LANGUAGES, Room

OBSTACLES = ("not-found", "login-required", "captcha", "blocked", "wrong-passcode", "encrypted", "full")
LOAD_PARTS = ("document", "response")
LONGEST_SECONDS = 3_600.0


class ActionError(Exception):
    """An action that cannot be done; the text is for the caller. `status` is the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Arguments:
    """The JSON object of one call, read with types."""

    def __init__(self, values: Message) -> None:
        self._values = values

    def flag(self, name: str = "on", *, default: bool = True) -> bool:
        """A boolean."""
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            raise ActionError(f"`{name}` must be true or false.")
        return value

    def text(self, name: str) -> str | None:
        """A string, or None where it is absent or null."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise ActionError(f"`{name}` must be a string.")
        return value

    def choice(self, name: str, among: tuple[str, ...], default: str | None = None) -> str:
        """One of some words."""
        value = self.text(name) or default
        if value not in among:
            raise ActionError(f"`{name}` must be one of: {', '.join(among)}.")
        return value

    def seconds(self, name: str = "seconds", default: float | None = None) -> float | None:
        """A number of seconds from 0 to an hour."""
        value: Any = self._values.get(name, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_SECONDS:
            raise ActionError(f"`{name}` must be a number of seconds from 0 to {LONGEST_SECONDS:.0f}.")
        return float(value)

    def count(self, name: str, default: int) -> int:
        """A whole number from -1 to 1000."""
        value: Any = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not -1 <= value <= 1_000:
            raise ActionError(f"`{name}` must be a whole number from -1 to 1000.")
        return value


def _people(room: Room, arguments: Arguments, place: Place | None = Place.MEETING) -> list[Person]:
    """Those meant by `person` (an id, a name, or all), who stand at `place` where it is given. Raises for one named in vain."""
    who = arguments.text("person")
    found = [p for p in room.chosen(who) if place is None or p.place is place]
    if not found and who not in {None, "all"}:
        raise ActionError(f"Nobody with the id or name given in `person` is {'there' if place is None else 'at: ' + place}.", 404)
    return found


def _require_admission(room: Room, arguments: Arguments) -> None:
    room.rules.require_admission = arguments.flag()


def _admit(room: Room, arguments: Arguments) -> None:
    for person in _people(room, arguments, Place.LOBBY):
        room.admit(person)


def _deny(room: Room, arguments: Arguments) -> None:
    for person in _people(room, arguments, Place.LOBBY):
        room.deny(person)


def _kick(room: Room, arguments: Arguments) -> None:
    for person in _people(room, arguments):
        room.leave(person, "removed")


def _mute(room: Room, arguments: Arguments) -> None:
    for person in _people(room, arguments):
        person.send({"type": "mute"})


def _end(room: Room, arguments: Arguments) -> None:
    room.end(closed=arguments.flag("closed", default=False))


def _lock(room: Room, arguments: Arguments) -> None:
    room.rules.locked = arguments.flag()


def _unlock(room: Room, _arguments: Arguments) -> None:
    room.rules.locked = False


def _drop_network(room: Room, arguments: Arguments) -> None:
    seconds = arguments.seconds(default=5.0)
    for person in _people(room, arguments):
        person.send({"type": "drop_network", "seconds": seconds})


def _freeze(room: Room, arguments: Arguments) -> None:
    seconds = arguments.seconds()
    for person in _people(room, arguments, None):
        person.send({"type": "freeze", "seconds": LONGEST_SECONDS if seconds is None else seconds})


def _go_silent(room: Room, arguments: Arguments) -> None:
    on = arguments.flag()
    if arguments.text("person") in {None, "all"}:
        room.rules.silent = on
    for person in _people(room, arguments):
        person.silenced = on
        person.send({"type": "source", "silent": person.silenced, "black": person.blackened})


def _black(room: Room, arguments: Arguments) -> None:
    on = arguments.flag()
    if arguments.text("person") in {None, "all"}:
        room.rules.black = on
    for person in _people(room, arguments):
        person.blackened = on
        person.send({"type": "source", "silent": person.silenced, "black": person.blackened})


def _language(room: Room, arguments: Arguments) -> None:
    language = arguments.choice("language", LANGUAGES)
    if arguments.text("person") in {None, "all"}:
        room.rules.language = language
    for person in _people(room, arguments, None):
        person.language = language
        person.send({"type": "language", "language": language})


def _consent(room: Room, arguments: Arguments) -> None:
    if arguments.choice("when", ("now", "join"), "now") == "join":
        room.rules.consent_at_join = arguments.flag()
        return
    for person in _people(room, arguments):
        room.ask_consent(person)


def _never_load(room: Room, arguments: Arguments) -> None:
    room.rules.never_load_part = arguments.choice("part", LOAD_PARTS, "document")
    room.rules.never_load = arguments.count("visitors", 1)


def _close_page(room: Room, arguments: Arguments) -> None:
    for person in _people(room, arguments, None):
        person.send({"type": "close_page"})


def _not_found(room: Room, arguments: Arguments) -> None:
    room.rules.obstacle = "not-found" if arguments.flag() else None


def _obstacle(room: Room, arguments: Arguments) -> None:
    view = arguments.choice("view", (*OBSTACLES, "none"))
    room.rules.obstacle = None if view == "none" else view


def _host_absent(room: Room, arguments: Arguments) -> None:
    room.rules.host_absent = arguments.flag()
    if not room.rules.host_absent:
        for waiter in room.at(Place.HOST_ABSENT):
            waiter.place = Place.DOOR
            room.ask_to_join(waiter, waiter.name)


def _toolbar_in_lobby(room: Room, arguments: Arguments) -> None:
    room.rules.toolbar_in_lobby = arguments.flag()


def _lobby_timeout(room: Room, arguments: Arguments) -> None:
    room.rules.lobby_timeout_seconds = arguments.seconds()


def _create(_room: Room, _arguments: Arguments) -> None:
    """The room exists by now; `control_key` was taken by the caller."""


ACTIONS: dict[str, Callable[[Room, Arguments], None]] = {
    "create": _create,
    "require_admission": _require_admission,
    "admit": _admit,
    "deny": _deny,
    "kick": _kick,
    "mute": _mute,
    "end": _end,
    "lock": _lock,
    "unlock": _unlock,
    "drop_network": _drop_network,
    "freeze": _freeze,
    "go_silent": _go_silent,
    "black": _black,
    "language": _language,
    "consent": _consent,
    "never_load": _never_load,
    "close_page": _close_page,
    "not_found": _not_found,
    "obstacle": _obstacle,
    "host_absent": _host_absent,
    "toolbar_in_lobby": _toolbar_in_lobby,
    "lobby_timeout": _lobby_timeout,
}


def act(room: Room, call: Message) -> None:
    """Does what `call["action"]` says. Raises ActionError."""
    name = call.get("action")
    action = ACTIONS.get(name) if isinstance(name, str) else None
    if action is None:
        raise ActionError(f"`action` must be one of: {', '.join(ACTIONS)}.")
    action(room, Arguments(call))


def state(room: Room) -> Message:
    """The room as the control API shows it."""
    rules = room.rules
    return {
        "room": room.name,
        "people": [
            {
                **person.public(),
                "place": str(person.place),
                "silenced": person.silenced,
                "blackened": person.blackened,
                "consent": person.consent,
                "language": person.language or rules.language,
            }
            for person in room.people.values()
        ],
        "chat": list(room.chat),
        "rules": {
            "require_admission": rules.require_admission,
            "locked": rules.locked,
            "host_absent": rules.host_absent,
            "consent_at_join": rules.consent_at_join,
            "toolbar_in_lobby": rules.toolbar_in_lobby,
            "lobby_timeout_seconds": rules.lobby_timeout_seconds,
            "obstacle": rules.obstacle,
            "language": rules.language,
            "never_load": rules.never_load,
            "silent": rules.silent,
            "black": rules.black,
            "ended": room.ended,
        },
        "protected": room.control_key is not None,
    }
