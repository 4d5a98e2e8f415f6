"""Writes what a batch gathered: few statements, in an order in which two servers cannot wait for each other in a circle.

Rows of bots (held since the batch began), new bots by key, what belongs to bots, answers by key, and last, as late as can be,
the projects in sorted order: a project's row lock is what makes the order of commits the order of positions, with any number
of servers.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, text, update
from sqlalchemy.dialects import postgresql, sqlite

from server.store import utterances
from server.store.batch import Batch
from server.store.outbox import Outbox, write_own
from server.store.records import StoredEvent
from server.store.rows import EDIT_FIELDS, MOVE_FIELDS, PROGRESS_FIELDS, UPDATE_EDITED, UPDATE_MOVED, UPDATE_PROGRESS
from server.store.tables import (
    ANSWER,
    BOT,
    BOT_SETTINGS,
    CHAT_MESSAGE,
    COMMAND,
    DATA_PURGE,
    EVENT,
    PARTICIPANT,
    PARTICIPANT_EVENT,
    PERSONAL,
    PROJECT,
    RECORDING,
    UTTERANCE,
    belongings,
)
from server.store.webhook_tables import WEBHOOK_DELIVERY, WEBHOOK_LINE

CHANNEL: Final = "rollcall_log"
_ONLY_OF_BOTS_THAT_MOVED: Final = frozenset({WEBHOOK_DELIVERY.name, WEBHOOK_LINE.name})
"""A scheduled bot has told nobody anything; and these tables, long as they are, have no index that begins with a bot."""
_NOTIFY_MOST_BYTES: Final = 7000  # PostgreSQL takes less than 8000

_ADVANCE = (
    update(PROJECT)
    .where(PROJECT.c.id == bindparam("key"))
    .values(last_position=PROJECT.c.last_position + bindparam("count"))
    .returning(PROJECT.c.last_position, PROJECT.c.webhook_mark)
)
_FINISH_COMMAND = update(COMMAND).where(COMMAND.c.id == bindparam("key")).values(done=bindparam("done"), data=b"")
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_INSERTS = {table.name: table.insert() for table in (BOT, BOT_SETTINGS, EVENT, PARTICIPANT_EVENT, CHAT_MESSAGE, COMMAND, ANSWER)}


def _upsert_participant(insert: Any) -> Any:
    statement = insert(PARTICIPANT)
    return statement.on_conflict_do_update(
        index_elements=["bot_id", "uuid"],
        set_={name: statement.excluded[name] for name in ("name", "user_uuid", "is_host")},
    )


def _upsert_recording(insert: Any) -> Any:
    """Later reports add to earlier ones; a field that a report leaves empty stays."""
    statement = insert(RECORDING)
    given = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["bot_id"],
        set_={
            "file_path": func.coalesce(given.file_path, RECORDING.c.file_path),
            "content_type": func.coalesce(given.content_type, RECORDING.c.content_type),
            "duration_ms": func.coalesce(func.nullif(given.duration_ms, 0), RECORDING.c.duration_ms),
            "size_bytes": func.coalesce(func.nullif(given.size_bytes, 0), RECORDING.c.size_bytes),
        },
    )


def _upsert_settings(insert: Any) -> Any:
    statement = insert(BOT_SETTINGS)
    return statement.on_conflict_do_update(index_elements=["bot_id"], set_={"data": statement.excluded.data})


def _upsert_purge(insert: Any) -> Any:
    """A later deletion begins anew, and covers more."""
    statement = insert(DATA_PURGE)
    names = ("words_only", "after_sequence", "until_sequence", "rounds", "due_us")
    return statement.on_conflict_do_update(index_elements=["bot_id"], set_={name: statement.excluded[name] for name in names})


class _Upserts(NamedTuple):
    participant: Any
    recording: Any
    settings: Any
    purge: Any


_UPSERTS = {
    dialect: _Upserts(_upsert_participant(insert), _upsert_recording(insert), _upsert_settings(insert), _upsert_purge(insert))
    for dialect, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


def flush(batch: Batch, server_id: str, outbox: Outbox) -> list[StoredEvent]:
    """Writes the batch; gives its events as they will be once it is committed."""
    connection = batch.connection
    _write_bots(batch)
    _write_belongings(batch)
    if not batch.new.events:
        return []
    counts = Counter(new.row.project_id for new in batch.new.events)
    positions, marks = {}, {}
    for project_id in sorted(counts):
        last, marks[project_id] = connection.execute(_ADVANCE, {"key": project_id, "count": counts[project_id]}).one()
        positions[project_id] = last - counts[project_id]
    events = batch.positioned(positions)
    _insert(
        connection,
        EVENT.name,
        [
            {
                "bot_id": event.bot_id,
                "sequence": event.sequence,
                "project_id": event.project_id,
                "position": event.position,
                "kind": event.kind,
                "state": event.state,
                "final": event.final,
                "created_us": batch.now_us,
                "data": event.data,
            }
            for event in events
        ],
    )
    outbox.write(batch, events, marks)
    if connection.dialect.name == "postgresql":
        _notify(connection, server_id, sorted(counts))
    return events


def _write_bots(batch: Batch) -> None:
    connection, new = batch.connection, batch.new
    for bot_id in new.taken_away:
        for table in belongings():
            if table.name in _ONLY_OF_BOTS_THAT_MOVED:
                continue
            connection.execute(table.delete().where(table.c.bot_id == bot_id))
        connection.execute(BOT.delete().where(BOT.c.id == bot_id))
    edited = sorted(batch.edited & batch.rows.keys())
    moved = sorted((batch.moved & batch.rows.keys()) - batch.edited)
    progressed = sorted((batch.progressed & batch.rows.keys()) - batch.moved)
    if edited:
        _many(connection, UPDATE_EDITED, [batch.rows[bot_id].changes(EDIT_FIELDS) for bot_id in edited])
    if moved:
        _many(connection, UPDATE_MOVED, [batch.rows[bot_id].changes(MOVE_FIELDS) for bot_id in moved])
    if progressed:
        _many(connection, UPDATE_PROGRESS, [batch.rows[bot_id].changes(PROGRESS_FIELDS) for bot_id in progressed])
    if new.bots:
        new.bots.sort(key=lambda row: (row.project_id, row.deduplication_hash or ""))
        _insert(connection, BOT.name, [row.values() for row in new.bots])
        _insert(connection, BOT_SETTINGS.name, new.settings)
    _many(connection, _UPSERTS[connection.dialect.name].settings, new.changed_settings)


def _write_belongings(batch: Batch) -> None:
    connection, new = batch.connection, batch.new
    upserts = _UPSERTS[connection.dialect.name]
    _many(connection, upserts.participant, new.participants)
    _insert(connection, PARTICIPANT_EVENT.name, new.participant_events)
    _insert(connection, CHAT_MESSAGE.name, new.chat_messages)
    _many(connection, upserts.recording, new.recordings)
    _insert(connection, COMMAND.name, new.commands)
    _many(connection, _FINISH_COMMAND, new.finished_commands)
    _many(connection, utterances.UPSERT[connection.dialect.name], new.utterances)
    _empty(batch, upserts)
    _insert(connection, ANSWER.name, sorted(new.answers, key=lambda row: (row["project_id"], row["key_hash"])))
    if new.webhooks:
        write_own(batch)


def _empty(batch: Batch, upserts: _Upserts) -> None:
    """Last, so that nothing of this very batch outlives it."""
    connection, new = batch.connection, batch.new
    for bot_id in new.emptied:
        for table in PERSONAL:
            connection.execute(table.delete().where(table.c.bot_id == bot_id))
    for bot_id in new.silenced:
        connection.execute(UTTERANCE.delete().where(UTTERANCE.c.bot_id == bot_id))
    for note in new.purges:
        connection.execute(upserts.purge, note)


def _insert(connection: Connection, table: str, rows: list[dict[str, Any]]) -> None:
    _many(connection, _INSERTS[table], rows)


def _many(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    """Executes once, as a batch, or not at all. A single row is not sent as a batch: that costs psycopg a pipeline."""
    if rows:
        connection.execute(statement, rows if len(rows) > 1 else rows[0])


def _notify(connection: Connection, server_id: str, project_ids: list[str]) -> None:
    """Wakes the other servers once a group commit: NOTIFY serialises commits, so never once an event."""
    payload = " ".join([server_id, *project_ids])
    if len(payload) > _NOTIFY_MOST_BYTES:
        payload = f"{server_id} *"
    connection.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})
