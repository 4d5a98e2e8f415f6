"""Operations on bots: made, moved, told to leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, select, text

from server.domain.errors import DuplicateKey, LeaseLost
from server.domain.ids import new_id
from server.domain.state import BotState, Standing, SubType, Trigger
from server.store import active, moves, outbox
from server.store.batch import Batch
from server.store.changes import metadata_json
from server.store.records import BotRecord, NewBot
from server.store.rows import BotRow
from server.store.tables import BOT, LIVE_SQL
from server.store.texts import key_hash, meeting_hash, storable
from server.store.writer import Op

_HOLDERS: Final = select(BOT.c.project_id, BOT.c.deduplication_hash, BOT.c.id).where(
    BOT.c.project_id.in_(bindparam("project_ids", expanding=True)),
    BOT.c.deduplication_hash.in_(bindparam("hashes", expanding=True)),
    text(LIVE_SQL),
)
"""By project too, for the index begins with it."""


class CreateBot(Op[BotRecord]):
    """Stores a bot and, unless it is scheduled, its `join_requested`."""

    def __init__(self, bot: NewBot) -> None:
        self._bot = bot
        self.project_id = bot.project_id
        self.hash = key_hash(bot.deduplication_key)
        self.limited = None if bot.most_active is None else bot.project_id

    @classmethod
    def prepare(cls, batch: Batch, ops: Sequence[CreateBot]) -> None:
        """Counts bots against limits, and finds who holds the keys. Of keys the unique index has the last word: after a lost race
        the next try sees it here.
        """
        batch.active_bots = active.count(batch.connection, {op.limited for op in ops if op.limited is not None})
        hashes = sorted({op.hash for op in ops if op.hash is not None})
        if hashes:
            asked = {"project_ids": sorted({op.project_id for op in ops if op.hash is not None}), "hashes": hashes}
            for project_id, hash_, bot_id in batch.connection.execute(_HOLDERS, asked):
                batch.key_holders[project_id, hash_] = bot_id

    def run(self, batch: Batch) -> BotRecord:
        """Raises DuplicateKey, QuotaExceeded."""
        bot = self._bot
        row = _new_row(bot, self.hash, batch.now_us)
        if self.hash is not None and (holder := batch.key_holders.get((bot.project_id, self.hash))) is not None:
            raise DuplicateKey(holder)
        if bot.most_active is not None:
            active.take(batch, bot.project_id, bot.most_active)
        if self.hash is not None:
            batch.key_holders[bot.project_id, self.hash] = row.id  # from here on nothing refuses it
        batch.new.bots.append(row)
        if bot.webhooks is not None:
            outbox.add_own(batch, row, bot.webhooks)
        if bot.settings:
            batch.new.settings.append({"bot_id": row.id, "data": bot.settings})
        if bot.join_at_us is None:
            moves.apply(batch, row, Trigger.JOIN_REQUESTED)
        else:
            row.look_again(batch.now_us, batch.config)
        return row.record()


class MoveBot(Op[BotRecord]):
    """Moves a bot by the table."""

    def __init__(
        self,
        bot_id: str,
        trigger: Trigger,
        sub_type: SubType | None,
        *,
        detail: str = "",
        project_id: str | None = None,
        epoch: int | None = None,
        etag: str | None = None,
    ) -> None:
        self.bot_ids = (bot_id,)
        self._trigger = trigger
        self._sub_type = sub_type
        self._detail = detail
        self._project_id = project_id
        self._epoch = epoch
        self._etag = etag

    def run(self, batch: Batch) -> BotRecord:
        """Raises NotFound, Changed, LeaseLost, IllegalTransition."""
        row = batch.bot(self.bot_ids[0], self._project_id, self._etag)
        if self._epoch is not None and (row.worker_id is None or row.epoch != self._epoch):
            raise LeaseLost(self._epoch, row.epoch)
        moves.apply(batch, row, self._trigger, self._sub_type, detail=self._detail)
        return row.record()


def _new_row(bot: NewBot, hash_: str | None, now_us: int) -> BotRow:
    standing = Standing(BotState.READY if bot.join_at_us is None else BotState.SCHEDULED)
    return BotRow(
        id=new_id("bot"),
        project_id=bot.project_id,
        bot_name=storable(bot.bot_name),
        meeting_url=storable(bot.meeting_url),
        meeting_hash=meeting_hash(storable(bot.meeting_url)),
        platform=bot.platform,
        platform_name=bot.platform_name,
        record_speech_events=bot.record_speech_events,
        record_chat_when_paused=bot.record_chat_when_paused,
        webhook_triggers=outbox.union(bot.webhooks),
        metadata_json=metadata_json(dict(bot.metadata)) if bot.metadata else None,
        join_at_us=bot.join_at_us,
        deduplication_key=None if bot.deduplication_key is None else storable(bot.deduplication_key),
        deduplication_hash=hash_,
        created_us=now_us,
        state=standing.state.value,
        recording_state=standing.recording.value,
        transcription_state=standing.transcription.value,
        before_breakout=None,
        state_events=b"",
        recording_start_timestamp_ms=0,
        recording_impaired=False,
        version=1,
        epoch=0,
        attempt=1,
        finish_attempt=1,
        worker_id=None,
        wanted_since_us=None,
        hints=0,
        last_sequence=0,
        last_report_number=0,
        lease_expires_us=None,
        attention_us=None,
    )
