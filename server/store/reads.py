"""What is read of bots, and of what was seen in their meetings."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, select, text

from rollcall.v1 import agent_service_pb2, bot_pb2
from server.domain.errors import NotFound
from server.domain.state import TERMINAL, RecordingState
from server.store.filters import has_metadata
from server.store.pages import PageCursor, read_page
from server.store.records import BotFilter, BotRecord, CommandRecord, Page, ParticipantRecord, RecordingRecord
from server.store.rows import RECORD_COLUMNS, RECORD_FIELDS, record_from
from server.store.tables import BOT, CHAT_MESSAGE, COMMAND, LIVE_SQL, PARTICIPANT, PARTICIPANT_EVENT, RECORDING
from server.store.texts import is_id, key_hash, meeting_hash, storable

_BOTS: Final = select(*RECORD_COLUMNS)
_PROJECT_OF: Final = select(BOT.c.project_id).where(BOT.c.id == bindparam("bot_id"))
_CREATED, _ID = (RECORD_FIELDS.index(name) for name in ("created_us", "id"))
_PENDING: Final = (
    select(COMMAND.c.id, COMMAND.c.bot_id, COMMAND.c.action, COMMAND.c.data)
    .where(
        COMMAND.c.bot_id == bindparam("bot_id"),
        COMMAND.c.done.is_(None),
        COMMAND.c.id.not_in(bindparam("without", expanding=True)),
    )
    .order_by(COMMAND.c.sequence)
)
_RECORDING: Final = (
    select(
        BOT.c.project_id,
        RECORDING.c.id,
        BOT.c.recording_state,
        RECORDING.c.file_path,
        RECORDING.c.content_type,
        BOT.c.recording_start_timestamp_ms,
        RECORDING.c.duration_ms,
        RECORDING.c.size_bytes,
        BOT.c.recording_impaired,
    )
    .select_from(BOT.outerjoin(RECORDING, RECORDING.c.bot_id == BOT.c.id))
    .where(BOT.c.id == bindparam("bot_id"))
)


def read_bots(
    connection: Connection, project_id: str, filters: BotFilter, cursor: PageCursor | None, limit: int
) -> Page[BotRecord]:
    """A page of bots, oldest first."""
    return read_page(
        connection,
        _filtered(_BOTS.where(BOT.c.project_id == project_id), filters, connection.dialect.name),
        (BOT.c.created_us, BOT.c.id),
        cursor,
        limit,
        key=lambda row: (row[_CREATED], row[_ID]),
        item=record_from,
    )


def _filtered(statement: Select[Any], filters: BotFilter, dialect: str) -> Select[Any]:
    if filters.meeting_url is not None:
        url = storable(filters.meeting_url)
        statement = statement.where(BOT.c.meeting_hash == meeting_hash(url), BOT.c.meeting_url == url)
    if filters.deduplication_key is not None:
        statement = statement.where(BOT.c.deduplication_hash == key_hash(filters.deduplication_key))
    if filters.states:
        statement = statement.where(BOT.c.state.in_([state.value for state in filters.states]))
        if TERMINAL.isdisjoint(filters.states):
            statement = statement.where(text(LIVE_SQL))  # says the same again in the words of an index that holds few bots
    if filters.join_at_after_us is not None:
        statement = statement.where(BOT.c.join_at_us >= filters.join_at_after_us)
    if filters.join_at_before_us is not None:
        statement = statement.where(BOT.c.join_at_us <= filters.join_at_before_us)
    return statement.where(has_metadata(filters.metadata, dialect)) if filters.metadata else statement


def read_participants(
    connection: Connection,
    project_id: str,
    bot_id: str,
    *,
    is_host: bool | None,
    participant_id: str | None,
    cursor: PageCursor | None,
    limit: int,
) -> Page[ParticipantRecord]:
    """A page of participants, in the order in which they were first seen."""
    require_bot(connection, project_id, bot_id)
    table = PARTICIPANT.c
    statement = select(table.id, table.name, table.uuid, table.user_uuid, table.is_host, table.sequence)
    statement = statement.where(table.bot_id == bot_id)
    if is_host is not None:
        statement = statement.where(table.is_host == is_host)
    if participant_id is not None:
        statement = statement.where(table.id == storable(participant_id))
    return read_page(
        connection,
        statement,
        (table.sequence,),
        cursor,
        limit,
        key=lambda row: (row.sequence,),
        item=lambda row: ParticipantRecord(row.id, row.name, row.uuid, row.user_uuid, bool(row.is_host)),
    )


def read_participant_events(
    connection: Connection,
    project_id: str,
    bot_id: str,
    *,
    after_us: int | None,
    before_us: int | None,
    cursor: PageCursor | None,
    limit: int,
) -> Page[bot_pb2.ParticipantEvent]:
    """A page of participant events, in the order of the log."""
    require_bot(connection, project_id, bot_id)
    table = PARTICIPANT_EVENT.c
    statement = select(table.sequence, table.data).where(table.bot_id == bot_id)
    if after_us is not None:
        statement = statement.where(table.happened_us > after_us)
    if before_us is not None:
        statement = statement.where(table.happened_us < before_us)
    return read_page(
        connection,
        statement,
        (table.sequence,),
        cursor,
        limit,
        key=lambda row: (row.sequence,),
        item=lambda row: bot_pb2.ParticipantEvent.FromString(bytes(row.data)),
    )


def read_chat_messages(
    connection: Connection,
    project_id: str,
    bot_id: str,
    *,
    updated_after_us: int | None,
    cursor: PageCursor | None,
    limit: int,
) -> Page[bot_pb2.ChatMessage]:
    """A page of chat messages, in the order of the log."""
    require_bot(connection, project_id, bot_id)
    table = CHAT_MESSAGE.c
    statement = select(table.sequence, table.data).where(table.bot_id == bot_id)
    if updated_after_us is not None:
        statement = statement.where(table.created_us > updated_after_us)
    return read_page(
        connection,
        statement,
        (table.sequence,),
        cursor,
        limit,
        key=lambda row: (row.sequence,),
        item=lambda row: bot_pb2.ChatMessage.FromString(bytes(row.data)),
    )


def read_recording(connection: Connection, project_id: str | None, bot_id: str) -> RecordingRecord:
    """A bot's recording; one of which nothing was reported yet has no id."""
    row = connection.execute(_RECORDING, {"bot_id": bot_id}).first() if is_id(bot_id) else None
    if row is None or (project_id is not None and row.project_id != project_id):
        raise NotFound("Bot")
    return RecordingRecord(
        id=row.id or "",
        bot_id=bot_id,
        state=RecordingState(row.recording_state),
        file_path=row.file_path,
        content_type=row.content_type,
        start_timestamp_ms=row.recording_start_timestamp_ms,
        duration_ms=row.duration_ms or 0,
        size_bytes=row.size_bytes or 0,
        impaired=bool(row.recording_impaired),
    )


def read_pending_commands(connection: Connection, bot_id: str, without: Collection[str]) -> list[CommandRecord]:
    """Commands without a result, oldest first; not those whose ids are in `without`."""
    return [
        CommandRecord(row.id, row.bot_id, row.action, agent_service_pb2.Command.FromString(bytes(row.data)))
        for row in connection.execute(_PENDING, {"bot_id": bot_id, "without": sorted(without)})
    ]


def require_bot(connection: Connection, project_id: str | None, bot_id: str) -> None:
    """Raises NotFound unless the bot is there and the project's."""
    found = connection.execute(_PROJECT_OF, {"bot_id": bot_id}).scalar_one_or_none() if is_id(bot_id) else None
    if found is None or (project_id is not None and found != project_id):
        raise NotFound("Bot")
