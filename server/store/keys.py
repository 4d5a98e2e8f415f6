"""Operations on projects and keys. A key is shown once, when it is made; what is stored is a hash of it."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from sqlalchemy import Connection, bindparam, or_, select, update

from server.domain.errors import NotFound
from server.domain.ids import new_id, random_word
from server.store.batch import Batch
from server.store.records import KeyRecord, ProjectRecord
from server.store.tables import API_KEY, PROJECT
from server.store.writer import Op

_SECRET_LENGTH: Final = 40  # 238 bits
_USE_NOTED_EVERY_US: Final = 60_000_000
_KEY: Final = (
    API_KEY.c.id,
    API_KEY.c.project_id,
    API_KEY.c.name,
    API_KEY.c.created_us,
    API_KEY.c.revoked_us,
    API_KEY.c.last_used_us,
)
_PROJECT: Final = (PROJECT.c.id, PROJECT.c.name, PROJECT.c.created_us)
_FIND: Final = select(*_KEY).where(API_KEY.c.hash == bindparam("hash"), API_KEY.c.revoked_us.is_(None))
_NOTE_USE: Final = (
    update(API_KEY)
    .where(API_KEY.c.id == bindparam("key"), or_(API_KEY.c.last_used_us.is_(None), API_KEY.c.last_used_us < bindparam("now")))
    .values(last_used_us=bindparam("now"))
)


class CreateProject(Op[ProjectRecord]):
    """A new project."""

    def __init__(self, name: str) -> None:
        self._name = name

    def run(self, batch: Batch) -> ProjectRecord:
        """The project."""
        project = ProjectRecord(new_id("proj"), self._name, batch.now_us)
        batch.connection.execute(
            PROJECT.insert(),
            {"id": project.id, "name": project.name, "created_us": project.created_us, "last_position": 0},
        )
        return project


class CreateKey(Op[tuple[KeyRecord, str]]):
    """A new key."""

    def __init__(self, project_id: str, name: str) -> None:
        self._project_id = project_id
        self._name = name

    def run(self, batch: Batch) -> tuple[KeyRecord, str]:
        """The key and its secret text. Raises NotFound for an unknown project."""
        if batch.connection.execute(select(PROJECT.c.id).where(PROJECT.c.id == self._project_id)).first() is None:
            raise NotFound("Project")
        secret = random_word(_SECRET_LENGTH)
        key = KeyRecord(new_id("key"), self._project_id, self._name, batch.now_us, None, None)
        batch.connection.execute(
            API_KEY.insert(),
            {
                "id": key.id,
                "project_id": key.project_id,
                "name": key.name,
                "hash": hash_of(secret),
                "created_us": key.created_us,
            },
        )
        return key, secret


class RevokeKey(Op[KeyRecord]):
    """A key that opens nothing any more."""

    def __init__(self, key_id: str) -> None:
        self._key_id = key_id

    def run(self, batch: Batch) -> KeyRecord:
        """The key; when it was first revoked stays. Raises NotFound."""
        mine = API_KEY.c.id == self._key_id
        batch.connection.execute(update(API_KEY).where(mine, API_KEY.c.revoked_us.is_(None)).values(revoked_us=batch.now_us))
        row = batch.connection.execute(select(*_KEY).where(mine)).first()
        if row is None:
            raise NotFound("Key")
        return KeyRecord(*row)


class NoteUse(Op[None]):
    """When a key was last used, to the minute."""

    def __init__(self, key_id: str) -> None:
        self._key_id = key_id

    def run(self, batch: Batch) -> None:
        """Notes it."""
        batch.connection.execute(_NOTE_USE, {"key": self._key_id, "now": batch.now_us})


def find_key(connection: Connection, secret: str) -> KeyRecord | None:
    """The key with this secret text."""
    row = connection.execute(_FIND, {"hash": hash_of(secret)}).first()
    return None if row is None else KeyRecord(*row)


def use_is_due(key: KeyRecord, now_us: int) -> bool:
    """Whether the use of the key should be noted."""
    return key.last_used_us is None or now_us - key.last_used_us >= _USE_NOTED_EVERY_US


def read_keys(connection: Connection, project_id: str | None) -> list[KeyRecord]:
    """Keys, oldest first."""
    statement: Any = select(*_KEY).order_by(API_KEY.c.created_us, API_KEY.c.id)
    if project_id is not None:
        statement = statement.where(API_KEY.c.project_id == project_id)
    return [KeyRecord(*row) for row in connection.execute(statement)]


def read_projects(connection: Connection) -> list[ProjectRecord]:
    """Projects, oldest first."""
    return [ProjectRecord(*row) for row in connection.execute(select(*_PROJECT).order_by(PROJECT.c.created_us, PROJECT.c.id))]


def hash_of(secret: str) -> str:
    """What is stored of a secret text."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
