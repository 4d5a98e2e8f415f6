"""The sweep's operation: bots whose time has come though nobody asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from server.domain.state import TERMINAL, BotState, SubType, Trigger
from server.store import commands, leases, moves
from server.store.batch import Batch
from server.store.records import Attention, Outcome
from server.store.rows import LOCK_DUE, LOCK_DUE_UNHELD, BotRow
from server.store.writer import Op

_SECOND_US: Final = 1_000_000


class Sweep(Op[list[Attention]]):
    """Leads on what is due. Rows that another server holds are skipped, so that several servers share the work."""

    def __init__(self, *, expire_leases: bool, limit: int) -> None:
        self.expire_leases = expire_leases
        self.limit = limit
        self.due: list[str] = []

    @classmethod
    def prepare(cls, batch: Batch, ops: Sequence[Sweep]) -> None:
        """Locks the rows that are due; those that this batch holds already are the same objects."""
        for op in ops:
            statement = LOCK_DUE if op.expire_leases else LOCK_DUE_UNHELD
            rows = batch.connection.execute(statement, {"now_us": batch.now_us, "most": op.limit}).all()
            op.due = batch.add_rows(rows)

    def run(self, batch: Batch) -> list[Attention]:
        """What was done, bot by bot."""
        done = []
        for bot_id in self.due:
            if bot_id not in batch.rows:
                continue  # it has just been deleted
            row = batch.bot(bot_id)
            if row.attention_us is None or row.attention_us > batch.now_us:
                continue  # another operation of this batch has just seen to it
            outcome = _lead_on(batch, row)
            if row.state in TERMINAL:
                commands.give_up(batch, row)
            batch.move(row)
            done.append(Attention(row.id, row.project_id, outcome, row.record().wants_worker))
        return done


def _lead_on(batch: Batch, row: BotRow) -> Outcome:
    state = BotState(row.state)
    if row.worker_id is not None:
        return leases.let_go(batch, row)
    if state is BotState.SCHEDULED or state is BotState.STAGED:
        return _start(batch, row)
    if state is BotState.LEAVING:
        return leases.leave_alone(batch, row)
    return _wait_for_worker(batch, row)


def _start(batch: Batch, row: BotRow) -> Outcome:
    """Stages a scheduled bot when its time is near, so that a worker makes all ready; has it join where the time has come and no
    worker has taken it: one that has taken it says itself when it goes in.
    """
    due = batch.now_us >= (row.join_at_us or 0)
    if row.state == BotState.SCHEDULED:
        moves.apply(batch, row, Trigger.STAGED)
        if not due:
            return Outcome.STAGED
    elif not due:
        row.hinted(batch.now_us, batch.config)
        return Outcome.HINT
    row.wanted_since_us, row.hints = None, 0  # the time in which somebody has to take it begins now
    moves.join(batch, row, batch.now_us)
    return Outcome.JOIN_REQUESTED


def _wait_for_worker(batch: Batch, row: BotRow) -> Outcome:
    """Hints again; a bot that nobody takes for too long fails, pieces of a recording wait on."""
    since_us = row.wanted_since_us or row.created_us
    if row.state == BotState.JOINING and batch.now_us - since_us >= batch.config.launch_timeout_seconds * _SECOND_US:
        moves.apply(batch, row, Trigger.FATAL_ERROR, SubType.BOT_NOT_LAUNCHED, detail="No worker took the bot in time.")
        return Outcome.FAILED
    row.hinted(batch.now_us, batch.config)
    return Outcome.HINT
