"""Events are kept for a time, where the operator says so: the oldest of a project are dropped, in small transactions.

Always a whole beginning of the project's log, so that what is kept has no gap: a project's positions and each bot's sequences go
on from the earliest one.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

from server.store.batch import Batch
from server.store.tables import EVENT, PROJECT
from server.store.writer import Op

_LOCK: Final = 0x726F6C6C_63616C6C
"""The advisory lock of whoever drops; any number that nobody else takes in this database."""
_TAKE_LOCK: Final = select(func.pg_try_advisory_xact_lock(_LOCK))
_OLDEST: Final = (
    select(EVENT.c.created_us)
    .where(EVENT.c.project_id == PROJECT.c.id)
    .order_by(EVENT.c.position)
    .limit(1)
    .correlate(PROJECT)
    .scalar_subquery()
)
_FIND: Final = select(PROJECT.c.id).where(bindparam("before_us") > _OLDEST).limit(1)
_FIRST: Final = (
    select(EVENT.c.position, EVENT.c.created_us)
    .where(EVENT.c.project_id == bindparam("project_id"))
    .order_by(EVENT.c.position)
    .limit(bindparam("most"))
)
_DROP: Final = delete(EVENT).where(EVENT.c.project_id == bindparam("of_project"), EVENT.c.position <= bindparam("last"))


def find_project(connection: Connection, before_us: int) -> str | None:
    """A project whose oldest event was stored before then; one look into an index for each project."""
    found: str | None = connection.execute(_FIND, {"before_us": before_us}).scalar()
    return found


class DropEvents(Op[int]):
    """Drops the first events of a project's log, up to the first one that is young enough.

    With several servers one drops at a time, or one could leave a hole before what the other has not dropped yet.
    """

    def __init__(self, project_id: str, before_us: int, most: int) -> None:
        self._project_id = project_id
        self._before_us = before_us
        self._most = most

    def run(self, batch: Batch) -> int:
        """How many were dropped; 0 as well where another server is at it."""
        connection = batch.connection
        if connection.dialect.name == "postgresql" and not connection.execute(_TAKE_LOCK).scalar():
            return 0
        last = 0
        for position, created_us in connection.execute(_FIRST, {"project_id": self._project_id, "most": self._most}):
            if created_us >= self._before_us:
                break  # servers' clocks differ a little: an older one behind a younger one waits for it
            last = position
        if not last:
            return 0
        return connection.execute(_DROP, {"of_project": self._project_id, "last": last}).rowcount
