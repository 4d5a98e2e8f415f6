"""The store: the one way to the database. Every method is safe to call from the event loop it was opened on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rollcall.v1 import agent_service_pb2, bot_pb2, event_pb2
from server.domain.errors import DatabaseAway, DataFolderInUse, NotFound
from server.domain.ids import random_word
from server.domain.state import SubType, Trigger, carries
from server.domain.wishes import Wish
from server.store import leases, reads, utterances
from server.store.attention import Sweep
from server.store.bot_reader import BotReader
from server.store.bots import CreateBot, MoveBot
from server.store.changes import DeleteBot, UpdateBot
from server.store.commands import AddCommand, FinishCommand
from server.store.engines import FolderLock, is_away, make_engine, why_away
from server.store.log_store import LogStore
from server.store.logins import Logins
from server.store.migrations import migrate
from server.store.once import ForgetAnswers, Once, RequestKey, once_only, recall
from server.store.pages import PageCursor
from server.store.projects import Projects
from server.store.purges import Purges
from server.store.reader import Reader
from server.store.records import (
    Attention,
    BotChange,
    BotFilter,
    BotRecord,
    CommandRecord,
    Lease,
    NewBot,
    Page,
    ParticipantRecord,
    RecordingRecord,
    StoreConfig,
    StoredEvent,
    Wished,
)
from server.store.releases import ReleaseLease
from server.store.reports import StoreReports
from server.store.webhooks import WebhookStore
from server.store.writer import Writer

_PING: Final = text("SELECT 1")


class Store(LogStore):
    """Bots, their log and everything that belongs to them; `projects` has projects and keys, `logins` the accounts with which
    bots sign in, `purges` deletes for good.

    Every method raises DatabaseAway when the database does not answer within `wait_seconds`; what was asked may then have
    been done all the same if the connection broke during the commit. Operations that are given a `project_id` raise NotFound
    where the bot belongs to another project; those that are given `once`, AlreadyAnswered and RequestKeyReused.
    """

    def __init__(self, config: StoreConfig, lock: FolderLock) -> None:
        self._config = config
        self._lock = lock
        self._server_id = random_word()
        self._listeners: list[Callable[[list[StoredEvent]], None]] = []
        self._reader = Reader(make_engine(config, writes=False), config)
        self._bots = BotReader(make_engine(config, writes=False), config)
        self._writer = Writer(make_engine(config, writes=True), config, self._server_id, self._committed)
        self.projects = Projects(self._reader, self._writer, config.clock)
        self.purges = Purges(self._reader, self._writer, config)
        self.logins = Logins(self._reader, self._writer)
        self._deliveries = self._writer
        if config.sqlite_path is None:
            self._deliveries = Writer(make_engine(config, writes=True), config, self._server_id, self._committed)
        self.webhooks = WebhookStore(self._reader, self._writer, self._deliveries)

    # -- Life ----------------------------------------------------------------------------------------------------------

    @classmethod
    async def open(cls, config: StoreConfig) -> Store:
        """Opens the database, bringing its schema up to date.

        Raises DataFolderInUse (SQLite: another process has it), SchemaMismatch (a newer version made it), DatabaseAway.
        """
        store = cls(config, await asyncio.to_thread(_prepare, config))
        try:
            await store.ping()
        except BaseException:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        """Finishes what was asked, then lets go of the database."""
        await self._deliveries.close()
        await self._writer.close()
        await asyncio.to_thread(self._reader.close)
        await asyncio.to_thread(self._bots.close)
        self._lock.release()

    async def ping(self) -> None:
        """Returns when the database answers; raises DatabaseAway. For health checks."""
        await self._reader.run(lambda connection: connection.execute(_PING).scalar_one())

    # -- Bots ----------------------------------------------------------------------------------------------------------

    async def create_bot(self, bot: NewBot, once: Once[BotRecord] | None = None) -> BotRecord:
        """Stores a bot with its first event: `join_requested` (state joining), or `scheduled` without an event if `join_at` is
        given. After it returns, hint the broker if the state is joining. Raises DuplicateKey(bot_id).
        """
        return await self._writer.submit(once_only(CreateBot(bot), once))

    async def get_bot(self, project_id: str | None, bot_id: str) -> BotRecord:
        """One bot; `project_id` None for the server's own eyes. Raises NotFound."""
        record = await self._bots.get(bot_id)
        if record is None or (project_id is not None and record.project_id != project_id):
            raise NotFound("Bot")
        return record

    async def list_bots(
        self, project_id: str, filters: BotFilter | None = None, cursor: str | None = None, limit: int = 25
    ) -> Page[BotRecord]:
        """A page of bots, oldest first. Raises InvalidCursor."""
        place = PageCursor.parse(cursor, (int, str))
        return await self._reader.run(
            lambda connection: reads.read_bots(connection, project_id, filters or BotFilter(), place, limit)
        )

    async def update_bot(self, project_id: str, bot_id: str, change: BotChange, *, etag: str | None = None) -> BotRecord:
        """The bot as changed. Raises NotFound, Changed, and IllegalTransition where it is not scheduled and not only metadata is
        given.
        """
        return await self._writer.submit(UpdateBot(project_id, bot_id, change, etag))

    async def delete_bot(self, project_id: str, bot_id: str, *, etag: str | None = None) -> None:
        """Takes a bot away with all that belongs to it. Raises NotFound, Changed, IllegalTransition unless it is scheduled."""
        await self._writer.submit(DeleteBot(project_id, bot_id, etag))

    async def request_leave(
        self,
        project_id: str | None,
        bot_id: str,
        sub_type: SubType = SubType.USER_REQUESTED,
        *,
        detail: str = "",
        etag: str | None = None,
        once: Once[BotRecord] | None = None,
    ) -> BotRecord:
        """The bot, now `leaving`. Raises NotFound, Changed, IllegalTransition unless it is at the meeting or on its way."""
        move = MoveBot(bot_id, Trigger.LEAVE_REQUESTED, sub_type, detail=detail, project_id=project_id, etag=etag)
        return await self._writer.submit(once_only(move, once))

    async def apply_trigger(
        self, bot_id: str, trigger: Trigger, sub_type: SubType | None = None, *, detail: str = "", epoch: int | None = None
    ) -> BotRecord:
        """Moves a bot. With `epoch`, only under that lease. Raises NotFound, IllegalTransition, LeaseLost, and ValueError for a
        sub type that the trigger does not carry.
        """
        if not carries(trigger, sub_type):
            raise ValueError(f"{trigger} does not carry the sub type {sub_type}")
        return await self._writer.submit(MoveBot(bot_id, trigger, sub_type, detail=detail, epoch=epoch))

    async def recall(self, key: RequestKey) -> None:
        """Raises AlreadyAnswered or RequestKeyReused where a request with this key was carried out; else returns."""
        await self._reader.run(lambda connection: recall(connection, key))

    # -- Leases and what agents say ------------------------------------------------------------------------------------

    async def claim_lease(self, bot_id: str, worker_id: str) -> Lease:
        """A new lease with the next epoch. Raises LeaseNotAvailable (held by anybody, nothing to run, no such bot)."""
        return await self._writer.submit(leases.ClaimLease(bot_id, worker_id))

    async def resume_lease(self, bot_id: str, worker_id: str, epoch: int) -> Lease:
        """The lease already held, renewed. Raises LeaseLost."""
        return await self._writer.submit(leases.ResumeLease(bot_id, worker_id, epoch))

    async def renew_lease(self, bot_id: str, epoch: int) -> int:
        """Renews the lease; gives how long it lasts from now in milliseconds. Raises LeaseLost."""
        return await self._writer.submit(leases.RenewLease(bot_id, epoch))

    async def release_lease(self, bot_id: str, epoch: int, *, hand_over: bool = False, unfinished: str = "") -> BotRecord:
        """Lets go. What is still to be done waits for another worker: hint the broker if `wants_worker`, but not where the
        recording was left `unfinished` (why, in words): then the sweep does it later. Silent where the epoch is already over.
        """
        return await self._writer.submit(ReleaseLease(bot_id, epoch, hand_over=hand_over, unfinished=unfinished))

    async def store_reports(self, bot_id: str, epoch: int, reports: Sequence[agent_service_pb2.Report]) -> int:
        """Stores reports with all that follows from them, in one transaction; renews the lease.

        Gives the number up to which reports of this epoch are stored. Reports already stored are dropped; one that leaves a
        gap is not taken, nor those after it. Raises LeaseLost for an old epoch, NotFound.
        """
        return await self._writer.submit(StoreReports(bot_id, epoch, reports))

    # -- Commands ------------------------------------------------------------------------------------------------------

    async def add_command(
        self,
        project_id: str | None,
        bot_id: str,
        command: agent_service_pb2.Command,
        wish: Wish,
        *,
        etag: str | None = None,
        once: Once[Wished] | None = None,
    ) -> Wished:
        """Stores a wish and its media_request event (REQUESTED); the id is given here. Raises NotFound, Changed,
        IllegalTransition where the bot cannot do it, QuotaExceeded where too many wishes wait already.
        """
        op = AddCommand(project_id, bot_id, command, wish, etag)
        return await self._writer.submit(once_only(op, once))

    async def pending_commands(self, bot_id: str, *, without: Collection[str] = ()) -> list[CommandRecord]:
        """Wishes without a result yet, oldest first; not read are those whose ids are in `without`."""
        return await self._reader.run(lambda connection: reads.read_pending_commands(connection, bot_id, without))

    async def finish_command(self, bot_id: str, epoch: int, result: agent_service_pb2.CommandResult) -> None:
        """Stores a result and its media_request event (DONE or FAILED), once. Raises LeaseLost. Unknown ids are ignored."""
        await self._writer.submit(FinishCommand(bot_id, epoch, result))

    # -- What was seen -------------------------------------------------------------------------------------------------

    async def list_participants(
        self,
        project_id: str,
        bot_id: str,
        *,
        is_host: bool | None = None,
        participant_id: str | None = None,
        cursor: str | None = None,
        limit: int = 25,
    ) -> Page[ParticipantRecord]:
        """A page of participants. Raises NotFound, InvalidCursor."""
        place = PageCursor.parse(cursor, (int,))
        return await self._reader.run(
            lambda connection: reads.read_participants(
                connection, project_id, bot_id, is_host=is_host, participant_id=participant_id, cursor=place, limit=limit
            )
        )

    async def list_participant_events(
        self,
        project_id: str,
        bot_id: str,
        *,
        after_us: int | None = None,
        before_us: int | None = None,
        cursor: str | None = None,
        limit: int = 25,
    ) -> Page[bot_pb2.ParticipantEvent]:
        """A page of participant events; `after_us` and `before_us` are compared with when they happened. Raises NotFound,
        InvalidCursor.
        """
        place = PageCursor.parse(cursor, (int,))
        return await self._reader.run(
            lambda connection: reads.read_participant_events(
                connection, project_id, bot_id, after_us=after_us, before_us=before_us, cursor=place, limit=limit
            )
        )

    async def list_chat_messages(
        self, project_id: str, bot_id: str, *, updated_after_us: int | None = None, cursor: str | None = None, limit: int = 25
    ) -> Page[bot_pb2.ChatMessage]:
        """A page of chat messages; `updated_after_us` is compared with when they were stored. Raises NotFound, InvalidCursor."""
        place = PageCursor.parse(cursor, (int,))
        return await self._reader.run(
            lambda connection: reads.read_chat_messages(
                connection, project_id, bot_id, updated_after_us=updated_after_us, cursor=place, limit=limit
            )
        )

    async def read_transcript(
        self, project_id: str, bot_id: str, *, transcription_id: str | None = None, updated_after_us: int | None = None
    ) -> Sequence[event_pb2.Utterance]:
        """What was said, in the order in which it was begun; only what is final. `transcription_id` None: in the meeting itself.
        `updated_after_us` is compared with when it was stored. Raises NotFound.
        """
        return await self._reader.run(
            lambda connection: utterances.read_transcript(
                connection, project_id, bot_id, transcription_id=transcription_id, updated_after_us=updated_after_us
            )
        )

    async def get_recording(self, project_id: str | None, bot_id: str) -> RecordingRecord:
        """The bot's recording, however far it is. Raises NotFound."""
        return await self._reader.run(lambda connection: reads.read_recording(connection, project_id, bot_id))

    # -- The sweep -----------------------------------------------------------------------------------------------------

    async def sweep(self, *, expire_leases: bool = True, limit: int = 256) -> list[Attention]:
        """Looks after bots whose time has come, at most `limit` of them: `join_at`, expired leases, hints that nobody followed,
        bots that were never launched. Safe with many servers. For the scheduler.
        """
        return await self._writer.submit(Sweep(expire_leases=expire_leases, limit=limit))

    async def tidy(self, most: int = 1000) -> int:
        """Forgets what is kept for a time only, `most` at a time; how much there was. For the scheduler."""
        return await self._writer.submit(ForgetAnswers(most))

    def _committed(self, events: list[StoredEvent]) -> None:
        for listener in self._listeners:
            listener(events)


def _prepare(config: StoreConfig) -> FolderLock:
    """Takes the data folder and brings the schema up to date."""
    path = config.sqlite_path
    lock = FolderLock(path.parent if path is not None else None)
    try:
        lock.take()
    except DataFolderInUse:
        if config.admin:
            return lock  # the server that has the folder has seen to the schema
        raise
    try:
        _migrate(config)
    except BaseException:
        lock.release()
        raise
    if config.admin:
        lock.release()
    return lock


def _migrate(config: StoreConfig) -> None:
    engine = make_engine(config, writes=True, patient=True)
    try:
        with engine.begin() as connection:
            migrate(connection)
    except DBAPIError as error:
        if is_away(error):
            raise DatabaseAway(why_away(error)) from error
        raise
    finally:
        engine.dispose()
