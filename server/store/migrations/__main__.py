"""Writes the next step of the schema: `python -m server.store.migrations "what changes"`."""

from __future__ import annotations

import sys

from alembic import command
from sqlalchemy import create_engine

from server.store.migrations import config, migrate


def main() -> None:
    """Compares the tables with a fresh database and writes what differs."""
    with create_engine("sqlite://").connect() as connection:
        migrate(connection)
        command.revision(config(connection), message=sys.argv[1], autogenerate=True, rev_id=sys.argv[2] if sys.argv[2:] else None)


if __name__ == "__main__":
    main()
