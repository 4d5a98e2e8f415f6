"""What the store takes and gives of webhooks: plain frozen values. Instants are microseconds since the Unix epoch (`*_us`)."""

from __future__ import annotations

from dataclasses import dataclass

from server.domain.webhooks import DeliveryState, DisabledReason


@dataclass(frozen=True, slots=True)
class WebhookRecord:
    """A webhook. `triggers` is a set of domain.webhooks.BIT; `bot_id` None for one of the project."""

    id: str
    project_id: str
    bot_id: str | None
    url: str
    triggers: int
    disabled_reason: DisabledReason | None
    failing_since_us: int | None
    created_us: int

    @property
    def secret_owner(self) -> str:
        """Whose secret signs for it: its own, or for the webhook of a bot its project's."""
        return self.id if self.bot_id is None else self.project_id


@dataclass(frozen=True, slots=True)
class SecretRecord:
    """A sealed secret, and the one before it while both are used."""

    owner_id: str
    sealed: bytes
    previous_sealed: bytes | None = None
    previous_until_us: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One event for one webhook, and how that is going. `trigger` is one domain.webhooks.BIT."""

    id: str
    webhook_id: str
    bot_id: str
    sequence: int
    trigger: int
    idempotency_key: str
    state: DeliveryState
    attempts: int
    created_us: int
    next_attempt_us: int | None
    last_attempt_us: int | None
    response_status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """The right to send one bot's events to one webhook, until its lease ends."""

    webhook_id: str
    bot_id: str
    lease: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery with what it tells. `event`: a serialised rollcall.v1.Event, None where it was deleted from the log."""

    delivery: DeliveryRecord
    event: bytes | None
    metadata_json: str | None


@dataclass(frozen=True, slots=True)
class LineWork:
    """What waits in a line, in order. `secret` None where there is none."""

    webhook: WebhookRecord
    secret: SecretRecord | None
    parcels: tuple[Parcel, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt went. `status`: the HTTP status, where one came; `error`: in our words, None for success.

    `final`: nothing will change by trying again; `slow`: the receiver took more than its time.
    """

    status: int | None = None
    error: str | None = None
    final: bool = False
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """What storing an attempt did. `held`: the line is still ours; `failing_since_us`: since when the webhook takes nothing."""

    held: bool
    failing_since_us: int | None = None
