"""Operations on projects, and what is read of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, select, update

from server.domain.errors import NameInUse, NotFound
from server.domain.ids import new_id
from server.store import audit
from server.store.batch import Batch
from server.store.keys import announce
from server.store.pages import PageCursor, read_page
from server.store.project_records import AuditAction, ProjectRecord
from server.store.records import Page
from server.store.tables import BOT, PROJECT
from server.store.texts import is_id, storable
from server.store.writer import Op

PLACE: Final = (int, str)
"""What a cursor of a list of projects holds."""
DEFAULT: Final = "default"
"""What the audit log calls a limit that is not the project's own."""

_PROJECT: Final = (PROJECT.c.id, PROJECT.c.name, PROJECT.c.created_us, PROJECT.c.own_limits)
_NAMED: Final = select(*_PROJECT).where(PROJECT.c.name == bindparam("name"))
_BY_ID: Final = select(*_PROJECT).where(PROJECT.c.id == bindparam("id"))
_LOCK: Final = _BY_ID.with_for_update()
_PROJECTS_OF: Final = select(BOT.c.id, BOT.c.project_id).where(BOT.c.id.in_(bindparam("bot_ids", expanding=True)))


class CreateProject(Op[ProjectRecord]):
    """A new project."""

    def __init__(self, name: str, own_limits: Mapping[str, int], actor: str) -> None:
        self._name = storable(name)
        self._own_limits = dict(own_limits)
        self._actor = actor

    def run(self, batch: Batch) -> ProjectRecord:
        """The project. Raises NameInUse; the unique index has the last word: after a lost race the next try sees it here."""
        _require_free(batch, self._name)
        project = ProjectRecord(new_id("proj"), self._name, batch.now_us, self._own_limits)
        batch.connection.execute(
            PROJECT.insert(),
            {
                "id": project.id,
                "name": project.name,
                "created_us": project.created_us,
                "last_position": 0,
                "own_limits": json.dumps(self._own_limits),
            },
        )
        details = {"name": self._name} | {name: str(value) for name, value in self._own_limits.items()}
        audit.write(batch, self._actor, AuditAction.PROJECT_CREATED, project.id, details=details)
        return project


class UpdateProject(Op[ProjectRecord]):
    """A project's name and own limits: those in `own_limits` are set, those in `reset` taken away."""

    alone = True

    def __init__(
        self, project_id: str, name: str | None, own_limits: Mapping[str, int], reset: Iterable[str], actor: str
    ) -> None:
        self._project_id = project_id
        self._name = None if name is None else storable(name)
        self._own_limits = dict(own_limits)
        self._reset = frozenset(reset)
        self._actor = actor

    def run(self, batch: Batch) -> ProjectRecord:
        """The project as it is then. Raises NotFound, NameInUse."""
        before = read_project(batch.connection, self._project_id, _LOCK)
        name = before.name if self._name is None else self._name
        if name != before.name:
            _require_free(batch, name)
        kept = {limit: value for limit, value in before.own_limits.items() if limit not in self._reset}
        after = ProjectRecord(before.id, name, before.created_us, kept | self._own_limits)
        details = _differences(before, after)
        if details:
            values = {"name": after.name, "own_limits": json.dumps(dict(after.own_limits))}
            batch.connection.execute(update(PROJECT).where(PROJECT.c.id == after.id).values(values))
            audit.write(batch, self._actor, AuditAction.PROJECT_CHANGED, after.id, details=details)
            announce(batch)
        return after


def _require_free(batch: Batch, name: str) -> None:
    if batch.connection.execute(_NAMED, {"name": name}).first() is not None:
        raise NameInUse("Project")


def _differences(before: ProjectRecord, after: ProjectRecord) -> dict[str, str]:
    found = {} if before.name == after.name else {"name": f"{before.name} -> {after.name}"}
    for limit in sorted({*before.own_limits, *after.own_limits}):
        old, new = (str(record.own_limits.get(limit, DEFAULT)) for record in (before, after))
        if old != new:
            found[limit] = f"{old} -> {new}"
    return found


def read_project(connection: Connection, project_id: str, statement: Select[Any] = _BY_ID) -> ProjectRecord:
    """One project. Raises NotFound."""
    row = connection.execute(statement, {"id": project_id}).first() if is_id(project_id) else None
    if row is None:
        raise NotFound("Project")
    return _record(row)


def read_project_named(connection: Connection, name: str) -> ProjectRecord | None:
    """The project of this name."""
    row = connection.execute(_NAMED, {"name": storable(name)}).first()
    return None if row is None else _record(row)


def read_projects(connection: Connection, cursor: PageCursor | None, limit: int) -> Page[ProjectRecord]:
    """A page of projects, oldest first."""
    return read_page(
        connection,
        select(*_PROJECT),
        (PROJECT.c.created_us, PROJECT.c.id),
        cursor,
        limit,
        key=lambda row: (row.created_us, row.id),
        item=_record,
    )


def read_own_limit(connection: Connection, name: str) -> dict[str, int]:
    """The projects that have this limit of their own, and theirs. Reads all projects that have any; not for a call's path."""
    own = select(PROJECT.c.id, PROJECT.c.own_limits).where(PROJECT.c.own_limits.contains(f'"{name}"', autoescape=True))
    return {project_id: int(json.loads(limits)[name]) for project_id, limits in connection.execute(own)}


def read_projects_of(connection: Connection, bot_ids: Sequence[str]) -> dict[str, str]:
    """The project of each of these bots; what is no bot is left out."""
    found = connection.execute(_PROJECTS_OF, {"bot_ids": [bot_id for bot_id in bot_ids if is_id(bot_id)]})
    return {row.id: row.project_id for row in found}


def _record(row: Any) -> ProjectRecord:
    return ProjectRecord(row.id, row.name, row.created_us, json.loads(row.own_limits))
