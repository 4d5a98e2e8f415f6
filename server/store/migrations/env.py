"""What Alembic runs: on the connection that the store gives it, or on the one of `python -m server.store.migrations`."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import AutoString, SQLModel

from server.store import tables

assert tables.BOT is not None  # the import declares the tables


def render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Writes SQLModel's own text type as the plain one that it is, so that steps need no SQLModel."""
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True, compare_type=True, render_item=render
)
context.run_migrations()
