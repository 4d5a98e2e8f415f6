"""Limits of projects, keys that expire, and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LIVE = sa.text("state NOT IN ('ended', 'fatal_error', 'data_deleted')")
# Names were not unique before; the older one keeps its name.
RENAME_DOUBLES = sa.text(
    "UPDATE project SET name = name || ' (' || id || ')' "
    "WHERE EXISTS (SELECT 1 FROM project AS older WHERE older.name = project.name AND "
    "(older.created_us < project.created_us OR (older.created_us = project.created_us AND older.id < project.id)))"
)


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_created_us_id", "audit_entry", ["created_us", "id"])
    op.create_index("ix_audit_entry_project_id_created_us_id", "audit_entry", ["project_id", "created_us", "id"])
    op.add_column("api_key", sa.Column("expires_us", sa.BigInteger(), nullable=True))
    op.add_column("project", sa.Column("own_limits", sa.Text(), server_default="{}", nullable=False))
    op.execute(RENAME_DOUBLES)
    op.create_index("uq_project_name", "project", ["name"], unique=True)
    op.create_index("ix_bot_project_id_live", "bot", ["project_id"], sqlite_where=LIVE, postgresql_where=LIVE)
