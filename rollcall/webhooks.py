"""A project's webhooks from Python: `Client.webhooks`, and `AsyncClient.webhooks` for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, Final

from google.protobuf.message import Message

from rollcall.client_plans import Pages
from rollcall.v1 import webhook_service_pb2 as pb

SERVICE: Final = "/rollcall.v1.WebhookService/"


class Webhooks:
    """Every method raises an error of rollcall.errors.

    call: sends a request of a method and gives its answer; pages: reads a list, page after page.
    """

    def __init__(self, call: Callable[[str, Message], Any], pages: Callable[[Pages[Any]], Iterator[Any]]) -> None:
        self._call = call
        self._pages = pages

    def create(self, url: str, triggers: Iterable[str]) -> pb.Webhook:
        """A new webhook of the project, with its `secret`: base64 of 32 bytes, never shown again."""
        request = pb.CreateWebhookRequest(url=url, triggers=triggers)
        answer: pb.CreateWebhookResponse = self._call(SERVICE + "CreateWebhook", request)
        return answer.webhook

    def list(self, bot_id: str | None = None) -> Iterator[pb.Webhook]:
        """The project's webhooks, oldest first, or one bot's own."""
        return self._pages(_listing(bot_id))

    def get(self, webhook_id: str) -> pb.Webhook:
        """One webhook."""
        answer: pb.GetWebhookResponse = self._call(SERVICE + "GetWebhook", pb.GetWebhookRequest(webhook_id=webhook_id))
        return answer.webhook

    def update(
        self, webhook_id: str, *, url: str | None = None, triggers: Iterable[str] = (), enabled: bool | None = None
    ) -> pb.Webhook:
        """The webhook, with what is given changed."""
        request = pb.UpdateWebhookRequest(webhook_id=webhook_id, url=url, triggers=triggers, enabled=enabled)
        answer: pb.UpdateWebhookResponse = self._call(SERVICE + "UpdateWebhook", request)
        return answer.webhook

    def delete(self, webhook_id: str) -> None:
        """Deletes it, with its deliveries."""
        self._call(SERVICE + "DeleteWebhook", pb.DeleteWebhookRequest(webhook_id=webhook_id))

    def rotate_secret(self, webhook_id: str | None, *, overlap_seconds: int | None = None) -> str:
        """A new secret of a webhook; with None the project's, which signs for the webhooks that bots are made with.

        The one before is used too for so many seconds, a day where not given.
        """
        return str(self._call(*_rotation(webhook_id, overlap_seconds)).secret)

    def deliveries(self, webhook_id: str, **filters: Any) -> Iterator[pb.WebhookDelivery]:
        """What was, is or will be sent to it, oldest first. Filters: `bot_id`, `states` (`["failed"]`)."""
        return self._pages(_deliveries(webhook_id, filters))

    def delivery(self, webhook_id: str, delivery_id: str) -> pb.WebhookDelivery:
        """One delivery."""
        request = pb.GetWebhookDeliveryRequest(webhook_id=webhook_id, delivery_id=delivery_id)
        answer: pb.GetWebhookDeliveryResponse = self._call(SERVICE + "GetWebhookDelivery", request)
        return answer.delivery

    def redeliver(self, webhook_id: str, delivery_id: str) -> pb.WebhookDelivery:
        """Sends a delivery again, with the same key."""
        request = pb.RedeliverWebhookDeliveryRequest(webhook_id=webhook_id, delivery_id=delivery_id)
        answer: pb.RedeliverWebhookDeliveryResponse = self._call(SERVICE + "RedeliverWebhookDelivery", request)
        return answer.delivery


class AsyncWebhooks:
    """As Webhooks, for asyncio."""

    def __init__(self, call: Callable[[str, Message], Awaitable[Any]], pages: Callable[[Pages[Any]], AsyncIterator[Any]]) -> None:
        self._call = call
        self._pages = pages

    async def create(self, url: str, triggers: Iterable[str]) -> pb.Webhook:
        """As Webhooks.create."""
        answer: pb.CreateWebhookResponse = await self._call(
            SERVICE + "CreateWebhook", pb.CreateWebhookRequest(url=url, triggers=triggers)
        )
        return answer.webhook

    def list(self, bot_id: str | None = None) -> AsyncIterator[pb.Webhook]:
        """As Webhooks.list."""
        return self._pages(_listing(bot_id))

    async def get(self, webhook_id: str) -> pb.Webhook:
        """As Webhooks.get."""
        answer: pb.GetWebhookResponse = await self._call(SERVICE + "GetWebhook", pb.GetWebhookRequest(webhook_id=webhook_id))
        return answer.webhook

    async def update(
        self, webhook_id: str, *, url: str | None = None, triggers: Iterable[str] = (), enabled: bool | None = None
    ) -> pb.Webhook:
        """As Webhooks.update."""
        request = pb.UpdateWebhookRequest(webhook_id=webhook_id, url=url, triggers=triggers, enabled=enabled)
        answer: pb.UpdateWebhookResponse = await self._call(SERVICE + "UpdateWebhook", request)
        return answer.webhook

    async def delete(self, webhook_id: str) -> None:
        """As Webhooks.delete."""
        await self._call(SERVICE + "DeleteWebhook", pb.DeleteWebhookRequest(webhook_id=webhook_id))

    async def rotate_secret(self, webhook_id: str | None, *, overlap_seconds: int | None = None) -> str:
        """As Webhooks.rotate_secret."""
        return str((await self._call(*_rotation(webhook_id, overlap_seconds))).secret)

    def deliveries(self, webhook_id: str, **filters: Any) -> AsyncIterator[pb.WebhookDelivery]:
        """As Webhooks.deliveries."""
        return self._pages(_deliveries(webhook_id, filters))

    async def delivery(self, webhook_id: str, delivery_id: str) -> pb.WebhookDelivery:
        """As Webhooks.delivery."""
        request = pb.GetWebhookDeliveryRequest(webhook_id=webhook_id, delivery_id=delivery_id)
        answer: pb.GetWebhookDeliveryResponse = await self._call(SERVICE + "GetWebhookDelivery", request)
        return answer.delivery

    async def redeliver(self, webhook_id: str, delivery_id: str) -> pb.WebhookDelivery:
        """As Webhooks.redeliver."""
        request = pb.RedeliverWebhookDeliveryRequest(webhook_id=webhook_id, delivery_id=delivery_id)
        answer: pb.RedeliverWebhookDeliveryResponse = await self._call(SERVICE + "RedeliverWebhookDelivery", request)
        return answer.delivery


def _listing(bot_id: str | None) -> Pages[pb.Webhook]:
    fields = {} if bot_id is None else {"bot_id": bot_id}
    return Pages("ListWebhooks", pb.ListWebhooksRequest, fields, service=SERVICE)


def _deliveries(webhook_id: str, filters: dict[str, Any]) -> Pages[pb.WebhookDelivery]:
    fields = {"webhook_id": webhook_id, **filters}
    return Pages("ListWebhookDeliveries", pb.ListWebhookDeliveriesRequest, fields, service=SERVICE)


def _rotation(webhook_id: str | None, overlap_seconds: int | None) -> tuple[str, Message]:
    if webhook_id is None:
        return SERVICE + "RotateProjectWebhookSecret", pb.RotateProjectWebhookSecretRequest(overlap_seconds=overlap_seconds)
    request = pb.RotateWebhookSecretRequest(webhook_id=webhook_id, overlap_seconds=overlap_seconds)
    return SERVICE + "RotateWebhookSecret", request
