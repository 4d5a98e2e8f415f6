"""A deliverer on a store of a test, and how a receiver checks what it gets."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rollcall.outward import GuardedTransport, Policy
from server.domain.webhooks import WebhookTrigger, mask_of
from server.sealing import Sealer
from server.store import WebhookRecord
from server.webhooks import signing
from server.webhooks.deliverer import Deliverer, DeliveryConfig
from server.webhooks.secrets import seal_new
from server.webhooks.sender import Sender
from tests.receiver import Received
from tests.unit.server.store.story import Story

SEALER = Sealer([secrets.token_urlsafe(32)])
TIMEOUT_S = 1.0


@asynccontextmanager
async def delivering(story: Story, sealer: Sealer = SEALER, **more: Any) -> AsyncIterator[Deliverer]:
    """Sends for the story's store, and is stopped in good order."""
    config = DeliveryConfig(**{"timeout_s": TIMEOUT_S, "every_s": 0.02} | more)
    sender = Sender(GuardedTransport(Policy(private=True)), config.timeout_s)
    one = Deliverer(story.store, sender, sealer, config, story.clock)
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


async def subscribe(story: Story, url: str, name: str = "a", triggers: int | None = None) -> tuple[WebhookRecord, bytes]:
    """A webhook and its secret."""
    webhook_id = f"wh_{name:0>16}"
    secret, sealed = seal_new(SEALER, webhook_id)
    mask = mask_of(WebhookTrigger) if triggers is None else triggers
    record = await story.store.webhooks.create(webhook_id, story.project_id, url, mask, sealed_secret=sealed, limit=20)
    return record, secret


def is_signed(one: Received, secret: bytes) -> bool:
    """Whether both kinds of signature are this secret's."""
    return one.headers["x-webhook-signature"] == signing.body_signature(secret, one.body) and has_standard(one, secret)


def has_standard(one: Received, secret: bytes) -> bool:
    """Whether one of the standard signatures is this secret's."""
    signed = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
    return f"v1,{signing.body_signature(secret, signed)}" in one.headers["webhook-signature"].split(" ")


def decoded(text: str) -> bytes:
    """A secret as the API shows it."""
    return base64.b64decode(text, validate=True)
