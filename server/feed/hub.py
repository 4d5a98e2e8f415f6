"""One hub a process: reads new events once and hands them to everybody who watches."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from server.feed.filters import EventFilter
from server.feed.subscription import FeedItem
from server.store import Store


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
    """A watcher that had caught up and fell further behind than this ends with SlowReader."""
    page_events: int = 500
    """Events read from the log at a time."""
    poll_seconds: float = 5.0
    """Slow safety poll, in case a notification was lost."""


class Feed:
    """Follows the log of a store."""

    def __init__(self, store: Store, config: FeedConfig | None = None) -> None:
        self._store = store
        self._config = config or FeedConfig()

    async def start(self) -> None:
        """Begins to listen."""
        raise NotImplementedError

    async def drain(self) -> None:
        """Ends every stream with Draining, and every new one."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Drains and lets go."""
        raise NotImplementedError

    def watch_bot(
        self,
        project_id: str | None,
        bot_id: str,
        *,
        after_sequence: int | None = None,
        kinds: frozenset[int] = frozenset(),
    ) -> AsyncGenerator[FeedItem, None]:
        """One bot's events after `after_sequence` (0: all; None: from now on). Ends after the last event of a settled bot.

        Use with `contextlib.aclosing`. Raises NotFound, OutOfRange, SlowReader, Draining, DatabaseAway while iterated.
        """
        raise NotImplementedError

    def watch_project(
        self, project_id: str, *, after_position: int | None = None, filters: EventFilter | None = None
    ) -> AsyncGenerator[FeedItem, None]:
        """A project's events after `after_position` (0: all; None: from now on), without an end.

        Use with `contextlib.aclosing`. Raises OutOfRange, SlowReader, Draining, DatabaseAway while iterated.
        """
        raise NotImplementedError
