"""Connections to the two databases, and the lock that keeps a second process off a SQLite file."""

from __future__ import annotations

import fcntl
import sqlite3
from pathlib import Path
from typing import IO, Any, Final

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from server.domain.errors import BadSetting, DataFolderInUse
from server.store.discretion import keep_quiet
from server.store.records import StoreConfig

_CONNECT_S: Final = 3
_LOCK_FILE: Final = "rollcall.lock"
_AWAY_SQLITE: Final = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
)
_SQLITE_WORDS: Final = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space where ROLLCALL_DATA_DIR is",
    sqlite3.SQLITE_IOERR: "the disk is full or failing; look at where ROLLCALL_DATA_DIR is",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened; look at the rights of ROLLCALL_DATA_DIR",
    sqlite3.SQLITE_BUSY: "another program holds its file; close that",
    sqlite3.SQLITE_LOCKED: "another program holds its file; close that",
}
_TRY_AGAIN: Final = frozenset({"40001", "40P01"})  # serialisation failure, deadlock
_AWAY_CLASSES: Final = ("08", "53", "57P", "58", "55P03", "25006")  # no connection, no room, shutting down, I/O, lock, read only


def make_engine(config: StoreConfig, *, writes: bool, patient: bool = False) -> Engine:
    """An engine whose connections are for writing in transactions, or for reading without.

    patient: without limits on how long a statement may take, for migrations.
    """
    path = config.sqlite_path
    if path is not None:
        engine = _sqlite_engine(path, busy_ms=round(config.wait_seconds * 1000), writes=writes)
    else:
        engine = _postgresql_engine(config.database_url, writes=writes, patient=patient)
    keep_quiet(engine)
    return engine


def postgresql_dsn(url: str) -> str:
    """The URL as libpq reads it."""
    scheme, _, rest = url.partition("://")
    if scheme.split("+")[0] not in {"postgresql", "postgres"}:
        raise BadSetting("ROLLCALL_DATABASE_URL", "begins with sqlite:/// or postgresql://")
    return f"postgresql://{rest}"


def _sqlite_engine(path: Path, *, busy_ms: int, writes: bool) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=NullPool,
        hide_parameters=True,  # errors are logged, and parameters are what people said
        connect_args={"check_same_thread": False, "timeout": busy_ms / 1000},
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun by us
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",  # commits survive kill -9; FULL adds loss of power, at an fsync each
            f"busy_timeout = {busy_ms}",
            "foreign_keys = ON",
            "secure_delete = ON",  # what is deleted is overwritten
            "cache_size = -16000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # IMMEDIATE: a transaction that reads first and writes then would otherwise fail as busy, without waiting.
        if writes:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgresql_engine(url: str, *, writes: bool, patient: bool) -> Engine:
    options = "" if patient else "-c lock_timeout=5000 -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000"
    return create_engine(
        postgresql_dsn(url).replace("postgresql://", "postgresql+psycopg://", 1),
        poolclass=NullPool,
        hide_parameters=True,  # as above
        isolation_level="READ COMMITTED" if writes else "AUTOCOMMIT",
        connect_args={
            "connect_timeout": _CONNECT_S,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "tcp_user_timeout": 5_000,
            "application_name": "rollcall",
            "options": options,
        },
    )


def is_away(error: BaseException) -> bool:
    """Whether the error, SQLAlchemy's or a driver's own, says that the database cannot be reached or cannot take anything now."""
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _AWAY_SQLITE
    if not isinstance(original, psycopg.Error):
        return False
    if original.sqlstate is None:
        broken = isinstance(error, DBAPIError) and error.connection_invalidated
        return broken or isinstance(original, psycopg.OperationalError)
    return original.sqlstate.startswith(_AWAY_CLASSES)


def why_away(error: BaseException) -> str:
    """What `is_away` found, in words for the operator that say what to do; no text of the driver's, which may hold passwords."""
    original = getattr(error, "orig", error)
    if not isinstance(original, sqlite3.Error):
        return "it does not answer; start it, or correct ROLLCALL_DATABASE_URL"
    return _SQLITE_WORDS.get(
        getattr(original, "sqlite_errorcode", 0) & 0xFF, "its file cannot be used; look at ROLLCALL_DATA_DIR"
    )


def may_work_again(error: BaseException) -> bool:
    """Whether the same transaction may well succeed if it is tried again (a deadlock, a race for a unique key)."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _TRY_AGAIN


class FolderLock:
    """Keeps the folder of a SQLite database for one process. The operating system lets go of it however the process ends."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Raises DataFolderInUse, BadSetting where the folder cannot be written. Without a folder nothing is taken."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = (self._folder / _LOCK_FILE).open("a")
        except OSError as error:
            raise BadSetting("ROLLCALL_DATA_DIR", f"cannot write to {self._folder}: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise DataFolderInUse(str(self._folder)) from error
        self._file = file

    def release(self) -> None:
        """Lets go."""
        if self._file is not None:
            self._file.close()
            self._file = None
