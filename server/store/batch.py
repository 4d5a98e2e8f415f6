"""One transaction of the writer: rows locked in order, changed in memory by operation after operation, written together.

An operation that raises is undone in memory alone, so that it hurts nobody else in the batch. What a batch costs the database
is a handful of statements, however many operations are in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from rollcall.v1 import event_pb2
from server.domain.errors import Changed, NotFound
from server.domain.ids import new_id
from server.store.records import StoreConfig, StoredEvent
from server.store.rows import LOCK_BOT, LOCK_BOTS, BotRow
from server.store.texts import is_id

ANY_ETAG = "*"
"""Fits every bot that is there."""
_SECOND_US = 1_000_000


@dataclass(slots=True)
class NewEvent:
    """An event before it has its position."""

    row: BotRow
    message: event_pb2.Event
    state: str | None


@dataclass(slots=True)
class Rows:
    """What is to be inserted at the batch's end. Lists only, so that undoing is cutting them back."""

    bots: list[BotRow] = field(default_factory=list)
    settings: list[dict[str, Any]] = field(default_factory=list)
    changed_settings: list[dict[str, Any]] = field(default_factory=list)
    taken_away: list[str] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    participants: list[dict[str, Any]] = field(default_factory=list)
    participant_events: list[dict[str, Any]] = field(default_factory=list)
    chat_messages: list[dict[str, Any]] = field(default_factory=list)
    recordings: list[dict[str, Any]] = field(default_factory=list)
    commands: list[dict[str, Any]] = field(default_factory=list)
    finished_commands: list[dict[str, Any]] = field(default_factory=list)
    utterances: list[dict[str, Any]] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    silenced: list[str] = field(default_factory=list)
    purges: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    webhook_secrets: list[dict[str, Any]] = field(default_factory=list)

    def lists(self) -> tuple[list[Any], ...]:
        """All of them."""
        return (
            self.bots,
            self.settings,
            self.changed_settings,
            self.taken_away,
            self.events,
            self.participants,
            self.participant_events,
            self.chat_messages,
            self.recordings,
            self.commands,
            self.finished_commands,
            self.utterances,
            self.emptied,
            self.silenced,
            self.purges,
            self.answers,
            self.webhooks,
            self.webhook_secrets,
        )


class Batch:
    """What the operations of one transaction see and change."""

    def __init__(self, connection: Connection, config: StoreConfig) -> None:
        self.connection = connection
        self.config = config
        self.now_us = config.clock.now_us()
        self.new = Rows()
        self.rows: dict[str, BotRow] = {}
        self.progressed: set[str] = set()
        self.moved: set[str] = set()
        self.edited: set[str] = set()
        self.key_holders: dict[tuple[str, str], str] = {}
        self.settings: dict[str, bytes] = {}
        self.active_bots: dict[str, int] = {}
        self.open_commands: dict[str, tuple[str, str]] = {}
        self.waiting_commands: dict[str, tuple[int, int]] = {}
        self.answers: dict[tuple[str, str], tuple[str, bytes]] = {}
        self._before: dict[str, BotRow] = {}
        self._marks: tuple[int, ...] = ()

    # -- For operations ------------------------------------------------------------------------------------------------

    def bot(self, bot_id: str, project_id: str | None = None, etag: str | None = None) -> BotRow:
        """The row, to be changed. Raises NotFound, also for another project's bot, and Changed where `etag` is not its own."""
        row = self.rows.get(bot_id)
        if row is None or (project_id is not None and row.project_id != project_id):
            raise NotFound("Bot")
        if etag not in {None, ANY_ETAG, row.etag}:
            raise Changed(row.etag)
        if bot_id not in self._before:
            self._before[bot_id] = row.copy()
        return row

    def progress(self, row: BotRow) -> None:
        """Notes that the lease, the numbers or the log of the row went on, and nothing else of it."""
        self.progressed.add(row.id)

    def move(self, row: BotRow) -> None:
        """Notes that anything of the row changed."""
        self.moved.add(row.id)
        row.look_again(self.now_us, self.config)

    def edit(self, row: BotRow) -> None:
        """Notes that what the bot was made with changed, and anything else of it may have."""
        self.edited.add(row.id)
        self.move(row)

    def take_away(self, row: BotRow) -> None:
        """The bot is deleted with all that belongs to it: nobody finds it from here on. The last thing that an operation does."""
        self.new.taken_away.append(row.id)
        del self.rows[row.id], self._before[row.id]

    def event(self, row: BotRow, kind: event_pb2.EventKind.ValueType, *, state: str | None = None) -> event_pb2.Event:
        """A new event of the bot, numbered; the caller sets its payload."""
        row.last_sequence += 1
        self.progressed.add(row.id)
        message = event_pb2.Event(id=new_id("evt"), bot_id=row.id, sequence=row.last_sequence, kind=kind)
        message.created_time.seconds, micros = divmod(self.now_us, _SECOND_US)
        message.created_time.nanos = micros * 1000
        self.new.events.append(NewEvent(row, message, state))
        return message

    # -- For the writer ------------------------------------------------------------------------------------------------

    def lock(self, bot_ids: Sequence[str]) -> None:
        """Loads and locks these rows; ids that do not exist are left out."""
        bot_ids = [bot_id for bot_id in bot_ids if is_id(bot_id)]
        if len(bot_ids) == 1:
            found = self.connection.execute(LOCK_BOT, {"bot_id": bot_ids[0]}).all()
        elif bot_ids:
            found = self.connection.execute(LOCK_BOTS, {"ids": sorted(bot_ids)}).all()
        else:
            return
        self.add_rows(found)

    def add_rows(self, rows: Iterable[Sequence[Any]]) -> list[str]:
        """Takes locked rows in, keeping those that are already held; gives their ids."""
        ids = []
        for values in rows:
            row = BotRow(*values)
            self.rows.setdefault(row.id, row)
            ids.append(row.id)
        return ids

    def begin_operation(self) -> None:
        """Notes where to go back to."""
        self._before = {}
        self._marks = tuple(len(rows) for rows in self.new.lists())

    def undo_operation(self) -> None:
        """Takes back what the operation did since `begin_operation`."""
        for bot_id, before in self._before.items():
            self.rows[bot_id].restore(before)
        for rows, mark in zip(self.new.lists(), self._marks, strict=True):
            del rows[mark:]

    def positioned(self, positions: dict[str, int]) -> list[StoredEvent]:
        """The events with their positions; `positions` holds the last one of each project before this batch."""
        last = {new.row.id: new for new in self.new.events}
        stored = []
        for new in self.new.events:
            row, message = new.row, new.message
            message.position = positions[row.project_id] = positions[row.project_id] + 1
            stored.append(
                StoredEvent(
                    project_id=row.project_id,
                    bot_id=row.id,
                    sequence=message.sequence,
                    position=message.position,
                    kind=message.kind,
                    state=new.state,
                    data=message.SerializeToString(),
                    final=row.settled and last[row.id] is new,
                    metadata_json=row.metadata_json,
                    _message=message,
                )
            )
        return stored
