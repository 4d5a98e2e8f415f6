"""Reads: connections of their own, outside transactions.

SQLite is read on the event loop: a row costs less than handing it to a thread and back. PostgreSQL is read by a few threads with
a connection each, for the loop must not wait for a network.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

from server.domain.errors import DatabaseAway
from server.store.engines import is_away
from server.store.records import StoreConfig

T = TypeVar("T")


class Reader:
    """Runs functions that read."""

    def __init__(self, engine: Engine, config: StoreConfig) -> None:
        self._engine = engine
        self._local = threading.local()
        self._all: list[Connection] = []
        self._wait_s = config.wait_seconds
        self._threads = ThreadPoolExecutor(config.readers, thread_name_prefix="reader") if config.sqlite_path is None else None

    async def run(self, read: Callable[[Connection], T]) -> T:
        """What `read` gives. It is run again, once, if the connection turns out to be broken. Raises DatabaseAway."""
        if self._threads is None:
            return self._read(read)
        loop = asyncio.get_running_loop()
        try:
            # Not wait_for: Python 3.11 forgets a cancellation that comes as the inner call ends, and a watcher would live on.
            async with asyncio.timeout(self._wait_s):
                return await loop.run_in_executor(self._threads, self._read, read)
        except TimeoutError as error:
            raise DatabaseAway from error

    def close(self) -> None:
        """Lets go of threads and connections."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for connection in self._all:
            with contextlib.suppress(Exception):
                connection.close()

    def _read(self, read: Callable[[Connection], T]) -> T:
        try:
            return read(self._connection())
        except Exception as error:
            if not is_away(error):
                raise
            self._drop()
        try:
            return read(self._connection())
        except Exception as error:
            if not is_away(error):
                raise
            self._drop()
            raise DatabaseAway from error

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._local.connection = connection
            self._all.append(connection)
        return connection

    def _drop(self) -> None:
        connection: Connection | None = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            with contextlib.suppress(ValueError):
                self._all.remove(connection)
            with contextlib.suppress(Exception):
                connection.invalidate()
                connection.close()
