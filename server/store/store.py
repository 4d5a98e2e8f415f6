"""The store: the one way to the database. Every method is safe to call from the event loop it was opened on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from rollcall.v1 import agent_service_pb2
from server.domain.state import SubType, Trigger
from server.store.records import (
    Attention,
    BotFilter,
    BotRecord,
    CommandRecord,
    KeyRecord,
    Lease,
    NewBot,
    Page,
    ParticipantRecord,
    ProjectRecord,
    RecordingRecord,
    StoreConfig,
    StoredEvent,
)
from rollcall.v1 import bot_pb2


class Store:
    """Bots, their log and everything that belongs to them.

    Every method raises DatabaseAway when the database does not answer within `wait_seconds`; what was asked may then have
    been done all the same if the connection broke during the commit. Operations that are given a `project_id` raise NotFound
    where the bot belongs to another project.
    """

    # -- Life ----------------------------------------------------------------------------------------------------------

    @classmethod
    async def open(cls, config: StoreConfig) -> Store:
        """Opens the database, bringing its schema up to date.

        Raises DataFolderInUse (SQLite: another process has it), SchemaMismatch (a newer version made it), DatabaseAway.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Finishes what was asked, then lets go of the database."""
        raise NotImplementedError

    async def ping(self) -> None:
        """Returns when the database answers; raises DatabaseAway. For health checks."""
        raise NotImplementedError

    # -- Projects and keys ---------------------------------------------------------------------------------------------

    async def create_project(self, name: str) -> ProjectRecord:
        """A new project."""
        raise NotImplementedError

    async def list_projects(self) -> list[ProjectRecord]:
        """All projects, oldest first."""
        raise NotImplementedError

    async def create_key(self, project_id: str, name: str = "") -> tuple[KeyRecord, str]:
        """A new key and, this once, its secret text. Raises NotFound for an unknown project."""
        raise NotImplementedError

    async def list_keys(self, project_id: str | None = None) -> list[KeyRecord]:
        """Keys, oldest first, revoked ones included; of one project or of all."""
        raise NotImplementedError

    async def revoke_key(self, key_id: str) -> KeyRecord:
        """The key, which from now on opens nothing. Raises NotFound."""
        raise NotImplementedError

    async def find_key(self, secret: str) -> KeyRecord | None:
        """The key that has this secret text, unless revoked. Notes its use, at most once a minute. Not cached here."""
        raise NotImplementedError

    # -- Bots ----------------------------------------------------------------------------------------------------------

    async def create_bot(self, bot: NewBot) -> BotRecord:
        """Stores a bot with its first event: `join_requested` (state joining), or `scheduled` without an event if `join_at` is
        given. After it returns, hint the broker if the state is joining. Raises DuplicateKey(bot_id)."""
        raise NotImplementedError

    async def get_bot(self, project_id: str | None, bot_id: str) -> BotRecord:
        """One bot; `project_id` None for the server's own eyes. Raises NotFound."""
        raise NotImplementedError

    async def list_bots(
        self, project_id: str, filters: BotFilter | None = None, cursor: str | None = None, limit: int = 25
    ) -> Page[BotRecord]:
        """A page of bots, oldest first. Raises InvalidCursor."""
        raise NotImplementedError

    async def request_leave(
        self, project_id: str | None, bot_id: str, sub_type: SubType = SubType.USER_REQUESTED, *, detail: str = ""
    ) -> BotRecord:
        """The bot, now `leaving`; a bot already leaving or out is given as it is. Raises NotFound, IllegalTransition."""
        raise NotImplementedError

    async def apply_trigger(
        self, bot_id: str, trigger: Trigger, sub_type: SubType | None = None, *, detail: str = "", epoch: int | None = None
    ) -> BotRecord:
        """Moves a bot. With `epoch`, only under that lease. Raises NotFound, IllegalTransition, LeaseLost, and ValueError for a
        sub type that the trigger does not carry."""
        raise NotImplementedError

    # -- Leases and what agents say ------------------------------------------------------------------------------------

    async def claim_lease(self, bot_id: str, worker_id: str) -> Lease:
        """A new lease with the next epoch. Raises LeaseNotAvailable (held by anybody, nothing to run, no such bot)."""
        raise NotImplementedError

    async def resume_lease(self, bot_id: str, worker_id: str, epoch: int) -> Lease:
        """The lease already held, renewed. Raises LeaseLost."""
        raise NotImplementedError

    async def renew_lease(self, bot_id: str, epoch: int) -> int:
        """Renews the lease; gives how long it lasts from now in milliseconds. Raises LeaseLost."""
        raise NotImplementedError

    async def release_lease(self, bot_id: str, epoch: int, *, hand_over: bool = False) -> BotRecord:
        """Lets go. What is still to be done waits for another worker: hint the broker if `wants_worker(bot)`. Silent where the
        epoch is already over."""
        raise NotImplementedError

    async def store_reports(self, bot_id: str, epoch: int, reports: Sequence[agent_service_pb2.Report]) -> int:
        """Stores reports with all that follows from them, in one transaction; renews the lease.

        Gives the number up to which reports of this epoch are stored. Reports already stored are dropped; one that leaves a
        gap is not taken, nor those after it. Raises LeaseLost for an old epoch, NotFound.
        """
        raise NotImplementedError

    # -- Commands ------------------------------------------------------------------------------------------------------

    async def add_command(
        self, project_id: str | None, bot_id: str, command: agent_service_pb2.Command, action: str
    ) -> CommandRecord:
        """Stores a wish and its media_request event (REQUESTED). `action` as `send_chat_message`; the id is given here.
        Raises NotFound, and IllegalTransition(wish=action) unless the bot is in the meeting."""
        raise NotImplementedError

    async def pending_commands(self, bot_id: str) -> list[CommandRecord]:
        """Wishes without a result yet, oldest first."""
        raise NotImplementedError

    async def finish_command(self, bot_id: str, epoch: int, result: agent_service_pb2.CommandResult) -> None:
        """Stores a result and its media_request event (DONE or FAILED), once. Raises LeaseLost. Unknown ids are ignored."""
        raise NotImplementedError

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
        raise NotImplementedError

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
        InvalidCursor."""
        raise NotImplementedError

    async def list_chat_messages(
        self, project_id: str, bot_id: str, *, updated_after_us: int | None = None, cursor: str | None = None, limit: int = 25
    ) -> Page[bot_pb2.ChatMessage]:
        """A page of chat messages; `updated_after_us` is compared with when they were stored. Raises NotFound, InvalidCursor."""
        raise NotImplementedError

    async def get_recording(self, project_id: str | None, bot_id: str) -> RecordingRecord:
        """The bot's recording, however far it is. Raises NotFound."""
        raise NotImplementedError

    # -- The log -------------------------------------------------------------------------------------------------------

    async def list_bot_events(
        self,
        project_id: str,
        bot_id: str,
        *,
        after_sequence: int = 0,
        kinds: frozenset[int] = frozenset(),
        cursor: str | None = None,
        limit: int = 25,
    ) -> Page[StoredEvent]:
        """A page of one bot's log. Raises NotFound, InvalidCursor."""
        raise NotImplementedError

    async def list_project_events(
        self, project_id: str, *, kinds: frozenset[int] = frozenset(), cursor: str | None = None, limit: int = 25
    ) -> Page[StoredEvent]:
        """A page of the project's log; `cursor` may also be a position of WatchEvents. Raises InvalidCursor."""
        raise NotImplementedError

    async def bot_events_after(self, bot_id: str, sequence: int, limit: int) -> list[StoredEvent]:
        """One bot's events with a higher sequence, in order. For the feed."""
        raise NotImplementedError

    async def project_events_after(self, project_id: str, position: int, limit: int) -> list[StoredEvent]:
        """A project's events with a higher position, in order, without a gap. For the feed."""
        raise NotImplementedError

    async def last_position(self, project_id: str) -> int:
        """The position of the project's newest event, 0 for none. Raises NotFound. For the feed."""
        raise NotImplementedError

    def on_commit(self, listener: Callable[[list[StoredEvent]], None]) -> None:
        """`listener` gets each group commit's events, on the event loop, in the order of commits. For the feed."""
        raise NotImplementedError

    def notifications(self) -> AsyncIterator[frozenset[str] | None]:
        """Projects in which another server committed events; None: any may have (after a reconnect). Never ends, reconnects by
        itself; on SQLite nothing ever comes. For the feed."""
        raise NotImplementedError

    # -- The sweep -----------------------------------------------------------------------------------------------------

    async def sweep(self, *, expire_leases: bool = True, limit: int = 256) -> list[Attention]:
        """Looks after bots whose time has come, at most `limit` of them: `join_at`, expired leases, hints that nobody followed,
        bots that were never launched. Safe with many servers. For the scheduler."""
        raise NotImplementedError
