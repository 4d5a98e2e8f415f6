"""Reads single bots, the most frequent read of all: who asks at the same time is answered by one statement.

On PostgreSQL one thread with a connection of its own takes all that wait and looks for them at once, as the writer does: under
load a statement, and the hop into a thread and back, are shared by many. SQLite is read in place. Both by the driver's own
cursor, for there is nothing here that SQLAlchemy's results are needed for. docs/benchmarks.md says what that saves.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Boolean, Engine, PoolProxiedConnection

from server.domain.errors import DatabaseAway
from server.store.discretion import hush
from server.store.engines import is_away
from server.store.records import BotRecord, StoreConfig
from server.store.rows import RECORD_COLUMNS, RECORD_FIELDS, record_from
from server.store.texts import is_id

_MOST: Final = 256
_SELECT: Final = f"SELECT {', '.join(RECORD_FIELDS)} FROM bot WHERE id "  # noqa: S608 - names of our own columns
_ONE: Final = _SELECT + "= ?"
_SEVERAL: Final = _SELECT + "= ANY(%s)"
_TRUTHS: Final = tuple(at for at, column in enumerate(RECORD_COLUMNS) if isinstance(column.type, Boolean))
_ID: Final = RECORD_FIELDS.index("id")

_Asked = tuple[str, "asyncio.Future[BotRecord | None]"]


class BotReader:
    """One a process; made and closed on the event loop that uses it."""

    def __init__(self, engine: Engine, config: StoreConfig) -> None:
        self._engine = engine
        self._wait_s = config.wait_seconds
        self._loop = asyncio.get_running_loop()
        self._connection: PoolProxiedConnection | None = None
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._unanswered: deque[tuple[float, asyncio.Future[BotRecord | None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._thread: threading.Thread | None = None
        if config.sqlite_path is None:
            self._thread = threading.Thread(target=self._run, name="bot-reader", daemon=True)
            self._thread.start()

    async def get(self, bot_id: str) -> BotRecord | None:
        """The bot as of now or later, None if there is none. Raises DatabaseAway."""
        if not is_id(bot_id):
            return None
        if self._thread is None:
            here: BotRecord | None = self._patiently(self._read_one, bot_id)
            return here
        future: asyncio.Future[BotRecord | None] = self._loop.create_future()
        deadline = self._loop.time() + self._wait_s
        self._unanswered.append((deadline, future))
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._expire)
        self._asked.put((bot_id, future))
        return await future

    def close(self) -> None:
        """Ends the thread and lets go of the connection; blocks until what was asked is answered."""
        self._asked.put(None)
        if self._thread is not None:
            self._thread.join()
        self._disconnect()

    # -- On the loop ---------------------------------------------------------------------------------------------------

    def _expire(self) -> None:
        """Gives up what has waited too long: a thread in a dead connection cannot."""
        self._timer = None
        now = self._loop.time()
        while self._unanswered and (self._unanswered[0][0] <= now or self._unanswered[0][1].done()):
            _, future = self._unanswered.popleft()
            if not future.done():
                future.set_exception(DatabaseAway())
        if self._unanswered:
            self._timer = self._loop.call_at(self._unanswered[0][0], self._expire)

    def _answer(self, asked: Sequence[_Asked], found: dict[str, BotRecord], error: Exception | None) -> None:
        for bot_id, future in asked:
            if future.done():
                continue  # its caller went away
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(found.get(bot_id))
        while self._unanswered and self._unanswered[0][1].done():
            self._unanswered.popleft()
        if not self._unanswered and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- In the thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while asked := self._take():
            found: dict[str, BotRecord] = {}
            error: Exception | None = None
            try:
                found = self._patiently(self._read_several, list({bot_id for bot_id, _ in asked}))
            except Exception as failure:  # noqa: BLE001 - goes to everybody who asked, and the thread lives on
                error = failure
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._answer, asked, found, error)

    def _take(self) -> list[_Asked]:
        """Waits for the first who asks, and takes all others that ask by then. Empty: closed."""
        one = self._asked.get()
        asked: list[_Asked] = []
        while one is not None:
            asked.append(one)
            if len(asked) >= _MOST:
                break
            try:
                one = self._asked.get_nowait()
            except queue.Empty:
                break
        else:
            self._asked.put(None)  # for the next time
        return asked

    def _read_several(self, bot_ids: list[str]) -> dict[str, BotRecord]:
        with self._cursor(binary=True) as cursor:
            cursor.execute(_SEVERAL, (bot_ids,))
            return {row[_ID]: record_from(row) for row in cursor.fetchall()}

    # -- In either -----------------------------------------------------------------------------------------------------

    def _patiently(self, read: Any, what: Any) -> Any:
        """Reads, and once more if the connection turns out to be broken. Raises DatabaseAway."""
        for last in (False, True):
            try:
                return read(what)
            except Exception as error:
                hush(error)  # the driver's own cursor: no engine has done it
                if not is_away(error):
                    raise
                self._disconnect()
                if last:
                    raise DatabaseAway from error
        raise AssertionError

    def _read_one(self, bot_id: str) -> BotRecord | None:
        with contextlib.closing(self._cursor()) as cursor:
            row = cursor.execute(_ONE, (bot_id,)).fetchone()
        return None if row is None else record_from(_with_truths(row))

    def _cursor(self, **options: Any) -> Any:
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        connection: Any = self._connection.driver_connection
        return connection.cursor(**options)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.invalidate()


def _with_truths(row: Iterable[Any]) -> list[Any]:
    """SQLite has no truth values of its own."""
    values = list(row)
    for at in _TRUTHS:
        values[at] = bool(values[at])
    return values
