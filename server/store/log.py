"""What is read of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select

from server.domain.errors import NotFound
from server.store.filters import EventFilter
from server.store.pages import PageCursor, read_page
from server.store.reads import require_bot
from server.store.records import Page, StoredEvent
from server.store.tables import BOT, EVENT, PROJECT

_COLUMNS: Final = (
    EVENT.c.project_id,
    EVENT.c.bot_id,
    EVENT.c.sequence,
    EVENT.c.position,
    EVENT.c.kind,
    EVENT.c.state,
    EVENT.c.data,
    EVENT.c.final,
    BOT.c.metadata_json,
)
_EVENTS: Final = select(*_COLUMNS).select_from(EVENT.join(BOT, BOT.c.id == EVENT.c.bot_id))
_BOT_AFTER: Final = (
    _EVENTS.where(EVENT.c.bot_id == bindparam("bot_id"), EVENT.c.sequence > bindparam("after"))
    .order_by(EVENT.c.sequence)
    .limit(bindparam("most"))
)
_PROJECT_AFTER: Final = (
    _EVENTS.where(EVENT.c.project_id == bindparam("project_id"), EVENT.c.position > bindparam("after"))
    .order_by(EVENT.c.position)
    .limit(bindparam("most"))
)
_LAST_POSITION: Final = select(PROJECT.c.last_position).where(PROJECT.c.id == bindparam("project_id"))
_BOT_BOUNDS: Final = select(
    BOT.c.last_sequence, select(func.min(EVENT.c.sequence)).where(EVENT.c.bot_id == bindparam("bot_id")).scalar_subquery()
).where(BOT.c.id == bindparam("bot_id"))
_PROJECT_BOUNDS: Final = select(
    PROJECT.c.last_position,
    select(func.min(EVENT.c.position)).where(EVENT.c.project_id == bindparam("project_id")).scalar_subquery(),
).where(PROJECT.c.id == bindparam("project_id"))


def read_bot_events(connection: Connection, bot_id: str, sequence: int, limit: int) -> list[StoredEvent]:
    """One bot's events after a sequence."""
    return [_event(row) for row in connection.execute(_BOT_AFTER, {"bot_id": bot_id, "after": sequence, "most": limit})]


def read_project_events(connection: Connection, project_id: str, position: int, limit: int) -> list[StoredEvent]:
    """A project's events after a position. What is committed has no gap: positions are given under the project's row lock."""
    rows = connection.execute(_PROJECT_AFTER, {"project_id": project_id, "after": position, "most": limit})
    return [_event(row) for row in rows]


def read_last_position(connection: Connection, project_id: str) -> int:
    """The newest position. Raises NotFound."""
    position = connection.execute(_LAST_POSITION, {"project_id": project_id}).scalar_one_or_none()
    if position is None:
        raise NotFound("Project")
    return int(position)


@dataclass(frozen=True, slots=True)
class LogBounds:
    """What is kept of a log. `earliest`: the first place that can be resumed after. `last`: its newest event, kept or not."""

    earliest: int
    last: int


def read_bounds_of_bot(connection: Connection, bot_id: str) -> LogBounds:
    """What is kept of a bot's log. Raises NotFound."""
    return _bounds(connection.execute(_BOT_BOUNDS, {"bot_id": bot_id}).first(), "Bot")


def read_bounds_of_project(connection: Connection, project_id: str) -> LogBounds:
    """What is kept of a project's log. Raises NotFound."""
    return _bounds(connection.execute(_PROJECT_BOUNDS, {"project_id": project_id}).first(), "Project")


def _bounds(row: Any, what: str) -> LogBounds:
    if row is None:
        raise NotFound(what)
    last, first = row
    return LogBounds(last if first is None else first - 1, last)


def read_page_of_bot(
    connection: Connection, bot: tuple[str, str], after: int, filters: EventFilter, place: tuple[PageCursor | None, int]
) -> Page[StoredEvent]:
    """A page of one bot's log: `bot` is its project and its id, `place` the cursor and the page's size. Raises NotFound."""
    project_id, bot_id = bot
    require_bot(connection, project_id, bot_id)
    statement = filters.narrow(_EVENTS.where(EVENT.c.bot_id == bot_id, EVENT.c.sequence > after), connection.dialect.name)
    return read_page(connection, statement, (EVENT.c.sequence,), *place, key=lambda row: (row.sequence,), item=_event)


def read_page_of_project(
    connection: Connection, project_id: str, after: int, filters: EventFilter, place: tuple[PageCursor | None, int]
) -> Page[StoredEvent]:
    """A page of a project's log; `place` is the cursor and the page's size."""
    own = _EVENTS.where(EVENT.c.project_id == project_id, EVENT.c.position > after)
    statement = filters.narrow(own, connection.dialect.name)
    return read_page(connection, statement, (EVENT.c.position,), *place, key=lambda row: (row.position,), item=_event)


def _event(row: Any) -> StoredEvent:
    project_id, bot_id, sequence, position, kind, state, data, final, metadata_json = row
    return StoredEvent(project_id, bot_id, sequence, position, kind, state, bytes(data), bool(final), metadata_json)
