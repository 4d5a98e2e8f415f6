"""WebhookService: webhooks made, read, changed; their secrets rotated; their deliveries looked at and sent again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from rollcall.outward import Policy, problem_of
from rollcall.v1 import webhook_service_pb2 as pb
from rollcall.v1.bot_service_pb2 import CreateBotRequest
from server.dispatch import Dispatcher
from server.domain.errors import Unfulfilled, Violation
from server.domain.ids import new_id
from server.domain.webhooks import DeliveryState, DisabledReason, mask_of, triggers_of
from server.rpc.auth import Caller
from server.rpc.convert import set_time
from server.rpc.validation import Check
from server.sealing import Sealer
from server.store import DeliveryRecord, OwnWebhooks, SecretRecord, WebhookRecord
from server.store.webhooks import WebhookStore
from server.webhooks.secrets import seal_new
from server.webhooks.signing import secret_text

OVERLAP_SECONDS: Final = 24 * 3600
"""For how long the secret before is used too, where a rotation does not say."""
_STATES: Final = {state: pb.WebhookDeliveryState.Value(f"WEBHOOK_DELIVERY_STATE_{state.name}") for state in DeliveryState}
_STATE_WORDS: Final = {number: state for state, number in _STATES.items()}
_REASONS: Final[dict[DisabledReason | None, pb.WebhookDisabledReason.ValueType]] = {
    None: pb.WEBHOOK_DISABLED_REASON_UNSPECIFIED,
    **{reason: pb.WebhookDisabledReason.Value(f"WEBHOOK_DISABLED_REASON_{reason.name}") for reason in DisabledReason},
}


@dataclass(slots=True)
class WebhookService:
    """Handlers of WebhookService."""

    store: WebhookStore
    sealer: Sealer
    dispatcher: Dispatcher

    async def create_webhook(self, request: pb.CreateWebhookRequest, caller: Caller) -> pb.CreateWebhookResponse:
        """Raises Unfulfilled."""
        webhook_id = new_id("wh")
        secret, sealed = seal_new(self.sealer, webhook_id)
        record = await self.store.create(
            webhook_id,
            caller.project_id,
            request.url,
            mask_of(request.triggers),
            sealed_secret=sealed,
            limit=caller.limits.webhooks,
        )
        webhook = _webhook_message(record)
        webhook.secret = secret_text(secret)
        return pb.CreateWebhookResponse(webhook=webhook)

    async def list_webhooks(self, request: pb.ListWebhooksRequest, caller: Caller) -> pb.ListWebhooksResponse:
        """Raises NotFound, InvalidCursor."""
        page = await self.store.list_webhooks(
            caller.project_id, bot_id=request.bot_id if request.HasField("bot_id") else None, cursor=_cursor(request)
        )
        results = [_webhook_message(record) for record in page.results]
        return pb.ListWebhooksResponse(next=page.next, previous=page.previous, results=results)

    async def get_webhook(self, request: pb.GetWebhookRequest, caller: Caller) -> pb.GetWebhookResponse:
        """Raises NotFound."""
        return pb.GetWebhookResponse(webhook=_webhook_message(await self.store.get(caller.project_id, request.webhook_id)))

    async def update_webhook(self, request: pb.UpdateWebhookRequest, caller: Caller) -> pb.UpdateWebhookResponse:
        """Raises NotFound, Unfulfilled."""
        record = await self.store.update(
            caller.project_id,
            request.webhook_id,
            url=request.url if request.HasField("url") else None,
            triggers=mask_of(request.triggers) or None,
            enabled=request.enabled if request.HasField("enabled") else None,
        )
        return pb.UpdateWebhookResponse(webhook=_webhook_message(record))

    async def delete_webhook(self, request: pb.DeleteWebhookRequest, caller: Caller) -> pb.DeleteWebhookResponse:
        """Raises NotFound."""
        await self.store.delete(caller.project_id, request.webhook_id)
        return pb.DeleteWebhookResponse()

    async def rotate_webhook_secret(
        self, request: pb.RotateWebhookSecretRequest, caller: Caller
    ) -> pb.RotateWebhookSecretResponse:
        """Raises NotFound, Unfulfilled."""
        await self.store.get(caller.project_id, request.webhook_id)
        text, record = await self._rotate(request, caller, request.webhook_id)
        return pb.RotateWebhookSecretResponse(secret=text, previous_secret_until=_time(record.previous_until_us))

    async def rotate_project_webhook_secret(
        self, request: pb.RotateProjectWebhookSecretRequest, caller: Caller
    ) -> pb.RotateProjectWebhookSecretResponse:
        """The project's own secret, made where there is none."""
        text, record = await self._rotate(request, caller, None)
        return pb.RotateProjectWebhookSecretResponse(secret=text, previous_secret_until=_time(record.previous_until_us))

    async def _rotate(self, request: Any, caller: Caller, webhook_id: str | None) -> tuple[str, SecretRecord]:
        overlap_s = request.overlap_seconds if request.HasField("overlap_seconds") else OVERLAP_SECONDS
        secret, sealed = seal_new(self.sealer, webhook_id or caller.project_id)
        record = await self.store.rotate_secret(caller.project_id, webhook_id, sealed, overlap_s)
        return secret_text(secret), record

    async def list_webhook_deliveries(
        self, request: pb.ListWebhookDeliveriesRequest, caller: Caller
    ) -> pb.ListWebhookDeliveriesResponse:
        """Raises NotFound, InvalidCursor."""
        page = await self.store.list_deliveries(
            caller.project_id,
            request.webhook_id,
            bot_id=request.bot_id if request.HasField("bot_id") else None,
            states=[_STATE_WORDS[state] for state in request.states],
            cursor=_cursor(request),
        )
        results = [_delivery_message(record) for record in page.results]
        return pb.ListWebhookDeliveriesResponse(next=page.next, previous=page.previous, results=results)

    async def get_webhook_delivery(self, request: pb.GetWebhookDeliveryRequest, caller: Caller) -> pb.GetWebhookDeliveryResponse:
        """Raises NotFound."""
        record = await self.store.get_delivery(caller.project_id, request.webhook_id, request.delivery_id)
        return pb.GetWebhookDeliveryResponse(delivery=_delivery_message(record))

    async def redeliver_webhook_delivery(
        self, request: pb.RedeliverWebhookDeliveryRequest, caller: Caller
    ) -> pb.RedeliverWebhookDeliveryResponse:
        """Raises NotFound, Unfulfilled."""
        record = await self.store.redeliver(caller.project_id, request.webhook_id, request.delivery_id)
        self.dispatcher.send_delivery(record.bot_id)
        return pb.RedeliverWebhookDeliveryResponse(delivery=_delivery_message(record))


class BotsOwnWebhooks:
    """Webhooks that a bot is made with, as they are stored."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def __call__(self, request: CreateBotRequest, project_id: str) -> OwnWebhooks | None:
        """None where there are none. Raises Unfulfilled where a URL comes twice."""
        if not request.webhooks:
            return None
        if len({webhook.url for webhook in request.webhooks}) < len(request.webhooks):
            raise Unfulfilled(
                "WEBHOOK_URL_TWICE", "A URL is subscribed twice for this bot; give each URL once, with all its triggers."
            )
        _, sealed = seal_new(self._sealer, project_id)
        return OwnWebhooks(tuple((webhook.url, mask_of(webhook.triggers)) for webhook in request.webhooks), sealed)


# -- What the contract's rules cannot say --------------------------------------------------------------------------------


def webhook_checks(policy: Policy) -> dict[type[Message], tuple[Check, ...]]:
    """The checks of this service's requests."""

    def check_url(request: Any) -> Iterator[Violation]:
        problem = problem_of(request.url, policy) if request.url else None
        if problem is not None:
            yield Violation("url", problem)

    return {pb.CreateWebhookRequest: (check_url,), pb.UpdateWebhookRequest: (check_url,)}


class BotsUrls:
    """The URLs that a bot is made with and that this server calls: of webhooks, and for Zoom tokens."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def __call__(self, request: CreateBotRequest) -> Iterator[Violation]:
        """At most one violation for each."""
        for index, webhook in enumerate(request.webhooks):
            problem = problem_of(webhook.url, self._policy) if webhook.url else None
            if problem is not None:
                yield Violation(f"webhooks[{index}].url", problem)
        url = request.callback_settings.zoom_tokens_url
        problem = problem_of(url, self._policy) if url else None
        if problem is not None:
            yield Violation("callback_settings.zoom_tokens_url", problem)


# -- Messages ----------------------------------------------------------------------------------------------------------


def _cursor(request: pb.ListWebhooksRequest | pb.ListWebhookDeliveriesRequest) -> str | None:
    return request.cursor if request.HasField("cursor") else None


def _time(at_us: int | None) -> Timestamp | None:
    if at_us is None:
        return None
    time = Timestamp()
    set_time(time, at_us)
    return time


def _webhook_message(record: WebhookRecord) -> pb.Webhook:
    return pb.Webhook(
        id=record.id,
        bot_id=record.bot_id,
        url=record.url,
        triggers=[trigger.value for trigger in triggers_of(record.triggers)],
        enabled=record.disabled_reason is None,
        disabled_reason=_REASONS[record.disabled_reason],
        failing_since=_time(record.failing_since_us),
        created_at=_time(record.created_us),
    )


def _delivery_message(record: DeliveryRecord) -> pb.WebhookDelivery:
    return pb.WebhookDelivery(
        id=record.id,
        webhook_id=record.webhook_id,
        bot_id=record.bot_id,
        sequence=record.sequence,
        trigger=triggers_of(record.trigger)[0].value,
        idempotency_key=record.idempotency_key,
        state=_STATES[record.state],
        attempts=record.attempts,
        response_status=record.response_status,
        error=record.error,
        created_at=_time(record.created_us),
        last_attempt_at=_time(record.last_attempt_us),
        next_attempt_at=_time(record.next_attempt_us),
    )
