"""One project's log in this process: how far it was handed out, and to whom."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from server.domain.errors import DatabaseAway, NotFound
from server.feed.subscription import Subscription
from server.store import Store, StoredEvent

_log = structlog.get_logger(__name__)

_PAGE: Final = 1_000
_PAUSE_S: Final = 0.5


class Topic:
    """Hands out every event of a project once, in the order of positions.

    Events come from this process's own commits, in memory; whenever they do not follow the last one handed out (another server
    committed in between), the log is read instead.
    """

    def __init__(self, store: Store, project_id: str) -> None:
        self._store = store
        self._project_id = project_id
        self._head: int | None = None
        self._again = False
        self._meanwhile: list[StoredEvent] = []
        self._reading: asyncio.Task[None] | None = None
        self._everything: set[Subscription] = set()
        self._by_bot: dict[str, set[Subscription]] = {}

    @property
    def subscriptions(self) -> Iterable[Subscription]:
        """All watchers."""
        return [*self._everything, *(one for some in self._by_bot.values() for one in some)]

    @property
    def idle(self) -> bool:
        """True if nobody watches."""
        return not self._everything and not self._by_bot

    async def attach(self, subscription: Subscription, bot_id: str | None) -> None:
        """From now on the subscription is offered every event of the project, or of one bot of it. Raises NotFound,
        DatabaseAway.
        """
        if bot_id is None:
            self._everything.add(subscription)
        else:
            self._by_bot.setdefault(bot_id, set()).add(subscription)
        if self._head is None:
            head = await self._store.last_position(self._project_id)
            if self._head is None:
                self._head = head
                self.wake()  # what was committed meanwhile was not handed out

    def detach(self, subscription: Subscription, bot_id: str | None) -> None:
        """No more."""
        if bot_id is None:
            self._everything.discard(subscription)
            return
        watchers = self._by_bot.get(bot_id, set())
        watchers.discard(subscription)
        if not watchers:
            self._by_bot.pop(bot_id, None)

    def close(self) -> None:
        """Stops reading."""
        if self._reading is not None:
            self._reading.cancel()

    def committed(self, events: Sequence[StoredEvent]) -> None:
        """Takes what this process committed."""
        if self._head is None:
            return  # attach reads it
        if self._continue_with(events):
            return
        if self._reading is None:
            self.wake()
        elif len(self._meanwhile) + len(events) <= _PAGE:
            self._meanwhile += events
        else:
            self._again = True

    def _continue_with(self, events: Sequence[StoredEvent]) -> bool:
        """Hands out what is new of these; False, and nothing is, if something is missing before or between them.

        A read that is under way (the safety poll is most of the time) holds nothing up.
        """
        head = self._head or 0
        new = [event for event in events if event.position > head]
        if new and (new[0].position != head + 1 or new[-1].position != head + len(new)):
            return False
        self._hand_out(new)
        return True

    def wake(self) -> None:
        """Reads what is new in the log."""
        self._again = True
        if self._reading is None and self._head is not None:
            self._reading = asyncio.get_running_loop().create_task(self._read())
            self._reading.add_done_callback(self._read_done)

    def _read_done(self, task: asyncio.Task[None]) -> None:
        self._reading = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("log_reading_failed", project_id=self._project_id, error=type(error).__name__)
        elif not task.cancelled():
            meanwhile, self._meanwhile = self._meanwhile, []
            if self._again or not self._continue_with(meanwhile):
                self.wake()

    async def _read(self) -> None:
        while self._again:
            self._again = False
            try:
                while events := await self._store.project_events_after(self._project_id, self._head or 0, _PAGE):
                    head = self._head or 0
                    if events[0].position > head + 1:
                        self._have_all_read()
                    self._hand_out([event for event in events if event.position > head])
                    await asyncio.sleep(0)
                    if len(events) < _PAGE:
                        break
            except DatabaseAway:
                self._again = True
                await asyncio.sleep(_PAUSE_S)
            except NotFound:
                return

    def _have_all_read(self) -> None:
        """Events are gone that were never handed out: this process was away for very long, or a bot was deleted with its events.
        Whether a watcher has missed any depends on where it is.
        """
        for subscription in self.subscriptions:
            subscription.read_again()

    def _hand_out(self, events: Sequence[StoredEvent]) -> None:
        for event in events:
            for subscription in self._everything:
                subscription.offer(event)
            for subscription in self._by_bot.get(event.bot_id, ()):
                subscription.offer(event)
            self._head = event.position
