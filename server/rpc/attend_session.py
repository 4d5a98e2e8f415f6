"""One Attend stream after its lease was granted.

Three tasks share the work. The reader takes what the agent says into a bounded queue; the worker takes all that has come, in
order, stores runs of reports in one transaction each, and acknowledges after the commit; the follower reads the bot's own log
and so hears what everybody else does to the bot, whichever server they talk to. All three end together, with the first error;
what the agent said before an error of its own is worked on first, so that it knows which report was the bad one.

Nothing here is the only copy of anything: a session can end at any line, and the agent's next stream finds all in the database.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

import structlog

from rollcall.v1 import agent_service_pb2 as pb
from rollcall.v1 import bot_pb2, event_pb2
from rollcall.v1.bot_settings_pb2 import BotSettings
from server.dispatch import Dispatcher
from server.domain.errors import DomainError, Draining, IllegalTransition, LeaseLost, ProtocolError
from server.domain.leave_rules import decide
from server.domain.state import ATTENDING, JOINED, TERMINAL, BotState, SubType, Trigger
from server.feed import Feed, FeedItem
from server.logins import LoginDesk
from server.rpc import convert
from server.rpc.attend_reports import ReportLine
from server.store import EventFilter, Lease, Store, Task
from server.tasks import end_tasks
from server.zoom_tokens import ZoomTokenDesk

_log = structlog.get_logger(__name__)

_MOST_WAITING = 1_000
"""Messages read and not yet worked on; the agent waits beyond that."""
_MOST_REPORTS = 256
"""Reports in one transaction."""
_SLACK = 0.9
"""Heartbeats come every third of the lease; one that is a little early renews all the same."""
_LEAVE = "leave"
_WATCHED = EventFilter(kinds=frozenset({int(event_pb2.EVENT_KIND_STATE), int(event_pb2.EVENT_KIND_MEDIA_REQUEST)}))
_AT_THE_MEETING = {
    pb.AGENT_PHASE_JOINING,
    pb.AGENT_PHASE_WAITING_ROOM,
    pb.AGENT_PHASE_WAITING_FOR_HOST,
    pb.AGENT_PHASE_IN_MEETING,
}
_NO_SUB_TYPE = bot_pb2.BOT_EVENT_SUB_TYPE_UNSPECIFIED
_TAKEN = {bot_pb2.BOT_EVENT_TYPE_AGENT_LOST, bot_pb2.BOT_EVENT_TYPE_DATA_DELETED}
"""What takes the bot from whoever runs it."""
_OVER = TERMINAL | {BotState.POST_PROCESSING}


class AttendSession:
    """The talk with one agent."""

    def __init__(
        self,
        lease: Lease,
        store: Store,
        feed: Feed,
        dispatcher: Dispatcher,
        *,
        lease_seconds: float,
        logins: LoginDesk,
        zoom_tokens: ZoomTokenDesk,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease = lease
        self._bot_id = lease.bot.id
        self._epoch = lease.epoch
        self._state = lease.bot.state
        self._rules = convert.leave_rules(BotSettings.FromString(lease.settings).automatic_leave_settings)
        self._store = store
        self._feed = feed
        self._dispatcher = dispatcher
        self._logins = logins
        self._zoom_tokens = zoom_tokens
        self._asking: asyncio.Task[None] | None = None
        self._clock = clock
        self._renew_every_s = lease_seconds / 3 * _SLACK
        self._renewed = clock()
        self._line = ReportLine(lease.last_report_number)
        self._waiting: deque[pb.AttendRequest] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = False
        self._misspoken: Exception | None = None
        self._answers: asyncio.Queue[pb.AttendResponse | None] = asyncio.Queue()
        self._error: BaseException | None = None
        self._sent: set[str] = set()
        self._released = False
        self._log = _log.bind(bot_id=self._bot_id, epoch=self._epoch)

    async def talk(self, requests: AsyncIterator[pb.AttendRequest]) -> AsyncGenerator[pb.AttendResponse, None]:
        """What to say to the agent, until one of the two is done. Raises LeaseLost, ProtocolError, Draining, DatabaseAway."""
        tasks = [
            asyncio.create_task(self._guarded(part, ends=ends))
            for part, ends in ((self._read(requests), False), (self._work(), True), (self._follow(), False))
        ]
        try:
            while (answer := await self._answers.get()) is not None:
                yield answer
            if self._error is not None:
                raise self._error
        finally:
            await end_tasks([*tasks, *([self._asking] if self._asking else [])])

    def supersede(self) -> None:
        """Ends this stream, for a newer one has come for the same bot."""
        self._end(LeaseLost(self._epoch))

    def drain(self) -> None:
        """Ends this stream, for the server stops; the agent resumes with another."""
        self._end(Draining())

    async def _guarded(self, part: Coroutine[Any, Any, None], *, ends: bool) -> None:
        """Runs a part; an error ends the talk, and so does the end of a part on which it depends."""
        try:
            await part
        except Exception as error:  # noqa: BLE001 - carried to the stream's end, where status.py knows what to do with it
            self._end(error)
        else:
            if ends:
                self._end(None)

    def _end(self, error: BaseException | None) -> None:
        self._error = self._error or error
        self._answers.put_nowait(None)

    # -- What the agent says -------------------------------------------------------------------------------------------

    async def _read(self, requests: AsyncIterator[pb.AttendRequest]) -> None:
        try:
            async for request in requests:
                while len(self._waiting) >= _MOST_WAITING:
                    self._room.clear()
                    await self._room.wait()
                self._waiting.append(request)
                self._arrived.set()
        except Exception as error:  # noqa: BLE001 - raised by the worker once it is done with what came before
            self._misspoken = error
        finally:
            self._ended = True
            self._arrived.set()

    async def _work(self) -> None:
        await self._catch_up()
        while True:
            while self._waiting:
                if await self._next():
                    return
            if self._ended:
                if self._misspoken is not None:
                    raise self._misspoken
                return
            self._arrived.clear()
            await self._arrived.wait()

    async def _next(self) -> bool:
        """Works on what has come, up to the next thing that is no report. True if the agent let go."""
        reports: list[pb.Report] = []
        while self._waiting and self._waiting[0].HasField("report") and len(reports) < _MOST_REPORTS:
            reports.append(self._waiting.popleft().report)
        if reports:
            self._room.set()
            await self._store_reports(reports)
            return False
        request = self._waiting.popleft()
        self._room.set()
        match request.WhichOneof("message"):
            case "situation":
                await self._hear_situation(request.situation)
            case "result":
                await self._store.finish_command(self._bot_id, self._epoch, request.result)
            case "take_login":
                self._say(pb.AttendResponse(login=await self._logins.give(self._lease)))
            case "refuse_login":
                await self._logins.refuse(self._lease, request.refuse_login)
            case "take_zoom_tokens":
                self._ask_for_zoom_tokens()
            case "release":
                await self._release(request.release)
                return True
            case _:
                raise ProtocolError(
                    "ClaimLease and ResumeLease are the first message of a stream, and AttendRequest is never empty."
                )
        return False

    async def _store_reports(self, reports: list[pb.Report]) -> None:
        for report in reports:
            self._line.add(report)
        while batch := self._line.take(_MOST_REPORTS):
            stored = await self._store.store_reports(self._bot_id, self._epoch, batch)
            self._renewed = self._clock()
            self._line.stored = max(self._line.stored, stored)
        self._say(pb.AttendResponse(accepted=pb.ReportsAccepted(number=self._line.stored)))

    async def _hear_situation(self, message: pb.Situation) -> None:
        now = self._clock()
        if now - self._renewed >= self._renew_every_s:
            lease_ms = await self._store.renew_lease(self._bot_id, self._epoch)
            self._renewed = now
            self._say(pb.AttendResponse(renewed=pb.LeaseRenewed(lease_ms=lease_ms)))
        await self._apply_rules(message)
        if message.phase in _AT_THE_MEETING and (self._state is BotState.LEAVING or self._state in TERMINAL):
            self._send_leave(abandoned=self._state is not BotState.LEAVING)

    async def _apply_rules(self, message: pb.Situation) -> None:
        decision = decide(self._rules, convert.situation(message)) if self._state in ATTENDING else None
        if decision is None:
            return
        sub_type = SubType(decision.sub_type)
        try:
            record = await self._store.apply_trigger(
                self._bot_id, Trigger(decision.trigger), sub_type, detail=decision.detail, epoch=self._epoch
            )
        except IllegalTransition as error:
            self._state = BotState(error.state)  # somebody was quicker; the log will say who
            return
        self._log.info("leave_rule", sub_type=sub_type.value)
        self._state = record.state
        self._send_leave(convert.SUB_TYPES[sub_type], abandoned=decision.abandoned)

    def _ask_for_zoom_tokens(self) -> None:
        """Beside everything else: whom it asks may take longer than the lease lasts. One question at a time."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._guarded(self._give_zoom_tokens(), ends=False))

    async def _give_zoom_tokens(self) -> None:
        await self._store.renew_lease(self._bot_id, self._epoch)  # who has lost it gets none
        self._say(pb.AttendResponse(zoom_tokens=await self._zoom_tokens.give(self._lease)))

    async def _release(self, release: pb.ReleaseLease) -> None:
        self._released = True  # what the log says from here on is no longer about us
        record = await self._store.release_lease(
            self._bot_id, self._epoch, hand_over=release.hand_over, unfinished=release.unfinished
        )
        if record.wants_worker and not release.unfinished:
            self._dispatcher.send(self._bot_id)

    # -- What the agent has to know ------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        """What was asked of the bot before this stream: a leave that no agent heard of, wishes without a result."""
        if self._lease.task is Task.ATTEND:
            await self._hear_state()

    async def _follow(self) -> None:
        """Ends only with an error, or after the last event of a bot that has ended (then the agent still has to release it)."""
        items = self._feed.watch_bot(None, self._bot_id, after_sequence=self._lease.bot.last_sequence, filters=_WATCHED)
        async with aclosing(items):
            async for item in items:
                if item.event is not None and not self._released:
                    await self._hear_event(item)

    async def _hear_event(self, item: FeedItem) -> None:
        assert item.event is not None
        event = item.event.message()
        if event.HasField("media_request"):
            if event.media_request.state == event_pb2.MEDIA_REQUEST_STATE_REQUESTED:
                await self._send_wishes()
            return
        change = event.state
        if change.type in _TAKEN or change.sub_type == bot_pb2.BOT_EVENT_SUB_TYPE_HEARTBEAT_TIMEOUT:
            raise LeaseLost(self._epoch)
        self._state = convert.STATE_WORDS[change.new_state]
        if self._state is BotState.FATAL_ERROR and change.epoch != self._epoch:
            self._send_leave(change.sub_type, abandoned=True)  # not by the agent's own report, nor by a rule of this session
        await self._hear_state(change.sub_type)

    async def _hear_state(self, sub_type: bot_pb2.BotEventSubType.ValueType = _NO_SUB_TYPE) -> None:
        if self._state is BotState.LEAVING:
            self._send_leave(sub_type, abandoned=False)
        elif self._state in JOINED:
            await self._send_wishes()
        elif self._state in _OVER:
            await self._give_up_wishes()

    def _send_leave(self, sub_type: bot_pb2.BotEventSubType.ValueType = _NO_SUB_TYPE, *, abandoned: bool) -> None:
        """Once in this stream."""
        if _LEAVE not in self._sent:
            self._sent.add(_LEAVE)
            wish = pb.LeaveCommand(sub_type=sub_type, abandoned=abandoned)
            self._say(pb.AttendResponse(command=pb.Command(command_id=_LEAVE, leave=wish)))

    async def _send_wishes(self) -> None:
        """Sends what has no result yet, each once in this stream; an agent that has done one before answers again."""
        for record in await self._store.pending_commands(self._bot_id, without=self._sent):
            self._sent.add(record.id)
            self._say(pb.AttendResponse(command=record.command))

    async def _give_up_wishes(self) -> None:
        """Nobody can carry out what is still open: that is said, rather than left in the air."""
        for record in await self._store.pending_commands(self._bot_id):
            result = pb.CommandResult(command_id=record.id, done=False, detail="The bot had left the meeting.")
            try:
                await self._store.finish_command(self._bot_id, self._epoch, result)
            except DomainError:
                return  # the lease is over; whoever has it now says it

    def _say(self, answer: pb.AttendResponse) -> None:
        self._answers.put_nowait(answer)
