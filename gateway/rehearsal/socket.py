"""The signalling WebSocket: reads what pages say, bounded and checked, and carries it to their room."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from gateway.rehearsal.limits import RateLimit
from gateway.rehearsal.person import Message, Person, Place
from gateway.rehearsal.room import LANGUAGES, Room
from gateway.rehearsal.rooms import ROOM_NAME, Rooms, TooManyRoomsError

log = structlog.get_logger(__name__)

LEFT_CODES = frozenset({1000, 1001})
"""Close codes of a page that was closed or left on purpose; every other end may be a broken network."""
POLICY, TOO_BIG, OVERLOADED = 1008, 1009, 1013


class _TooMuchError(Exception):
    """A page that broke a bound; `code` closes its socket."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Connection:
    """One socket: its outbox and the person behind it."""

    def __init__(self, socket: WebSocket, room: Room) -> None:
        self._socket = socket
        self._room = room
        self._outbox: asyncio.Queue[Message | None] = asyncio.Queue(room.settings.outbox)
        self._limit = RateLimit(room.settings.messages_per_second, room.settings.message_burst, room.clock)
        self.person = Person(send=self._send)

    def _send(self, message: Message) -> None:
        try:
            self._outbox.put_nowait(message)
        except asyncio.QueueFull:  # a page that reads nothing: the writer is told to stop once there is room for that
            while not self._outbox.empty():
                self._outbox.get_nowait()
            self._outbox.put_nowait(None)

    async def run(self) -> None:
        """Serves the socket until either side ends it."""
        writer = asyncio.create_task(self._write())
        code = 1006
        try:
            code = await self._read()
        except WebSocketDisconnect as ended:
            code = ended.code
        except _TooMuchError as broken:
            await self._close(broken.code)
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await writer
            self._gone(code)

    def _gone(self, code: int) -> None:
        person = self.person
        if person.place is Place.GONE or person.send != self._send:
            return  # they left, or are here with another socket already
        if code in LEFT_CODES:
            self._room.leave(person)
        else:
            self._room.lost(person)

    async def _write(self) -> None:
        while True:
            message = await self._outbox.get()
            if message is None:
                await self._close(OVERLOADED)
                return
            await self._socket.send_text(orjson.dumps(message).decode())

    async def _close(self, code: int) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(code)

    async def _read(self) -> int:
        settings = self._room.settings
        while True:
            text = await self._socket.receive_text()
            if len(text) > settings.message_bytes:
                raise _TooMuchError(TOO_BIG)
            if not self._limit.allow():
                raise _TooMuchError(POLICY)
            try:
                message = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise _TooMuchError(POLICY) from error
            if isinstance(message, dict) and isinstance(message.get("type"), str):
                self._take(message)

    def _take(self, message: Message) -> None:
        handler = getattr(self, f"_on_{message['type']}", None) if message["type"] in _TYPES else None
        if handler is not None:
            handler(message)

    def _on_hello(self, message: Message) -> None:
        """The first message: a returning page shows its token, a new one says how it came."""
        if self.person.id in self._room.people:
            return
        token = _text(message, "resume")
        if token:
            returned = self._room.resume(token, self._send)
            if returned is not None:
                self.person = returned
                return
        if len(self._room.people) >= self._room.settings.visitors_per_room:
            self._send({"type": "view", "view": "full", "toolbar": False})
            return
        language = _text(message, "language")
        self.person.language = language if language in LANGUAGES else None
        self.person.claims_host = message.get("host") is True and self._room.is_key(_text(message, "key"))
        shown = self.person.language or self._room.rules.language
        self._send({"type": "hello", "id": self.person.id, "token": self.person.token, "language": shown})
        self._room.visit(self.person)

    def _on_join(self, message: Message) -> None:
        self._room_person_state(message)
        if self.person.id in self._room.people:
            self._room.ask_to_join(self.person, _text(message, "name"))

    def _on_state(self, message: Message) -> None:
        self._room_person_state(message)

    def _room_person_state(self, message: Message) -> None:
        self._room.update(
            self.person,
            microphone=message.get("mic") is True,
            camera=message.get("camera") is True,
            speaking=message.get("speaking") is True,
        )

    def _on_signal(self, message: Message) -> None:
        if isinstance(message.get("data"), dict):
            self._room.signal(self.person, _text(message, "to"), message["data"])

    def _on_chat(self, message: Message) -> None:
        self._room.say(self.person, _text(message, "text"), _text(message, "to") or None)

    def _on_consent(self, message: Message) -> None:
        if self.person.consent == "asked":
            self.person.consent = "given" if message.get("ok") is True else "refused"

    def _on_leave(self, _message: Message) -> None:
        if self.person.place is not Place.GONE:
            self._room.leave(self.person, "left")

    def _on_host(self, message: Message) -> None:
        """What the host's own page may do to others."""
        if not (self.person.is_host and self.person.place is Place.MEETING):
            return
        other = self._room.people.get(_text(message, "person"))
        what = _text(message, "do")
        if what == "end":
            self._room.end()
        elif other is None:
            return
        elif what == "admit":
            self._room.admit(other)
        elif what == "deny":
            self._room.deny(other)
        elif what == "kick" and other.place is Place.MEETING and other is not self.person:
            self._room.leave(other, "removed")
        elif what == "mute" and other.place is Place.MEETING:
            other.send({"type": "mute"})


_TYPES = frozenset({"hello", "join", "state", "signal", "chat", "consent", "leave", "host"})


def _text(message: Message, name: str) -> str:
    value: Any = message.get(name)
    return value if isinstance(value, str) else ""


def same_origin(socket: WebSocket) -> bool:
    """Whether our own page opened the socket, or no page at all: another site's page must not reach a loopback service."""
    origin = socket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == socket.headers.get("host")


async def signalling(socket: WebSocket, rooms: Rooms) -> None:
    """The endpoint behind `/rehearsal/{room}/ws`."""
    name = socket.path_params["room"]
    if not ROOM_NAME.fullmatch(name) or not same_origin(socket):
        await socket.close(POLICY)
        return
    try:
        room = rooms.get_or_make(name)
    except TooManyRoomsError:
        await socket.close(OVERLOADED)
        return
    await socket.accept()
    await Connection(socket, room).run()
