"""Keys and projects by hand (`rollcall projects`, `keys`, `audit`), beside a running server or without one."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from server.domain.errors import BadName, NameInUse, NotFound
from server.domain.limits import ProjectLimits
from server.domain.names import wrong_with_name, wrong_with_project_name
from server.settings import ServerSettings
from server.store import AuditRecord, KeyRecord, ProjectRecord, Store, StoreConfig
from server.store.records import Page

DEFAULT_PROJECT = "default"
FIRST_START = "first start"
"""The actor, in the audit log, of what a server makes for itself."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as a person sees it; `secret` only when it was just made."""

    id: str
    name: str
    created_time: datetime
    expires_time: datetime | None
    revoked_time: datetime | None
    last_used_time: datetime | None
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """A project as a person sees it: the limits that hold, and which of them are its own."""

    id: str
    name: str
    created_time: datetime
    limits: ProjectLimits
    own_limits: Mapping[str, int]
    active_bots: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change as a person sees it."""

    time: datetime
    actor: str
    action: str
    project_id: str
    key_id: str
    details: Mapping[str, str]


def command_line_user() -> str:
    """Who works at the command line, for the audit log."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):  # no such user on this machine, as in some containers
        return "command line"


class Admin:
    """A short visit to the database: `async with Admin.open() as admin`. `actor` is who it is, for the audit log."""

    def __init__(self, store: Store, settings: ServerSettings, actor: str) -> None:
        self._projects = store.projects
        self._defaults = settings.limits
        self._actor = actor

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: ServerSettings | None = None, *, actor: str = "") -> AsyncIterator[Admin]:
        """Opens the database of the settings, also while a server runs. Raises DatabaseAway, SchemaMismatch."""
        settings = settings or ServerSettings()
        store = await Store.open(StoreConfig(database_url=settings.database_url, admin=True))
        try:
            yield cls(store, settings, actor or command_line_user())
        finally:
            await store.close()

    # -- Projects ------------------------------------------------------------------------------------------------------

    async def create_project(self, name: str, own_limits: Mapping[str, int] | None = None) -> Project:
        """A new project. Raises NameInUse, BadName."""
        _check(wrong_with_project_name(name))
        return await self._project(await self._projects.create(name, own_limits=own_limits, actor=self._actor))

    async def list_projects(self) -> AsyncIterator[Project]:
        """All projects, oldest first."""
        cursor = None
        while True:
            page = await self._projects.list(cursor)
            for record in page.results:
                yield await self._project(record)
            if (cursor := page.next) is None:
                return

    async def get_project(self, name_or_id: str) -> Project:
        """One project. Raises NotFound."""
        return await self._project(await self._find(name_or_id))

    async def update_project(
        self, name_or_id: str, *, name: str | None = None, own_limits: Mapping[str, int] | None = None, reset: Iterable[str] = ()
    ) -> Project:
        """The project as changed. Raises NotFound, NameInUse, BadName."""
        _check(None if name is None else wrong_with_project_name(name))
        found = await self._find(name_or_id)
        record = await self._projects.update(found.id, name=name, own_limits=own_limits, reset=reset, actor=self._actor)
        return await self._project(record)

    async def _find(self, name_or_id: str) -> ProjectRecord:
        found = await self._projects.named(name_or_id)
        if found is not None:
            return found
        try:
            return await self._projects.get(name_or_id)
        except NotFound:
            hint = f"`rollcall projects create {name_or_id}` makes it, `rollcall projects list` shows those there are"
            raise NotFound("Project", f"there is no project with the name or id {name_or_id}; {hint}") from None

    async def _project(self, record: ProjectRecord) -> Project:
        active = await self._projects.count_active_bots(record.id)
        limits = self._defaults.with_own(record.own_limits)
        return Project(record.id, record.name, _time(record.created_us), limits, record.own_limits, active)

    # -- Keys ----------------------------------------------------------------------------------------------------------

    async def create_key(self, *, project: str = DEFAULT_PROJECT, name: str = "", expires_us: int | None = None) -> Key:
        """A new key of a project, which is made where it is not there yet. Raises BadName."""
        _check(wrong_with_name(name) if name else None)
        try:
            found = await self._find(project)
        except NotFound:
            found = await self._make(project)
        record, secret = await self._projects.create_key(found.id, name, expires_us=expires_us, actor=self._actor)
        return _key(record, secret)

    async def _make(self, name: str) -> ProjectRecord:
        _check(wrong_with_project_name(name))
        try:
            return await self._projects.create(name, actor=self._actor)
        except NameInUse:  # another process made it a moment ago
            return await self._find(name)

    async def list_keys(self, *, project: str = DEFAULT_PROJECT) -> list[Key]:
        """A project's keys, oldest first. Raises NotFound."""
        found = await self._find(project)
        keys: list[Key] = []
        cursor = None
        while True:
            page = await self._projects.list_keys(found.id, cursor)
            keys += [_key(record) for record in page.results]
            if (cursor := page.next) is None:
                return keys

    async def revoke_key(self, key_id: str) -> Key:
        """The key, which from now on opens nothing. Raises NotFound."""
        return _key(await self._projects.revoke_key(key_id, actor=self._actor))

    async def knows_key(self, secret: str) -> bool:
        """Whether this key opens anything."""
        return await self._projects.find_key(secret) is not None

    # -- The audit log -------------------------------------------------------------------------------------------------

    async def audit(self, *, project: str | None = None, most: int = 100) -> list[AuditEntry]:
        """The newest changes, newest first, at most so many; of one project or of all. Raises NotFound."""
        project_id = None if project is None else (await self._find(project)).id
        page: Page[AuditRecord] = await self._projects.list_audit(project_id, limit=most)
        return [
            AuditEntry(_time(one.created_us), one.actor, one.action.value, one.project_id, one.key_id, one.details)
            for one in page.results
        ]


async def check_database(settings: ServerSettings) -> str:
    """What `rollcall doctor` says of the database. Raises DataFolderInUse, DatabaseAway, SchemaMismatch."""
    store = await Store.open(StoreConfig(database_url=settings.database_url))
    try:
        await store.ping()
    finally:
        await store.close()
    return "answers, and its schema is current"


def _check(problem: str | None) -> None:
    if problem is not None:
        raise BadName(problem)


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, tz=UTC)


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _time(microseconds)


def _key(record: KeyRecord, secret: str = "") -> Key:
    return Key(
        record.id,
        record.name,
        _time(record.created_us),
        _instant(record.expires_us),
        _instant(record.revoked_us),
        _instant(record.last_used_us),
        secret,
    )
