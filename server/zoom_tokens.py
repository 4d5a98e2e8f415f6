"""Zoom tokens for a bot that goes in: its owner's `callback_settings.zoom_tokens_url` is asked, signed as webhooks are.

Nothing is kept: a token is on its way to one agent, and is in no log and in no error.
"""

from __future__ import annotations

import json
import ssl
import uuid
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog

from rollcall.outward import GuardedTransport
from rollcall.v1 import agent_service_pb2 as pb
from rollcall.v1.bot_settings_pb2 import BotSettings
from server.clock import Clock
from server.domain.errors import BadSetting
from server.domain.zoom_tokens import TokensError, checked
from server.sealing import Sealer, SealError
from server.settings import ServerSettings
from server.store import Lease
from server.store.webhooks import WebhookStore
from server.webhooks import signing
from server.webhooks.asking import Asker, NoAnswerError
from server.webhooks.assembly import policy_of
from server.webhooks.secrets import open_all, seal_new

_log = structlog.get_logger(__name__)

_TIMEOUT_S: Final = 10.0
_AT_ONCE: Final = 32
"""Connections at a time; a question that finds none free waits, within its time."""
_SECOND_US: Final = 1_000_000
_WHAT_TO_DO: Final = "Look at what it does with this request (docs/zoom-tokens.md), then send the bot again."
_SEALED: Final = (
    "The project's webhook secret, with which the question is signed, cannot be opened: the server's sealing key has changed. "
    "Rotate it: rollcall webhooks project-secret."
)


@dataclass(frozen=True, slots=True)
class ZoomTokenDesk:
    """Asks for the holders of leases."""

    webhooks: WebhookStore
    sealer: Sealer
    asker: Asker
    clock: Clock

    async def give(self, lease: Lease) -> pb.ZoomTokensGiven:
        """What the bot's callback gives, or in words why there is nothing. Raises DatabaseAway."""
        url = BotSettings.FromString(lease.settings).callback_settings.zoom_tokens_url
        if not url:
            return pb.ZoomTokensGiven(problem="The bot has no callback_settings.zoom_tokens_url.")
        body = signing.canonical_json(_question(lease))
        project_id = lease.bot.project_id
        secret = await self.webhooks.project_secret(project_id, sealed_if_none=seal_new(self.sealer, project_id)[1])
        now_us = self.clock.now_us()
        try:
            secrets = open_all(self.sealer, secret, now_us)
        except SealError as error:
            _log.error("webhook_secret_sealed", project_id=project_id, problem=str(error))
            return pb.ZoomTokensGiven(problem=_SEALED)
        headers = signing.headers(secrets, f"cb_{uuid.uuid4().hex}", now_us // _SECOND_US, body)
        try:
            tokens = checked(_parsed(await self.asker.ask(url, body, headers)))
        except (NoAnswerError, TokensError) as error:
            return pb.ZoomTokensGiven(problem=f"callback_settings.zoom_tokens_url gave no Zoom tokens. {error} {_WHAT_TO_DO}")
        return pb.ZoomTokensGiven(zak_token=tokens["zak_token"], join_token=tokens["join_token"])


def make_asker(settings: ServerSettings) -> Asker:
    """What callbacks are asked through; they may be where webhooks may be. Raises BadSetting."""
    try:
        transport = GuardedTransport(policy_of(settings), ca_file=settings.webhook_ca_file, connections=_AT_ONCE)
    except (OSError, ssl.SSLError) as error:
        raise BadSetting("ROLLCALL_WEBHOOK_CA_FILE", "is not a readable PEM file of certificates.") from error
    return Asker(transport, _TIMEOUT_S)


def _question(lease: Lease) -> dict[str, Any]:
    metadata = lease.bot.metadata_json
    return {
        "bot_id": lease.bot.id,
        "bot_metadata": json.loads(metadata) if metadata else None,
        "callback_type": "zoom_tokens",
        "meeting_url": lease.bot.meeting_url,
    }


def _parsed(answer: bytes) -> Any:
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError:
        raise TokensError("Its answer is not JSON.") from None
