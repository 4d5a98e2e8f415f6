"""Sends what waits in lines: on a hint at once, and by a sweep whatever no hint came for.

A line is one bot's deliveries to one webhook. It is held under a lease while it is sent, delivery after delivery; a failure lets
go of it until the next attempt is due. A server that is killed in between loses its lease after a while, and the delivery is sent
again with the same key: a receiver may get one twice, and never none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import Final

import structlog

from server.clock import Clock
from server.domain.errors import DatabaseAway
from server.sealing import Sealer, SealError
from server.store import Attempt, Line, LineWork, Parcel, Store, WebhookRecord
from server.store.webhooks import PARCELS_AT_ONCE
from server.tasks import end_tasks
from server.webhooks import signing
from server.webhooks.payload import body_of
from server.webhooks.secrets import open_all
from server.webhooks.sender import Sender

_log = structlog.get_logger(__name__)

_SECOND_US: Final = 1_000_000
_DAY_US: Final = 86_400 * _SECOND_US
_FORGET_EVERY_S: Final = 60.0
_FORGET_AT_ONCE: Final = 1000
_IN_A_ROW: Final = 64
"""Deliveries that one line may send before others have their turn."""
_MOST_SLOW: Final = 10_000
"""Webhooks that are remembered for having hung."""
_STOP_S: Final = 2.0
_NO_SECRET: Final = Attempt(error="The signing secret cannot be opened; the server's log says more. Rotate it to have a new one.")
_GONE: Final = Attempt(error="What it told was deleted.", final=True)


@dataclass(frozen=True, slots=True)
class DeliveryConfig:
    """timeout_s: as Sender. concurrency: lines at a time in this process; share: of one webhook. disable_days, keep_days: see
    the settings `webhook_disable_days` and `webhook_keep_days`.
    """

    timeout_s: float = 10.0
    concurrency: int = 32
    share: int = 8
    disable_days: float = 5.0
    keep_days: float = 30.0
    every_s: float = 1.0

    @property
    def lease_s(self) -> float:
        """Longer than any attempt takes, with what is done around it."""
        return self.timeout_s + 5.0


class Deliverer:
    """One a server process. Everything but the constructor is called on the event loop."""

    def __init__(self, store: Store, sender: Sender, sealer: Sealer, config: DeliveryConfig, clock: Clock) -> None:
        self._store = store.webhooks
        self._sender = sender
        self._sealer = sealer
        self._config = config
        self._clock = clock
        self._sending: dict[asyncio.Task[None], Line] = {}
        self._busy: Counter[str] = Counter()
        self._more = asyncio.Event()
        self._slow: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begins to send."""
        loops = (self._work(), self._forget())
        self._tasks = [asyncio.get_running_loop().create_task(one) for one in loops]

    async def stop(self) -> None:
        """Takes nothing new, gives what is being sent a moment, and lets go of the rest at once."""
        await end_tasks(self._tasks)
        if self._sending:
            await asyncio.wait(list(self._sending), timeout=_STOP_S)
        left = dict(self._sending)
        await end_tasks(left)
        for line in left.values():
            with contextlib.suppress(DatabaseAway):
                await self._store.release(line)
        await self._sender.close()

    def hint(self) -> None:
        """Says that something waits for a webhook."""
        self._more.set()

    # -- Finding lines -------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._config.every_s):
                    await self._more.wait()
            self._more.clear()
            try:
                if await self._store.any_due(self._clock.now_us()):
                    await self._claim()
            except DatabaseAway:
                pass  # all that is due stays due
            except Exception:  # noqa: BLE001 - a fault in one look must not end all later ones
                _log.exception("webhook_sweep_failed")

    async def _claim(self) -> None:
        room = self._config.concurrency - len(self._sending)
        if room <= 0:
            return
        share = self._config.share
        # One that hung the last time gets one line, so that many such take no more than a place each.
        busy = self._busy + Counter(dict.fromkeys(self._slow, share - 1))
        for line in await self._store.claim_lines(limit=room, lease_s=self._config.lease_s, busy=busy, share=share):
            self._busy[line.webhook_id] += 1
            task = asyncio.get_running_loop().create_task(self._guarded(line))
            self._sending[task] = line
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        line = self._sending.pop(task)
        self._busy[line.webhook_id] -= 1
        if not self._busy[line.webhook_id]:
            del self._busy[line.webhook_id]
        self._more.set()  # there is room for another

    # -- Sending one line ----------------------------------------------------------------------------------------------

    async def _guarded(self, line: Line) -> None:
        try:
            await self._send_line(line)
        except DatabaseAway:
            _log.warning("webhook_line_left", webhook_id=line.webhook_id, reason="database away")
        except Exception:  # noqa: BLE001 - a fault with one line must not end the others; its lease ends and it is tried again
            _log.exception("webhook_line_failed", webhook_id=line.webhook_id, bot_id=line.bot_id)

    async def _send_line(self, line: Line) -> None:
        sent = 0
        while sent < _IN_A_ROW:
            work = await self._store.read_line(line)
            parcels = work.parcels if work is not None else ()
            if work is None or not parcels or (parcels[0].delivery.next_attempt_us or 0) > self._clock.now_us():
                break
            failing = work.webhook.failing_since_us is not None
            for place, parcel in enumerate(parcels, 1):
                last = place == len(parcels) < PARCELS_AT_ONCE
                attempt = await self._attempt(work, parcel)
                self._note_slow(work.webhook.id, slow=attempt.slow)
                settled = await self._store.settle(
                    line, parcel, attempt, lease_s=self._config.lease_s, was_failing=failing, last=last
                )
                failing = settled.failing_since_us is not None
                if settled.failing_since_us is not None:
                    await self._disable_if_hopeless(work.webhook, settled.failing_since_us)
                if not settled.held:
                    return
                sent += 1
        await self._store.release(line)

    def _note_slow(self, webhook_id: str, *, slow: bool) -> None:
        if not slow:
            self._slow.discard(webhook_id)
        elif len(self._slow) < _MOST_SLOW:
            self._slow.add(webhook_id)

    async def _disable_if_hopeless(self, webhook: WebhookRecord, failing_since_us: int) -> None:
        days = self._config.disable_days
        if self._clock.now_us() - failing_since_us < days * _DAY_US:
            return
        if await self._store.disable_failing(webhook.id, failing_since_us) is not None:
            _log.warning("webhook_disabled", webhook_id=webhook.id, project_id=webhook.project_id, failing_days=days)

    async def _attempt(self, work: LineWork, parcel: Parcel) -> Attempt:
        body = body_of(parcel)
        if body is None:
            return _GONE
        now_us = self._clock.now_us()
        try:
            secrets = open_all(self._sealer, work.secret, now_us) if work.secret is not None else []
        except SealError as error:
            _log.error("webhook_secret_sealed", webhook_id=work.webhook.id, problem=str(error))
            secrets = []
        if not secrets:
            return _NO_SECRET
        headers = signing.headers(secrets, parcel.delivery.idempotency_key, now_us // _SECOND_US, body)
        return await self._sender.send(work.webhook.url, body, headers)

    # -- What nobody needs any more ------------------------------------------------------------------------------------

    async def _forget(self) -> None:
        while True:
            before_us = self._clock.now_us() - round(self._config.keep_days * _DAY_US)
            forgotten = 0
            try:
                forgotten = await self._store.forget_deliveries(before_us, _FORGET_AT_ONCE)
            except DatabaseAway:
                pass  # they are as old in a minute
            except Exception:  # noqa: BLE001 - as in _work
                _log.exception("webhook_deliveries_not_forgotten")
            await asyncio.sleep(0 if forgotten == _FORGET_AT_ONCE else _FORGET_EVERY_S)
