"""The one place where a stored bot moves: the table is asked, the row changed and the event written, together."""

from __future__ import annotations

from rollcall.v1 import bot_pb2, event_pb2
from server.domain.state import SubType, Trigger, move
from server.store import words
from server.store.batch import Batch
from server.store.rows import BotRow


def apply(
    batch: Batch,
    row: BotRow,
    trigger: Trigger,
    sub_type: SubType | None = None,
    *,
    detail: str = "",
    late_ms: int | None = None,
    page: event_pb2.PageSeen | None = None,
) -> None:
    """Moves the bot and adds the state event.

    Raises IllegalTransition, and ValueError for a sub type that does not fit; nothing is changed by either.
    """
    old_state = row.state
    row.standing = move(row.standing, trigger, sub_type)
    row.changed()
    event = batch.event(row, event_pb2.EVENT_KIND_STATE, state=row.state)
    change = event.state
    change.type = words.TRIGGER[trigger]
    change.sub_type = words.SUB_TYPE[sub_type]
    change.old_state = words.STATE[old_state]
    change.new_state = words.STATE[row.state]
    change.detail = detail
    change.epoch = row.epoch
    change.recording_state = words.RECORDING[row.recording_state]
    change.transcription_state = words.TRANSCRIPTION[row.transcription_state]
    if late_ms is not None:
        change.late_ms = late_ms
    if page is not None:
        change.page.CopyFrom(page)
    row.state_events += bot_pb2.Bot(
        events=[bot_pb2.BotEvent(type=change.type, created_at=event.created_time, sub_type=change.sub_type)]
    ).SerializeToString()
    batch.move(row)


def join(batch: Batch, row: BotRow, at_us: int) -> None:
    """A scheduled bot's time has come, and it goes in at `at_us`. Raises IllegalTransition unless it is staged."""
    apply(batch, row, Trigger.JOIN_REQUESTED, late_ms=late_ms(row, at_us))


def late_ms(row: BotRow, at_us: int) -> int | None:
    """How late a scheduled bot is, in milliseconds; None for one that was not scheduled."""
    return None if row.join_at_us is None else max(0, at_us - row.join_at_us) // 1000
