"""Operations that change a bot's own fields, or take it away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, select

from rollcall.v1.bot_settings_pb2 import BotSettings
from server.domain.errors import IllegalTransition
from server.domain.state import BotState
from server.store.batch import Batch
from server.store.records import BotChange, BotRecord
from server.store.rows import BotRow
from server.store.tables import BOT_SETTINGS
from server.store.texts import is_id, meeting_hash, storable
from server.store.writer import Op

_SETTINGS: Final = select(BOT_SETTINGS.c.bot_id, BOT_SETTINGS.c.data).where(
    BOT_SETTINGS.c.bot_id.in_(bindparam("ids", expanding=True))
)


class UpdateBot(Op[BotRecord]):
    """Changes what is given: metadata always, the rest only while the bot is scheduled."""

    def __init__(self, project_id: str, bot_id: str, change: BotChange, etag: str | None) -> None:
        self.bot_ids = (bot_id,)
        self._project_id = project_id
        self._etag = etag
        self.change = change

    @classmethod
    def prepare(cls, batch: Batch, ops: Sequence[UpdateBot]) -> None:
        """Reads the settings that are to be changed."""
        ids = sorted({bot_id for op in ops if op.change.settings for bot_id in op.bot_ids if is_id(bot_id)})
        if ids:
            batch.settings.update((bot_id, bytes(data)) for bot_id, data in batch.connection.execute(_SETTINGS, {"ids": ids}))

    def run(self, batch: Batch) -> BotRecord:
        """Raises NotFound, Changed, IllegalTransition."""
        row, change = batch.bot(self.bot_ids[0], self._project_id, self._etag), self.change
        if change.only_scheduled:
            _require_scheduled(row, f"change its {', '.join(change.only_scheduled)}")
        if change.metadata is not None:
            row.metadata_json = metadata_json(change.metadata)
        if change.bot_name is not None:
            row.bot_name = storable(change.bot_name)
        if change.meeting is not None:
            url, row.platform, row.platform_name = change.meeting
            row.meeting_url = storable(url)
            row.meeting_hash = meeting_hash(row.meeting_url)
        if change.join_at_us is not None:
            row.join_at_us = change.join_at_us
        if change.settings:
            _change_settings(batch, row, change.settings)
        if change.only_scheduled or change.metadata is not None:
            row.changed()
            batch.edit(row)
        return row.record()


class DeleteBot(Op[None]):
    """Takes a scheduled bot away with everything that belongs to it."""

    def __init__(self, project_id: str, bot_id: str, etag: str | None) -> None:
        self.bot_ids = (bot_id,)
        self._project_id = project_id
        self._etag = etag

    def run(self, batch: Batch) -> None:
        """Raises NotFound, Changed, IllegalTransition."""
        row = batch.bot(self.bot_ids[0], self._project_id, self._etag)
        _require_scheduled(row, "be deleted")
        batch.take_away(row)


def metadata_json(metadata: dict[str, str]) -> str:
    """As it is stored."""
    return json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))


def _require_scheduled(row: BotRow, wish: str) -> None:
    if row.state != BotState.SCHEDULED:
        raise IllegalTransition(row.state, f"{wish}; that is possible only while it is scheduled", (BotState.SCHEDULED.value,))


def _change_settings(batch: Batch, row: BotRow, given: bytes) -> None:
    settings, change = BotSettings.FromString(batch.settings.get(row.id, b"")), BotSettings.FromString(given)
    for field, _ in change.ListFields():
        settings.ClearField(field.name)  # type: ignore[arg-type]  # a field of this very message
    settings.MergeFrom(change)
    row.record_speech_events = settings.recording_settings.record_participant_speech_start_stop_events
    row.record_chat_when_paused = settings.recording_settings.record_chat_messages_when_paused
    data = settings.SerializeToString()
    batch.new.changed_settings.append({"bot_id": row.id, "data": data})
    batch.settings[row.id] = data
