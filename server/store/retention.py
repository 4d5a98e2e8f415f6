"""Events are kept for a time, where the operator says so: the oldest of a project are dropped, in small transactions.

Always a whole beginning of the project's log, so that what is kept has no gap: a project's positions and each bot's sequences go
on from the earliest one.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

from server.store.batch import Batch
from server.store.project_ops import read_own_limit
from server.store.tables import EVENT, PROJECT
from server.store.writer import Op

_DAY_US: Final = 86_400_000_000
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
_FIND_OTHER: Final = _FIND.where(PROJECT.c.id.not_in(bindparam("own", expanding=True)))
_FIND_THIS: Final = _FIND.where(PROJECT.c.id == bindparam("this"))
_FIRST: Final = (
    select(EVENT.c.position, EVENT.c.created_us)
    .where(EVENT.c.project_id == bindparam("project_id"))
    .order_by(EVENT.c.position)
    .limit(bindparam("most"))
    .with_for_update()
)
"""Locked in order, as whoever redacts a bot's events has them (purges.RedactEvents): a DELETE alone takes rows as they lie."""
_DROP: Final = delete(EVENT).where(EVENT.c.project_id == bindparam("of_project"), EVENT.c.position <= bindparam("last"))


def find_project(connection: Connection, now_us: int, days: int | None) -> tuple[str, int] | None:
    """A project that has events from before the instant from which on they are kept, and that instant.

    One look into an index for each project; days None: only for those that have days of their own.
    """
    own = read_own_limit(connection, "event_days")
    for project_id, own_days in own.items():
        before_us = now_us - own_days * _DAY_US
        if connection.execute(_FIND_THIS, {"before_us": before_us, "this": project_id}).first() is not None:
            return project_id, before_us
    if days is None:
        return None
    before_us = now_us - days * _DAY_US
    found = connection.execute(_FIND_OTHER, {"before_us": before_us, "own": list(own)}).scalar()
    return None if found is None else (found, before_us)


class DropEvents(Op[int]):
    """Drops the first events of a project's log, up to the first one that is young enough.

    With several servers one drops at a time, or one could leave a hole before what the other has not dropped yet.
    """

    alone = True

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
