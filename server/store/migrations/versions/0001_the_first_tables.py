"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LIVE = sa.text("deduplication_hash IS NOT NULL AND state NOT IN ('ended', 'fatal_error', 'data_deleted')")
DUE = sa.text("attention_us IS NOT NULL")
TABLES = (
    "recording",
    "participant_event",
    "participant",
    "event",
    "command",
    "chat_message",
    "bot_settings",
    "bot",
    "api_key",
    "project",
)


def upgrade() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("revoked_us", sa.BigInteger(), nullable=True),
        sa.Column("last_used_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_api_key_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
    )
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_key_project_id"), ["project_id"], unique=False)

    op.create_table(
        "bot",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("bot_name", sa.Text(), nullable=False),
        sa.Column("meeting_url", sa.Text(), nullable=False),
        sa.Column("platform", sa.SmallInteger(), nullable=False),
        sa.Column("platform_name", sa.String(), nullable=False),
        sa.Column("record_speech_events", sa.Boolean(), nullable=False),
        sa.Column("record_chat_when_paused", sa.Boolean(), nullable=False),
        sa.Column("metadata_json", sa.Text(), nullable=True),
        sa.Column("join_at_us", sa.BigInteger(), nullable=True),
        sa.Column("deduplication_key", sa.Text(), nullable=True),
        sa.Column("deduplication_hash", sa.String(), nullable=True),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("recording_state", sa.String(), nullable=False),
        sa.Column("transcription_state", sa.String(), nullable=False),
        sa.Column("before_breakout", sa.String(), nullable=True),
        sa.Column("state_events", sa.LargeBinary(), nullable=False),
        sa.Column("recording_start_timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("recording_impaired", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("finish_attempt", sa.SmallInteger(), nullable=False),
        sa.Column("worker_id", sa.String(), nullable=True),
        sa.Column("wanted_since_us", sa.BigInteger(), nullable=True),
        sa.Column("hints", sa.SmallInteger(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("last_report_number", sa.BigInteger(), nullable=False),
        sa.Column("lease_expires_us", sa.BigInteger(), nullable=True),
        sa.Column("attention_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_bot_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot")),
    )
    with op.batch_alter_table("bot", schema=None) as batch_op:
        batch_op.create_index("ix_bot_attention_us", ["attention_us"], unique=False, sqlite_where=DUE, postgresql_where=DUE)
        batch_op.create_index("ix_bot_project_id_created_us_id", ["project_id", "created_us", "id"], unique=False)
        batch_op.create_index(
            "uq_bot_project_id_deduplication_hash_live",
            ["project_id", "deduplication_hash"],
            unique=True,
            sqlite_where=LIVE,
            postgresql_where=LIVE,
        )

    op.create_table(
        "bot_settings",
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["bot_id"], ["bot.id"], name=op.f("fk_bot_settings_bot_id_bot")),
        sa.PrimaryKeyConstraint("bot_id", name=op.f("pk_bot_settings")),
    )
    op.create_table(
        "chat_message",
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["bot_id"], ["bot.id"], name=op.f("fk_chat_message_bot_id_bot")),
        sa.PrimaryKeyConstraint("bot_id", "sequence", name=op.f("pk_chat_message")),
    )
    op.create_table(
        "command",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["bot_id"], ["bot.id"], name=op.f("fk_command_bot_id_bot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_command")),
    )
    with op.batch_alter_table("command", schema=None) as batch_op:
        batch_op.create_index("ix_command_bot_id_sequence", ["bot_id", "sequence"], unique=False)

    op.create_table(
        "event",
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["bot_id"], ["bot.id"], name=op.f("fk_event_bot_id_bot")),
        sa.PrimaryKeyConstraint("bot_id", "sequence", name=op.f("pk_event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("uq_event_project_id_position", ["project_id", "position"], unique=True)

    op.create_table(
        "participant",
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_uuid", sa.Text(), nullable=True),
        sa.Column("is_host", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["bot_id"], ["bot.id"], name=op.f("fk_participant_bot_id_bot")),
        sa.PrimaryKeyConstraint("bot_id", "uuid", name=op.f("pk_participant")),
        sa.UniqueConstraint("id", name=op.f("uq_participant_id")),
    )
    with op.batch_alter_table("participant", schema=None) as batch_op:
        batch_op.create_index("ix_participant_bot_id_sequence", ["bot_id", "sequence"], unique=False)

    op.create_table(
        "participant_event",
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("happened_us", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["bot_id"], ["bot.id"], name=op.f("fk_participant_event_bot_id_bot")),
        sa.PrimaryKeyConstraint("bot_id", "sequence", name=op.f("pk_participant_event")),
    )
    op.create_table(
        "recording",
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("file_path", sa.Text(), nullable=True),
        sa.Column("content_type", sa.String(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bot_id"], ["bot.id"], name=op.f("fk_recording_bot_id_bot")),
        sa.PrimaryKeyConstraint("bot_id", name=op.f("pk_recording")),
        sa.UniqueConstraint("id", name=op.f("uq_recording_id")),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
