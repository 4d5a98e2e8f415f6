"""The agent's bidirectional stream to the server: reports up (numbered, acknowledged), commands down.

A link outlives its streams. While the agent attends, a broken stream is opened again for ever, and nothing that was reported
meanwhile is lost (link_buffer.py says what the bound is).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import grpc
import structlog

from agents.link_buffer import ReportBuffer
from agents.link_errors import LeaseNotAvailableError, ServerRefusedError, ServerUnreachableError, Verdict, verdict_of
from agents.link_question import Question
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import agent_service_pb2_grpc as agent_grpc
from rollcall.v1 import event_pb2 as event

_Stream = grpc.aio.StreamStreamCall[agent.AttendRequest, agent.AttendResponse]

_FIRST_BACKOFF_S = 0.1
_LONGEST_BACKOFF_S = 2.0
_FIRST_ANSWER_S = 20.0
_BAD_REPORT_TRIES = 3
_CAREFUL_S = 5.0
_STEADY_S = 5.0  # a stream that lasted so long was a good one: the next break starts with the shortest wait again


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """What a link needs to know of its worker."""

    worker_id: str
    token: str
    """The worker token."""
    claim_timeout_s: float = 15.0
    """How long `claim` looks for a server before it gives up."""


@dataclass(slots=True)
class LinkListeners:
    """Called on the link's event loop; must return at once."""

    command: Callable[[agent.Command], None]
    """Each command once, however often the server sends it."""
    lost: Callable[[], None]
    """The lease is somebody else's: leave at once, write nothing more."""
    situation: Callable[[], agent.Situation]
    """How things are; asked for at each heartbeat."""


class Link:
    """The link of one bot. Call `claim`, then any of the others, then `release`; `close` in any case."""

    def __init__(
        self,
        stub: agent_grpc.AgentServiceAsyncStub,
        bot_id: str,
        options: LinkOptions,
        listeners: LinkListeners,
        *,
        buffer: ReportBuffer | None = None,
    ) -> None:
        self._stub = stub
        self._bot_id = bot_id
        self._options = options
        self._listeners = listeners
        self._buffer = ReportBuffer() if buffer is None else buffer
        self._results: dict[str, agent.CommandResult] = {}
        self._unsent_results: list[str] = []
        self._known_commands: set[str] = set()
        self._refusals: list[agent.RefuseLogin] = []
        self._release: agent.ReleaseLease | None = None
        self._released = asyncio.Event()
        self._wake = asyncio.Event()
        self._login = Question[agent.LoginGiven](agent.AttendRequest(take_login=agent.TakeLogin()), self._wake.set)
        self._zoom_tokens = Question[agent.ZoomTokensGiven](
            agent.AttendRequest(take_zoom_tokens=agent.TakeZoomTokens()), self._wake.set
        )
        self._questions = (self._login, self._zoom_tokens)
        self._beat_now = True
        self._epoch = 0
        self._away_since: float | None = None
        self._heartbeat_s = 3.0
        self._bad_reports = 0
        self._careful = False
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger().bind(bot_id=bot_id)

    async def claim(self) -> agent.LeaseGranted:
        """Asks for the lease. Raises LeaseNotAvailableError, ServerUnreachableError, ServerRefusedError."""
        claim = agent.AttendRequest(claim=agent.ClaimLease(bot_id=self._bot_id, worker_id=self._options.worker_id))
        deadline = time.monotonic() + self._options.claim_timeout_s
        for delay in _backoff():
            left = deadline - time.monotonic()
            try:
                stream, granted = await self._open(claim, timeout_s=max(left, 0.1))
            except grpc.aio.AioRpcError as error:
                self._raise_if_final(error)
            except TimeoutError:
                pass
            else:
                self._epoch = granted.epoch
                self._log = self._log.bind(epoch=granted.epoch)
                self._task = asyncio.create_task(self._run(stream, granted), name=f"link {self._bot_id}")
                self._task.add_done_callback(self._failed)
                return granted
            if time.monotonic() + delay >= deadline:
                break
            await asyncio.sleep(delay)
        raise ServerUnreachableError("The server does not answer; its hint will come again when it is back.")

    def report(self, report: agent.Report) -> None:
        """Takes a report for the log; the number is given here. Never blocks."""
        self._buffer.add(report)
        self._wake.set()

    def answer(self, command_id: str, *, done: bool, detail: str = "") -> None:
        """Says what became of a command; said again if the server asks again."""
        self._results[command_id] = agent.CommandResult(command_id=command_id, done=done, detail=detail)
        self._unsent_results.append(command_id)
        self._wake.set()

    @property
    def away_s(self) -> float:
        """For how many seconds no server has answered; 0 while one does."""
        return 0.0 if self._away_since is None else time.monotonic() - self._away_since

    def nudge(self) -> None:
        """Sends a Situation now, because something in it changed that the server should decide on."""
        self._beat_now = True
        self._wake.set()

    async def take_login(self, *, timeout_s: float) -> agent.LoginGiven:
        """Asks for the account to sign in with; asked again after each reconnect. Raises ServerUnreachableError."""
        return await self._login.ask(timeout_s=timeout_s)

    async def take_zoom_tokens(self, *, timeout_s: float) -> agent.ZoomTokensGiven:
        """Asks for tokens for a Zoom meeting, as take_login does for an account. Raises ServerUnreachableError."""
        return await self._zoom_tokens.ask(timeout_s=timeout_s)

    def refuse_login(self, login_id: str, problem: str) -> None:
        """Says that the platform did not take an account. Where that word is lost, the next bot finds out for itself."""
        self._refusals.append(agent.RefuseLogin(login_id=login_id, problem=problem))
        self._wake.set()

    async def release(self, *, hand_over: bool, timeout_s: float, unfinished: str = "") -> bool:
        """Lets go of the lease after all reports are stored. False where that was not possible in `timeout_s`.

        `unfinished`: why the recording could not be finished, so that it is tried again later.
        """
        self._release = agent.ReleaseLease(hand_over=hand_over, unfinished=unfinished)
        self._wake.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._released.wait()
        done = self._released.is_set()
        if not done:
            self._log.warning("lease_not_released", unacknowledged=len(self._buffer))
        await self.close()
        return done

    async def close(self) -> None:
        """Ends the stream. What is not acknowledged is forgotten."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    def _failed(self, task: asyncio.Task[None]) -> None:
        """After a fault of ours nobody renews the lease any more: another worker will have the bot, so it must not stay here."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("link_failed", exc_info=error)
            self._listeners.lost()

    # -- streams --

    async def _open(
        self, first: agent.AttendRequest, *, timeout_s: float = _FIRST_ANSWER_S
    ) -> tuple[_Stream, agent.LeaseGranted]:
        """Opens a stream with its first message. Raises AioRpcError, TimeoutError."""
        stream: _Stream = self._stub.Attend(metadata=(("authorization", f"Token {self._options.token}"),))
        try:
            async with asyncio.timeout(min(timeout_s, _FIRST_ANSWER_S)):
                # A write to a stream that has ended raises a bare InvalidStateError or the status: the read always says why.
                with contextlib.suppress(asyncio.InvalidStateError, grpc.aio.AioRpcError):
                    await stream.write(first)
                answer = await stream.read()
        except BaseException:
            stream.cancel()
            raise
        if not isinstance(answer, agent.AttendResponse) or not answer.HasField("granted"):
            stream.cancel()
            raise TimeoutError
        return stream, answer.granted

    def _raise_if_final(self, error: grpc.aio.AioRpcError) -> None:
        match verdict_of(error):
            case Verdict.NOT_AVAILABLE | Verdict.LOST:
                raise LeaseNotAvailableError(self._bot_id) from None
            case Verdict.REFUSED:
                raise ServerRefusedError(
                    "The server does not accept this worker. Give it the server's worker token: ROLLCALL_WORKER_TOKEN, or file "
                    "`worker_token` in the server's data folder."
                ) from None
            case Verdict.BAD_REPORT:
                raise ServerRefusedError(
                    "The server does not understand this worker: both must be of the same version."
                ) from None
            case Verdict.RETRY:
                return

    async def _run(self, stream: _Stream, granted: agent.LeaseGranted) -> None:
        """Serves stream after stream until the lease is released or lost."""
        delays = _backoff()
        while True:
            opened_at = time.monotonic()
            self._heartbeat_s = max(granted.heartbeat_ms, 100) / 1000
            self._buffer.resume(granted.last_report_number)
            self._beat_now = True
            for question in self._questions:
                question.stream_is_new()
            verdict = await self._serve(stream)
            if self._is_over(verdict):
                return
            if time.monotonic() - opened_at > _STEADY_S:
                delays = _backoff()
            resumed = await self._resume(delays)
            if resumed is None:
                return
            stream, granted = resumed

    def _is_over(self, verdict: Verdict | None) -> bool:
        """Whether no stream will follow; tells who has to know."""
        if verdict is None:
            self._released.set()
            return True
        if verdict in (Verdict.LOST, Verdict.NOT_AVAILABLE):
            if self._release is not None:  # it was released, only the server's last word got lost
                self._released.set()
            else:
                self._log.warning("lease_lost")
                self._listeners.lost()
            return True
        if verdict is Verdict.BAD_REPORT:
            self._leave_out_bad_report()
        return False

    def _leave_out_bad_report(self) -> None:
        """Replaces a report that the server refuses again and again: one fault of ours must not hold up all that follows."""
        self._bad_reports += 1
        if self._bad_reports >= _BAD_REPORT_TRIES:
            self._bad_reports = 0
            self._log.error("report_refused")
            self._buffer.replace_first(
                event.LogEntry(
                    level=event.LOG_LEVEL_ERROR, code="report_refused", message="The server refused one report of this bot."
                )
            )

    async def _resume(self, delays: Iterator[float]) -> tuple[_Stream, agent.LeaseGranted] | None:
        """Connects until the lease goes on; None where it is over."""
        resume = agent.AttendRequest(
            resume=agent.ResumeLease(bot_id=self._bot_id, worker_id=self._options.worker_id, epoch=self._epoch)
        )
        self._away_since = self._away_since or time.monotonic()
        for delay in delays:
            await asyncio.sleep(delay)
            try:
                opened = await self._open(resume)
            except TimeoutError:
                continue
            except grpc.aio.AioRpcError as error:
                if self._is_over(verdict_of(error)):
                    return None
                continue
            self._log.info("link_resumed", away_s=round(self.away_s, 1), unacknowledged=len(self._buffer))
            self._away_since = None
            return opened
        return None

    async def _serve(self, stream: _Stream) -> Verdict | None:
        """Talks on one stream until it ends; None where it ended because the lease was released."""
        writer = asyncio.create_task(self._write(stream))
        writer.add_done_callback(self._failed)
        try:
            while isinstance(answer := await stream.read(), agent.AttendResponse):
                self._hear(answer)
            code = await stream.code()
            if code is not grpc.StatusCode.OK:
                return Verdict.RETRY
            return None if self._release is not None and not len(self._buffer) else Verdict.RETRY
        except grpc.aio.AioRpcError as error:
            verdict = verdict_of(error)
            # A write that was under way when the server ended the stream hides the server's reason behind INTERNAL (grpc.aio,
            # `_StreamRequestMixin._write`). Saying one thing at a time on the next stream brings the reason to light.
            self._careful = error.code() is grpc.StatusCode.INTERNAL or verdict is Verdict.BAD_REPORT
            self._log.info("link_broken", code=error.code().name, verdict=verdict.name)
            return verdict
        finally:
            writer.cancel()
            stream.cancel()
            await asyncio.wait({writer})

    def _hear(self, answer: agent.AttendResponse) -> None:
        match answer.WhichOneof("message"):
            case "accepted":
                self._buffer.accepted(answer.accepted.number)
                self._bad_reports = 0
                self._careful = False
                self._wake.set()
            case "command":
                self._take(answer.command)
            case "login":
                self._login.hear(answer.login)
            case "zoom_tokens":
                self._zoom_tokens.hear(answer.zoom_tokens)
            case _:  # `renewed` needs nothing: the server alone decides when a lease is over
                pass

    def _take(self, command: agent.Command) -> None:
        if command.command_id in self._results:
            self._unsent_results.append(command.command_id)
            self._wake.set()
        elif command.command_id not in self._known_commands:
            self._known_commands.add(command.command_id)
            self._listeners.command(command)

    async def _write(self, stream: _Stream) -> None:
        """Sends results, reports and heartbeats until cancelled or until the lease was let go."""
        beat_at = 0.0
        # A broken stream shows in the reader, which knows why; here it is only the end.
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                self._wake.clear()
                while self._unsent_results:
                    result = self._results[self._unsent_results.pop(0)]
                    await stream.write(agent.AttendRequest(result=result))
                while self._refusals:
                    await stream.write(agent.AttendRequest(refuse_login=self._refusals.pop(0)))
                for question in self._questions:
                    if question.due:
                        question.due = False
                        await stream.write(question.request)
                while (report := self._buffer.next()) is not None:
                    await stream.write(agent.AttendRequest(report=report))
                    if self._careful:
                        await self._heard_of(report.number)
                if self._release is not None and not len(self._buffer):
                    await stream.write(agent.AttendRequest(release=self._release))
                    await stream.done_writing()
                    return
                if self._beat_now or time.monotonic() >= beat_at:
                    self._beat_now = False
                    beat_at = time.monotonic() + self._heartbeat_s
                    await stream.write(agent.AttendRequest(situation=self._listeners.situation()))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(beat_at - time.monotonic(), 0.001)):  # wait_for may forget a cancellation
                        await self._wake.wait()

    async def _heard_of(self, number: int) -> None:
        """Waits until the server has stored a report, or for some seconds; the reader ends the stream if it has not."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CAREFUL_S):
                while self._buffer.is_waiting_for(number):
                    self._wake.clear()
                    await self._wake.wait()


def _backoff() -> Iterator[float]:
    """Waits between two tries, in seconds: doubled from 0.1 to 2, each between half of that and all of it. Has no end."""
    longest = _FIRST_BACKOFF_S
    while True:
        yield longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads the load, keeps no secret
        longest = min(longest * 2, _LONGEST_BACKOFF_S)
