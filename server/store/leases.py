"""Operations on leases: the right to run a bot, fenced by an epoch. And what follows when an agent is lost."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import bindparam, select

from server.domain.errors import LeaseLost, LeaseNotAvailable, NotFound
from server.domain.state import ATTENDING, RECORDING_OPEN, BotState, RecordingState, SubType, Trigger
from server.domain.wishes import Wish
from server.store import moves, recordings
from server.store.batch import Batch
from server.store.records import Lease, Outcome, StoreConfig, Task, task_of
from server.store.rows import BotRow
from server.store.tables import BOT_SETTINGS, COMMAND
from server.store.writer import Op

_BEFORE_AND_AFTER = {BotState.STAGED, BotState.LEAVING}
_SETTINGS = select(BOT_SETTINGS.c.data).where(BOT_SETTINGS.c.bot_id == bindparam("bot_id"))
_LAST_OF_PAUSES = (
    select(COMMAND.c.action)
    .where(
        COMMAND.c.bot_id == bindparam("bot_id"),
        COMMAND.c.done.is_(None),
        COMMAND.c.action.in_([Wish.PAUSE_RECORDING.value, Wish.RESUME_RECORDING.value]),
    )
    .order_by(COMMAND.c.sequence.desc())
    .limit(1)
)

_LONGER_EACH_TIME = 10


def lease_us(config: StoreConfig) -> int:
    """How long a lease lasts, in microseconds."""
    return round(config.lease_seconds * 1_000_000)


def held(row: BotRow, epoch: int) -> BotRow:
    """The row. Raises LeaseLost unless this epoch's lease is held; one that is overdue and not yet taken away still is."""
    if row.worker_id is None or row.epoch != epoch:
        raise LeaseLost(epoch, row.epoch)
    return row


def renew(batch: Batch, row: BotRow) -> None:
    """The lease lasts a whole time from now."""
    row.lease_expires_us = row.attention_us = batch.now_us + lease_us(batch.config)
    batch.progress(row)


class ClaimLease(Op[Lease]):
    """A new lease with the next epoch. A worker that has it and said nothing yet may claim it again: the answer was lost with the
    server that gave it, or on its way. The epoch is another one all the same, for what is left of the first stream.
    """

    def __init__(self, bot_id: str, worker_id: str) -> None:
        self.bot_ids = (bot_id,)
        self._worker_id = worker_id

    def run(self, batch: Batch) -> Lease:
        """Raises LeaseNotAvailable."""
        try:
            row = batch.bot(self.bot_ids[0])
        except NotFound as error:
            raise LeaseNotAvailable("There is no such bot; forget it.") from error
        task = task_of(row.standing)
        unheard = row.worker_id == self._worker_id and row.last_report_number == 0
        if task is None or not (row.worker_id is None or unheard):
            raise LeaseNotAvailable("The bot is run by another worker, or there is nothing to run; forget it.")
        settings = _settings(batch, row)
        row.epoch += 1
        row.worker_id = self._worker_id
        row.last_report_number = 0
        row.lease_expires_us = batch.now_us + lease_us(batch.config)
        batch.move(row)
        return _lease(batch, row, task, settings)


class ResumeLease(Op[Lease]):
    """The lease already held, renewed."""

    def __init__(self, bot_id: str, worker_id: str, epoch: int) -> None:
        self.bot_ids = (bot_id,)
        self._worker_id = worker_id
        self._epoch = epoch

    def run(self, batch: Batch) -> Lease:
        """Raises LeaseLost."""
        try:
            row = held(batch.bot(self.bot_ids[0]), self._epoch)
        except NotFound as error:
            raise LeaseLost(self._epoch) from error
        if row.worker_id != self._worker_id:
            raise LeaseLost(self._epoch, row.epoch)
        settings = _settings(batch, row)
        renew(batch, row)
        state = BotState(row.state)
        task = Task.ATTEND if state in ATTENDING or state in _BEFORE_AND_AFTER else Task.FINISH
        return _lease(batch, row, task, settings)


class RenewLease(Op[int]):
    """Another heartbeat."""

    def __init__(self, bot_id: str, epoch: int) -> None:
        self.bot_ids = (bot_id,)
        self._epoch = epoch

    def run(self, batch: Batch) -> int:
        """Milliseconds that the lease lasts. Raises LeaseLost."""
        try:
            row = held(batch.bot(self.bot_ids[0]), self._epoch)
        except NotFound as error:
            raise LeaseLost(self._epoch) from error
        renew(batch, row)
        return lease_us(batch.config) // 1000


def let_go(batch: Batch, row: BotRow, *, counts: bool = True, unfinished: str = "") -> Outcome:
    """Takes the lease from whoever held it and leads the bot on: joining again, finishing, or the end.

    counts: the loss uses up one of the bot's attempts. unfinished: why its recording could not be finished, where that was tried;
    the next try waits.
    """
    row.worker_id = row.lease_expires_us = None
    state = BotState(row.state)
    if state in ATTENDING:
        outcome = _lose_attendance(batch, row, counts=counts)
    elif state is BotState.LEAVING:
        outcome = leave_alone(batch, row)
    elif state is BotState.STAGED:
        outcome = Outcome.HINT  # it has not attended yet, so none of its attempts is used up
    elif task_of(row.standing) is Task.FINISH:
        outcome = _lose_finishing(batch, row, counts=counts, unfinished=unfinished)
    else:
        outcome = Outcome.NOTHING
    batch.move(row)
    if unfinished and outcome is Outcome.HINT:
        wait_s = batch.config.finish_again_seconds * _LONGER_EACH_TIME ** (row.finish_attempt - 2)
        row.attention_us = batch.now_us + round(wait_s * 1_000_000)
    return outcome


def leave_alone(batch: Batch, row: BotRow) -> Outcome:
    """A leaving bot that nobody runs has left; where nothing was recorded there is nothing to finish either."""
    moves.apply(batch, row, Trigger.LEFT_MEETING)
    _complete_if_nothing_is_open(batch, row)
    return Outcome.LEFT


def _lose_attendance(batch: Batch, row: BotRow, *, counts: bool) -> Outcome:
    if not counts:
        moves.apply(batch, row, Trigger.AGENT_LOST, detail="The worker handed the bot over.")
        return Outcome.AGENT_LOST
    if row.attempt < batch.config.attempts:
        row.attempt += 1
        moves.apply(batch, row, Trigger.AGENT_LOST, detail="The worker that ran the bot fell silent.")
        return Outcome.AGENT_LOST
    moves.apply(
        batch,
        row,
        Trigger.FATAL_ERROR,
        SubType.HEARTBEAT_TIMEOUT,
        detail=f"The worker that ran the bot fell silent, in attempt {row.attempt} of {batch.config.attempts}.",
    )
    return Outcome.FAILED


def _lose_finishing(batch: Batch, row: BotRow, *, counts: bool, unfinished: str) -> Outcome:
    if row.recording_state not in RECORDING_OPEN:
        _complete_if_nothing_is_open(batch, row)
        return Outcome.NOTHING
    if not counts or row.finish_attempt < batch.config.attempts:
        row.finish_attempt += counts
        return Outcome.HINT
    why = unfinished or "The workers that tried were lost."
    recordings.change(
        batch, row, RecordingState.FAILED, detail=f"The recording could not be finished; its pieces are kept. {why}"
    )
    if unfinished:
        _complete_if_nothing_is_open(batch, row)
    elif row.state == BotState.POST_PROCESSING:
        moves.apply(batch, row, Trigger.FATAL_ERROR, SubType.PROCESS_TERMINATED, detail="The recording could not be finished.")
    return Outcome.GAVE_UP_FINISHING


def _complete_if_nothing_is_open(batch: Batch, row: BotRow) -> None:
    if row.state == BotState.POST_PROCESSING and row.recording_state not in RECORDING_OPEN:
        moves.apply(batch, row, Trigger.POST_PROCESSING_COMPLETED)


def _settings(batch: Batch, row: BotRow) -> bytes:
    data = batch.connection.execute(_SETTINGS, {"bot_id": row.id}).scalar_one_or_none()
    return b"" if data is None else bytes(data)


def _lease(batch: Batch, row: BotRow, task: Task, settings: bytes) -> Lease:
    record = row.record()
    if _is_to_pause(batch, row):
        record = replace(record, recording_state=RecordingState.PAUSED)
    return Lease(
        bot=record,
        settings=settings,
        epoch=row.epoch,
        task=task,
        lease_ms=lease_us(batch.config) // 1000,
        last_report_number=row.last_report_number,
        join_in_ms=_join_in_ms(batch, row),
    )


def _is_to_pause(batch: Batch, row: BotRow) -> bool:
    """Whether a pause was asked for that no agent has carried out: a further one must not record until it hears of it."""
    if row.epoch < 2 or row.recording_state != RecordingState.IN_PROGRESS:
        return False
    return batch.connection.execute(_LAST_OF_PAUSES, {"bot_id": row.id}).scalar() == Wish.PAUSE_RECORDING


def _join_in_ms(batch: Batch, row: BotRow) -> int | None:
    """As a wait, not as an instant: the worker's clock need not agree with the server's."""
    if row.state != BotState.STAGED or row.join_at_us is None:
        return None
    return max(0, row.join_at_us - batch.now_us) // 1000
