"""Keeps what people said, and who they are, out of what databases' errors say.

An error of PostgreSQL quotes the row that it is about: `DETAIL: Key (name)=(Ada) already exists.` It ends in a server's log, with
its traceback. So the words of each error are replaced as it leaves the database's driver, and what is left says what went wrong
and where, in names of our own tables.
"""

from __future__ import annotations

import sqlite3
from typing import Final

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

_PLACES: Final = ("schema_name", "table_name", "column_name", "constraint_name", "datatype_name")
_HARMLESS: Final = (
    "UNIQUE constraint failed: ",
    "NOT NULL constraint failed: ",
    "FOREIGN KEY constraint failed",
    "no such table: ",
    "no such column: ",
)


def keep_quiet(engine: Engine) -> None:
    """Errors of this engine's statements say nothing of any row from here on."""
    event.listen(engine, "handle_error", _hush)


def hush(error: BaseException) -> None:
    """Takes a driver's words out of its error, in place; others stay as they are."""
    if isinstance(error, psycopg.Error):
        error.args = (_postgresql_words(error),)
    elif isinstance(error, sqlite3.Error):
        error.args = (_sqlite_words(error),)


def _hush(context: ExceptionContext) -> None:
    original, raised = context.original_exception, context.sqlalchemy_exception
    hush(original)
    if isinstance(raised, DBAPIError):
        raised.args = (f"({type(original).__module__}.{type(original).__name__}) {original}",)


def _postgresql_words(error: psycopg.Error) -> str:
    """The kind of the error, and the names of what it is about."""
    places = (f"{name.removesuffix('_name')} {value}" for name in _PLACES if (value := getattr(error.diag, name)) is not None)
    return ", ".join((f"code {error.sqlstate}" if error.sqlstate else "no code, as of a connection", *places))


def _sqlite_words(error: sqlite3.Error) -> str:
    """SQLite names columns where a constraint is broken; what else it says may quote a value."""
    said = str(error)
    return said if said.startswith(_HARMLESS) else getattr(error, "sqlite_errorname", type(error).__name__)
