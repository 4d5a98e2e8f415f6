"""One hub a process: hears of new events once and hands them to everybody who watches."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence

import structlog

from server.domain.errors import Draining
from server.domain.state import TERMINAL
from server.feed.bounds import begin_in_bot, begin_in_project
from server.feed.subscription import FeedConfig, FeedItem, Source, Subscription
from server.feed.topic import Topic
from server.store import EventFilter, Store, StoredEvent
from server.tasks import end_tasks

_log = structlog.get_logger(__name__)


class Feed:
    """Follows the log of a store."""

    def __init__(self, store: Store, config: FeedConfig | None = None) -> None:
        self._store = store
        self._config = config or FeedConfig()
        self._topics: dict[str, Topic] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._draining = False

    async def start(self) -> None:
        """Begins to listen."""
        self._store.on_commit(self._committed)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._listen()), loop.create_task(self._poll())]

    async def drain(self) -> None:
        """Ends every stream with Draining, and every new one."""
        self._draining = True
        for topic in self._topics.values():
            for subscription in topic.subscriptions:
                subscription.end(Draining())

    async def stop(self) -> None:
        """Drains and lets go."""
        await self.drain()
        await end_tasks(self._tasks)
        for topic in self._topics.values():
            topic.close()

    async def watch_bot(
        self,
        project_id: str | None,
        bot_id: str,
        *,
        after_sequence: int | None = None,
        filters: EventFilter | None = None,
    ) -> AsyncGenerator[FeedItem, None]:
        """One bot's events after `after_sequence` (0: all kept; None: from now on). Ends after the last event of a settled bot:
        one in a terminal state, its recording finished, and let go by its agent, who may have had a last word to say.

        Use with `contextlib.aclosing`. Raises NotFound, OutOfRange, SlowReader, Draining, DatabaseAway while iterated.
        """
        project_id = (await self._store.get_bot(project_id, bot_id)).project_id

        async def read(after: int, most: int) -> list[StoredEvent]:
            return await self._store.bot_events_after(bot_id, after, most)

        async def at_end(place: int) -> bool:
            bot = await self._store.get_bot(None, bot_id)
            return bot.settled and place >= bot.last_sequence

        async def check_kept(place: int) -> None:
            begin_in_bot(place, await self._store.bounds_of_bot(bot_id))

        source = Source(
            read=read,
            place=lambda event: event.sequence,
            shows=(filters or EventFilter()).shows,
            check_kept=check_kept,
            at_end=at_end,
            ends=True,
        )
        async with self._subscribed(project_id, bot_id, source) as subscription:
            subscription.ending = (await self._store.get_bot(None, bot_id)).state in TERMINAL
            subscription.place = begin_in_bot(after_sequence, await self._store.bounds_of_bot(bot_id))
            async with contextlib.aclosing(subscription.items()) as items:
                async for item in items:
                    yield item

    async def watch_project(
        self, project_id: str, *, after_position: int | None = None, filters: EventFilter | None = None
    ) -> AsyncGenerator[FeedItem, None]:
        """A project's events after `after_position` (0: all that are kept; None: from now on), without an end.

        Use with `contextlib.aclosing`. Raises OutOfRange, SlowReader, Draining, DatabaseAway while iterated.
        """

        async def read(after: int, most: int) -> list[StoredEvent]:
            return await self._store.project_events_after(project_id, after, most)

        async def at_end(_place: int) -> bool:
            return False

        async def check_kept(place: int) -> None:
            begin_in_project(place, await self._store.bounds_of_project(project_id))

        source = Source(
            read=read,
            place=lambda event: event.position,
            shows=(filters or EventFilter()).shows,
            check_kept=check_kept,
            at_end=at_end,
            ends=False,
        )
        async with self._subscribed(project_id, None, source) as subscription:
            subscription.place = begin_in_project(after_position, await self._store.bounds_of_project(project_id))
            async with contextlib.aclosing(subscription.items()) as items:
                async for item in items:
                    yield item

    @contextlib.asynccontextmanager
    async def _subscribed(self, project_id: str, bot_id: str | None, source: Source) -> AsyncGenerator[Subscription, None]:
        """A subscription that is offered everything from now on."""
        if self._draining:
            raise Draining
        subscription = Subscription(source, self._config)
        topic = self._topics.setdefault(project_id, Topic(self._store, project_id))
        try:
            await topic.attach(subscription, bot_id)
            yield subscription
        finally:
            topic.detach(subscription, bot_id)
            if topic.idle and self._topics.get(project_id) is topic:
                topic.close()
                del self._topics[project_id]

    def _committed(self, events: Sequence[StoredEvent]) -> None:
        if not self._topics:
            return
        by_project: dict[str, list[StoredEvent]] = {}
        for event in events:
            by_project.setdefault(event.project_id, []).append(event)
        for project_id, some in by_project.items():
            if (topic := self._topics.get(project_id)) is not None:
                topic.committed(some)

    async def _listen(self) -> None:
        """Wakes the topics in which other servers committed; every one when something may have been missed."""
        async with contextlib.aclosing(self._store.notifications()) as notifications:
            async for project_ids in notifications:
                for project_id in list(self._topics) if project_ids is None else project_ids:
                    if (topic := self._topics.get(project_id)) is not None:
                        topic.wake()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._config.poll_seconds)
            for topic in list(self._topics.values()):
                topic.wake()
