"""Webhooks, what is to be sent to them, and what signs it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    op.add_column("project", sa.Column("webhook_mark", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("bot", sa.Column("webhook_triggers", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "webhook",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("bot_id", sa.String(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("triggers", sa.SmallInteger(), nullable=False),
        sa.Column("disabled_reason", sa.String(), nullable=True),
        sa.Column("failing_since_us", sa.BigInteger(), nullable=True),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bot_id"], ["bot.id"], name=op.f("fk_webhook_bot_id_bot")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_webhook_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index(op.f("ix_webhook_bot_id"), "webhook", ["bot_id"])
    op.create_index("ix_webhook_project_id_created_us_id", "webhook", ["project_id", "created_us", "id"])
    op.create_table(
        "webhook_secret",
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("previous_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_webhook_secret")),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("webhook_id", sa.String(), nullable=False),
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("trigger", sa.SmallInteger(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_us", sa.BigInteger(), nullable=True),
        sa.Column("last_attempt_us", sa.BigInteger(), nullable=True),
        sa.Column("response_status", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index("ix_webhook_delivery_list", "webhook_delivery", ["webhook_id", "created_us", "bot_id", "sequence"])
    op.create_index(
        "ix_webhook_delivery_line",
        "webhook_delivery",
        ["webhook_id", "bot_id", "sequence"],
        sqlite_where=PENDING,
        postgresql_where=PENDING,
    )
    op.create_index("ix_webhook_delivery_created_us", "webhook_delivery", ["created_us"])
    op.create_table(
        "webhook_line",
        sa.Column("webhook_id", sa.String(), nullable=False),
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("webhook_id", "bot_id", name=op.f("pk_webhook_line")),
    )
    op.create_index(op.f("ix_webhook_line_due_us"), "webhook_line", ["due_us"])


def downgrade() -> None:
    for table in ("webhook_line", "webhook_delivery", "webhook_secret", "webhook"):
        op.drop_table(table)
    op.drop_column("bot", "webhook_triggers")
    op.drop_column("project", "webhook_mark")
