"""Bots found by their deduplication key, those that have ended too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEYED = sa.text("deduplication_hash IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_bot_project_id_deduplication_hash",
        "bot",
        ["project_id", "deduplication_hash", "created_us", "id"],
        unique=False,
        sqlite_where=KEYED,
        postgresql_where=KEYED,
    )


def downgrade() -> None:
    op.drop_index("ix_bot_project_id_deduplication_hash", "bot")
