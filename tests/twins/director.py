"""Makes happen what a scenario says: follows one visitor, and acts when its moments come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from gateway.rehearsal.actions import ACTIONS, ActionError, act
from gateway.rehearsal.person import Message, Person, Place
from gateway.rehearsal.room import Room
from tests.twins.scenarios import Cue

LOOK_SECONDS = 0.05
WORDS_A_SECOND = 5.0
FOR_ALL = frozenset({"require_admission", "lobby_timeout", "host_absent", "end", "lock", "obstacle", "not_found"})
"""Actions of the rehearsal that name nobody; all others are for the visitor alone."""


def come(room: Room, name: str, *, host: bool = False) -> Person:
    """Somebody without a browser is in the meeting: seen by everybody, sending nothing, and not to be connected to."""
    guest = Person(send=lambda _message: None, name=name, claims_host=host, connected=False)
    room.visit(guest)
    admission, room.rules.require_admission = room.rules.require_admission, False
    room.ask_to_join(guest, name)
    room.rules.require_admission = admission
    return guest


def guests(room: Room, names: list[str] | None, visitor: Person) -> Iterator[Person]:
    """Those in the meeting with these names, or all but the visitor."""
    for person in room.at(Place.MEETING):
        if person is not visitor and (names is None or person.name in names):
            yield person


class Scene(Protocol):
    """Where it happens: a meeting of stage.py."""

    room: Room

    def note(self, what: str, **more: Any) -> None:
        """Notes something for tests."""
        ...


async def direct(scene: Scene, visitor: Callable[[], Person], cues: tuple[Cue, ...], visit: int) -> None:
    """Acts on all cues of one visit (the first is 1); ends with the last of them, or when it is cancelled."""
    async with asyncio.TaskGroup() as group:
        for cue in cues:
            if not cue.visits or visit <= cue.visits:
                group.create_task(_when_due(scene, visitor, cue))


async def _when_due(scene: Scene, visitor: Callable[[], Person], cue: Cue) -> None:
    room = scene.room
    while visitor().place != cue.at:  # noqa: ASYNC110 - a room tells nobody of its moves
        await asyncio.sleep(LOOK_SECONDS)
    await asyncio.sleep(cue.after)
    action = str(cue.call["action"])
    if action in ACTIONS:
        with contextlib.suppress(ActionError):  # the visitor may have gone elsewhere meanwhile, as visitors do
            act(room, dict(cue.call) if action in FOR_ALL else {"person": visitor().id, **cue.call})
    else:
        await OWN[action](room, visitor(), dict(cue.call))
    scene.note(action)


async def _guests_come(room: Room, _visitor: Person, call: Message) -> None:
    for name in call["names"]:
        come(room, name, host=room.host is None)


async def _guests_leave(room: Room, visitor: Person, call: Message) -> None:
    for guest in list(guests(room, call.get("names"), visitor)):
        room.leave(guest)


async def _guest_writes(room: Room, visitor: Person, call: Message) -> None:
    for guest in guests(room, [call["name"]], visitor):
        room.say(guest, call["text"], visitor.id if call.get("private") else None)


async def _host_moves(room: Room, visitor: Person, call: Message) -> None:
    """The host hands over, and stays."""
    for guest in room.at(Place.MEETING):
        guest.is_host = guest.name == call["to"]
        room.update(guest, microphone=guest.microphone, camera=guest.camera, speaking=guest.speaking)


async def _guest_renamed(room: Room, visitor: Person, call: Message) -> None:
    for guest in guests(room, [call["name"]], visitor):
        guest.name = call["to"]
        room.update(guest, microphone=guest.microphone, camera=guest.camera, speaking=guest.speaking)


async def _guest_speaks(room: Room, visitor: Person, call: Message) -> None:
    """The indicator is on and the caption grows word by word, as captions do."""
    guest = next(guests(room, [call["name"]], visitor), None)
    if guest is None:
        return
    room.update(guest, microphone=True, camera=False, speaking=True)
    said: list[str] = []
    for word in str(call["text"]).split():
        said.append(word)
        visitor.send({"type": "caption", "id": guest.id, "name": guest.name, "text": " ".join(said)})
        await asyncio.sleep(1 / WORDS_A_SECOND)
    room.update(guest, microphone=True, camera=False, speaking=False)


async def _show(_room: Room, visitor: Person, call: Message) -> None:
    visitor.send({"type": "view", "view": call["view"], "toolbar": False})


async def _ask_passcode(_room: Room, visitor: Person, _call: Message) -> None:
    """The lobby lets somebody through, to a door that is locked."""
    visitor.place = Place.DOOR
    visitor.send({"type": "view", "view": "wrong-passcode", "toolbar": False})


async def _crash(_room: Room, visitor: Person, _call: Message) -> None:
    visitor.send({"type": "crash"})


async def _camera_off(_room: Room, visitor: Person, _call: Message) -> None:
    """The host stops the visitor's video."""
    visitor.send({"type": "camera_off"})


async def _alert(_room: Room, visitor: Person, _call: Message) -> None:
    visitor.send({"type": "alert"})


async def _nothing(_room: Room, _visitor: Person, _call: Message) -> None:
    """Time has passed: for tests, which find it noted."""


OWN: dict[str, Callable[[Room, Person, dict[str, Any]], Any]] = {
    "guests_come": _guests_come,
    "guests_leave": _guests_leave,
    "guest_writes": _guest_writes,
    "guest_renamed": _guest_renamed,
    "host_moves": _host_moves,
    "guest_speaks": _guest_speaks,
    "show": _show,
    "ask_passcode": _ask_passcode,
    "alert": _alert,
    "camera_off": _camera_off,
    "crash": _crash,
    "nothing": _nothing,
}
