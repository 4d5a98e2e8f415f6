"""One watcher's way through the log: replay and live are one code path.

The queue is attached first; then the log is read after the resume point, until a read comes back short; then the queue is taken
from, and what was read already is dropped. A watcher whose queue runs over goes back to reading. So nothing is lost or repeated,
and nobody's slowness costs anybody else more than a full queue.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from server.domain.errors import DomainError, SlowReader
from server.domain.state import TERMINAL
from server.store import StoredEvent

_FIRST_LOOK_S: Final = 0.05
_LONGEST_LOOK_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class FeedItem:
    """What a watcher gets next: an event, or (event None) a bookmark. `position` is where to resume after: the sequence for one
    bot, the position for a project. `caught_up` (bookmarks): everything stored so far has been sent.
    """

    position: int
    event: StoredEvent | None = None
    caught_up: bool = False


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """Bounds and times of the feed."""

    bookmark_seconds: float = 15.0
    """Silence after which a bookmark is sent."""
    hidden_seconds: float = 1.0
    """A bookmark follows so long after events that a filter hid."""
    queue_events: int = 1_000
    """Events held for one watcher; on overflow it reads the log for itself."""
    queue_bytes: int = 1 << 20
    """Bytes held for one watcher; likewise."""
    behind_events: int = 50_000
    """A watcher that had caught up, and that so many events passed by since its queue ran over, ends with SlowReader."""
    page_events: int = 500
    """Events read from the log at a time."""
    poll_seconds: float = 5.0
    """Slow safety poll, in case a notification was lost."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a subscription follows."""

    read: Callable[[int, int], Awaitable[list[StoredEvent]]]
    """Events after a position, at most so many."""
    place: Callable[[StoredEvent], int]
    """An event's position in what is followed."""
    shows: Callable[[StoredEvent], bool]
    """Whether the watcher wants it."""
    check_kept: Callable[[int], Awaitable[None]]
    """Raises OutOfRange where events after this position are no longer kept; asked when some are missing."""
    at_end: Callable[[int], Awaitable[bool]]
    """Whether nothing will ever follow this position; asked when everything stored has been sent, and again and again once the
    bot is in a terminal state: that its agent lets go is no event."""
    ends: bool
    """Whether there is an end at all."""


class _News(Enum):
    """What ended a pause."""

    EVENT = auto()
    BOOKMARK = auto()
    END = auto()


class Subscription:
    """A watcher's queue and position. `offer` and `end` are called by the hub, `items` is the watcher's."""

    def __init__(self, source: Source, config: FeedConfig) -> None:
        self._source = source
        self._config = config
        self._loop = asyncio.get_running_loop()
        self._clock = self._loop.time
        self._sent = self._clock()
        self._look_s = _FIRST_LOOK_S
        self._look_at: float | None = None
        self._queue: deque[StoredEvent] = deque()
        self._bytes = 0
        self._overflowed = False
        self._passed_by = 0
        self._had_caught_up = False
        self._offered = self._first = 0
        self._hidden_place = 0
        self._hidden_since: float | None = None
        self._final_place: int | None = None
        self.ending = False
        """The bot is in a terminal state: `at_end` is worth asking."""
        self._error: DomainError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.place = 0
        """Everything up to here has been sent or hidden."""

    # -- The hub's side ------------------------------------------------------------------------------------------------

    def offer(self, event: StoredEvent) -> None:
        """Takes a new event in, without waiting. Every event of what is followed is offered, one after the other: where one is
        missing the log is read, whatever the reason. After `end` nothing is taken: it would follow what was dropped there.
        """
        if self._error is not None:
            return
        place = self._source.place(event)
        if self._offered and place != self._offered + 1:
            self.read_again()
        self._offered = place
        self._first = self._first or place
        self._look_for_end(event)
        if self._overflowed:
            self._pass_by()
        elif not self._source.shows(event):
            self._hide(event)
        elif len(self._queue) >= self._config.queue_events or self._bytes + len(event.data) > self._config.queue_bytes:
            self._drop_queue()
            self._overflowed = True
            self._pass_by()
        else:
            self._queue.append(event)
            self._bytes += len(event.data)
        self._wake()

    def end(self, error: DomainError) -> None:
        """Ends the stream with this error, as soon as its watcher comes back for more."""
        self._error = self._error or error
        self._drop_queue()
        self._wake()

    def _look_for_end(self, event: StoredEvent) -> None:
        if self._source.ends and event.state in TERMINAL:
            self.ending = True
        if self._source.ends and event.final:
            self._final_place = self._source.place(event)

    def _hide(self, event: StoredEvent) -> None:
        self._hidden_place = self._source.place(event)
        if self._hidden_since is None:
            self._hidden_since = self._clock()

    def _pass_by(self) -> None:
        if self._had_caught_up:
            self._passed_by += 1
            if self._passed_by > self._config.behind_events:
                self.end(SlowReader())

    def _drop_queue(self) -> None:
        self._queue.clear()
        self._bytes = 0
        self._hidden_place = 0
        self._hidden_since = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def read_again(self) -> None:
        """Has the watcher read the log for itself: what was offered has a gap."""
        self._drop_queue()
        self._overflowed = True
        self._wake()

    # -- The watcher's side --------------------------------------------------------------------------------------------

    async def items(self) -> AsyncGenerator[FeedItem, None]:
        """Events and bookmarks from `place` on. Ends when nothing can follow; raises SlowReader, Draining, DatabaseAway."""
        while True:
            async with contextlib.aclosing(self._replay()) as items:
                async for item in items:
                    yield item
            self._had_caught_up = True
            self._passed_by = 0
            yield FeedItem(self.place, caught_up=True)
            if await self._source.at_end(self.place):
                return
            async with contextlib.aclosing(self._live()) as items:
                async for item in items:
                    yield item
            if not self._overflowed:
                return

    async def _replay(self) -> AsyncGenerator[FeedItem, None]:
        """Reads until a read comes back short and the queue holds all that came since it began."""
        while True:
            if self._overflowed:
                self._overflowed = False
                self._drop_queue()
            self._check()
            page = await self._source.read(self.place, self._config.page_events)
            await asyncio.sleep(0)  # reading SQLite does not wait for anything: let others have their turn
            # A page that does not follow (a watcher was so slow that its events are no longer kept) is a gap, unless a bot and
            # its events were deleted. After a queue that ran over there has to be something.
            if self.place and (self._source.place(page[0]) != self.place + 1 if page else self._passed_by):
                await self._source.check_kept(self.place)
            hidden = False
            for event in page:
                self._check()
                self.place = self._source.place(event)
                self.ending = self.ending or (self._source.ends and event.state in TERMINAL)
                hidden = not self._source.shows(event)
                if not hidden:
                    yield FeedItem(self.place, event)
            followed = not page or self._first <= self.place + 1
            if len(page) < self._config.page_events and not self._overflowed and followed:
                return
            if hidden:
                yield FeedItem(self.place)

    async def _live(self) -> AsyncGenerator[FeedItem, None]:
        """Takes from the queue, until it runs over or the end is reached."""
        self._moved()
        while True:
            while (event := self._from_queue()) is not None:
                yield FeedItem(self.place, event)
                self._moved()
            self._check()
            if self._overflowed:
                return
            news = await self._pause()
            if news is _News.BOOKMARK or (news is _News.END and self.place < self._seen):
                self.place, self._hidden_since = self._seen, None
                yield FeedItem(self.place, caught_up=True)
                self._sent = self._clock()
            if news is _News.END:
                return

    def _from_queue(self) -> StoredEvent | None:
        """The next event that was not read from the log already."""
        while self._queue:
            event = self._queue.popleft()
            self._bytes -= len(event.data)
            if (place := self._source.place(event)) > self.place:
                self.place = place
                return event
        return None

    def _moved(self) -> None:
        self._sent, self._look_s, self._look_at = self._clock(), _FIRST_LOOK_S, None

    @property
    def _seen(self) -> int:
        """Everything up to here was sent or hidden, if the queue is empty."""
        return max(self.place, self._hidden_place)

    async def _pause(self) -> _News:
        """Waits until there is something to do."""
        if self._final_place is not None and self._seen >= self._final_place:
            return _News.END
        due = self._bookmark_due()
        if self.ending and self._look_at is None:
            self._look_at = self._clock() + self._look_s
        # When to look next is kept over bookmarks: however often they come, they must not put it off for ever.
        if self._look_at is None or due < self._look_at:
            return _News.EVENT if await self._news(due) else _News.BOOKMARK
        if await self._news(self._look_at):
            return _News.EVENT
        self._look_s, self._look_at = min(self._look_s * 2, _LONGEST_LOOK_S), None
        return _News.END if await self._source.at_end(self._seen) else _News.EVENT

    def _bookmark_due(self) -> float:
        """When a bookmark is due, by the loop's clock: after silence, or sooner where a filter hid something."""
        due = self._sent + self._config.bookmark_seconds
        if self._hidden_since is not None and self._hidden_place > self.place:
            due = min(due, self._hidden_since + self._config.hidden_seconds)
        return due

    async def _news(self, deadline: float) -> bool:
        """Waits for something to look at; False once the deadline is reached."""
        loop = self._loop
        self._waiter = waiter = loop.create_future()
        late = loop.call_at(deadline, self._wake)
        try:
            await waiter
        finally:
            late.cancel()
            self._waiter = None
        return bool(self._queue) or self._overflowed or self._error is not None or loop.time() < deadline

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
