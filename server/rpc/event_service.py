"""EventService: the log, followed live or read in pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from google.protobuf.message import Message

from rollcall.v1 import event_service_pb2 as pb
from rollcall.v1.event_pb2 import Bookmark
from server.feed import START, Feed, begin_in_bot, begin_in_project, format_cursor, parse_cursor
from server.rpc.auth import Caller
from server.rpc.convert import STATE_WORDS
from server.store import EventFilter, Store

_POSITIONS = {START[0], format_cursor(1)[0]}
"""A position of WatchEvents begins with one of these; a page's cursor is base64 of JSON and begins with none of them."""
_EVENT_TAG = b"\x12"  # field 2, length-delimited, in both responses


@dataclass(slots=True)
class EventService:
    """Handlers of EventService. Streams carry the event's stored bytes: nothing is serialised again for each watcher."""

    store: Store
    feed: Feed

    async def watch_bot(self, request: pb.WatchBotRequest, caller: Caller) -> AsyncGenerator[Message | bytes, None]:
        """Raises NotFound, OutOfRange, SlowReader, Draining."""
        after = request.after_sequence if request.HasField("after_sequence") else None
        filters = EventFilter(frozenset(request.kinds), _states(request))
        items = self.feed.watch_bot(caller.project_id, request.bot_id, after_sequence=after, filters=filters)
        async with aclosing(items):
            async for item in items:
                if item.event is None:
                    yield pb.WatchBotResponse(sequence=item.position, bookmark=Bookmark(caught_up=item.caught_up))
                else:
                    yield b"\x08" + _varint(item.position) + _event_field(item.event.data)

    async def watch_events(self, request: pb.WatchEventsRequest, caller: Caller) -> AsyncGenerator[Message | bytes, None]:
        """Raises InvalidCursor, OutOfRange, SlowReader, Draining."""
        after = parse_cursor(request.cursor) if request.HasField("cursor") else None
        items = self.feed.watch_project(caller.project_id, after_position=after, filters=_filters(request))
        async with aclosing(items):
            async for item in items:
                cursor = format_cursor(item.position)
                if item.event is None:
                    yield pb.WatchEventsResponse(cursor=cursor, bookmark=Bookmark(caught_up=item.caught_up))
                else:
                    text = cursor.encode()
                    yield b"\x0a" + _varint(len(text)) + text + _event_field(item.event.data)

    async def list_bot_events(self, request: pb.ListBotEventsRequest, caller: Caller) -> pb.ListBotEventsResponse:
        """Raises NotFound, InvalidCursor, OutOfRange."""
        page = await self.store.list_bot_events(
            caller.project_id,
            request.bot_id,
            after_sequence=request.after_sequence,
            filters=EventFilter(frozenset(request.kinds), _states(request)),
            cursor=request.cursor if request.HasField("cursor") else None,
        )
        if request.after_sequence:
            begin_in_bot(request.after_sequence, await self.store.bounds_of_bot(request.bot_id))
        results = [event.message() for event in page.results]
        return pb.ListBotEventsResponse(next=page.next, previous=page.previous, results=results)

    async def list_events(self, request: pb.ListEventsRequest, caller: Caller) -> pb.ListEventsResponse:
        """Raises InvalidCursor, OutOfRange."""
        position = request.cursor[:1] in _POSITIONS
        after = parse_cursor(request.cursor) if position else 0
        cursor = None if position or not request.cursor else request.cursor
        page = await self.store.list_project_events(
            caller.project_id, after_position=after, filters=_filters(request), cursor=cursor
        )
        if after:
            begin_in_project(after, await self.store.bounds_of_project(caller.project_id))
        results = [event.message() for event in page.results]
        return pb.ListEventsResponse(next=page.next, previous=page.previous, results=results)


def _filters(request: pb.WatchEventsRequest | pb.ListEventsRequest) -> EventFilter:
    return EventFilter(
        kinds=frozenset(request.kinds),
        states=_states(request),
        bot_ids=frozenset(request.bot_ids),
        metadata=dict(request.metadata),
    )


def _states(
    request: pb.WatchBotRequest | pb.WatchEventsRequest | pb.ListBotEventsRequest | pb.ListEventsRequest,
) -> frozenset[str]:
    return frozenset(STATE_WORDS[state].value for state in request.states)


def _event_field(data: bytes) -> bytes:
    return _EVENT_TAG + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    """A whole number, 0 or more, as protobuf writes it."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
