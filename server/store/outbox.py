"""What webhooks are to be told, written in the transaction that makes it true.

Which webhooks a project has is remembered by the writer, and costs a project without webhooks no statement: each change of them
gives the project's row another `webhook_mark`, and the statement that numbers the project's log, which locks that row, brings the
mark back. So what is remembered is right for every server at the moment of the commit, without a message between them. A mark is
chance rather than a count: one whose transaction failed does not come again.
"""

from __future__ import annotations

import functools
import operator
import secrets
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from rollcall.v1 import bot_pb2, event_pb2
from server.domain.errors import NotFound
from server.domain.ids import new_id
from server.domain.webhooks import BIT, DeliveryState, WebhookTrigger
from server.store.batch import Batch
from server.store.records import OwnWebhooks, StoredEvent
from server.store.rows import BotRow
from server.store.tables import PROJECT
from server.store.texts import storable
from server.store.webhook_tables import WEBHOOK, WEBHOOK_DELIVERY, WEBHOOK_LINE, WEBHOOK_SECRET

_MOST_REMEMBERED: Final = 10_000
_MARK_BITS: Final = 62

Subscription = tuple[str, int]
"""A webhook's id and its triggers, a set of BIT."""

_OF_PROJECT: Final = select(WEBHOOK.c.id, WEBHOOK.c.triggers).where(
    WEBHOOK.c.project_id == bindparam("project_id"), WEBHOOK.c.bot_id.is_(None), WEBHOOK.c.disabled_reason.is_(None)
)
_OF_BOTS: Final = select(WEBHOOK.c.bot_id, WEBHOOK.c.id, WEBHOOK.c.triggers).where(
    WEBHOOK.c.bot_id.in_(bindparam("bot_ids", expanding=True)), WEBHOOK.c.disabled_reason.is_(None)
)
_SET_MARK: Final = (
    update(PROJECT)
    .where(PROJECT.c.id == bindparam("key"))
    .values(webhook_mark=bindparam("mark"))
    .returning(PROJECT.c.webhook_mark)
)
_JOIN_LEAVE: Final = frozenset({bot_pb2.PARTICIPANT_EVENT_TYPE_JOIN, bot_pb2.PARTICIPANT_EVENT_TYPE_LEAVE})
_ALWAYS: Final[Mapping[int, int]] = {
    event_pb2.EVENT_KIND_STATE: BIT[WebhookTrigger.BOT_STATE_CHANGE],
    event_pb2.EVENT_KIND_CHAT: BIT[WebhookTrigger.CHAT_MESSAGES_UPDATE],
    event_pb2.EVENT_KIND_SPEECH: BIT[WebhookTrigger.PARTICIPANT_SPEECH],
    event_pb2.EVENT_KIND_LOG: BIT[WebhookTrigger.BOT_LOGS_UPDATE],
}


def _upsert_line(insert: Any) -> Any:
    """A line that waits already goes on waiting: what comes later has its turn after what came before."""
    return insert(WEBHOOK_LINE).on_conflict_do_update(
        index_elements=["webhook_id", "bot_id"], set_={"due_us": WEBHOOK_LINE.c.due_us}
    )


_UPSERT_LINE: Final = {"sqlite": _upsert_line(sqlite.insert), "postgresql": _upsert_line(postgresql.insert)}
INSERT_SECRET: Final = {
    name: insert(WEBHOOK_SECRET).on_conflict_do_nothing(index_elements=["owner_id"])
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_INSERT_DELIVERY: Final = WEBHOOK_DELIVERY.insert()
_INSERT_WEBHOOK: Final = WEBHOOK.insert()


class Outbox:
    """What one writer remembers of its projects' webhooks; used by its thread alone."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, list[Subscription]]] = {}

    def write(self, batch: Batch, events: list[StoredEvent], marks: Mapping[str, int]) -> None:
        """Adds a delivery for each event and each webhook that is to be told of it. `marks` by project, read under its lock."""
        told = [
            (event, new.row, bit)
            for event, new in zip(events, batch.new.events, strict=True)
            if (new.row.webhook_triggers or marks[event.project_id]) and (bit := _bit(event))
        ]
        if not told:
            return
        own = _of_bots(batch.connection, {row.id for _, row, bit in told if row.webhook_triggers & bit})
        deliveries: list[dict[str, Any]] = []
        for event, row, bit in told:
            if row.webhook_triggers:
                subscriptions = own.get(row.id, [])
            else:
                subscriptions = self._of_project(batch.connection, row.project_id, marks[row.project_id])
            for webhook_id, triggers in subscriptions:
                if triggers & bit:
                    event.webhooks = True
                    deliveries.append(_delivery(event, webhook_id, bit, batch.now_us))
        if deliveries:
            batch.connection.execute(_INSERT_DELIVERY, deliveries)
            lines = {(delivery["webhook_id"], delivery["bot_id"]) for delivery in deliveries}
            add_lines(batch.connection, lines, batch.now_us)

    def _of_project(self, connection: Connection, project_id: str, mark: int) -> list[Subscription]:
        known = self._known.get(project_id)
        if known is None or known[0] != mark:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            found = [(row.id, row.triggers) for row in connection.execute(_OF_PROJECT, {"project_id": project_id})]
            known = self._known[project_id] = (mark, found)
        return known[1]


def add_lines(connection: Connection, lines: Iterable[tuple[str, str]], due_us: int) -> None:
    """Lines (webhook, bot) in which something waits now. In order: two that add to the same lines never wait in a circle."""
    rows = [{"webhook_id": webhook_id, "bot_id": bot_id, "due_us": due_us, "lease": None} for webhook_id, bot_id in sorted(lines)]
    connection.execute(_UPSERT_LINE[connection.dialect.name], rows)


def change_mark(connection: Connection, project_id: str) -> None:
    """Says that the project's webhooks change, and keeps its row until the transaction ends: so only one changes them at a time.

    Raises NotFound.
    """
    mark = secrets.randbelow(2**_MARK_BITS) + 1
    if connection.execute(_SET_MARK, {"key": project_id, "mark": mark}).first() is None:
        raise NotFound("Project")


def union(own: OwnWebhooks | None) -> int:
    """All triggers of a bot's own webhooks."""
    return 0 if own is None else functools.reduce(operator.or_, (triggers for _, triggers in own.webhooks), 0)


def add_own(batch: Batch, row: BotRow, own: OwnWebhooks) -> None:
    """Notes a new bot's own webhooks, and the secret that signs for them where the project has none."""
    for url, triggers in own.webhooks:
        batch.new.webhooks.append(
            {
                "id": new_id("wh"),
                "project_id": row.project_id,
                "bot_id": row.id,
                "url": storable(url),
                "triggers": triggers,
                "created_us": batch.now_us,
            }
        )
    batch.new.webhook_secrets.append({"owner_id": row.project_id, "sealed": own.sealed_secret})


def write_own(batch: Batch) -> None:
    """Writes what `add_own` noted."""
    batch.connection.execute(_INSERT_WEBHOOK, batch.new.webhooks)
    rows = sorted(batch.new.webhook_secrets, key=lambda row: str(row["owner_id"]))
    batch.connection.execute(INSERT_SECRET[batch.connection.dialect.name], rows)


def _bit(event: StoredEvent) -> int:
    """The trigger that an event is told by; 0 for none."""
    if event.kind == event_pb2.EVENT_KIND_UTTERANCE:
        return BIT[WebhookTrigger.TRANSCRIPT_UPDATE] if event.message().utterance.final else 0
    if event.kind == event_pb2.EVENT_KIND_PARTICIPANT:
        return BIT[WebhookTrigger.PARTICIPANT_JOIN_LEAVE] if event.message().participant.event_type in _JOIN_LEAVE else 0
    return _ALWAYS.get(event.kind, 0)


def _of_bots(connection: Connection, bot_ids: set[str]) -> dict[str, list[Subscription]]:
    found: dict[str, list[Subscription]] = {}
    if bot_ids:
        for bot_id, webhook_id, triggers in connection.execute(_OF_BOTS, {"bot_ids": sorted(bot_ids)}):
            found.setdefault(bot_id, []).append((webhook_id, triggers))
    return found


def _delivery(event: StoredEvent, webhook_id: str, bit: int, now_us: int) -> dict[str, Any]:
    return {
        "id": new_id("whd"),
        "webhook_id": webhook_id,
        "bot_id": event.bot_id,
        "sequence": event.sequence,
        "trigger": bit,
        "idempotency_key": str(uuid.uuid4()),
        "state": DeliveryState.PENDING.value,
        "attempts": 0,
        "created_us": now_us,
        "next_attempt_us": now_us,
    }
