"""The parts that send webhooks, put together from the settings."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

import structlog

from rollcall.outward import GuardedTransport, Policy
from server.clock import Clock
from server.dispatch import Dispatcher
from server.domain.errors import BadSetting, DatabaseAway
from server.sealing import Sealer, SealError
from server.secrets import read_or_make
from server.settings import ServerSettings
from server.store import Store, StoredEvent
from server.tasks import end_tasks
from server.webhooks.deliverer import Deliverer, DeliveryConfig
from server.webhooks.secrets import reseal_all
from server.webhooks.sender import Sender

_log = structlog.get_logger(__name__)

_MOST_NAMED: Final = 20


def policy_of(settings: ServerSettings) -> Policy:
    """What webhooks may reach."""
    return Policy(private=settings.webhook_private_addresses)


def make_sealer(settings: ServerSettings) -> Sealer:
    """The keys of the settings, or those of the data folder, one a line, made there where there is none. Raises BadSetting."""
    given = settings.sealing_keys
    text = given.get_secret_value() if given is not None else read_or_make(settings.data_dir / "sealing_keys")
    try:
        return Sealer([word for word in text.replace(",", " ").split() if word])
    except SealError as error:
        setting = "ROLLCALL_SEALING_KEYS" if given is not None else "ROLLCALL_DATA_DIR"
        raise BadSetting(setting, f"{error}.") from None


class Webhooks:
    """Sending, in one server process: `start` once the store is open, `stop` before it is closed."""

    def __init__(self, settings: ServerSettings, store: Store, sealer: Sealer, dispatcher: Dispatcher, clock: Clock) -> None:
        """Raises BadSetting."""
        self._store = store
        self._sealer = sealer
        self._dispatcher = dispatcher
        config = DeliveryConfig(
            timeout_s=settings.webhook_timeout_seconds,
            concurrency=settings.webhook_concurrency,
            share=max(1, settings.webhook_concurrency // 4),
            disable_days=settings.webhook_disable_days,
            keep_days=settings.webhook_keep_days,
        )
        try:
            transport = GuardedTransport(
                policy_of(settings), ca_file=settings.webhook_ca_file, connections=settings.webhook_concurrency
            )
        except (OSError, ssl.SSLError) as error:
            raise BadSetting("ROLLCALL_WEBHOOK_CA_FILE", "is not a readable PEM file of certificates.") from error
        self._deliverer = Deliverer(store, Sender(transport, config.timeout_s), sealer, config, clock)
        self._resealing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to send, on hints and by itself."""
        await self._deliverer.start()
        loop = asyncio.get_running_loop()
        self._resealing = loop.create_task(self._reseal())

        def hint(_bot_id: str) -> None:
            """From the queue's thread. Whose line is due longest is sent first, whatever bot the hint is about."""
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._deliverer.hint)

        self._dispatcher.listen(hint)
        self._store.on_commit(self._hear)

    async def stop(self) -> None:
        """Ends what is being sent, in good order."""
        if self._resealing is not None:
            await end_tasks([self._resealing])
        await self._deliverer.stop()

    def _hear(self, events: list[StoredEvent]) -> None:
        for bot_id in dict.fromkeys(event.bot_id for event in events if event.webhooks):
            self._dispatcher.send_delivery(bot_id)

    async def _reseal(self) -> None:
        try:
            done = await reseal_all(self._sealer, self._store)
        except DatabaseAway:
            _log.warning("webhook_secrets_not_resealed", reason="database away")
            return
        if done.changed:
            _log.info("webhook_secrets_sealed_anew", count=done.changed)
        if done.unreadable:
            _log.error(
                "webhook_secrets_unreadable",
                count=len(done.unreadable),
                owners=done.unreadable[:_MOST_NAMED],
                setting="ROLLCALL_SEALING_KEYS",
            )
