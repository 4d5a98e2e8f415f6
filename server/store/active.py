"""How many bots of a project have not ended, and whether there may be one more.

Counted each time, from an index that holds only such bots: a counter beside it would have to be right after every way in which a
bot can end, be deleted or come back. While one transaction counts and makes bots, others that want to make bots of the same
project wait; those that end bots do not, for that only makes room.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, bindparam, func, select, text

from server.domain.errors import QuotaExceeded
from server.store.batch import Batch
from server.store.tables import BOT, LIVE_SQL

_LOCK_CLASS: Final = 0x524F4C43  # any number that nothing else of ours locks under
_LOCK: Final = text("SELECT pg_advisory_xact_lock(:class, hashtext(:project_id))")
_COUNT: Final = select(func.count()).select_from(BOT).where(BOT.c.project_id == bindparam("project_id"), text(LIVE_SQL))


def count(connection: Connection, project_ids: Iterable[str]) -> dict[str, int]:
    """How many active bots each project has, held so until the transaction ends.

    PostgreSQL: locked in one order, under locks that nothing else takes, after the rows of bots and before the rows of projects;
    and counted by a later statement, which sees what was committed while this one waited. SQLite has one writer.
    """
    counts = {}
    for project_id in sorted(project_ids):
        if connection.dialect.name == "postgresql":
            connection.execute(_LOCK, {"class": _LOCK_CLASS, "project_id": project_id})
        counts[project_id] = read(connection, project_id)
    return counts


def take(batch: Batch, project_id: str, most: int) -> None:
    """Notes one more active bot. Raises QuotaExceeded where there are `most` already."""
    if batch.active_bots[project_id] >= most:
        raise QuotaExceeded(
            f"This project may have {most:,} bots that have not ended, scheduled ones included, and it has them; "
            "let one end first, or have the limit raised.",
            reason="ACTIVE_BOTS_LIMIT",
        )
    batch.active_bots[project_id] += 1


def read(connection: Connection, project_id: str) -> int:
    """How many of the project's bots have not ended."""
    return int(connection.execute(_COUNT, {"project_id": project_id}).scalar_one())
