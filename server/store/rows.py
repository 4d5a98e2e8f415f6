"""A bot's row while a transaction holds it: loaded under its lock, changed in memory, written once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from sqlalchemy import bindparam, select, update

from server.domain.state import RECORDING_OPEN, TERMINAL, BotState, RecordingState, Standing, TranscriptionState
from server.store.records import BotRecord, StoreConfig, etag_of, task_of
from server.store.tables import BOT

_SECOND_US = 1_000_000


@dataclass(slots=True)
class BotRow:
    """One row of the table `bot`: the fields are its columns, in its order. Only the writer's thread touches it."""

    id: str
    project_id: str
    bot_name: str
    meeting_url: str
    meeting_hash: str
    platform: int
    platform_name: str
    record_speech_events: bool
    record_chat_when_paused: bool
    webhook_triggers: int
    metadata_json: str | None
    join_at_us: int | None
    deduplication_key: str | None
    deduplication_hash: str | None
    created_us: int
    state: str
    recording_state: str
    transcription_state: str
    before_breakout: str | None
    state_events: bytes
    recording_start_timestamp_ms: int
    recording_impaired: bool
    version: int
    epoch: int
    attempt: int
    finish_attempt: int
    worker_id: str | None
    wanted_since_us: int | None
    hints: int
    last_sequence: int
    last_report_number: int
    lease_expires_us: int | None
    attention_us: int | None

    def copy(self) -> BotRow:
        """As it is now, to go back to."""
        return replace(self)

    def restore(self, before: BotRow) -> None:
        """Goes back; the object stays the same, for events hold on to it."""
        for name in FIELDS:
            setattr(self, name, getattr(before, name))

    def values(self) -> dict[str, Any]:
        """For an insert."""
        return {name: getattr(self, name) for name in FIELDS}

    def changes(self, names: Iterable[str]) -> dict[str, Any]:
        """For an update of these columns."""
        values = {name: getattr(self, name) for name in names}
        values["key"] = self.id
        return values

    @property
    def standing(self) -> Standing:
        """As the transition table sees it."""
        return Standing(
            BotState(self.state),
            RecordingState(self.recording_state),
            TranscriptionState(self.transcription_state),
            BotState(self.before_breakout) if self.before_breakout else None,
        )

    @standing.setter
    def standing(self, standing: Standing) -> None:
        self.state = standing.state.value
        self.recording_state = standing.recording.value
        self.transcription_state = standing.transcription.value
        self.before_breakout = standing.before_breakout.value if standing.before_breakout else None

    @property
    def settled(self) -> bool:
        """True once nothing more will be told of it."""
        if self.worker_id is not None or self.state not in TERMINAL:
            return False
        return self.state != BotState.FATAL_ERROR or self.recording_state not in RECORDING_OPEN

    def record(self) -> BotRecord:
        """What callers get."""
        return record_from([getattr(self, name) for name in RECORD_FIELDS])

    @property
    def etag(self) -> str:
        """As BotRecord's."""
        return etag_of(self.version)

    def changed(self) -> None:
        """Notes that something changed which the bot's owner can see or set: its entity tag is another one now."""
        self.version += 1

    def look_again(self, now_us: int, config: StoreConfig) -> None:
        """Sets when the sweep has to look at this bot though nobody asks. To be called after every change of state or lease."""
        wanted = self.worker_id is None and task_of(self.standing) is not None
        if not wanted:
            self.wanted_since_us, self.hints = None, 0
        if self.state == BotState.SCHEDULED and self.join_at_us is not None:
            self.attention_us = self.join_at_us - round(config.stage_seconds * _SECOND_US)
        elif self.worker_id is not None:
            self.attention_us = self.lease_expires_us
        elif self.state == BotState.LEAVING:
            self.attention_us = now_us
        elif not wanted:
            self.attention_us = None
        elif self.wanted_since_us is None:
            self.wanted_since_us = now_us
            self.attention_us = self._not_after_join_at(now_us + round(config.hint_seconds * _SECOND_US))

    def hinted(self, now_us: int, config: StoreConfig) -> None:
        """Notes a further hint and when the next one is due: each wait is twice the one before, up to a bound."""
        self.hints = min(self.hints + 1, 16)
        wait_s = min(config.hint_seconds * 2**self.hints, config.hint_most_seconds)
        self.attention_us = self._not_after_join_at(now_us + round(wait_s * _SECOND_US))

    def _not_after_join_at(self, at_us: int) -> int:
        """A staged bot that nobody took is looked at when its time comes, whenever the next hint is due."""
        return at_us if self.state != BotState.STAGED or self.join_at_us is None else min(at_us, self.join_at_us)


FIELDS: Final = tuple(field.name for field in fields(BotRow))
PROGRESS_FIELDS: Final = ("last_sequence", "last_report_number", "lease_expires_us", "attention_us")
"""What a heartbeat or an ordinary report changes; PostgreSQL then need not look at the rest."""
MOVE_FIELDS: Final = FIELDS[FIELDS.index("metadata_json") :]
"""All that can change by itself."""

EDIT_FIELDS: Final = FIELDS[FIELDS.index("bot_name") :]
"""And what a scheduled bot's owner can change."""

RECORD_FIELDS: Final = tuple(field.name for field in fields(BotRecord))
RECORD_COLUMNS: Final = tuple(BOT.c[name] for name in RECORD_FIELDS)
_STATE, _RECORDING, _TRANSCRIPTION, _BREAKOUT = (
    RECORD_FIELDS.index(name) for name in ("state", "recording_state", "transcription_state", "before_breakout")
)


def record_from(row: Iterable[Any]) -> BotRecord:
    """A record from the values of RECORD_COLUMNS."""
    values = list(row)
    values[_STATE] = BotState(values[_STATE])
    values[_RECORDING] = RecordingState(values[_RECORDING])
    values[_TRANSCRIPTION] = TranscriptionState(values[_TRANSCRIPTION])
    if values[_BREAKOUT] is not None:
        values[_BREAKOUT] = BotState(values[_BREAKOUT])
    return BotRecord(*values)


ROW_COLUMNS: Final = tuple(BOT.c[name] for name in FIELDS)
LOCK_BOTS: Final = (
    select(*ROW_COLUMNS).where(BOT.c.id.in_(bindparam("ids", expanding=True))).order_by(BOT.c.id).with_for_update(key_share=True)
)
"""Rows in the order of their ids, so that two servers never wait for each other in a circle."""
LOCK_BOT: Final = select(*ROW_COLUMNS).where(BOT.c.id == bindparam("bot_id")).with_for_update(key_share=True)
LOCK_DUE: Final = (
    select(*ROW_COLUMNS)
    .where(BOT.c.attention_us.is_not(None), BOT.c.attention_us <= bindparam("now_us"))
    .order_by(BOT.c.attention_us)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, key_share=True)
)
LOCK_DUE_UNHELD: Final = LOCK_DUE.where(BOT.c.worker_id.is_(None))
UPDATE_MOVED: Final = update(BOT).where(BOT.c.id == bindparam("key")).values({name: bindparam(name) for name in MOVE_FIELDS})
UPDATE_EDITED: Final = update(BOT).where(BOT.c.id == bindparam("key")).values({name: bindparam(name) for name in EDIT_FIELDS})
UPDATE_PROGRESS: Final = (
    update(BOT).where(BOT.c.id == bindparam("key")).values({name: bindparam(name) for name in PROGRESS_FIELDS})
)
