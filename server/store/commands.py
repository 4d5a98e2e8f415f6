"""Operations on commands: a caller's wish, its way to the agent, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, func, select

from rollcall.v1 import agent_service_pb2, event_pb2
from server.domain.errors import QuotaExceeded
from server.domain.ids import new_id
from server.domain.wishes import Wish, require
from server.store import leases
from server.store.batch import Batch
from server.store.records import CommandRecord, Wished
from server.store.rows import BotRow
from server.store.tables import COMMAND
from server.store.texts import is_id
from server.store.writer import Op

_OPEN: Final = select(COMMAND.c.id, COMMAND.c.bot_id, COMMAND.c.action).where(
    COMMAND.c.id.in_(bindparam("ids", expanding=True)), COMMAND.c.done.is_(None)
)

_OPEN_OF_BOT: Final = (
    select(COMMAND.c.id, COMMAND.c.action)
    .where(COMMAND.c.bot_id == bindparam("bot_id"), COMMAND.c.done.is_(None))
    .order_by(COMMAND.c.sequence)
)

_WAITING: Final = (
    select(COMMAND.c.bot_id, func.count(), func.sum(func.length(COMMAND.c.data)))
    .where(COMMAND.c.bot_id.in_(bindparam("ids", expanding=True)), COMMAND.c.done.is_(None))
    .group_by(COMMAND.c.bot_id)
)
MOST_WAITING: Final = 100
"""Wishes of one bot without a result yet."""
MOST_WAITING_BYTES: Final = 64 << 20
"""What they may hold together, sounds and pictures most of it."""


def give_up(batch: Batch, row: BotRow) -> None:
    """Says of every open wish of a bot that no agent has any more that nobody can carry it out; of this batch's wishes too."""
    stored = batch.connection.execute(_OPEN_OF_BOT, {"bot_id": row.id}).all()
    added = [(command["id"], command["action"]) for command in batch.new.commands if command["bot_id"] == row.id]
    finished = {command["key"] for command in batch.new.finished_commands}
    for command_id, action in (*stored, *added):
        if command_id in finished:
            continue
        batch.new.finished_commands.append({"key": command_id, "done": False})
        state = event_pb2.MEDIA_REQUEST_STATE_FAILED
        detail = "The bot had left the meeting."
        _tell(batch, row, event_pb2.MediaRequest(command_id=command_id, action=action, state=state, detail=detail))


class AddCommand(Op[Wished]):
    """Stores a wish with its event; the bot's Attend session sees the event and sends the wish."""

    def __init__(
        self, project_id: str | None, bot_id: str, command: agent_service_pb2.Command, wish: Wish, etag: str | None = None
    ) -> None:
        self.bot_ids = (bot_id,)
        self._project_id = project_id
        self._command = command
        self._wish = wish
        self._etag = etag

    @classmethod
    def prepare(cls, batch: Batch, ops: Sequence[AddCommand]) -> None:
        """Counts what their bots have still to do."""
        ids = sorted({bot_id for op in ops for bot_id in op.bot_ids if is_id(bot_id)})
        for bot_id, count, size in batch.connection.execute(_WAITING, {"ids": ids}):
            batch.waiting_commands[bot_id] = (count, size)

    def run(self, batch: Batch) -> Wished:
        """Raises NotFound, Changed, IllegalTransition where the bot cannot do it, QuotaExceeded."""
        row = batch.bot(self.bot_ids[0], self._project_id, self._etag)
        require(row.state, self._wish)
        count, size = batch.waiting_commands.get(row.id, (0, 0))
        _check_room(count, size + self._command.ByteSize())
        batch.waiting_commands[row.id] = (count + 1, size + self._command.ByteSize())
        command = agent_service_pb2.Command()
        command.CopyFrom(self._command)
        command.command_id = new_id("cmd")
        sequence = _tell(
            batch,
            row,
            event_pb2.MediaRequest(
                command_id=command.command_id, action=self._wish, state=event_pb2.MEDIA_REQUEST_STATE_REQUESTED
            ),
        )
        batch.new.commands.append(
            {
                "id": command.command_id,
                "bot_id": row.id,
                "sequence": sequence,
                "action": self._wish.value,
                "data": command.SerializeToString(),
                "created_us": batch.now_us,
                "done": None,
            }
        )
        return Wished(CommandRecord(command.command_id, row.id, self._wish.value, command), row.record())


def _check_room(count: int, size: int) -> None:
    if count < MOST_WAITING and size <= MOST_WAITING_BYTES:
        return
    limit = f"{MOST_WAITING} wishes" if count >= MOST_WAITING else f"wishes of {MOST_WAITING_BYTES >> 20} MiB together"
    raise QuotaExceeded(
        f"The bot has still to do what it was asked for before: at most {limit} may wait. Its media_request events say when.",
        subject="bot",
        retry_after_s=1.0,
    )


class FinishCommand(Op[None]):
    """Stores what became of a wish, once."""

    def __init__(self, bot_id: str, epoch: int, result: agent_service_pb2.CommandResult) -> None:
        self.bot_ids = (bot_id,)
        self._epoch = epoch
        self.result = result

    @classmethod
    def prepare(cls, batch: Batch, ops: Sequence[FinishCommand]) -> None:
        """Finds which of them have no result yet."""
        ids = sorted({op.result.command_id for op in ops if is_id(op.result.command_id)})
        for command_id, bot_id, action in batch.connection.execute(_OPEN, {"ids": ids}):
            batch.open_commands[command_id] = (bot_id, action)

    def run(self, batch: Batch) -> None:
        """Raises NotFound, LeaseLost."""
        row = leases.held(batch.bot(self.bot_ids[0]), self._epoch)
        result = self.result
        bot_id, action = batch.open_commands.get(result.command_id, ("", ""))
        if bot_id != row.id:
            return
        del batch.open_commands[result.command_id]
        batch.new.finished_commands.append({"key": result.command_id, "done": result.done})
        state = event_pb2.MEDIA_REQUEST_STATE_DONE if result.done else event_pb2.MEDIA_REQUEST_STATE_FAILED
        request = event_pb2.MediaRequest(command_id=result.command_id, action=action, state=state, detail=result.detail)
        _tell(batch, row, request)


def _tell(batch: Batch, row: BotRow, request: event_pb2.MediaRequest) -> int:
    event = batch.event(row, event_pb2.EVENT_KIND_MEDIA_REQUEST)
    event.media_request.CopyFrom(request)
    return event.sequence
