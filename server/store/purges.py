"""Data deleted for good: `store.purges`.

A deletion is one transaction for the rows, with a note of what is still to be done: the log, event by event, and the media
folder, which no transaction covers. What stands in the note is done again until it is done, whoever dies meanwhile
(server/purger.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import DBAPIError

from rollcall.v1 import event_pb2
from server.domain.errors import IllegalTransition
from server.domain.state import Trigger, allowed_states
from server.store import moves
from server.store.batch import Batch
from server.store.engines import make_engine
from server.store.once import Once, once_only
from server.store.reader import Reader
from server.store.records import BotRecord, StoreConfig
from server.store.redact import WORDS, redacted
from server.store.tables import DATA_PURGE, EVENT
from server.store.writer import Op, Writer

_log = structlog.get_logger(__name__)

_AT_ONCE: Final = 500
"""Events redacted in one transaction: some 20 ms."""
_SECOND_US: Final = 1_000_000
ROUNDS_S: Final = (0, 60, 3600)
"""The media folder is emptied at once, and again so long after: a worker that is cut off from the server may go on writing until
it notices (agents: `forsaken_s`, 15 minutes)."""
_RETRY_S: Final = 10

_JOB: Final = select(DATA_PURGE).where(DATA_PURGE.c.bot_id == bindparam("bot_id"))
_DUE: Final = (
    select(DATA_PURGE.c.bot_id)
    .where(DATA_PURGE.c.due_us <= bindparam("now_us"))
    .order_by(DATA_PURGE.c.due_us)
    .limit(bindparam("most"))
)
_EVENTS: Final = (
    select(EVENT.c.sequence, EVENT.c.kind, EVENT.c.data)
    .where(EVENT.c.bot_id == bindparam("bot_id"), EVENT.c.sequence > bindparam("after"), EVENT.c.sequence <= bindparam("until"))
    .order_by(EVENT.c.sequence)
    .limit(_AT_ONCE)
)
_REDACT: Final = (
    update(EVENT)
    .where(EVENT.c.bot_id == bindparam("key"), EVENT.c.sequence == bindparam("number"))
    .values(data=bindparam("left"))
)
_GO_ON: Final = update(DATA_PURGE).where(DATA_PURGE.c.bot_id == bindparam("key"))


class DeleteData(Op[BotRecord]):
    """Takes away what a bot that has ended knows of its meeting. Whoever runs it loses the lease."""

    def __init__(self, project_id: str, bot_id: str, etag: str | None) -> None:
        self.bot_ids = (bot_id,)
        self._project_id = project_id
        self._etag = etag

    def run(self, batch: Batch) -> BotRecord:
        """Raises NotFound, Changed, IllegalTransition."""
        row = batch.bot(self.bot_ids[0], self._project_id, self._etag)
        allowed = [state.value for state in allowed_states(Trigger.DATA_DELETED)]
        if row.state not in allowed:
            raise IllegalTransition(row.state, "have its data deleted; that is possible only once it has ended", allowed)
        row.worker_id = row.lease_expires_us = None
        moves.apply(batch, row, Trigger.DATA_DELETED)
        batch.new.emptied.append(row.id)
        _note(batch, row.id, row.last_sequence, words_only=False)
        return row.record()


class DeleteTranscript(Op[None]):
    """Takes away what was said so far."""

    def __init__(self, project_id: str, bot_id: str) -> None:
        self.bot_ids = (bot_id,)
        self._project_id = project_id

    def run(self, batch: Batch) -> None:
        """Raises NotFound."""
        row = batch.bot(self.bot_ids[0], self._project_id)
        if row.state != "data_deleted":  # all is gone already, or about to be
            batch.new.silenced.append(row.id)
            _note(batch, row.id, row.last_sequence, words_only=True)


class RedactEvents(Op[bool]):
    """Redacts the next events of a bot whose purge is noted; True while there are more."""

    alone = True

    def __init__(self, bot_id: str) -> None:
        self.bot_ids = (bot_id,)

    def run(self, batch: Batch) -> bool:
        """Under the bot's row lock, so that several servers each take the next ones."""
        bot_id, connection = self.bot_ids[0], batch.connection
        job = connection.execute(_JOB, {"bot_id": bot_id}).first()
        if job is None or job.after_sequence >= job.until_sequence:
            return False
        place = {"bot_id": bot_id, "after": job.after_sequence, "until": job.until_sequence}
        rows = connection.execute(_EVENTS, place).all()
        left = [
            {"key": bot_id, "number": row.sequence, "left": redacted(event).SerializeToString()}
            for row in rows
            if not job.words_only or row.kind in WORDS
            if not (event := event_pb2.Event.FromString(bytes(row.data))).redacted
        ]
        if left:
            connection.execute(_REDACT, left)
        more = len(rows) == _AT_ONCE
        reached = rows[-1].sequence if more else job.until_sequence
        connection.execute(_GO_ON.values(after_sequence=reached), {"key": bot_id})
        return more


class EndRound(Op[None]):
    """Notes that all was done that can be done now, or (`done` False) that it is to be tried again soon."""

    def __init__(self, bot_id: str, *, done: bool) -> None:
        self.bot_ids = (bot_id,)
        self._done = done

    def run(self, batch: Batch) -> None:
        """The last round takes the note away."""
        bot_id, connection = self.bot_ids[0], batch.connection
        job = connection.execute(_JOB, {"bot_id": bot_id}).first()
        if job is None:
            return
        rounds = job.rounds + self._done
        if rounds >= (1 if job.words_only else len(ROUNDS_S)) and job.after_sequence >= job.until_sequence:
            connection.execute(DATA_PURGE.delete().where(DATA_PURGE.c.bot_id == bot_id))
            return
        wait_s = ROUNDS_S[min(rounds, len(ROUNDS_S) - 1)] if self._done else _RETRY_S
        values = {"rounds": rounds, "due_us": batch.now_us + wait_s * _SECOND_US}
        connection.execute(_GO_ON.values(**values), {"key": bot_id})


def _note(batch: Batch, bot_id: str, until_sequence: int, *, words_only: bool) -> None:
    batch.new.purges.append(
        {
            "bot_id": bot_id,
            "words_only": words_only,
            "after_sequence": 0,
            "until_sequence": until_sequence,
            "rounds": 0,
            "due_us": batch.now_us,
        }
    )


class Purges:
    """As Store: every method raises DatabaseAway."""

    def __init__(self, reader: Reader, writer: Writer, config: StoreConfig) -> None:
        self._reader = reader
        self._writer = writer
        self._config = config

    async def delete_data(
        self, project_id: str, bot_id: str, *, etag: str | None = None, once: Once[BotRecord] | None = None
    ) -> BotRecord:
        """The bot, now `data_deleted`; its rows are gone, the rest is noted. Raises NotFound, Changed, IllegalTransition."""
        return await self._writer.submit(once_only(DeleteData(project_id, bot_id, etag), once))

    async def delete_transcript(self, project_id: str, bot_id: str) -> None:
        """What was said so far is gone, the log's part is noted. Raises NotFound."""
        await self._writer.submit(DeleteTranscript(project_id, bot_id))

    async def due(self, limit: int = 100) -> Sequence[str]:
        """Bots of which something is to be done now."""
        now_us = self._config.clock.now_us()
        return await self._reader.run(lambda connection: _read_due(connection, now_us, limit))

    async def wants_media_gone(self, bot_id: str) -> bool:
        """Whether a purge is noted that takes the media folder too."""
        return await self._reader.run(lambda connection: _read_wants_media_gone(connection, bot_id))

    async def redact(self, bot_id: str) -> bool:
        """Redacts the next events; True while there are more."""
        return await self._writer.submit(RedactEvents(bot_id))

    async def end_round(self, bot_id: str, *, done: bool) -> None:
        """As EndRound."""
        await self._writer.submit(EndRound(bot_id, done=done))

    async def scrub(self) -> bool:
        """Has what was deleted leave the database's files too. False: somebody reads just now, so try again.

        SQLite overwrites what is deleted (`secure_delete`), and its write-ahead log goes here. PostgreSQL overwrites deleted rows
        when it next vacuums, by itself.
        """
        return self._config.sqlite_path is None or await asyncio.to_thread(self._checkpoint)

    def _checkpoint(self) -> bool:
        engine = make_engine(self._config, writes=False)
        try:
            with engine.connect() as connection:
                busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
                return not busy
        except DBAPIError as error:
            _log.warning("scrub_put_off", error=type(error.orig).__name__)
            return False
        finally:
            engine.dispose()


def _read_due(connection: Connection, now_us: int, limit: int) -> list[str]:
    return list(connection.execute(_DUE, {"now_us": now_us, "most": limit}).scalars())


def _read_wants_media_gone(connection: Connection, bot_id: str) -> bool:
    job = connection.execute(_JOB, {"bot_id": bot_id}).first()
    return job is not None and not job.words_only
