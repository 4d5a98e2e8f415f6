"""Accounts with which bots sign in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "login",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("platform", sa.SmallInteger(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("holder_bot_id", sa.String(), nullable=True),
        sa.Column("holder_epoch", sa.BigInteger(), nullable=False),
        sa.Column("last_used_us", sa.BigInteger(), nullable=True),
        sa.Column("renewed_us", sa.BigInteger(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_login_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login")),
    )
    op.create_index(
        "uq_login_project_id_platform_group_name_name", "login", ["project_id", "platform", "group_name", "name"], unique=True
    )
    op.create_index("ix_login_project_id_created_us_id", "login", ["project_id", "created_us", "id"])


def downgrade() -> None:
    op.drop_table("login")
