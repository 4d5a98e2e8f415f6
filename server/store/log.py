"""What is read of the log."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, select

from server.domain.errors import NotFound
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


def read_page_of_bot(
    connection: Connection, bot: tuple[str, str], after: int, kinds: frozenset[int], place: tuple[PageCursor | None, int]
) -> Page[StoredEvent]:
    """A page of one bot's log: `bot` is its project and its id, `place` the cursor and the page's size. Raises NotFound."""
    project_id, bot_id = bot
    require_bot(connection, project_id, bot_id)
    statement = _of_kinds(_EVENTS.where(EVENT.c.bot_id == bot_id, EVENT.c.sequence > after), kinds)
    return read_page(connection, statement, (EVENT.c.sequence,), *place, key=lambda row: (row.sequence,), item=_event)


def read_page_of_project(
    connection: Connection, project_id: str, after: int, kinds: frozenset[int], place: tuple[PageCursor | None, int]
) -> Page[StoredEvent]:
    """A page of a project's log; `place` is the cursor and the page's size."""
    statement = _of_kinds(_EVENTS.where(EVENT.c.project_id == project_id, EVENT.c.position > after), kinds)
    return read_page(connection, statement, (EVENT.c.position,), *place, key=lambda row: (row.position,), item=_event)


def _of_kinds(statement: Select[Any], kinds: frozenset[int]) -> Select[Any]:
    return statement.where(EVENT.c.kind.in_(sorted(kinds))) if kinds else statement


def _event(row: Any) -> StoredEvent:
    project_id, bot_id, sequence, position, kind, state, data, final, metadata_json = row
    return StoredEvent(project_id, bot_id, sequence, position, kind, state, bytes(data), bool(final), metadata_json)
