"""The store's part that is about the log: pages, what follows a place, what is kept, who hears of commits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from server.store import log, retention
from server.store.engines import postgresql_dsn
from server.store.filters import EventFilter
from server.store.log import LogBounds
from server.store.notify import listen, nothing
from server.store.pages import PageCursor
from server.store.projects import Projects
from server.store.reader import Reader
from server.store.records import Page, StoreConfig, StoredEvent
from server.store.writer import Writer


class LogStore:
    """A part of Store: its methods are documented there as a whole."""

    _config: StoreConfig
    _reader: Reader
    _writer: Writer
    _server_id: str
    projects: Projects
    _listeners: list[Callable[[list[StoredEvent]], None]]

    async def list_bot_events(
        self,
        project_id: str,
        bot_id: str,
        *,
        after_sequence: int = 0,
        filters: EventFilter | None = None,
        cursor: str | None = None,
        limit: int = 25,
    ) -> Page[StoredEvent]:
        """A page of what is kept of one bot's log. Raises NotFound, InvalidCursor."""
        place = PageCursor.parse(cursor, (int,))
        wanted = filters or EventFilter()
        return await self._reader.run(
            lambda connection: log.read_page_of_bot(connection, (project_id, bot_id), after_sequence, wanted, (place, limit))
        )

    async def list_project_events(
        self,
        project_id: str,
        *,
        after_position: int = 0,
        filters: EventFilter | None = None,
        cursor: str | None = None,
        limit: int = 25,
    ) -> Page[StoredEvent]:
        """A page of what is kept of the project's log. Raises InvalidCursor. Its cursors never look like those of the feed."""
        place = PageCursor.parse(cursor, (int,))
        wanted = filters or EventFilter()
        return await self._reader.run(
            lambda connection: log.read_page_of_project(connection, project_id, after_position, wanted, (place, limit))
        )

    async def bot_events_after(self, bot_id: str, sequence: int, limit: int) -> list[StoredEvent]:
        """One bot's events with a higher sequence that are kept, in order. For the feed."""
        return await self._reader.run(lambda connection: log.read_bot_events(connection, bot_id, sequence, limit))

    async def project_events_after(self, project_id: str, position: int, limit: int) -> list[StoredEvent]:
        """A project's events with a higher position that are kept, in order. For the feed."""
        return await self._reader.run(lambda connection: log.read_project_events(connection, project_id, position, limit))

    async def last_position(self, project_id: str) -> int:
        """The position of the project's newest event, 0 for none. Raises NotFound. For the feed."""
        return await self._reader.run(lambda connection: log.read_last_position(connection, project_id))

    async def bounds_of_bot(self, bot_id: str) -> LogBounds:
        """What is kept of a bot's log. Raises NotFound."""
        return await self._reader.run(lambda connection: log.read_bounds_of_bot(connection, bot_id))

    async def bounds_of_project(self, project_id: str) -> LogBounds:
        """What is kept of a project's log. Raises NotFound."""
        return await self._reader.run(lambda connection: log.read_bounds_of_project(connection, project_id))

    async def drop_events(self, now_us: int, days: int | None, *, most: int) -> int:
        """Drops at most so many events of one project, the oldest of those kept for longer than the project's own `event_days`,
        or than `days` where it has none (None: for ever). Gives how many; 0 when there are none. Safe with many servers: one
        drops at a time.
        """
        found = await self._reader.run(lambda connection: retention.find_project(connection, now_us, days))
        return 0 if found is None else await self._writer.submit(retention.DropEvents(*found, most))

    def on_commit(self, listener: Callable[[list[StoredEvent]], None]) -> None:
        """`listener` gets each group commit's events, on the event loop, in the order of commits. For the feed."""
        self._listeners.append(listener)

    def notifications(self) -> AsyncGenerator[frozenset[str] | None, None]:
        """Projects in which another server committed events; None: any may have (after a reconnect). Never ends, reconnects by
        itself; on SQLite nothing ever comes. For the feed.
        """
        if self._config.sqlite_path is not None:
            return nothing()
        return listen(postgresql_dsn(self._config.database_url), self._server_id, self.projects.changed)
