"""What was said, and data that is being deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "utterance",
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("transcription_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["bot_id"], ["bot.id"], name=op.f("fk_utterance_bot_id_bot")),
        sa.PrimaryKeyConstraint("bot_id", "transcription_id", "id", name=op.f("pk_utterance")),
    )
    with op.batch_alter_table("utterance", schema=None) as batch_op:
        batch_op.create_index(
            "ix_utterance_bot_id_transcription_id_timestamp_ms",
            ["bot_id", "transcription_id", "timestamp_ms", "sequence"],
            unique=False,
        )
    op.create_table(
        "data_purge",
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("words_only", sa.Boolean(), nullable=False),
        sa.Column("after_sequence", sa.BigInteger(), nullable=False),
        sa.Column("until_sequence", sa.BigInteger(), nullable=False),
        sa.Column("rounds", sa.SmallInteger(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bot_id"], ["bot.id"], name=op.f("fk_data_purge_bot_id_bot")),
        sa.PrimaryKeyConstraint("bot_id", name=op.f("pk_data_purge")),
    )
    with op.batch_alter_table("data_purge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_data_purge_due_us"), ["due_us"], unique=False)


def downgrade() -> None:
    op.drop_table("data_purge")
    op.drop_table("utterance")
