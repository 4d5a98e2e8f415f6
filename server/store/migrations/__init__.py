"""The schema's history, brought up to date when a store is opened.

A new step: `.venv/bin/python -m server.store.migrations "what changes"` compares tables.py with an empty database brought to the
newest step, and writes a file in versions/ to be read and corrected.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from server.domain.errors import SchemaMismatch

_FOLDER: Final = Path(__file__).parent
_LOCK: Final = 0x524F4C4C  # any number, the same for every server


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file."""
    made = Config()
    made.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def migrate(connection: Connection) -> None:
    """Brings the schema up to date, within the connection's transaction; several servers may do so at once.

    Raises SchemaMismatch for a schema that this version does not know.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    scripts = ScriptDirectory.from_config(config())
    newest = scripts.get_current_head()
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise SchemaMismatch(found, str(newest))
    if found != newest:
        command.upgrade(config(connection), "head")
