"""Operations on webhooks themselves. Each changes the project's mark, so that a project's webhooks change one after the other.

Each has a transaction of its own, and locks in one order: the secret where there was none, the project, lines in order, the
webhook, its deliveries.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select, update

from server.domain.errors import NotFound, Unfulfilled
from server.domain.webhooks import DeliveryState, DisabledReason
from server.store import outbox
from server.store.batch import Batch
from server.store.texts import is_id, storable
from server.store.webhook_records import SecretRecord, WebhookRecord
from server.store.webhook_tables import WEBHOOK, WEBHOOK_DELIVERY, WEBHOOK_LINE, WEBHOOK_SECRET
from server.store.writer import Op

COLUMNS: Final = tuple(WEBHOOK.c[name] for name in WebhookRecord.__dataclass_fields__)
SECRET_COLUMNS: Final = tuple(WEBHOOK_SECRET.c[name] for name in SecretRecord.__dataclass_fields__)
SECRET: Final = select(*SECRET_COLUMNS).where(WEBHOOK_SECRET.c.owner_id == bindparam("owner_id"))
_ONE: Final = select(*COLUMNS).where(WEBHOOK.c.id == bindparam("webhook_id"))
_COUNT: Final = select(func.count()).where(WEBHOOK.c.project_id == bindparam("project_id"), WEBHOOK.c.bot_id.is_(None))
_SAME_URL: Final = select(WEBHOOK.c.id).where(
    WEBHOOK.c.project_id == bindparam("project_id"), WEBHOOK.c.bot_id.is_(None), WEBHOOK.c.url == bindparam("url")
)
_CANCEL: Final = (
    update(WEBHOOK_DELIVERY)
    .where(WEBHOOK_DELIVERY.c.webhook_id == bindparam("key"), WEBHOOK_DELIVERY.c.state == DeliveryState.PENDING.value)
    .values(state=DeliveryState.CANCELED.value, next_attempt_us=None, error=bindparam("why"))
)
_LOCK_LINES: Final = (
    select(WEBHOOK_LINE.c.bot_id)
    .where(WEBHOOK_LINE.c.webhook_id == bindparam("key"))
    .order_by(WEBHOOK_LINE.c.bot_id)
    .with_for_update()
)
"""As those wait for lines who settle attempts: in order."""
_DROP_LINES: Final = delete(WEBHOOK_LINE).where(WEBHOOK_LINE.c.webhook_id == bindparam("key"))
_CANCELED_BECAUSE: Final = "The webhook was disabled before it could be sent."


def record_of(row: Any) -> WebhookRecord:
    """A record from the values of COLUMNS."""
    values = row._asdict()
    reason = values["disabled_reason"]
    return WebhookRecord(**values | {"disabled_reason": None if reason is None else DisabledReason(reason)})


def secret_of(row: Any) -> SecretRecord:
    """A record from the values of SECRET_COLUMNS."""
    previous = row.previous_sealed
    return SecretRecord(row.owner_id, bytes(row.sealed), None if previous is None else bytes(previous), row.previous_until_us)


def read_webhook(connection: Connection, project_id: str | None, webhook_id: str) -> WebhookRecord:
    """One webhook. Raises NotFound, also for another project's."""
    row = connection.execute(_ONE, {"webhook_id": webhook_id}).first() if is_id(webhook_id) else None
    if row is None or (project_id is not None and row.project_id != project_id):
        raise NotFound("Webhook")
    return record_of(row)


class CreateWebhook(Op[WebhookRecord]):
    """A new webhook of a project. `limit`: most that the project may have."""

    alone = True

    def __init__(self, webhook_id: str, project_id: str, url: str, triggers: int, *, sealed_secret: bytes, limit: int) -> None:
        self._id = webhook_id
        self._project_id = project_id
        self._url = storable(url)
        self._triggers = triggers
        self._sealed = sealed_secret
        self._limit = limit

    def run(self, batch: Batch) -> WebhookRecord:
        """Raises NotFound, Unfulfilled (WEBHOOK_URL_IN_USE, WEBHOOK_LIMIT)."""
        connection = batch.connection
        outbox.change_mark(connection, self._project_id)
        _require_new_url(connection, self._project_id, self._url)
        count = connection.execute(_COUNT, {"project_id": self._project_id}).scalar_one()
        if count >= self._limit:
            raise Unfulfilled(
                "WEBHOOK_LIMIT",
                f"The project has {count} webhooks, and may have at most {self._limit}; delete one that is not needed.",
            )
        record = WebhookRecord(self._id, self._project_id, None, self._url, self._triggers, None, None, batch.now_us)
        connection.execute(WEBHOOK.insert(), asdict(record))
        connection.execute(WEBHOOK_SECRET.insert(), {"owner_id": self._id, "sealed": self._sealed})
        return record


class UpdateWebhook(Op[WebhookRecord]):
    """Changes what is given; `enabled` True forgets that it was failing."""

    alone = True

    def __init__(self, project_id: str, webhook_id: str, *, url: str | None, triggers: int | None, enabled: bool | None) -> None:
        self._project_id = project_id
        self._id = webhook_id
        self._url = None if url is None else storable(url)
        self._triggers = triggers
        self._enabled = enabled

    def run(self, batch: Batch) -> WebhookRecord:
        """Raises NotFound, Unfulfilled (WEBHOOK_URL_IN_USE, WEBHOOK_OF_BOT)."""
        connection = batch.connection
        found = read_webhook(connection, self._project_id, self._id)
        outbox.change_mark(connection, found.project_id)
        found = read_webhook(connection, self._project_id, self._id)  # as it is now that nobody else changes it
        if found.bot_id is not None and (self._url is not None or self._triggers is not None):
            raise Unfulfilled(
                "WEBHOOK_OF_BOT", "A bot's own webhook is set when the bot is made; it can only be enabled or disabled."
            )
        changes: dict[str, Any] = {}
        if self._url is not None and self._url != found.url:
            _require_new_url(connection, found.project_id, self._url)
            changes["url"] = self._url
        if self._triggers is not None:
            changes["triggers"] = self._triggers
        if self._enabled is True:
            changes |= {"disabled_reason": None, "failing_since_us": None}
        if changes:
            connection.execute(update(WEBHOOK).where(WEBHOOK.c.id == found.id).values(**changes))
        if self._enabled is False and found.disabled_reason is None:
            disable(connection, found.id, DisabledReason.USER)
        return read_webhook(connection, None, found.id)


class DisableWebhook(Op[WebhookRecord | None]):
    """Ends a webhook that took nothing for days. None where it is disabled already, or gone, or has begun to take again."""

    alone = True

    def __init__(self, webhook_id: str, failing_since_us: int) -> None:
        self._id = webhook_id
        self._since_us = failing_since_us

    def run(self, batch: Batch) -> WebhookRecord | None:
        """The webhook, disabled."""
        connection = batch.connection
        row = connection.execute(_ONE, {"webhook_id": self._id}).first()
        if row is None or row.disabled_reason is not None or row.failing_since_us != self._since_us:
            return None
        outbox.change_mark(connection, row.project_id)
        row = connection.execute(_ONE, {"webhook_id": self._id}).first()  # as it is now that nobody else changes it
        if row is None or row.disabled_reason is not None:
            return None
        disable(connection, self._id, DisabledReason.FAILING)
        return read_webhook(connection, None, self._id)


class DeleteWebhook(Op[None]):
    """A webhook that is gone, with its deliveries."""

    alone = True

    def __init__(self, project_id: str, webhook_id: str) -> None:
        self._project_id = project_id
        self._id = webhook_id

    def run(self, batch: Batch) -> None:
        """Raises NotFound."""
        connection = batch.connection
        found = read_webhook(connection, self._project_id, self._id)
        outbox.change_mark(connection, found.project_id)
        _drop_lines(connection, found.id)
        connection.execute(delete(WEBHOOK_DELIVERY).where(WEBHOOK_DELIVERY.c.webhook_id == found.id))
        connection.execute(delete(WEBHOOK_SECRET).where(WEBHOOK_SECRET.c.owner_id == found.id))
        connection.execute(delete(WEBHOOK).where(WEBHOOK.c.id == found.id))


@dataclass(frozen=True, slots=True)
class Rotation:
    """A new secret. `overlap_us`: for so long the one before is used too."""

    owner_id: str
    sealed: bytes
    overlap_us: int


class RotateSecret(Op[SecretRecord]):
    """Puts a new secret in the place of the one before; a third one, from a rotation before that, is forgotten.

    `webhook_id` None: the project's own secret, which is made where there is none.
    """

    alone = True

    def __init__(self, project_id: str, webhook_id: str | None, rotation: Rotation) -> None:
        self._project_id = project_id
        self._webhook_id = webhook_id
        self._rotation = rotation

    def run(self, batch: Batch) -> SecretRecord:
        """Raises NotFound, Unfulfilled (WEBHOOK_OF_BOT)."""
        connection, new = batch.connection, self._rotation
        if self._webhook_id is not None:
            found = read_webhook(connection, self._project_id, self._webhook_id)
            if found.bot_id is not None:
                raise Unfulfilled(
                    "WEBHOOK_OF_BOT", "A bot's own webhook is signed with the project's webhook secret; rotate that one instead."
                )
        # The secret before the project, as whoever makes a bot with webhooks of its own has them.
        first = {"owner_id": new.owner_id, "sealed": new.sealed}
        connection.execute(outbox.INSERT_SECRET[connection.dialect.name], first)
        outbox.change_mark(connection, self._project_id)
        own = WEBHOOK_SECRET.c.owner_id == new.owner_id
        old = bytes(connection.execute(select(WEBHOOK_SECRET.c.sealed).where(own)).scalar_one())
        overlaps = old != new.sealed and new.overlap_us > 0  # else there was none
        record = SecretRecord(
            new.owner_id,
            new.sealed,
            previous_sealed=old if overlaps else None,
            previous_until_us=batch.now_us + new.overlap_us if overlaps else None,
        )
        connection.execute(update(WEBHOOK_SECRET).where(own), asdict(record))
        return record


class ProjectSecret(Op[SecretRecord]):
    """The project's own secret; `sealed` becomes it where there is none."""

    alone = True

    def __init__(self, project_id: str, sealed: bytes) -> None:
        self._project_id = project_id
        self._sealed = sealed

    def run(self, batch: Batch) -> SecretRecord:
        """The one that is there afterwards, whoever was first."""
        connection, row = batch.connection, {"owner_id": self._project_id, "sealed": self._sealed}
        connection.execute(outbox.INSERT_SECRET[connection.dialect.name], [row])
        return secret_of(connection.execute(SECRET, {"owner_id": self._project_id}).one())


class Reseal(Op[bool]):
    """Puts the same secret, sealed anew, in the place of what was read; False where it was rotated meanwhile."""

    alone = True

    def __init__(self, read: SecretRecord, sealed: bytes, previous_sealed: bytes | None) -> None:
        self._read = read
        self._values = {"sealed": sealed, "previous_sealed": previous_sealed}

    def run(self, batch: Batch) -> bool:
        """Whether it did."""
        table = WEBHOOK_SECRET.c
        mine = update(WEBHOOK_SECRET).where(table.owner_id == self._read.owner_id, table.sealed == self._read.sealed)
        return batch.connection.execute(mine.values(**self._values)).rowcount == 1


def disable(connection: Connection, webhook_id: str, reason: DisabledReason) -> None:
    """Ends what waits for the webhook, and takes nothing new. Lines go first: whoever settles an attempt locks them first too."""
    _drop_lines(connection, webhook_id)
    connection.execute(update(WEBHOOK).where(WEBHOOK.c.id == webhook_id).values(disabled_reason=reason.value))
    cancel(connection, webhook_id)


def cancel(connection: Connection, webhook_id: str, *, bot_id: str | None = None) -> None:
    """Ends the deliveries that wait for a webhook, or for it of one bot."""
    which = _CANCEL if bot_id is None else _CANCEL.where(WEBHOOK_DELIVERY.c.bot_id == bot_id)
    connection.execute(which, {"key": webhook_id, "why": _CANCELED_BECAUSE})


def _drop_lines(connection: Connection, webhook_id: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK_LINES, {"key": webhook_id}).all()
    connection.execute(_DROP_LINES, {"key": webhook_id})


def _require_new_url(connection: Connection, project_id: str, url: str) -> None:
    if connection.execute(_SAME_URL, {"project_id": project_id, "url": url}).first() is not None:
        raise Unfulfilled(
            "WEBHOOK_URL_IN_USE", "A webhook of this project has this URL already; give that one the triggers instead."
        )
