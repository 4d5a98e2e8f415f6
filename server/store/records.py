"""What the store takes and gives: plain frozen values. Instants are microseconds since the Unix epoch (`*_us`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from rollcall.v1 import agent_service_pb2, event_pb2
from server.clock import Clock, SystemClock
from server.domain.state import RECORDING_OPEN, BotState, RecordingState, Standing, TranscriptionState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """How to open a store. `database_url`: sqlite:///path or postgresql://…; SQLite is for one process, PostgreSQL for many."""

    database_url: str
    lease_seconds: float = 10.0
    """A lease ends so long after it was last renewed."""
    attempts: int = 3
    """A bot attends at most so many times when its agents are lost."""
    finish_again_seconds: float = 60.0
    """A recording that could not be finished (a full disk) is tried again after so long, then after ten times as long: `attempts`
    tries in all."""
    launch_timeout_seconds: float = 600.0
    """A bot that no worker takes for so long ends in fatal_error `bot_not_launched`."""
    stage_seconds: float = 60.0
    """A scheduled bot is `staged` so long before its `join_at`."""
    hint_seconds: float = 3.0
    """A bot that nobody claimed is hinted at again after so long, then after twice as long, …"""
    hint_most_seconds: float = 60.0
    """… at most."""
    wait_seconds: float = 5.0
    """Calls wait so long for a database that is away, then raise DatabaseAway."""
    readers: int = 4
    """Threads with a connection each that read (PostgreSQL)."""
    clock: Clock = field(default_factory=SystemClock)
    admin: bool = False
    """True for a short visit beside a running server (`rollcall keys`): does not take the data folder for itself."""

    @property
    def sqlite_path(self) -> Path | None:
        """The database's file, or None for PostgreSQL."""
        prefix = "sqlite:///"
        return Path(self.database_url.removeprefix(prefix)) if self.database_url.startswith(prefix) else None


@dataclass(frozen=True, slots=True)
class OwnWebhooks:
    """Webhooks of one bot: URLs with their triggers, a set of domain.webhooks.BIT each.

    `sealed_secret` becomes the project's secret, which signs for them, where the project has none yet.
    """

    webhooks: tuple[tuple[str, int], ...]
    sealed_secret: bytes


@dataclass(frozen=True, slots=True)
class NewBot:
    """A bot to be stored. Everything is validated and normalised by the caller."""

    project_id: str
    bot_name: str
    meeting_url: str
    platform: int
    """rollcall.v1.Platform."""
    platform_name: str = ""
    settings: bytes = b""
    """A serialised rollcall.v1.BotSettings."""
    record_speech_events: bool = False
    """Whether /participant_events shows who spoke when; the log has it always."""
    record_chat_when_paused: bool = False
    """Whether chat is kept while the recording is paused."""
    webhooks: OwnWebhooks | None = None
    """The bot's own webhooks, which are told instead of the project's."""
    metadata: Mapping[str, str] | None = None
    join_at_us: int | None = None
    deduplication_key: str | None = None
    most_active: int | None = None
    """How many bots that have not ended the project may have, this one included; None for no limit."""


@dataclass(frozen=True, slots=True)
class BotChange:
    """What is to be changed of a bot, validated and normalised by the caller; None: it stays."""

    metadata: dict[str, str] | None = None
    bot_name: str | None = None
    meeting: tuple[str, int, str] | None = None
    """URL, rollcall.v1.Platform, and the platform file's name or an empty text."""
    join_at_us: int | None = None
    settings: bytes = b""
    """A serialised rollcall.v1.BotSettings: each field that it holds replaces the bot's, whole."""
    only_scheduled: tuple[str, ...] = ()
    """Names of the given fields that may be changed only while the bot is scheduled."""


@dataclass(frozen=True, slots=True)
class BotRecord:
    """A bot as it is stored."""

    id: str
    project_id: str
    bot_name: str
    meeting_url: str
    platform: int
    platform_name: str
    metadata_json: str | None
    """The metadata as a JSON object, or None."""
    state: BotState
    recording_state: RecordingState
    transcription_state: TranscriptionState
    before_breakout: BotState | None
    join_at_us: int | None
    deduplication_key: str | None
    state_events: bytes
    """The bot's state events, oldest first, as a serialised rollcall.v1.Bot with only `events`: `bot.MergeFromString(it)`
    appends them, and parts may be concatenated. Kept in the row, so that a list of bots is one statement."""
    created_us: int
    last_sequence: int
    epoch: int
    attempt: int
    worker_id: str | None
    """Who holds the lease."""
    lease_expires_us: int | None
    last_report_number: int
    recording_start_timestamp_ms: int
    recording_impaired: bool
    version: int

    @property
    def etag(self) -> str:
        """Changes whenever something changes that the bot's owner can see or set."""
        return etag_of(self.version)

    @property
    def standing(self) -> Standing:
        """As the transition table sees it."""
        return Standing(self.state, self.recording_state, self.transcription_state, self.before_breakout)

    @property
    def settled(self) -> bool:
        """True once nothing more will be told of it: terminal, its recording not open, and no agent has it any more."""
        return self.worker_id is None and self.standing.settled

    @property
    def wants_worker(self) -> bool:
        """True if a worker can claim it now: then a hint makes sense."""
        return self.worker_id is None and task_of(self.standing) is not None


def etag_of(version: int) -> str:
    """A version as an entity tag, which callers compare and never read."""
    return str(version)


@dataclass(frozen=True, slots=True)
class BotFilter:
    """Which bots a list shows; None or empty for all."""

    meeting_url: str | None = None
    deduplication_key: str | None = None
    states: tuple[BotState, ...] = ()
    join_at_after_us: int | None = None
    join_at_before_us: int | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """All of these must be in the bot's."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list, oldest first; `next` and `previous` are opaque cursors."""

    results: tuple[T, ...]
    next: str | None
    previous: str | None


@dataclass(slots=True)
class StoredEvent:
    """One event of the log, as committed. Shared by all that it is sent to: never change it."""

    project_id: str
    bot_id: str
    sequence: int
    position: int
    kind: int
    """rollcall.v1.EventKind."""
    state: str | None
    """For kind STATE: where the bot is now, in the words of BotState."""
    data: bytes
    """The serialised rollcall.v1.Event."""
    final: bool = False
    """True if the bot was settled with it (a later event, as data_deleted, may still follow). Most bots are settled only when
    their agent lets go, which is no event."""
    metadata_json: str | None = None
    """The bot's metadata when it was committed or read."""
    webhooks: bool = False
    """True for one just committed that a webhook is to be told of."""
    _message: event_pb2.Event | None = None
    _metadata: Mapping[str, str] | None = None

    def message(self) -> event_pb2.Event:
        """The event itself, parsed at most once."""
        if self._message is None:
            self._message = event_pb2.Event.FromString(self.data)
        return self._message

    def metadata(self) -> Mapping[str, str]:
        """The bot's metadata, parsed at most once however many watchers ask."""
        if self._metadata is None:
            self._metadata = json.loads(self.metadata_json) if self.metadata_json else {}
        return self._metadata


class Task(StrEnum):
    """What the holder of a lease has to do."""

    ATTEND = "attend"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a bot. `bot` is as of the claim; `lease_ms` counts from now."""

    bot: BotRecord
    settings: bytes
    """A serialised rollcall.v1.BotSettings. Not part of a BotRecord: an image in it may be 10 MiB."""
    epoch: int
    task: Task
    lease_ms: int
    last_report_number: int
    join_in_ms: int | None = None
    """For a staged bot: milliseconds from now until its `join_at`."""


def task_of(standing: Standing) -> Task | None:
    """What there is to do for a worker, if no other has the bot. A bot that leaves without an agent is led on by the sweep.

    A staged bot is attended already: its worker makes all ready and waits at the door for the time.
    """
    if standing.state is BotState.JOINING or standing.state is BotState.STAGED:
        return Task.ATTEND
    if standing.state is BotState.POST_PROCESSING:
        return Task.FINISH
    if standing.state is BotState.FATAL_ERROR and standing.recording in RECORDING_OPEN:
        return Task.FINISH
    return None


class Outcome(StrEnum):
    """What the sweep did with a bot that needed attention."""

    STAGED = "staged"
    JOIN_REQUESTED = "join_requested"
    AGENT_LOST = "agent_lost"
    FAILED = "failed"
    """fatal_error, `heartbeat_timeout` or `bot_not_launched`."""
    LEFT = "left"
    """It was leaving and nobody runs it."""
    HINT = "hint"
    """Nobody claimed it so far."""
    GAVE_UP_FINISHING = "gave_up_finishing"
    """The recording could not be finished; it is `failed` now."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Attention:
    """One bot that the sweep looked at. `hint`: tell the broker, for it can be claimed now."""

    bot_id: str
    project_id: str
    outcome: Outcome
    hint: bool


@dataclass(frozen=True, slots=True)
class ParticipantRecord:
    """Somebody who is or was in the meeting."""

    id: str
    name: str
    uuid: str
    user_uuid: str | None
    is_host: bool


@dataclass(frozen=True, slots=True)
class RecordingRecord:
    """A bot's recording. `file_path` is relative to the media folder and None before it is finished."""

    id: str
    bot_id: str
    state: RecordingState
    file_path: str | None
    content_type: str | None
    start_timestamp_ms: int
    duration_ms: int
    size_bytes: int
    impaired: bool


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """A wish on its way to the agent."""

    id: str
    bot_id: str
    action: str
    command: agent_service_pb2.Command
    """With its command_id set."""


class Wished(NamedTuple):
    """What a caller wished, and the bot that it was wished of."""

    command: CommandRecord
    bot: BotRecord
