"""The one thread that writes: takes what waits, up to 256 operations, and commits it in one transaction.

A commit costs the same for one operation as for 256, so the more there is to do the cheaper each becomes; nobody waits for a
timer. Operations are small objects: `bot_ids` says which rows are locked for them, `run` changes those rows in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from server.domain.errors import DatabaseAway, DomainError
from server.store.batch import Batch
from server.store.engines import is_away, may_work_again, why_away
from server.store.flush import flush
from server.store.outbox import Outbox
from server.store.records import StoreConfig, StoredEvent

_log = structlog.get_logger(__name__)

T = TypeVar("T")
MOST_IN_A_BATCH: Final = 256
_MOST_TRIES: Final = 5
_PAUSE_S: Final = 0.2


class Op(Generic[T]):
    """One thing to be done in a transaction.

    `run` decides first and changes then; whatever it raises undoes it and goes to its caller. It may be run again, when the
    transaction failed for another's sake.
    """

    bot_ids: Sequence[str] = ()
    """The rows it needs; those that do not exist are missed by `Batch.bot`, not here."""
    alone: ClassVar[bool] = False
    """Whether it wants a transaction of its own, as one does that locks other rows than those of bots as it runs: what a batch
    locks for one operation after the other is in no order, so that two servers could wait for each other in a circle.
    """

    def parts(self) -> Iterable[Op[Any]]:
        """What has to be prepared: the operation, and those that it carries out."""
        return (self,)

    @classmethod
    def prepare(cls, batch: Batch, ops: Sequence[Any]) -> None:
        """Reads, and locks in order, what the operations of this kind need besides their rows, for all of them at once."""

    def run(self, batch: Batch) -> T:
        """Does it; gives what the caller gets once the transaction is committed."""
        raise NotImplementedError


@dataclass(slots=True)
class _Entry:
    op: Op[Any]
    future: asyncio.Future[Any]
    deadline: float
    result: Any = None
    error: BaseException | None = None
    tries: int = 0


class _CommitUnknown(Exception):  # noqa: N818 - a fact about a commit, not a kind of failure of ours
    """The connection broke while the commit was under way."""


class Writer:
    """Runs operations in the order they come. One a process; made and closed on the event loop that uses it."""

    def __init__(
        self, engine: Engine, config: StoreConfig, server_id: str, on_events: Callable[[list[StoredEvent]], None]
    ) -> None:
        self._engine = engine
        self._config = config
        self._server_id = server_id
        self._on_events = on_events
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._outbox = Outbox()
        self._closed = False
        self._away = False
        self._why = ""
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, op: Op[T]) -> asyncio.Future[T]:
        """Puts an operation into line. The future gets its result after the commit, its own error, or DatabaseAway."""
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            future.set_exception(DatabaseAway())
        else:
            self._waiting.put(_Entry(op, future, time.monotonic() + self._config.wait_seconds))
        return future

    async def close(self) -> None:
        """Does what is in line, then ends the thread."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    # -- In the thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        open_ = True
        while open_:
            entries, open_ = self._take()
            for together in _transactions(entries):
                self._settle(together)
        self._disconnect()

    def _take(self) -> tuple[list[_Entry], bool]:
        """Waits for the first entry, takes what else is there. False: the writer is closed."""
        entry = self._waiting.get()
        entries: list[_Entry] = []
        while entry is not None:
            entries.append(entry)
            if len(entries) >= MOST_IN_A_BATCH:
                return entries, True
            try:
                entry = self._waiting.get_nowait()
            except queue.Empty:
                return entries, True
        return entries, False

    def _settle(self, entries: list[_Entry]) -> None:
        """Gives every entry its result or error, whatever happens."""
        if self._away:
            entries = self._give_up_expired(entries)
            if not entries:
                return
        try:
            events = self._commit(entries)
        except _CommitUnknown:
            self._fail(entries, DatabaseAway())
        except Exception as error:  # noqa: BLE001 - every future must be settled, and the thread must live on
            self._disconnect_after(error)
            self._settle_failed(entries, error)
        else:
            self._deliver(entries, events)

    def _settle_failed(self, entries: list[_Entry], error: Exception) -> None:
        for entry in entries:
            entry.tries += 1
        if is_away(error):
            self._away, self._why = True, why_away(error)
            waiting = self._give_up_expired(entries)
            if waiting:
                time.sleep(_PAUSE_S)
                self._settle(waiting)
        elif may_work_again(error) and entries[0].tries < _MOST_TRIES:
            self._settle(entries)
        elif len(entries) > 1:
            for entry in entries:
                entry.tries = 0
                self._settle([entry])
        elif isinstance(error, IntegrityError) and entries[0].tries < _MOST_TRIES:
            self._settle(entries)  # a race for a key with another server: on the next try the operation sees who won
        else:
            _tell(_log.error, "operation_failed", operation=type(entries[0].op).__name__, error=type(error).__name__)
            self._fail(entries, error)

    def _give_up_expired(self, entries: list[_Entry]) -> list[_Entry]:
        """Fails those that waited long enough; gives the others."""
        now = time.monotonic()
        expired = [entry for entry in entries if entry.deadline <= now]
        if expired:
            _tell(_log.warning, "database_away", operations=len(expired), why=self._why)
        self._fail(expired, DatabaseAway())
        return [entry for entry in entries if entry.deadline > now]

    def _commit(self, entries: list[_Entry]) -> list[StoredEvent]:
        connection = self._connect()
        transaction = connection.begin()
        try:
            batch = Batch(connection, self._config)
            batch.lock(list({bot_id: None for entry in entries for bot_id in entry.op.bot_ids}))
            _prepare(batch, [entry.op for entry in entries])
            for entry in entries:
                _run_one(batch, entry)
            events = flush(batch, self._server_id, self._outbox)
        except BaseException:
            with contextlib.suppress(Exception):
                transaction.rollback()
            raise
        try:
            transaction.commit()
        except Exception as error:
            self._disconnect()
            if is_away(error) and connection.dialect.name != "sqlite":
                raise _CommitUnknown from error
            raise
        self._away = False
        return events

    def _deliver(self, entries: list[_Entry], events: list[StoredEvent]) -> None:
        self._on_loop(self._resolve, entries, events)

    def _fail(self, entries: list[_Entry], error: BaseException) -> None:
        for entry in entries:
            entry.error = error
        if entries:
            self._on_loop(self._resolve, entries, [])

    def _on_loop(self, callback: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback, *arguments)

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.invalidated or self._connection.closed:
            self._disconnect()
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect_after(self, error: Exception) -> None:
        if is_away(error):
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None

    # -- On the loop ---------------------------------------------------------------------------------------------------

    def _resolve(self, entries: Iterable[_Entry], events: list[StoredEvent]) -> None:
        if events:
            self._on_events(events)
        for entry in entries:
            if entry.future.done():
                continue  # its caller went away
            if entry.error is not None:
                entry.future.set_exception(entry.error)
            else:
                entry.future.set_result(entry.result)


def _tell(log: Callable[..., Any], event: str, **fields: Any) -> None:
    """Logs. Where that fails (a full disk, a closed stderr) the thread must live on: its callers would wait for ever."""
    with contextlib.suppress(Exception):
        log(event, **fields)


def _transactions(entries: list[_Entry]) -> Iterator[list[_Entry]]:
    """The entries in their order, as they are committed together."""
    together: list[_Entry] = []
    for entry in entries:
        if any(part.alone for part in entry.op.parts()):
            if together:
                yield together
            yield [entry]
            together = []
        else:
            together.append(entry)
    if together:
        yield together


def _prepare(batch: Batch, ops: list[Op[Any]]) -> None:
    """Those that inherit one `prepare` are prepared together, whatever their kinds are: so it can lock for all in order."""
    kinds: dict[type[Op[Any]], list[Op[Any]]] = {}
    for op in ops:
        for part in op.parts():
            kinds.setdefault(_preparer(type(part)), []).append(part)
    for kind, same in kinds.items():
        kind.prepare(batch, same)


def _preparer(kind: type[Op[Any]]) -> type[Op[Any]]:
    return next(one for one in kind.__mro__ if "prepare" in vars(one))


def _run_one(batch: Batch, entry: _Entry) -> None:
    entry.result = entry.error = None
    batch.begin_operation()
    try:
        entry.result = entry.op.run(batch)
    except DomainError as error:
        batch.undo_operation()
        entry.error = error
