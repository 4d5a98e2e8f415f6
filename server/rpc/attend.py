"""AgentService: one stream for each bot that a worker runs. The talk itself is in attend_session.py."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from rollcall.v1.agent_service_pb2 import AttendRequest, AttendResponse
from server.dispatch import Dispatcher
from server.domain.errors import ProtocolError
from server.feed import Feed
from server.logins import LoginDesk
from server.rpc.attend_session import AttendSession
from server.rpc.auth import Caller
from server.rpc.convert import granted_message
from server.store import Lease, Store
from server.zoom_tokens import ZoomTokenDesk

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class AgentService:
    """Handlers of AgentService.

    `_sessions` only makes the newer of two streams for one bot win at once; who holds a lease stands in the database alone.
    """

    store: Store
    feed: Feed
    dispatcher: Dispatcher
    lease_seconds: float
    logins: LoginDesk
    zoom_tokens: ZoomTokenDesk
    _sessions: dict[str, AttendSession] = field(default_factory=dict)

    async def attend(self, requests: AsyncIterator[AttendRequest], _caller: Caller) -> AsyncGenerator[AttendResponse, None]:
        """Raises LeaseNotAvailable, LeaseLost, ProtocolError, Draining, DatabaseAway."""
        lease = await self._lease(await anext(requests, None))
        bot_id = lease.bot.id
        session = AttendSession(
            lease,
            self.store,
            self.feed,
            self.dispatcher,
            lease_seconds=self.lease_seconds,
            logins=self.logins,
            zoom_tokens=self.zoom_tokens,
        )
        older = self._sessions.get(bot_id)
        if older is not None:
            older.supersede()
        self._sessions[bot_id] = session
        log = _log.bind(bot_id=bot_id, epoch=lease.epoch, worker_id=lease.bot.worker_id)
        log.info("attend_began", task=lease.task.value)
        try:
            yield AttendResponse(granted=granted_message(lease, self.lease_seconds))
            async with aclosing(session.talk(requests)) as answers:
                async for answer in answers:
                    yield answer
        finally:
            if self._sessions.get(bot_id) is session:
                del self._sessions[bot_id]
            log.info("attend_ended")

    def drain(self) -> None:
        """Ends all streams, so that agents look for another server or for this one once it is back."""
        for session in self._sessions.values():
            session.drain()

    async def _lease(self, first: AttendRequest | None) -> Lease:
        match first.WhichOneof("message") if first else None:
            case "claim":
                assert first is not None
                return await self.store.claim_lease(first.claim.bot_id, first.claim.worker_id)
            case "resume":
                assert first is not None
                return await self.store.resume_lease(first.resume.bot_id, first.resume.worker_id, first.resume.epoch)
            case _:
                raise ProtocolError("The first message of Attend is ClaimLease or ResumeLease.")
