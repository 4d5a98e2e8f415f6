"""Keys and projects by hand (`rollcall keys`), beside a running server or without one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from server.domain.errors import NotFound
from server.settings import ServerSettings
from server.store import KeyRecord, ProjectRecord, Store, StoreConfig

DEFAULT_PROJECT = "default"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as a person sees it; `secret` only when it was just made."""

    id: str
    name: str
    created_time: datetime
    revoked_time: datetime | None
    last_used_time: datetime | None
    secret: str = ""


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else datetime.fromtimestamp(microseconds / 1e6, tz=UTC)


def _key(record: KeyRecord, secret: str = "") -> Key:
    created = datetime.fromtimestamp(record.created_us / 1e6, tz=UTC)
    return Key(record.id, record.name, created, _instant(record.revoked_us), _instant(record.last_used_us), secret)


class Admin:
    """A short visit to the database: `async with Admin.open() as admin`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: ServerSettings | None = None) -> AsyncIterator[Admin]:
        """Opens the database of the settings, also while a server runs. Raises DatabaseAway, SchemaMismatch."""
        settings = settings or ServerSettings()
        store = await Store.open(StoreConfig(database_url=settings.database_url, admin=True))
        try:
            yield cls(store)
        finally:
            await store.close()

    async def _project(self, name: str) -> ProjectRecord | None:
        return next((project for project in await self._store.list_projects() if project.name == name), None)

    async def create_key(self, *, project: str = DEFAULT_PROJECT, name: str = "") -> Key:
        """A new key of a project, which is made where it is not there yet."""
        found = await self._project(project) or await self._store.create_project(project)
        record, secret = await self._store.create_key(found.id, name)
        return _key(record, secret)

    async def list_keys(self, *, project: str = DEFAULT_PROJECT) -> list[Key]:
        """A project's keys, oldest first. Raises NotFound."""
        found = await self._project(project)
        if found is None:
            raise NotFound("Project", f"there is no project named {project}; `rollcall keys create --project {project}` makes it")
        return [_key(record) for record in await self._store.list_keys(found.id)]

    async def revoke_key(self, key_id: str) -> Key:
        """The key, which from now on opens nothing. Raises NotFound."""
        return _key(await self._store.revoke_key(key_id))

    async def knows_key(self, secret: str) -> bool:
        """Whether this key opens anything."""
        return await self._store.find_key(secret) is not None


async def check_database(settings: ServerSettings) -> str:
    """What `rollcall doctor` says of the database. Raises DataFolderInUse, DatabaseAway, SchemaMismatch."""
    store = await Store.open(StoreConfig(database_url=settings.database_url))
    try:
        await store.ping()
    finally:
        await store.close()
    return "answers, and its schema is current"
