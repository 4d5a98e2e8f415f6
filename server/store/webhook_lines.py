"""Operations on lines: the deliveries of one bot to one webhook, sent in order by whoever holds the line's lease.

A lease is a word that only its holder knows, and the line is due again when it ends; so what a killed server left is taken up by
the next sweep, and a server that stood still too long finds that its word is no longer good. Where a transaction waits for lines
it waits for them in order, after everything else that it has to lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, bindparam, delete, select, tuple_, update

from server.domain.errors import NotFound, Unfulfilled
from server.domain.webhooks import DeliveryState, wait_after
from server.store.batch import Batch
from server.store.outbox import add_lines
from server.store.tables import EVENT
from server.store.texts import is_id
from server.store.webhook_changes import cancel, read_webhook
from server.store.webhook_records import Attempt, DeliveryRecord, Line, Parcel, Settled
from server.store.webhook_tables import WEBHOOK, WEBHOOK_DELIVERY, WEBHOOK_LINE
from server.store.writer import Op

T = TypeVar("T")
_SECOND_US: Final = 1_000_000
_LOOKED_AT: Final = 4
"""Lines that are looked at for each one that is wanted: some may belong to webhooks that have their share already."""
DELIVERY_COLUMNS: Final = tuple(WEBHOOK_DELIVERY.c[name] for name in DeliveryRecord.__dataclass_fields__)

_DUE: Final = (
    select(WEBHOOK_LINE.c.webhook_id, WEBHOOK_LINE.c.bot_id)
    .where(WEBHOOK_LINE.c.due_us <= bindparam("now_us"), WEBHOOK_LINE.c.webhook_id.not_in(bindparam("full", expanding=True)))
    .order_by(WEBHOOK_LINE.c.due_us)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_IN_ORDER: Final = (
    select(WEBHOOK_LINE.c.webhook_id)
    .where(tuple_(WEBHOOK_LINE.c.webhook_id, WEBHOOK_LINE.c.bot_id).in_(bindparam("keys", expanding=True)))
    .order_by(WEBHOOK_LINE.c.webhook_id, WEBHOOK_LINE.c.bot_id)
    .with_for_update()
)
_FAILING_IN_ORDER: Final = (
    select(WEBHOOK.c.id)
    .where(WEBHOOK.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(WEBHOOK.c.id)
    .with_for_update(key_share=True)
)
_TAKE: Final = (
    update(WEBHOOK_LINE)
    .where(WEBHOOK_LINE.c.webhook_id == bindparam("key_webhook"), WEBHOOK_LINE.c.bot_id == bindparam("key_bot"))
    .values(due_us=bindparam("until_us"), lease=bindparam("word"))
)
_KEEP: Final = _TAKE.where(WEBHOOK_LINE.c.lease == bindparam("held")).values(
    due_us=bindparam("until_us"), lease=bindparam("word")
)
_END: Final = delete(WEBHOOK_LINE).where(
    WEBHOOK_LINE.c.webhook_id == bindparam("key_webhook"),
    WEBHOOK_LINE.c.bot_id == bindparam("key_bot"),
    WEBHOOK_LINE.c.lease == bindparam("held"),
)
_HEAD: Final = (
    select(WEBHOOK_DELIVERY.c.next_attempt_us)
    .where(
        WEBHOOK_DELIVERY.c.webhook_id == bindparam("webhook_id"),
        WEBHOOK_DELIVERY.c.bot_id == bindparam("bot_id"),
        WEBHOOK_DELIVERY.c.state == DeliveryState.PENDING.value,
    )
    .order_by(WEBHOOK_DELIVERY.c.sequence)
    .limit(1)
)
_SETTLE: Final = (
    update(WEBHOOK_DELIVERY)
    .where(WEBHOOK_DELIVERY.c.id == bindparam("key"), WEBHOOK_DELIVERY.c.state == DeliveryState.PENDING.value)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("state", "attempts", "next_attempt_us", "last_attempt_us", "response_status", "error")
        }
    )
)
_OLD: Final = (
    select(WEBHOOK_DELIVERY.c.id)
    .where(WEBHOOK_DELIVERY.c.created_us < bindparam("before_us"), WEBHOOK_DELIVERY.c.state != DeliveryState.PENDING.value)
    .order_by(WEBHOOK_DELIVERY.c.created_us)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def delivery_of(row: Any) -> DeliveryRecord:
    """A record from a row that has DELIVERY_COLUMNS first."""
    values = {name: getattr(row, name) for name in DeliveryRecord.__dataclass_fields__}
    return DeliveryRecord(**values | {"state": DeliveryState(values["state"])})


class ClaimLines(Op[list[Line]]):
    """Takes lines that are due, `limit` at most, the longest waiting first. Those that another server is at are skipped.

    busy: how many lines of each webhook the caller is at already; with these no webhook gets more than `share`, so that one that
    hangs cannot keep all the others waiting.
    """

    def __init__(self, word: str, lease_us: int, *, limit: int, busy: Mapping[str, int], share: int) -> None:
        self._word = word
        self._lease_us = lease_us
        self._limit = limit
        self._before = busy
        self._share = share

    def run(self, batch: Batch) -> list[Line]:
        """The lines, now held."""
        busy = Counter(self._before)  # counted anew each time: a transaction may have to begin again
        full = [webhook_id for webhook_id, count in busy.items() if count >= self._share]
        place = {"now_us": batch.now_us, "most": self._limit * _LOOKED_AT, "full": full}
        lines: list[Line] = []
        for webhook_id, bot_id in batch.connection.execute(_DUE, place).all():
            if len(lines) < self._limit and busy[webhook_id] < self._share:
                busy[webhook_id] += 1
                lines.append(Line(webhook_id, bot_id, self._word))
        if lines:
            batch.connection.execute(
                _TAKE, [_key(line) | {"until_us": batch.now_us + self._lease_us, "word": self._word} for line in lines]
            )
        return lines


class _AtLine(Op[T]):
    """What is done by whoever holds a line. All lines of a batch are locked together, in order: whoever adds a delivery meanwhile
    waits, and finds its line as it is then.
    """

    line: Line
    touches_webhook = False

    @classmethod
    def prepare(cls, batch: Batch, ops: Sequence[_AtLine[Any]]) -> None:
        """Locks in order."""
        _lock(batch, [op.line for op in ops], {op.line.webhook_id for op in ops if op.touches_webhook})


class SettleAttempt(_AtLine[Settled]):
    """Stores how an attempt went. The line stays ours, unless the delivery has to wait: then it is let go until that is due."""

    def __init__(self, line: Line, parcel: Parcel, attempt: Attempt, *, lease_us: int, was_failing: bool, last: bool) -> None:
        """`last`: the holder knows of no other delivery in the line, and lets go of it with this one, as ReleaseLine."""
        self._last = last
        self.line = line
        self._delivery = parcel.delivery
        self._attempt = attempt
        self._lease_us = lease_us
        self.touches_webhook = was_failing or attempt.error is not None

    def run(self, batch: Batch) -> Settled:
        """What came of it; nothing, where the lease is over."""
        attempts = self._delivery.attempts + (not self._attempt.final)
        state, wait_s = self._judge(attempts)
        next_us = None if wait_s is None else batch.now_us + wait_s * _SECOND_US
        until_us = batch.now_us + self._lease_us if next_us is None else next_us
        word = self.line.lease if next_us is None else None
        if not _keep(batch, self.line, until_us, word):
            return Settled(held=False)
        batch.connection.execute(
            _SETTLE,
            {
                "key": self._delivery.id,
                "new_state": state.value,
                "new_attempts": attempts,
                "new_next_attempt_us": next_us,
                "new_last_attempt_us": batch.now_us,
                "new_response_status": self._attempt.status,
                "new_error": self._attempt.error,
            },
        )
        since_us = self._note_failing(batch)
        if self._last and next_us is None:
            _let_go(batch, self.line)
        return Settled(held=next_us is None and not self._last, failing_since_us=since_us)

    def _judge(self, attempts: int) -> tuple[DeliveryState, int | None]:
        if self._attempt.error is None:
            return DeliveryState.DELIVERED, None
        if self._attempt.final:
            return DeliveryState.CANCELED, None
        wait_s = wait_after(attempts)
        return (DeliveryState.FAILED, None) if wait_s is None else (DeliveryState.PENDING, wait_s)

    def _note_failing(self, batch: Batch) -> int | None:
        if not self.touches_webhook or self._attempt.final:
            return None
        mine = WEBHOOK.c.id == self.line.webhook_id
        if self._attempt.error is None:
            batch.connection.execute(update(WEBHOOK).where(mine).values(failing_since_us=None))
            return None
        unset = update(WEBHOOK).where(mine, WEBHOOK.c.failing_since_us.is_(None))
        batch.connection.execute(unset.values(failing_since_us=batch.now_us))
        return batch.connection.execute(select(WEBHOOK.c.failing_since_us).where(mine)).scalar_one_or_none()


class ReleaseLine(_AtLine[None]):
    """Lets go of a line: it is gone where nothing waits, else due when its first delivery is."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def run(self, batch: Batch) -> None:
        """Silent where the lease is over. Where the webhook takes nothing any more the line ends: what somebody had sent again
        while it was disabled would be due for ever.
        """
        one = select(WEBHOOK.c.id).where(WEBHOOK.c.id == self.line.webhook_id, WEBHOOK.c.disabled_reason.is_(None))
        if batch.connection.execute(one).first() is None:
            cancel(batch.connection, self.line.webhook_id, bot_id=self.line.bot_id)
        _let_go(batch, self.line)


def read_delivery(connection: Connection, webhook_id: str, delivery_id: str) -> DeliveryRecord:
    """A webhook's delivery. Raises NotFound."""
    table = WEBHOOK_DELIVERY.c
    find = select(*DELIVERY_COLUMNS).where(table.id == delivery_id, table.webhook_id == webhook_id)
    row = connection.execute(find).first() if is_id(delivery_id) else None
    if row is None:
        raise NotFound("Delivery")
    return delivery_of(row)


class Redeliver(Op[DeliveryRecord]):
    """Sends once more: a delivery that has ended begins anew, one that waits is tried at once."""

    alone = True

    def __init__(self, project_id: str, webhook_id: str, delivery_id: str) -> None:
        self._project_id = project_id
        self._webhook_id = webhook_id
        self._delivery_id = delivery_id

    def run(self, batch: Batch) -> DeliveryRecord:
        """Raises NotFound, Unfulfilled (WEBHOOK_DISABLED, EVENT_GONE)."""
        connection = batch.connection
        webhook = read_webhook(connection, self._project_id, self._webhook_id)
        row = read_delivery(connection, webhook.id, self._delivery_id)
        if webhook.disabled_reason is not None:
            raise Unfulfilled("WEBHOOK_DISABLED", "The webhook is disabled; enable it first.")
        event = select(EVENT.c.sequence).where(EVENT.c.bot_id == row.bot_id, EVENT.c.sequence == row.sequence)
        if connection.execute(event).first() is None:
            raise Unfulfilled("EVENT_GONE", "What it told is not kept any more, so that it cannot be sent again.")
        add_lines(connection, [(webhook.id, row.bot_id)], batch.now_us)  # before the delivery, as whoever settles it has them
        changes = {"state": DeliveryState.PENDING.value, "attempts": 0, "next_attempt_us": batch.now_us, "error": None}
        connection.execute(update(WEBHOOK_DELIVERY).where(WEBHOOK_DELIVERY.c.id == row.id).values(**changes))
        unheld = (WEBHOOK_LINE.c.webhook_id == webhook.id, WEBHOOK_LINE.c.bot_id == row.bot_id, WEBHOOK_LINE.c.lease.is_(None))
        connection.execute(update(WEBHOOK_LINE).where(*unheld).values(due_us=batch.now_us))
        return read_delivery(connection, webhook.id, row.id)


class ForgetDeliveries(Op[int]):
    """Deletes deliveries that have ended and were made before an instant, `most` at a time; gives how many there were."""

    alone = True

    def __init__(self, before_us: int, most: int) -> None:
        self._before_us = before_us
        self._most = most

    def run(self, batch: Batch) -> int:
        """How many."""
        ids = batch.connection.execute(_OLD, {"before_us": self._before_us, "most": self._most}).scalars().all()
        if ids:
            batch.connection.execute(delete(WEBHOOK_DELIVERY).where(WEBHOOK_DELIVERY.c.id.in_(ids)))
        return len(ids)


def _key(line: Line) -> dict[str, Any]:
    return {"key_webhook": line.webhook_id, "key_bot": line.bot_id}


def _keep(batch: Batch, line: Line, until_us: int, word: str | None) -> bool:
    """Sets when the line is due and who holds it; False where it is no longer ours."""
    values = _key(line) | {"held": line.lease, "until_us": until_us, "word": word}
    return batch.connection.execute(_KEEP, values).rowcount == 1


def _let_go(batch: Batch, line: Line) -> None:
    """The line is gone where nothing waits in it, else due when its first delivery is."""
    head = batch.connection.execute(_HEAD, {"webhook_id": line.webhook_id, "bot_id": line.bot_id}).first()
    if head is None:
        batch.connection.execute(_END, _key(line) | {"held": line.lease})
    else:
        _keep(batch, line, head[0] or batch.now_us, None)


def _lock(batch: Batch, lines: Sequence[Line], webhook_ids: set[str]) -> None:
    if batch.connection.dialect.name == "sqlite":
        return  # one writer at a time
    batch.connection.execute(_IN_ORDER, {"keys": [(line.webhook_id, line.bot_id) for line in lines]}).all()
    if webhook_ids:
        batch.connection.execute(_FAILING_IN_ORDER, {"ids": sorted(webhook_ids)}).all()
