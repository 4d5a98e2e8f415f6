"""Operations on keys. A key is shown once, when it is made; what is stored is a hash of it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from sqlalchemy import Connection, bindparam, or_, select, text, update

from server.domain.errors import NotFound
from server.domain.ids import new_id, random_word
from server.store import audit
from server.store.batch import Batch
from server.store.pages import PageCursor, read_page
from server.store.project_records import AuditAction, KeyAccess, KeyRecord
from server.store.records import Page
from server.store.tables import API_KEY, PROJECT
from server.store.texts import is_id, storable
from server.store.writer import Op

ACCESS_CHANNEL: Final = "rollcall_access"
"""Told to when what keys open has changed; the payload says nothing, for whoever hears it forgets all that it knows."""
PREFIX: Final = "rk_"
"""So that people and scanners of leaked secrets know one when they see it."""
PLACE: Final = (int, str)
"""What a cursor of a list of keys holds."""

_SECRET_LENGTH: Final = 40  # 238 bits
_USE_NOTED_EVERY_US: Final = 60_000_000
_KEY: Final = (
    API_KEY.c.id,
    API_KEY.c.project_id,
    API_KEY.c.name,
    API_KEY.c.created_us,
    API_KEY.c.expires_us,
    API_KEY.c.revoked_us,
    API_KEY.c.last_used_us,
)
_FIND: Final = (
    select(*_KEY, PROJECT.c.own_limits)
    .select_from(API_KEY.join(PROJECT, PROJECT.c.id == API_KEY.c.project_id))
    .where(
        API_KEY.c.hash == bindparam("hash"),
        API_KEY.c.revoked_us.is_(None),
        or_(API_KEY.c.expires_us.is_(None), API_KEY.c.expires_us > bindparam("now")),
    )
)
_NOTE_USE: Final = (
    update(API_KEY)
    .where(API_KEY.c.id == bindparam("key"), or_(API_KEY.c.last_used_us.is_(None), API_KEY.c.last_used_us < bindparam("now")))
    .values(last_used_us=bindparam("now"))
)
_NOTIFY: Final = text("SELECT pg_notify(:channel, '')")


class CreateKey(Op[tuple[KeyRecord, str]]):
    """A new key."""

    def __init__(self, project_id: str, name: str, expires_us: int | None, actor: str) -> None:
        self._project_id = project_id
        self._name = storable(name)
        self._expires_us = expires_us
        self._actor = actor

    def run(self, batch: Batch) -> tuple[KeyRecord, str]:
        """The key and its secret text. Raises NotFound for an unknown project."""
        known = select(PROJECT.c.id).where(PROJECT.c.id == self._project_id)
        if not is_id(self._project_id) or batch.connection.execute(known).first() is None:
            raise NotFound("Project")
        secret = PREFIX + random_word(_SECRET_LENGTH)
        key = KeyRecord(new_id("key"), self._project_id, self._name, batch.now_us, self._expires_us, None, None)
        batch.connection.execute(
            API_KEY.insert(),
            {
                "id": key.id,
                "project_id": key.project_id,
                "name": key.name,
                "hash": hash_of(secret),
                "created_us": key.created_us,
                "expires_us": key.expires_us,
            },
        )
        audit.write(batch, self._actor, AuditAction.KEY_CREATED, key.project_id, key_id=key.id, details={"name": key.name})
        return key, secret


class RevokeKey(Op[KeyRecord]):
    """A key that opens nothing any more."""

    alone = True

    def __init__(self, key_id: str, actor: str) -> None:
        self._key_id = key_id
        self._actor = actor

    def run(self, batch: Batch) -> KeyRecord:
        """The key; when it was first revoked stays. Raises NotFound."""
        if not is_id(self._key_id):
            raise NotFound("Key")
        mine = API_KEY.c.id == self._key_id
        revoked = batch.connection.execute(
            update(API_KEY).where(mine, API_KEY.c.revoked_us.is_(None)).values(revoked_us=batch.now_us)
        )
        row = batch.connection.execute(select(*_KEY).where(mine)).first()
        if row is None:
            raise NotFound("Key")
        key = KeyRecord(*row)
        if revoked.rowcount:
            audit.write(batch, self._actor, AuditAction.KEY_REVOKED, key.project_id, key_id=key.id, details={"name": key.name})
            announce(batch)
        return key


class NoteUse(Op[None]):
    """When a key was last used, to the minute."""

    alone = True

    def __init__(self, key_id: str) -> None:
        self._key_id = key_id

    def run(self, batch: Batch) -> None:
        """Notes it."""
        batch.connection.execute(_NOTE_USE, {"key": self._key_id, "now": batch.now_us})


def announce(batch: Batch) -> None:
    """Tells all servers, once the transaction is committed, that what keys open has changed."""
    if batch.connection.dialect.name == "postgresql":
        batch.connection.execute(_NOTIFY, {"channel": ACCESS_CHANNEL})


def find_key(connection: Connection, secret: str, now_us: int) -> KeyAccess | None:
    """What this secret text opens."""
    row = connection.execute(_FIND, {"hash": hash_of(secret), "now": now_us}).first()
    return None if row is None else KeyAccess(KeyRecord(*row[:-1]), json.loads(row[-1]))


def use_is_due(key: KeyRecord, now_us: int) -> bool:
    """Whether the use of the key should be noted."""
    return key.last_used_us is None or now_us - key.last_used_us >= _USE_NOTED_EVERY_US


def read_key(connection: Connection, project_id: str | None, key_id: str) -> KeyRecord:
    """One key. Raises NotFound, also for another project's."""
    row = connection.execute(select(*_KEY).where(API_KEY.c.id == key_id)).first() if is_id(key_id) else None
    if row is None or (project_id is not None and row.project_id != project_id):
        raise NotFound("Key")
    return KeyRecord(*row)


def read_keys(connection: Connection, project_id: str, cursor: PageCursor | None, limit: int) -> Page[KeyRecord]:
    """A page of a project's keys, oldest first."""
    statement: Any = select(*_KEY).where(API_KEY.c.project_id == project_id)
    return read_page(
        connection,
        statement,
        (API_KEY.c.created_us, API_KEY.c.id),
        cursor,
        limit,
        key=lambda row: (row.created_us, row.id),
        item=lambda row: KeyRecord(*row),
    )


def hash_of(secret: str) -> str:
    """What is stored of a secret text."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
