"""The tables, the same on both databases. Instants are microseconds since the Unix epoch (`*_us`), words the contract's.

What the hot path touches is narrow: the row of a bot holds no settings (an image in them may be 10 MiB and SQLite writes whole
rows), and its state events are kept in it, so that one bot is one row and a list of bots one statement.
"""

from __future__ import annotations

import functools
from typing import Final

from sqlalchemy import BigInteger, Index, LargeBinary, SmallInteger, Table, Text, text
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

LIVE_SQL: Final = "state NOT IN ('ended', 'fatal_error', 'data_deleted')"
"""Not terminal. Written out, for a planner matches a partial index only with the very words."""


class Project(SQLModel, table=True):
    """What keys and bots belong to. `last_position` numbers its log; `own_limits` is a JSON object, by names of ProjectLimits.

    `webhook_mark`: 0 where the project never had a webhook, else another number after each change of them (store/outbox.py).
    """

    __table_args__ = (Index("uq_project_name", "name", unique=True),)

    id: str = Field(primary_key=True)
    name: str
    created_us: int = Field(sa_type=BigInteger)
    last_position: int = Field(default=0, sa_type=BigInteger)
    own_limits: str = Field(default="{}", sa_type=Text, sa_column_kwargs={"server_default": "{}"})
    webhook_mark: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})


class ApiKey(SQLModel, table=True):
    """A key: SHA-256 of its text, never the text (256 bits of chance need no slow hash)."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True)
    project_id: str = Field(foreign_key="project.id", index=True)
    name: str
    hash: str = Field(unique=True)
    created_us: int = Field(sa_type=BigInteger)
    expires_us: int | None = Field(default=None, sa_type=BigInteger)
    revoked_us: int | None = Field(default=None, sa_type=BigInteger)
    last_used_us: int | None = Field(default=None, sa_type=BigInteger)


class AuditEntry(SQLModel, table=True):
    """Who changed which project or key, and how; `details` is a JSON object. No foreign keys: it outlives what it tells of."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_created_us_id", "created_us", "id"),
        Index("ix_audit_entry_project_id_created_us_id", "project_id", "created_us", "id"),
    )

    id: str = Field(primary_key=True)
    created_us: int = Field(sa_type=BigInteger)
    actor: str
    action: str
    project_id: str
    key_id: str
    details: str = Field(sa_type=Text)


class Bot(SQLModel, table=True):
    """One attendance at one meeting, where it is, and who runs it.

    `attention_us`: when the sweep has to look at it though nobody asks: its join_at, its lease's end, or the next hint.
    `wanted_since_us`: since when it could be claimed and nobody did. `attempt` counts attendances, `finish_attempt` tries
    to finish the recording, `version` what its owner can see or set of it. `webhook_triggers`: what the bot's own webhooks
    subscribe to, a set of domain.webhooks.BIT; 0: it has none, and the project's are told. `deduplication_hash`: SHA-256 of the
    key, for an index of PostgreSQL takes 2,704 bytes at most.
    """

    __table_args__ = (
        Index("ix_bot_project_id_created_us_id", "project_id", "created_us", "id"),
        Index(
            "uq_bot_project_id_deduplication_hash_live",
            "project_id",
            "deduplication_hash",
            unique=True,
            sqlite_where=text("deduplication_hash IS NOT NULL AND " + LIVE_SQL),
            postgresql_where=text("deduplication_hash IS NOT NULL AND " + LIVE_SQL),
        ),
        # Lists the bots of a meeting.
        Index("ix_bot_project_id_meeting_hash", "project_id", "meeting_hash", "created_us", "id"),
        # Lists the bots that have or had a key.
        Index(
            "ix_bot_project_id_deduplication_hash",
            "project_id",
            "deduplication_hash",
            "created_us",
            "id",
            sqlite_where=text("deduplication_hash IS NOT NULL"),
            postgresql_where=text("deduplication_hash IS NOT NULL"),
        ),
        Index(
            "ix_bot_attention_us",
            "attention_us",
            sqlite_where=text("attention_us IS NOT NULL"),
            postgresql_where=text("attention_us IS NOT NULL"),
        ),
        # Counts a project's bots against its limit.
        Index("ix_bot_project_id_live", "project_id", sqlite_where=text(LIVE_SQL), postgresql_where=text(LIVE_SQL)),
    )

    id: str = Field(primary_key=True)
    project_id: str = Field(foreign_key="project.id")
    bot_name: str = Field(sa_type=Text)
    meeting_url: str = Field(sa_type=Text)
    meeting_hash: str
    platform: int = Field(sa_type=SmallInteger)
    platform_name: str
    record_speech_events: bool
    record_chat_when_paused: bool
    webhook_triggers: int = Field(default=0, sa_type=SmallInteger, sa_column_kwargs={"server_default": text("0")})
    metadata_json: str | None = Field(default=None, sa_type=Text)
    join_at_us: int | None = Field(default=None, sa_type=BigInteger)
    deduplication_key: str | None = Field(default=None, sa_type=Text)
    deduplication_hash: str | None = None
    created_us: int = Field(sa_type=BigInteger)
    state: str
    recording_state: str
    transcription_state: str
    before_breakout: str | None = None
    state_events: bytes = Field(sa_type=LargeBinary)
    recording_start_timestamp_ms: int = Field(default=0, sa_type=BigInteger)
    recording_impaired: bool = False
    version: int = Field(default=1, sa_type=BigInteger)
    epoch: int = Field(default=0, sa_type=BigInteger)
    attempt: int = Field(default=1, sa_type=SmallInteger)
    finish_attempt: int = Field(default=1, sa_type=SmallInteger)
    worker_id: str | None = None
    wanted_since_us: int | None = Field(default=None, sa_type=BigInteger)
    hints: int = Field(default=0, sa_type=SmallInteger)
    last_sequence: int = Field(default=0, sa_type=BigInteger)
    last_report_number: int = Field(default=0, sa_type=BigInteger)
    lease_expires_us: int | None = Field(default=None, sa_type=BigInteger)
    attention_us: int | None = Field(default=None, sa_type=BigInteger)


class BotSettings(SQLModel, table=True):
    """A bot's settings, a serialised rollcall.v1.BotSettings; no row where there are none."""

    __tablename__ = "bot_settings"

    bot_id: str = Field(primary_key=True, foreign_key="bot.id")
    data: bytes = Field(sa_type=LargeBinary)


class Event(SQLModel, table=True):
    """The log. `data` is a serialised rollcall.v1.Event, sent as it is; the other columns find and filter it.

    `final`: the bot was settled with this event (BotRecord.settled).
    """

    __table_args__ = (Index("uq_event_project_id_position", "project_id", "position", unique=True),)

    bot_id: str = Field(primary_key=True, foreign_key="bot.id")
    sequence: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    project_id: str
    position: int = Field(sa_type=BigInteger)
    kind: int = Field(sa_type=SmallInteger)
    state: str | None = None
    final: bool
    created_us: int = Field(sa_type=BigInteger)
    data: bytes = Field(sa_type=LargeBinary)


class Participant(SQLModel, table=True):
    """Somebody who is or was in the meeting. `sequence`: their first event's, which orders the list."""

    __table_args__ = (Index("ix_participant_bot_id_sequence", "bot_id", "sequence"),)

    bot_id: str = Field(primary_key=True, foreign_key="bot.id")
    uuid: str = Field(primary_key=True, sa_type=Text)
    id: str = Field(unique=True)
    sequence: int = Field(sa_type=BigInteger)
    name: str = Field(sa_type=Text)
    user_uuid: str | None = Field(default=None, sa_type=Text)
    is_host: bool


class ParticipantEvent(SQLModel, table=True):
    """What a participant did: a serialised rollcall.v1.ParticipantEvent, by the sequence of its event."""

    __tablename__ = "participant_event"

    bot_id: str = Field(primary_key=True, foreign_key="bot.id")
    sequence: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    happened_us: int = Field(sa_type=BigInteger)
    data: bytes = Field(sa_type=LargeBinary)


class ChatMessage(SQLModel, table=True):
    """A chat message that was seen: a serialised rollcall.v1.ChatMessage, by the sequence of its event."""

    __tablename__ = "chat_message"

    bot_id: str = Field(primary_key=True, foreign_key="bot.id")
    sequence: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    created_us: int = Field(sa_type=BigInteger)
    data: bytes = Field(sa_type=LargeBinary)


class Command(SQLModel, table=True):
    """A caller's wish: a serialised rollcall.v1.Command, by the sequence of its event. `done` None: no result yet; once there is
    one, `data` (a sound may have 10 MiB) is empty.
    """

    __table_args__ = (Index("ix_command_bot_id_sequence", "bot_id", "sequence"),)

    id: str = Field(primary_key=True)
    bot_id: str = Field(foreign_key="bot.id")
    sequence: int = Field(sa_type=BigInteger)
    action: str
    data: bytes = Field(sa_type=LargeBinary)
    created_us: int = Field(sa_type=BigInteger)
    done: bool | None = None


class Recording(SQLModel, table=True):
    """A bot's recording as its agent reported it; how far it is stands in the bot's row."""

    bot_id: str = Field(primary_key=True, foreign_key="bot.id")
    id: str = Field(unique=True)
    file_path: str | None = Field(default=None, sa_type=Text)
    content_type: str | None = None
    duration_ms: int = Field(default=0, sa_type=BigInteger)
    size_bytes: int = Field(default=0, sa_type=BigInteger)


class Answer(SQLModel, table=True):
    """What was answered to a request that may come again, for a day. Hashes are SHA-256, `data` is the serialised answer."""

    project_id: str = Field(primary_key=True)
    key_hash: str = Field(primary_key=True)
    fingerprint: str
    created_us: int = Field(sa_type=BigInteger, index=True)
    data: bytes = Field(sa_type=LargeBinary)


class Utterance(SQLModel, table=True):
    """What was said: a serialised rollcall.v1.Utterance.

    `transcription_id`: empty for what was transcribed in the meeting itself. `sequence`: the event that first told of it, 0 for
    none. `updated_us`: when the row was last written.
    """

    __table_args__ = (
        Index("ix_utterance_bot_id_transcription_id_timestamp_ms", "bot_id", "transcription_id", "timestamp_ms", "sequence"),
    )

    bot_id: str = Field(primary_key=True, foreign_key="bot.id")
    transcription_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    sequence: int = Field(sa_type=BigInteger)
    timestamp_ms: int = Field(sa_type=BigInteger)
    updated_us: int = Field(sa_type=BigInteger)
    final: bool
    data: bytes = Field(sa_type=LargeBinary)


class DataPurge(SQLModel, table=True):
    """A deletion that is not finished. `rounds` were done, the next is due at `due_us`.

    Events after `after_sequence` up to `until_sequence` are to be redacted (`words_only`: only what was said), and unless
    `words_only` the media folder is to be emptied.
    """

    __tablename__ = "data_purge"

    bot_id: str = Field(primary_key=True, foreign_key="bot.id")
    words_only: bool
    after_sequence: int = Field(sa_type=BigInteger)
    until_sequence: int = Field(sa_type=BigInteger)
    rounds: int = Field(sa_type=SmallInteger)
    due_us: int = Field(sa_type=BigInteger, index=True)


def table_of(model: type[SQLModel]) -> Table:
    """A model's table, for SQLAlchemy Core."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


PROJECT: Final = table_of(Project)
API_KEY: Final = table_of(ApiKey)
AUDIT_ENTRY: Final = table_of(AuditEntry)
BOT: Final = table_of(Bot)
BOT_SETTINGS: Final = table_of(BotSettings)
EVENT: Final = table_of(Event)
PARTICIPANT: Final = table_of(Participant)
PARTICIPANT_EVENT: Final = table_of(ParticipantEvent)
CHAT_MESSAGE: Final = table_of(ChatMessage)
COMMAND: Final = table_of(Command)
RECORDING: Final = table_of(Recording)
UTTERANCE: Final = table_of(Utterance)
DATA_PURGE: Final = table_of(DataPurge)
ANSWER: Final = table_of(Answer)

PERSONAL: Final = (BOT_SETTINGS, PARTICIPANT, PARTICIPANT_EVENT, CHAT_MESSAGE, COMMAND, RECORDING, UTTERANCE)
"""Rows that go with a bot's data. What else belongs to a bot holds nothing personal, or is redacted (EVENT)."""


@functools.cache
def belongings() -> tuple[Table, ...]:
    """The tables whose rows belong to a bot, by their column `bot_id`, in an order in which they can be deleted."""
    return tuple(table for table in reversed(SQLModel.metadata.sorted_tables) if "bot_id" in table.c)
