"""What was said: one row an utterance and transcription, written with its event, in place of what was partial before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from rollcall.v1 import event_pb2
from server.domain.errors import NotFound
from server.store.batch import Batch
from server.store.reads import require_bot
from server.store.rows import BotRow
from server.store.tables import UTTERANCE

LIVE: Final = ""
"""The transcription that is made while the meeting goes on; a later one has an id of its own."""
_LATEST_MS: Final = 253_402_300_799_999  # the year 9999: an agent may say anything, a column holds 64 bits
_OF_BOT: Final = (
    select(UTTERANCE.c.data)
    .where(
        UTTERANCE.c.bot_id == bindparam("bot_id"),
        UTTERANCE.c.transcription_id == bindparam("transcription_id"),
        UTTERANCE.c.final,
    )
    .order_by(UTTERANCE.c.timestamp_ms, UTTERANCE.c.sequence)
)
_SINCE: Final = _OF_BOT.where(UTTERANCE.c.updated_us > bindparam("after_us"))


def upsert(insert: Any) -> Any:
    """Later words replace earlier ones, but partial ones never final ones: reports are in order, providers need not be."""
    statement = insert(UTTERANCE)
    given = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["bot_id", "transcription_id", "id"],
        set_={name: given[name] for name in ("timestamp_ms", "updated_us", "final", "data")},
        where=or_(given.final, UTTERANCE.c.final.is_(False)),
    )


UPSERT: Final = {"sqlite": upsert(sqlite.insert), "postgresql": upsert(postgresql.insert)}


def add(batch: Batch, row: BotRow, sequence: int, utterance: event_pb2.Utterance) -> None:
    """Has the utterance of an event stored."""
    batch.new.utterances.append(
        {
            "bot_id": row.id,
            "transcription_id": LIVE,
            "id": utterance.id,
            "sequence": sequence,
            "timestamp_ms": max(0, min(utterance.timestamp_ms, _LATEST_MS)),
            "updated_us": batch.now_us,
            "final": utterance.final,
            "data": utterance.SerializeToString(),
        }
    )


def read_transcript(
    connection: Connection, project_id: str, bot_id: str, *, transcription_id: str | None, updated_after_us: int | None
) -> Sequence[event_pb2.Utterance]:
    """What was said, in the order in which it was begun; only what is final. Raises NotFound."""
    require_bot(connection, project_id, bot_id)
    if transcription_id is not None:
        raise NotFound("Async transcription")  # none is made yet; those that are will be looked for here
    place = {"bot_id": bot_id, "transcription_id": LIVE}
    rows = (
        connection.execute(_OF_BOT, place)
        if updated_after_us is None
        else connection.execute(_SINCE, {**place, "after_us": updated_after_us})
    )
    return [event_pb2.Utterance.FromString(bytes(data)) for (data,) in rows]
