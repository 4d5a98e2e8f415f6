"""The tables of webhooks; as tables.py."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Index, LargeBinary, SmallInteger, Text, text
from sqlmodel import Field, SQLModel

from server.store.tables import table_of


class Webhook(SQLModel, table=True):
    """Where events are sent. `bot_id`: the one bot it belongs to, or None for all of the project that have none of their own.

    `triggers` is a set of domain.webhooks.BIT. `failing_since_us`: the first failure since the last success.
    """

    __table_args__ = (Index("ix_webhook_project_id_created_us_id", "project_id", "created_us", "id"),)

    id: str = Field(primary_key=True)
    project_id: str = Field(foreign_key="project.id")
    bot_id: str | None = Field(default=None, foreign_key="bot.id", index=True)
    url: str = Field(sa_type=Text)
    triggers: int = Field(sa_type=SmallInteger)
    disabled_reason: str | None = None
    failing_since_us: int | None = Field(default=None, sa_type=BigInteger)
    created_us: int = Field(sa_type=BigInteger)


class WebhookSecret(SQLModel, table=True):
    """What signs, sealed (server/sealing.py). `owner_id`: a webhook, or the project, whose secret signs for webhooks of its bots.

    The secret before is used too until `previous_until_us`.
    """

    __tablename__ = "webhook_secret"

    owner_id: str = Field(primary_key=True)
    sealed: bytes = Field(sa_type=LargeBinary)
    previous_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    previous_until_us: int | None = Field(default=None, sa_type=BigInteger)


_PENDING_SQL: Final = "state = 'pending'"


class WebhookDelivery(SQLModel, table=True):
    """One event for one webhook. What it tells is read from the log, so that what was deleted there is sent nowhere."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_list", "webhook_id", "created_us", "bot_id", "sequence"),
        Index(
            "ix_webhook_delivery_line",
            "webhook_id",
            "bot_id",
            "sequence",
            sqlite_where=text(_PENDING_SQL),
            postgresql_where=text(_PENDING_SQL),
        ),
        Index("ix_webhook_delivery_created_us", "created_us"),
    )

    id: str = Field(primary_key=True)
    webhook_id: str
    bot_id: str
    sequence: int = Field(sa_type=BigInteger)
    trigger: int = Field(sa_type=SmallInteger)
    idempotency_key: str
    state: str
    attempts: int = Field(default=0, sa_type=SmallInteger)
    created_us: int = Field(sa_type=BigInteger)
    next_attempt_us: int | None = Field(default=None, sa_type=BigInteger)
    last_attempt_us: int | None = Field(default=None, sa_type=BigInteger)
    response_status: int | None = Field(default=None, sa_type=SmallInteger)
    error: str | None = None


class WebhookLine(SQLModel, table=True):
    """The deliveries of one bot to one webhook that wait, in the order of the log; a row only while there are some.

    `due_us`: when somebody has to look. `lease`: who does, until `due_us`.
    """

    __tablename__ = "webhook_line"

    webhook_id: str = Field(primary_key=True)
    bot_id: str = Field(primary_key=True)
    due_us: int = Field(sa_type=BigInteger, index=True)
    lease: str | None = None


WEBHOOK: Final = table_of(Webhook)
WEBHOOK_SECRET: Final = table_of(WebhookSecret)
WEBHOOK_DELIVERY: Final = table_of(WebhookDelivery)
WEBHOOK_LINE: Final = table_of(WebhookLine)
