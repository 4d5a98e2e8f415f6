"""The store's part for webhooks: `store.webhooks`. Errors as Store: DatabaseAway from all, NotFound for another project's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, select

from server.domain.ids import random_word
from server.domain.webhooks import DeliveryState
from server.store import webhook_changes as changes
from server.store import webhook_lines as lines
from server.store.pages import PageCursor, read_page
from server.store.reader import Reader
from server.store.reads import require_bot
from server.store.records import Page
from server.store.tables import BOT, EVENT
from server.store.webhook_changes import Rotation, read_webhook, record_of, secret_of
from server.store.webhook_lines import DELIVERY_COLUMNS, delivery_of
from server.store.webhook_records import Attempt, DeliveryRecord, Line, LineWork, Parcel, SecretRecord, Settled, WebhookRecord
from server.store.webhook_tables import WEBHOOK, WEBHOOK_DELIVERY, WEBHOOK_LINE, WEBHOOK_SECRET
from server.store.writer import Writer

_SECOND_US: Final = 1_000_000
PARCELS_AT_ONCE: Final = 16
"""Deliveries of one line that are read at a time."""
_PARCELS: Final = (
    select(*DELIVERY_COLUMNS, EVENT.c.data, BOT.c.metadata_json)
    .select_from(
        WEBHOOK_DELIVERY.outerjoin(
            EVENT, and_(EVENT.c.bot_id == WEBHOOK_DELIVERY.c.bot_id, EVENT.c.sequence == WEBHOOK_DELIVERY.c.sequence)
        ).outerjoin(BOT, BOT.c.id == WEBHOOK_DELIVERY.c.bot_id)
    )
    .where(
        WEBHOOK_DELIVERY.c.webhook_id == bindparam("webhook_id"),
        WEBHOOK_DELIVERY.c.bot_id == bindparam("bot_id"),
        WEBHOOK_DELIVERY.c.state == DeliveryState.PENDING.value,
    )
    .order_by(WEBHOOK_DELIVERY.c.sequence)
    .limit(PARCELS_AT_ONCE)
)
_SECRETS: Final = (
    select(*changes.SECRET_COLUMNS)
    .where(WEBHOOK_SECRET.c.owner_id > bindparam("after"))
    .order_by(WEBHOOK_SECRET.c.owner_id)
    .limit(bindparam("most"))
)
_ANY_DUE: Final = select(WEBHOOK_LINE.c.bot_id).where(WEBHOOK_LINE.c.due_us <= bindparam("now_us")).limit(1)


class WebhookStore:
    """Webhooks and what is to be sent to them.

    `writer` is the one of the bots, for what changes a project's webhooks. `deliveries` writes how sending goes; it is another
    thread with a connection of its own on PostgreSQL, where two transactions may run beside each other, and the same on SQLite.
    """

    def __init__(self, reader: Reader, writer: Writer, deliveries: Writer) -> None:
        self._reader = reader
        self._writer = writer
        self._deliveries = deliveries

    # -- Webhooks ------------------------------------------------------------------------------------------------------

    async def create(
        self, webhook_id: str, project_id: str, url: str, triggers: int, *, sealed_secret: bytes, limit: int
    ) -> WebhookRecord:
        """A new webhook of the project. Raises Unfulfilled (WEBHOOK_URL_IN_USE, WEBHOOK_LIMIT)."""
        op = changes.CreateWebhook(webhook_id, project_id, url, triggers, sealed_secret=sealed_secret, limit=limit)
        return await self._writer.submit(op)

    async def get(self, project_id: str | None, webhook_id: str) -> WebhookRecord:
        """One webhook. Raises NotFound."""
        return await self._reader.run(lambda connection: read_webhook(connection, project_id, webhook_id))

    async def list_webhooks(
        self, project_id: str, *, bot_id: str | None = None, cursor: str | None = None, limit: int = 25
    ) -> Page[WebhookRecord]:
        """A page of the project's webhooks, or of one bot's own, oldest first. Raises NotFound, InvalidCursor."""
        place = PageCursor.parse(cursor, (int, str))
        return await self._reader.run(lambda connection: _read_webhooks(connection, project_id, bot_id, place, limit))

    async def update(
        self,
        project_id: str,
        webhook_id: str,
        *,
        url: str | None = None,
        triggers: int | None = None,
        enabled: bool | None = None,
    ) -> WebhookRecord:
        """The webhook, changed. Raises NotFound, Unfulfilled (WEBHOOK_URL_IN_USE, WEBHOOK_OF_BOT)."""
        op = changes.UpdateWebhook(project_id, webhook_id, url=url, triggers=triggers, enabled=enabled)
        return await self._writer.submit(op)

    async def delete(self, project_id: str, webhook_id: str) -> None:
        """Deletes a webhook and its deliveries; what is being sent at this moment may still arrive. Raises NotFound."""
        await self._writer.submit(changes.DeleteWebhook(project_id, webhook_id))

    async def disable_failing(self, webhook_id: str, failing_since_us: int) -> WebhookRecord | None:
        """Disables a webhook that has been failing since then; None where that is no longer so."""
        return await self._writer.submit(changes.DisableWebhook(webhook_id, failing_since_us))

    # -- Secrets -------------------------------------------------------------------------------------------------------

    async def rotate_secret(self, project_id: str, webhook_id: str | None, sealed: bytes, overlap_s: int) -> SecretRecord:
        """A new secret of a webhook, or with None the project's, which signs for webhooks of its bots. The one before is used too
        for `overlap_s` seconds. Raises NotFound, Unfulfilled (WEBHOOK_OF_BOT).
        """
        rotation = Rotation(webhook_id or project_id, sealed, overlap_s * _SECOND_US)
        return await self._writer.submit(changes.RotateSecret(project_id, webhook_id, rotation))

    async def project_secret(self, project_id: str, *, sealed_if_none: bytes) -> SecretRecord:
        """The project's own secret, which is made where there is none."""
        return await self._writer.submit(changes.ProjectSecret(project_id, sealed_if_none))

    async def secrets_after(self, owner_id: str, limit: int = 100) -> list[SecretRecord]:
        """All sealed secrets, by owner. For sealing them anew."""
        return await self._reader.run(
            lambda connection: [secret_of(row) for row in connection.execute(_SECRETS, {"after": owner_id, "most": limit})]
        )

    async def reseal(self, read: SecretRecord, sealed: bytes, previous_sealed: bytes | None) -> bool:
        """Stores a secret that was sealed anew, unless it was rotated meanwhile."""
        return await self._writer.submit(changes.Reseal(read, sealed, previous_sealed))

    # -- Deliveries ----------------------------------------------------------------------------------------------------

    async def list_deliveries(
        self,
        project_id: str,
        webhook_id: str,
        *,
        bot_id: str | None = None,
        states: Sequence[DeliveryState] = (),
        cursor: str | None = None,
        limit: int = 25,
    ) -> Page[DeliveryRecord]:
        """A page of a webhook's deliveries, oldest first. Raises NotFound, InvalidCursor."""
        place = PageCursor.parse(cursor, (int, str, int))

        def read(connection: Connection) -> Page[DeliveryRecord]:
            read_webhook(connection, project_id, webhook_id)
            table = WEBHOOK_DELIVERY.c
            statement = select(*DELIVERY_COLUMNS).where(table.webhook_id == webhook_id)
            if bot_id is not None:
                require_bot(connection, project_id, bot_id)
                statement = statement.where(table.bot_id == bot_id)
            if states:
                statement = statement.where(table.state.in_([state.value for state in states]))
            columns = (table.created_us, table.bot_id, table.sequence)
            return read_page(connection, statement, columns, place, limit, key=_place_of_delivery, item=delivery_of)

        return await self._reader.run(read)

    async def get_delivery(self, project_id: str, webhook_id: str, delivery_id: str) -> DeliveryRecord:
        """Raises NotFound."""

        def read(connection: Connection) -> DeliveryRecord:
            read_webhook(connection, project_id, webhook_id)
            return lines.read_delivery(connection, webhook_id, delivery_id)

        return await self._reader.run(read)

    async def redeliver(self, project_id: str, webhook_id: str, delivery_id: str) -> DeliveryRecord:
        """The delivery, to be sent now. Raises NotFound, Unfulfilled (WEBHOOK_DISABLED, EVENT_GONE)."""
        return await self._deliveries.submit(lines.Redeliver(project_id, webhook_id, delivery_id))

    async def forget_deliveries(self, before_us: int, most: int = 1000) -> int:
        """Deletes deliveries that have ended and are older, `most` at a time; how many there were."""
        return await self._deliveries.submit(lines.ForgetDeliveries(before_us, most))

    # -- Sending -------------------------------------------------------------------------------------------------------

    async def any_due(self, now_us: int) -> bool:
        """Whether a line waits for somebody. Cheap: no transaction."""
        return await self._reader.run(lambda connection: connection.execute(_ANY_DUE, {"now_us": now_us}).first() is not None)

    async def claim_lines(self, *, limit: int, lease_s: float, busy: Mapping[str, int], share: int) -> list[Line]:
        """Takes lines that are due, as lines.ClaimLines."""
        op = lines.ClaimLines(random_word(), round(lease_s * _SECOND_US), limit=limit, busy=busy, share=share)
        return await self._deliveries.submit(op)

    async def read_line(self, line: Line) -> LineWork | None:
        """What waits in a line, the next few in order; None where the webhook is gone or disabled."""
        return await self._reader.run(lambda connection: _read_line(connection, line))

    async def settle(
        self, line: Line, parcel: Parcel, attempt: Attempt, *, lease_s: float, was_failing: bool, last: bool = False
    ) -> Settled:
        """Stores how an attempt went, and keeps the line for `lease_s` where there may be more to do; `last` lets go of it."""
        lease_us = round(lease_s * _SECOND_US)
        op = lines.SettleAttempt(line, parcel, attempt, lease_us=lease_us, was_failing=was_failing, last=last)
        return await self._deliveries.submit(op)

    async def release(self, line: Line) -> None:
        """Lets go of a line; what waits in it is due at its time."""
        await self._deliveries.submit(lines.ReleaseLine(line))


def _place_of_delivery(row: Any) -> tuple[int, str, int]:
    """Many deliveries are made at the same instant; these are in the order of the log too."""
    return row.created_us, row.bot_id, row.sequence


def _read_webhooks(
    connection: Connection, project_id: str, bot_id: str | None, place: PageCursor | None, limit: int
) -> Page[WebhookRecord]:
    table = WEBHOOK.c
    statement = select(*changes.COLUMNS).where(table.project_id == project_id)
    if bot_id is not None:
        require_bot(connection, project_id, bot_id)
    statement = statement.where(table.bot_id.is_(None) if bot_id is None else table.bot_id == bot_id)
    key = (table.created_us, table.id)
    return read_page(connection, statement, key, place, limit, key=lambda row: (row.created_us, row.id), item=record_of)


def _read_line(connection: Connection, line: Line) -> LineWork | None:
    row = connection.execute(select(*changes.COLUMNS).where(WEBHOOK.c.id == line.webhook_id)).first()
    if row is None or row.disabled_reason is not None:
        return None
    webhook = record_of(row)
    secret = connection.execute(changes.SECRET, {"owner_id": webhook.secret_owner}).first()
    found = connection.execute(_PARCELS, {"webhook_id": line.webhook_id, "bot_id": line.bot_id}).all()
    parcels = tuple(Parcel(delivery_of(one), None if one.data is None else bytes(one.data), one.metadata_json) for one in found)
    return LineWork(webhook, None if secret is None else secret_of(secret), parcels)
