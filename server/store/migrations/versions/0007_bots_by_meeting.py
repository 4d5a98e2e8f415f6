"""Bots found by their meeting."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.texts import meeting_hash

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_AT_ONCE = 1_000
_BOT = sa.table("bot", sa.column("id", sa.String()), sa.column("meeting_url", sa.Text()), sa.column("meeting_hash", sa.String()))
_NEXT = sa.select(_BOT.c.id, _BOT.c.meeting_url).where(_BOT.c.meeting_hash == "").limit(_AT_ONCE)
_SET = sa.update(_BOT).where(_BOT.c.id == sa.bindparam("key")).values(meeting_hash=sa.bindparam("hash"))


def upgrade() -> None:
    op.add_column("bot", sa.Column("meeting_hash", sa.String(), nullable=False, server_default=""))
    connection = op.get_bind()
    while rows := connection.execute(_NEXT).all():
        connection.execute(_SET, [{"key": row.id, "hash": meeting_hash(row.meeting_url)} for row in rows])
    op.create_index("ix_bot_project_id_meeting_hash", "bot", ["project_id", "meeting_hash", "created_us", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_bot_project_id_meeting_hash", "bot")
    op.drop_column("bot", "meeting_hash")
