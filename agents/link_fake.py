"""A server for tests of the agent: AgentService over real gRPC on a loopback port, with leases and a log in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.code_pb2 import ABORTED, FAILED_PRECONDITION
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import agent_service_pb2_grpc as agent_grpc

_CODES = {FAILED_PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION, ABORTED: grpc.StatusCode.ABORTED}


@dataclass
class FakeBot:
    """One bot as the fake server knows it; tests read and change it."""

    spec: agent.BotSpec
    task: agent.AgentTask.ValueType = agent.AGENT_TASK_ATTEND
    epoch: int = 0
    held_by: str = ""
    released: agent.ReleaseLease | None = None
    reports: list[agent.Report] = field(default_factory=list)
    """Those of the present epoch, each once."""
    received: int = 0
    """How many reports came, those that came twice included."""
    situations: list[agent.Situation] = field(default_factory=list)
    results: list[agent.CommandResult] = field(default_factory=list)
    commands: list[agent.Command] = field(default_factory=list)
    """Sent on every new stream until their result is there."""
    login: agent.LoginGiven | None = None
    """What is given to who asks for an account; None: no answer."""
    login_asks: int = 0
    zoom_tokens: agent.ZoomTokensGiven | None = None
    """What is given to who asks for Zoom tokens; None: no answer."""
    zoom_token_asks: int = 0
    refusals: list[agent.RefuseLogin] = field(default_factory=list)
    refuse: Callable[[agent.Report], bool] = lambda _report: False
    streams: set[asyncio.Queue[agent.AttendResponse | None]] = field(default_factory=set)

    def send(self, command: agent.Command) -> None:
        """Sends a command now and again after each reconnect."""
        self.commands.append(command)
        for stream in self.streams:
            stream.put_nowait(agent.AttendResponse(command=command))


class FakeServer(agent_grpc.AgentServiceServicer):
    """`await start()`, then `address`; `stop` and `start` again keep the bots and the port."""

    def __init__(self, *, token: str = "worker-token", heartbeat_ms: int = 200, lease_ms: int = 1000) -> None:  # noqa: S107 - a fake's
        self.token = token
        self.heartbeat_ms = heartbeat_ms
        self.lease_ms = lease_ms
        self.bots: dict[str, FakeBot] = {}
        self.acknowledging = True
        self.port = 0
        self._server: grpc.aio.Server | None = None
        self._changed = asyncio.Condition()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    def add(self, spec: agent.BotSpec, task: agent.AgentTask.ValueType = agent.AGENT_TASK_ATTEND) -> FakeBot:
        """Adds a bot that waits for a worker."""
        self.bots[spec.bot_id] = bot = FakeBot(spec, task)
        return bot

    async def start(self, credentials: grpc.ServerCredentials | None = None) -> None:
        """Listens; on the same port as before where it was stopped. TLS where credentials are given."""
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0), ("grpc.http2.min_ping_interval_without_data_ms", 1000)])
        agent_grpc.add_AgentServiceServicer_to_server(self, self._server)
        address = f"127.0.0.1:{self.port}"
        secure = self._server.add_secure_port
        self.port = secure(address, credentials) if credentials else self._server.add_insecure_port(address)
        await self._server.start()

    async def stop(self) -> None:
        """Breaks all streams."""
        if self._server is not None:
            await self._server.stop(0)
            self._server = None

    async def until(self, condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
        """Returns when the condition holds; it is looked at whenever something came. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(condition)

    async def Attend(  # noqa: N802 - grpc's name
        self, request_iterator: AsyncIterator[agent.AttendRequest], context: grpc.aio.ServicerContext[object, object]
    ) -> AsyncIterator[agent.AttendResponse]:
        """As agent_service.proto says."""
        if dict(context.invocation_metadata() or ()).get("authorization") != f"Token {self.token}":
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "The worker token is not known.")
        bot = await self._admit(await anext(request_iterator), context)
        outgoing: asyncio.Queue[agent.AttendResponse | None] = asyncio.Queue()
        bot.streams.add(outgoing)
        reader = asyncio.create_task(self._read(bot, bot.epoch, request_iterator, outgoing, context))
        try:
            last = bot.reports[-1].number if bot.reports else 0
            granted = agent.LeaseGranted(
                epoch=bot.epoch,
                task=bot.task,
                lease_ms=self.lease_ms,
                heartbeat_ms=self.heartbeat_ms,
                bot=bot.spec,
                last_report_number=last,
            )
            yield agent.AttendResponse(granted=granted)
            done = {result.command_id for result in bot.results}
            for command in bot.commands:
                if command.command_id not in done:
                    yield agent.AttendResponse(command=command)
            while (message := await outgoing.get()) is not None:
                yield message
            await reader
        finally:
            bot.streams.discard(outgoing)
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader

    async def _admit(self, first: agent.AttendRequest, context: grpc.aio.ServicerContext[object, object]) -> FakeBot:
        if first.HasField("claim"):
            bot = self.bots.get(first.claim.bot_id)
            if bot is None or bot.held_by:
                await _abort(context, FAILED_PRECONDITION, "LEASE_NOT_AVAILABLE")
            assert bot is not None
            bot.held_by = first.claim.worker_id
            bot.epoch += 1
            bot.reports = []
            return bot
        bot = self.bots[first.resume.bot_id]
        if bot.epoch != first.resume.epoch or not bot.held_by:
            await _abort(context, ABORTED, "LEASE_LOST")
        return bot

    async def lose(self, bot_id: str) -> None:
        """Gives the bot's lease to somebody else."""
        bot = self.bots[bot_id]
        bot.epoch += 1
        for stream in bot.streams:
            stream.put_nowait(None)

    async def _read(
        self,
        bot: FakeBot,
        epoch: int,
        requests: AsyncIterator[agent.AttendRequest],
        outgoing: asyncio.Queue[agent.AttendResponse | None],
        context: grpc.aio.ServicerContext[object, object],
    ) -> None:
        try:
            async for request in requests:
                if bot.epoch != epoch:
                    break
                if not self._store(bot, request, outgoing):
                    outgoing.put_nowait(None)
                    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "That report is not allowed.")
                async with self._changed:
                    self._changed.notify_all()
            if bot.epoch != epoch:
                await _abort(context, ABORTED, "LEASE_LOST")
        finally:
            outgoing.put_nowait(None)

    def _store(self, bot: FakeBot, request: agent.AttendRequest, outgoing: asyncio.Queue[agent.AttendResponse | None]) -> bool:
        match request.WhichOneof("message"):
            case "situation":
                bot.situations.append(request.situation)
                outgoing.put_nowait(agent.AttendResponse(renewed=agent.LeaseRenewed(lease_ms=self.lease_ms)))
            case "report":
                if bot.refuse(request.report):
                    return False
                self._store_report(bot, request.report)
                if self.acknowledging:
                    outgoing.put_nowait(agent.AttendResponse(accepted=agent.ReportsAccepted(number=bot.reports[-1].number)))
            case "result":
                bot.results.append(request.result)
            case "take_login" | "take_zoom_tokens":
                self._answer(bot, request, outgoing)
            case "refuse_login":
                bot.refusals.append(request.refuse_login)
            case "release":
                bot.released = request.release
                bot.held_by = ""
        return True

    @staticmethod
    def _answer(bot: FakeBot, question: agent.AttendRequest, outgoing: asyncio.Queue[agent.AttendResponse | None]) -> None:
        if question.HasField("take_login"):
            bot.login_asks += 1
            answer = agent.AttendResponse(login=bot.login) if bot.login else None
        else:
            bot.zoom_token_asks += 1
            answer = agent.AttendResponse(zoom_tokens=bot.zoom_tokens) if bot.zoom_tokens else None
        if answer is not None:
            outgoing.put_nowait(answer)

    @staticmethod
    def _store_report(bot: FakeBot, report: agent.Report) -> None:
        bot.received += 1
        last = bot.reports[-1].number if bot.reports else 0
        if report.number > last + 1:
            raise AssertionError(f"report {report.number} came after {last}")
        if report.number == last + 1:
            bot.reports.append(report)


async def _abort(context: grpc.aio.ServicerContext[object, object], code: int, reason: str) -> None:
    details = AnyMessage()
    details.Pack(ErrorInfo(reason=reason, domain="rollcall"))
    status = Status(code=code, message=reason, details=[details])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    await context.abort(_CODES[code], reason)
