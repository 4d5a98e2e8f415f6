"""What the clients have in common, without I/O: requests, positions, retries. Client and AsyncClient add reading and waiting."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Generic, NamedTuple, Protocol, Self, TypeVar
from urllib.parse import urlsplit

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status

from rollcall.errors import NotFoundError, error_of
from rollcall.transport import CallError
from rollcall.v1 import annotations_pb2, bot_pb2, event_pb2
from rollcall.v1 import bot_service_pb2 as bots
from rollcall.v1.bot_pb2 import BotState
from rollcall.v1.event_pb2 import Event
from rollcall.v1.event_service_pb2 import WatchBotRequest, WatchBotResponse, WatchEventsRequest, WatchEventsResponse
from rollcall.v1.media_service_pb2 import MediaDescription, ReadMediaRequest

BOTS = "/rollcall.v1.BotService/"
EVENTS = "/rollcall.v1.EventService/"
READ_MEDIA = "/rollcall.v1.MediaService/ReadMedia"

T = TypeVar("T")
M = TypeVar("M", bound=Message)
T_co = TypeVar("T_co", covariant=True)

_AWAY = {code_pb2.UNAVAILABLE, code_pb2.RESOURCE_EXHAUSTED}
"""The service is away or sends a slow reader off: tried again as long as it takes, once it has answered at all."""
_STRANGE = {code_pb2.INTERNAL, code_pb2.UNKNOWN, code_pb2.CANCELLED, code_pb2.DEADLINE_EXCEEDED}
"""A connection that broke looks like these too, but so does a fault that will not go away: tried again a few times."""
_MOST_STRANGE = 5


class Backoff:
    """How long to wait before the next try: doubles from `first_s` to `most_s`, with full jitter, until something came."""

    def __init__(self, *, first_s: float = 0.1, most_s: float = 10.0, connect_s: float = 10.0) -> None:
        """A service that never answered is given up after `connect_s` seconds of waiting."""
        self._first_s = first_s
        self._most_s = most_s
        self._connect_s = connect_s
        self._waited_s = 0.0
        self._tries = 0
        self._answered = False

    def progress(self) -> None:
        """Something came."""
        self._answered = True
        self._tries = 0

    def failed(self, status: Status) -> float:
        """Seconds to wait. Raises the status's error where another try would be no use."""
        self._tries += 1
        given_up = self._waited_s >= self._connect_s and not self._answered
        strange = status.code in _STRANGE and self._tries <= _MOST_STRANGE
        if given_up or not (strange or status.code in _AWAY):
            raise error_of(status)
        error = error_of(status)
        most = min(self._most_s, self._first_s * 2 ** min(self._tries, 10))
        wait = max(error.retry_after_s or 0.0, random.uniform(0, most))  # noqa: S311 - spreads load, hides nothing
        self._waited_s += max(wait, self._first_s)
        return wait


class Stream(Protocol[T_co]):
    """A stream to be followed: asked for anew after each failure."""

    method: str
    backoff: Backoff

    def request(self) -> Message:
        """For the next try, from where the last one came to."""
        ...

    def take(self, response: Any) -> T_co | None:
        """What the response holds that was not seen before."""
        ...


class WatchBot:
    """One bot's events, each once and in order."""

    method = EVENTS + "WatchBot"

    def __init__(
        self, bot_id: str, after_sequence: int | None, kinds: Iterable[int | str], states: Iterable[int | str] = ()
    ) -> None:
        """`after_sequence` 0 is for all that are kept, None for those from now on."""
        self.backoff = Backoff()
        self._request = WatchBotRequest(bot_id=bot_id, after_sequence=after_sequence, **_wanted(kinds, states))

    def request(self) -> WatchBotRequest:
        """From the last event on."""
        return self._request

    def take(self, response: WatchBotResponse) -> Event | None:
        """A new event; None for a bookmark, and for an event that came twice."""
        self.backoff.progress()
        seen = self._request.HasField("after_sequence") and response.sequence <= self._request.after_sequence
        if not seen:
            self._request.after_sequence = response.sequence
        return response.event if response.HasField("event") and not seen else None


class EventAt(NamedTuple):
    """An event of a project's log, and the cursor to resume after it."""

    cursor: str
    event: Event


class WatchEvents:
    """A project's events, each once and in order."""

    method = EVENTS + "WatchEvents"

    def __init__(
        self,
        cursor: str | None,
        kinds: Iterable[int | str],
        bot_ids: Iterable[str],
        metadata: Mapping[str, str],
        states: Iterable[int | str] = (),
    ) -> None:
        """The cursor `start` is for all that are kept, None for those from now on."""
        self.backoff = Backoff()
        self._request = WatchEventsRequest(cursor=cursor, bot_ids=bot_ids, metadata=metadata, **_wanted(kinds, states))
        self._position = 0

    def request(self) -> WatchEventsRequest:
        """From the last event on."""
        return self._request

    def take(self, response: WatchEventsResponse) -> EventAt | None:
        """A new event; None for a bookmark, and for an event that came twice."""
        self.backoff.progress()
        self._request.cursor = response.cursor
        if not response.HasField("event") or response.event.position <= self._position:
            return None
        self._position = response.event.position
        return EventAt(response.cursor, response.event)


class Download:
    """The bytes of a recording into a file: `<name>.part` until all are there. A file that changed meanwhile is begun anew."""

    def __init__(self, path: Path) -> None:
        """Opened by `with`, which keeps the `.part` of a download that failed out of the way: it is removed."""
        self.backoff = Backoff()
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._file: BinaryIO
        self._offset = 0
        self._description: MediaDescription | None = None

    def __enter__(self) -> Self:
        """Opens the file. Raises OSError."""
        self._file = self._part.open("wb")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Puts the whole file in its place."""
        self._file.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)

    @property
    def complete(self) -> bool:
        """Whether all bytes came."""
        return self._description is not None and self._offset == self._description.size_bytes

    def request(self, recording: bots.Recording) -> ReadMediaRequest:
        """From the last byte on; a fresh URL each time, for its token expires. Raises NotFoundError where it has none."""
        token = urlsplit(recording.url).path.rpartition("/")[2]
        if not token:
            raise NotFoundError("The recording has no URL to fetch it from.")
        return ReadMediaRequest(token=token, offset=self._offset)

    def take(self, response: Any) -> None:
        """Bytes into the file. Raises CallError where the file is another one than before; OSError."""
        if response.HasField("data"):
            self._file.write(response.data)
            self._offset += len(response.data)
            self.backoff.progress()
            return
        before, self._description = self._description, response.description
        if before is not None and before.etag != response.description.etag and self._offset:
            self._file.seek(0)
            self._file.truncate()
            self._offset = 0
            raise CallError(Status(code=code_pb2.UNAVAILABLE, message="The recording changed while it was fetched."))

    def ended(self) -> None:
        """The stream ended without an error. Raises CallError where bytes are missing all the same."""
        if not self.complete:
            raise CallError(Status(code=code_pb2.INTERNAL, message="The recording broke off."))


class Pages(Generic[T]):
    """A list, page after page."""

    def __init__(self, method: str, request: type[Message], fields: Mapping[str, Any], service: str = BOTS) -> None:
        """`request` is a List… request of the contract, `fields` its filters in plain Python. Raises ValueError."""
        self.method = service + method
        self.request: Any = request(**_plain(request.DESCRIPTOR, fields))
        self.done = False

    def take(self, response: Any) -> Sequence[T]:
        """The page's results."""
        self.done = not response.HasField("next")
        self.request.cursor = response.next
        results: Sequence[T] = response.results
        return results


def create_request(fields: Mapping[str, Any]) -> bots.CreateBotRequest:
    """CreateBotRequest from names and plain values: words for enums, dicts for settings. Raises ValueError or TypeError."""
    return from_plain(bots.CreateBotRequest, fields)


def from_plain(request: type[M], fields: Mapping[str, Any]) -> M:
    """Any request from names and plain values. Raises ValueError or TypeError."""
    return request(**_plain(request.DESCRIPTOR, fields))


def chat_request(bot_id: str, message: str, to_user_uuid: str | None) -> bots.SendChatMessageRequest:
    """SendChatMessageRequest to everyone, or to one person."""
    to = bot_pb2.CHAT_MESSAGE_TO_SPECIFIC_USER if to_user_uuid is not None else None
    return bots.SendChatMessageRequest(bot_id=bot_id, message=message, to=to, to_user_uuid=to_user_uuid)


def unary_retry(backoff: Backoff, status: Status, tries: int) -> float:
    """Seconds to wait before a call that only reads is tried again. Raises the status's error after the fourth try."""
    if tries >= 4 or status.code != code_pb2.UNAVAILABLE:
        raise error_of(status)
    return backoff.failed(status)


def _plain(descriptor: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    fields: Mapping[str, FieldDescriptor] = descriptor.fields_by_name
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ValueError(f"{descriptor.name} has no field {', '.join(unknown)}; it has {', '.join(sorted(fields))}")
    return {name: _value(fields[name], value) for name, value in values.items() if value is not None}


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.is_repeated and not isinstance(value, Mapping):
        return [_one(field, item) for item in value]
    return _one(field, value)


def _one(field: FieldDescriptor, value: Any) -> Any:
    nested: Descriptor | None = field.message_type
    if field.enum_type is not None and isinstance(value, str):
        return _number(field.enum_type, value)
    if nested is not None and not nested.GetOptions().map_entry and isinstance(value, Mapping):
        return _plain(nested, value)
    return value


def _number(enum: EnumDescriptor, word: str) -> int:
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    words = {
        value.GetOptions().Extensions[annotations_pb2.json_value] or value.name.removeprefix(prefix).lower(): value.number
        for value in enum.values
        if value.number
    }
    if word not in words:
        raise ValueError(f"{word!r} is not one of {', '.join(words)}")
    return words[word]


def _wanted(kinds: Iterable[int | str], states: Iterable[int | str]) -> dict[str, Any]:
    return {"kinds": _numbers(event_pb2.EventKind.DESCRIPTOR, kinds), "states": _numbers(BotState.DESCRIPTOR, states)}


def _numbers(enum: EnumDescriptor, values: Iterable[int | str]) -> list[int]:
    return [_number(enum, value) if isinstance(value, str) else value for value in values]
