"""Projects, their keys, and the audit log of both: `store.projects`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from server.clock import Clock
from server.store import active, audit, keys, project_ops
from server.store.pages import PageCursor
from server.store.project_records import AuditRecord, KeyAccess, KeyRecord, ProjectRecord
from server.store.reader import Reader
from server.store.records import Page
from server.store.writer import Writer


class Projects:
    """As Store: safe to call from its event loop, and every method raises DatabaseAway.

    `actor` is who does it, for the audit log. Where `project_id` may be None, it is for the operator's eyes; with one, what
    belongs to another project is NotFound.
    """

    def __init__(self, reader: Reader, writer: Writer, clock: Clock) -> None:
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._listeners: list[Callable[[], None]] = []

    # -- Projects ------------------------------------------------------------------------------------------------------

    async def create(self, name: str, *, own_limits: Mapping[str, int] | None = None, actor: str = "") -> ProjectRecord:
        """A new project. Raises NameInUse."""
        return await self._writer.submit(project_ops.CreateProject(name, own_limits or {}, actor))

    async def update(
        self,
        project_id: str,
        *,
        name: str | None = None,
        own_limits: Mapping[str, int] | None = None,
        reset: Iterable[str] = (),
        actor: str = "",
    ) -> ProjectRecord:
        """The project, renamed and with these limits set and those of `reset` taken away. Raises NotFound, NameInUse."""
        op = project_ops.UpdateProject(project_id, name, own_limits or {}, reset, actor)
        project = await self._writer.submit(op)
        self.changed()
        return project

    async def get(self, project_id: str) -> ProjectRecord:
        """One project. Raises NotFound."""
        return await self._reader.run(lambda connection: project_ops.read_project(connection, project_id))

    async def named(self, name: str) -> ProjectRecord | None:
        """The project of this name."""
        return await self._reader.run(lambda connection: project_ops.read_project_named(connection, name))

    async def list(self, cursor: str | None = None, limit: int = 25) -> Page[ProjectRecord]:
        """A page of projects, oldest first. Raises InvalidCursor."""
        place = PageCursor.parse(cursor, project_ops.PLACE)
        return await self._reader.run(lambda connection: project_ops.read_projects(connection, place, limit))

    async def count_active_bots(self, project_id: str) -> int:
        """How many of the project's bots have not ended."""
        return await self._reader.run(lambda connection: active.read(connection, project_id))

    async def own_limit(self, name: str) -> Mapping[str, int]:
        """The projects that have this limit of their own, and theirs. For what is kept for a time only."""
        return await self._reader.run(lambda connection: project_ops.read_own_limit(connection, name))

    async def of_bots(self, bot_ids: Sequence[str]) -> Mapping[str, str]:
        """The project of each of these bots, some hundred at most; what is no bot is left out."""
        return await self._reader.run(lambda connection: project_ops.read_projects_of(connection, bot_ids))

    # -- Keys ----------------------------------------------------------------------------------------------------------

    async def create_key(
        self, project_id: str, name: str = "", *, expires_us: int | None = None, actor: str = ""
    ) -> tuple[KeyRecord, str]:
        """A new key and, this once, its secret text. Raises NotFound for an unknown project."""
        return await self._writer.submit(keys.CreateKey(project_id, name, expires_us, actor))

    async def get_key(self, project_id: str | None, key_id: str) -> KeyRecord:
        """One key. Raises NotFound."""
        return await self._reader.run(lambda connection: keys.read_key(connection, project_id, key_id))

    async def list_keys(self, project_id: str, cursor: str | None = None, limit: int = 25) -> Page[KeyRecord]:
        """A page of a project's keys, oldest first, revoked ones included. Raises InvalidCursor."""
        place = PageCursor.parse(cursor, keys.PLACE)
        return await self._reader.run(lambda connection: keys.read_keys(connection, project_id, place, limit))

    async def revoke_key(self, key_id: str, *, actor: str = "") -> KeyRecord:
        """The key, which from now on opens nothing. Raises NotFound."""
        key = await self._writer.submit(keys.RevokeKey(key_id, actor))
        self.changed()
        return key

    async def find_key(self, secret: str) -> KeyAccess | None:
        """What this secret text opens; None once it is revoked or over. Notes its use, at most once a minute. Not cached here."""
        now_us = self._clock.now_us()
        access = await self._reader.run(lambda connection: keys.find_key(connection, secret, now_us))
        if access is not None and keys.use_is_due(access.key, now_us):
            self._writer.submit(keys.NoteUse(access.key.id)).add_done_callback(_forget)
        return access

    # -- The audit log -------------------------------------------------------------------------------------------------

    async def list_audit(self, project_id: str | None = None, cursor: str | None = None, limit: int = 25) -> Page[AuditRecord]:
        """A page of the audit log, newest first; of one project or of all. Raises InvalidCursor."""
        place = PageCursor.parse(cursor, audit.PLACE)
        return await self._reader.run(lambda connection: audit.read_entries(connection, project_id, place, limit))

    # -- What others remember ------------------------------------------------------------------------------------------

    def on_change(self, listener: Callable[[], None]) -> None:
        """`listener` is called on the event loop when what keys open has changed, here or at another server, or may have. Between
        processes that comes over PostgreSQL, to servers whose feed listens; on SQLite another process's change is not heard of.
        """
        self._listeners.append(listener)

    def changed(self) -> None:
        """Tells the listeners."""
        for listener in self._listeners:
            listener()


def _forget(future: asyncio.Future[None]) -> None:
    """Looks at the outcome of something that nobody waits for, so that nobody complains that it was not looked at."""
    if not future.cancelled():
        future.exception()
