"""A real server on a port of its own, callers, and a scripted agent: what the contract tests are written with."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from rollcall.grpc_transport import OPTIONS, GrpcTransport
from rollcall.transport import CallError, Metadata, Transport
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import agent_service_pb2_grpc, bot_pb2, bot_service_pb2, event_service_pb2
from server.app import Server
from server.dispatch import RecordingDispatcher
from server.settings import ServerSettings

MEET = "https://meet.google.com/abc-defg-hij"
BOTS = "/rollcall.v1.BotService/"
EVENTS = "/rollcall.v1.EventService/"
PATIENCE_S = 15.0


async def until(condition: Callable[[], object], what: str = "the condition") -> None:
    """Waits for a condition; a test never sleeps for seconds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - conditions here are facts of other objects, without an event to wait for
            await asyncio.sleep(0.005)
    assert condition(), what


def info_of(status: Status) -> ErrorInfo:
    """The status's ErrorInfo."""
    info = ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details), "every error has an ErrorInfo"
    assert info.domain == "rollcall"
    return info


def violations_of(status: Status) -> dict[str, str]:
    """The status's field violations."""
    bad = BadRequest()
    assert any(detail.Unpack(bad) for detail in status.details), "no BadRequest"
    return {violation.field: violation.description for violation in bad.field_violations}


def status_of(error: grpc.aio.AioRpcError) -> Status:
    """The whole status of a failed call."""
    for name, value in error.trailing_metadata() or ():
        if name == "grpc-status-details-bin" and isinstance(value, bytes):
            return Status.FromString(value)
    return Status(code=error.code().value[0], message=error.details() or "")


class Running:
    """A server that runs, can be stopped, and started again on the same database."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.dispatcher = RecordingDispatcher()
        self.key = ""

    async def start(self) -> None:
        self.server = Server(self.settings, self.dispatcher)
        await self.server.start()
        self.key = self.key or await self.server.create_key(name="test")
        self.grpc = GrpcTransport(self.address)

    async def stop(self) -> None:
        await self.grpc.close()
        await self.server.stop()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.grpc_port}"

    @property
    def auth(self) -> Metadata:
        return (("authorization", f"Token {self.key}"),)

    @property
    def local(self) -> Transport:
        return self.server.transport

    async def call(self, method: str, request: Message) -> Any:
        """A unary call of BotService within the process."""
        return await self.local.unary(BOTS + method, request, self.auth)

    async def create(self, **fields: Any) -> bot_pb2.Bot:
        request = bot_service_pb2.CreateBotRequest(**{"bot_name": "Bot", "meeting_url": MEET} | fields)
        answer: Any = await self.call("CreateBot", request)
        bot: bot_pb2.Bot = answer.bot
        return bot

    async def get(self, bot_id: str) -> bot_pb2.Bot:
        answer: Any = await self.call("GetBot", bot_service_pb2.GetBotRequest(bot_id=bot_id))
        bot: bot_pb2.Bot = answer.bot
        return bot

    async def leave(self, bot_id: str) -> bot_pb2.Bot:
        request = bot_service_pb2.LeaveMeetingRequest(bot_id=bot_id)
        answer: Any = await self.call("LeaveMeeting", request)
        bot: bot_pb2.Bot = answer.bot
        return bot

    async def log(self, bot_id: str) -> list[Any]:
        """The bot's whole log."""
        found: list[Any] = []
        cursor = None
        while True:
            request = event_service_pb2.ListBotEventsRequest(bot_id=bot_id, cursor=cursor)
            page: Any = await self.local.unary(EVENTS + "ListBotEvents", request, self.auth)
            found += page.results
            if not page.HasField("next"):
                return found
            cursor = page.next

    async def state_is(self, bot_id: str, state: bot_pb2.BotState.ValueType) -> None:
        """Waits until the bot is in a state."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.get(bot_id)).state != state:  # noqa: ASYNC110 - polled on purpose: this is about what a reader sees
                await asyncio.sleep(0.01)


def settings_for(folder: Path, database_url: str, **fields: Any) -> ServerSettings:
    """Settings of a test server: short times, a free port."""
    return ServerSettings(
        **{
            "data_dir": folder,
            "database_url": database_url,
            "grpc_address": "127.0.0.1:0",
            "lease_seconds": 3.0,
            "bookmark_seconds": 0.3,
            "drain_seconds": 2.0,
        }
        | fields
    )


@asynccontextmanager
async def running_server(folder: Path, database_url: str, **fields: Any) -> AsyncIterator[Running]:
    """A server that is stopped in any case."""
    running = Running(settings_for(folder, database_url, **fields))
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


class FakeAgent:
    """An agent that says what the test tells it to, and remembers what it heard."""

    def __init__(self, running: Running, bot_id: str, worker_id: str = "worker_1") -> None:
        self.running = running
        self.bot_id = bot_id
        self.worker_id = worker_id
        self.heard: list[agent.AttendResponse] = []
        self.granted = agent.LeaseGranted()
        self.ended: asyncio.Future[Status | None] = asyncio.get_running_loop().create_future()
        self.numbers = itertools.count(1)
        self._channel: grpc.aio.Channel | None = None

    async def open(self, first: agent.AttendRequest, token: str | None = None) -> None:
        """Opens a stream with its first message, on a channel of its own; what came on an older one is kept."""
        await self.close()
        self.ended = asyncio.get_running_loop().create_future()
        self._channel = grpc.aio.insecure_channel(self.running.address, options=OPTIONS)
        stub: Any = agent_service_pb2_grpc.AgentServiceStub(self._channel)
        token = token or self.running.server.worker_token
        self.stream = stub.Attend(metadata=(("authorization", f"Token {token}"),))
        await self.stream.write(first)
        self._reader = asyncio.create_task(self._read())

    async def claim(self) -> agent.LeaseGranted:
        """Claims the lease; raises CallError."""
        claim = agent.ClaimLease(bot_id=self.bot_id, worker_id=self.worker_id)
        return await self._granted(agent.AttendRequest(claim=claim))

    async def resume(self, epoch: int | None = None) -> agent.LeaseGranted:
        """Resumes the lease; raises CallError."""
        epoch = self.granted.epoch if epoch is None else epoch
        resume = agent.ResumeLease(bot_id=self.bot_id, worker_id=self.worker_id, epoch=epoch)
        return await self._granted(agent.AttendRequest(resume=resume))

    async def _granted(self, first: agent.AttendRequest) -> agent.LeaseGranted:
        before = len(self.heard)
        await self.open(first)
        await until(lambda: len(self.heard) > before or self.ended.done(), "a lease or an error")
        if self.ended.done() and (status := self.ended.result()):
            raise CallError(status)
        assert self.heard[before].HasField("granted")
        self.granted = self.heard[before].granted
        return self.granted

    async def _read(self) -> None:
        ended = self.ended
        try:
            async for answer in self.stream:
                self.heard.append(answer)
            ended.set_result(None)
        except grpc.aio.AioRpcError as error:
            ended.set_result(status_of(error))
        except asyncio.CancelledError:
            if not ended.done():
                ended.set_result(None)

    async def say(self, **message: Any) -> None:
        await self.stream.write(agent.AttendRequest(**message))

    async def report(self, number: int | None = None, **body: Any) -> int:
        """Sends a report; gives its number."""
        number = next(self.numbers) if number is None else number
        time = Timestamp()
        time.GetCurrentTime()
        await self.say(report=agent.Report(number=number, observed_time=time, **body))
        return number

    async def move(self, trigger: str, sub_type: str = "", number: int | None = None) -> int:
        """Reports a transition, in the contract's words."""
        transition = agent.Transition(
            trigger=bot_pb2.BotEventType.Value("BOT_EVENT_TYPE_" + trigger.upper()),
            sub_type=bot_pb2.BotEventSubType.Value("BOT_EVENT_SUB_TYPE_" + (sub_type.upper() or "UNSPECIFIED")),
        )
        return await self.report(number, transition=transition)

    async def situation(self, phase: str, **facts: Any) -> None:
        """Sends a heartbeat."""
        number = agent.AgentPhase.Value("AGENT_PHASE_" + phase.upper())
        await self.say(situation=agent.Situation(phase=number, **facts))

    @property
    def accepted(self) -> int:
        """Up to which number reports are acknowledged."""
        return max((one.accepted.number for one in self.heard if one.HasField("accepted")), default=0)

    @property
    def commands(self) -> list[agent.Command]:
        """All commands heard, doubled ones too."""
        return [one.command for one in self.heard if one.HasField("command")]

    async def stored(self, number: int) -> None:
        """Waits for an acknowledgement."""
        await until(lambda: self.accepted >= number or self.ended.done(), f"report {number} is stored")
        assert self.accepted >= number, self.ended.result()

    async def command(self, wish: str) -> agent.Command:
        """Waits for a command of a kind."""
        await until(lambda: any(one.HasField(wish) for one in self.commands), wish)  # type: ignore[arg-type]  # a test's words
        return next(one for one in self.commands if one.HasField(wish))  # type: ignore[arg-type]  # as above

    async def join(self) -> None:
        """Claims, and is in the meeting and recording."""
        await self.claim()
        await self.move("joined_meeting")
        await self.stored(await self.move("recording_permission_granted"))

    async def end(self) -> Status | None:
        """How the stream ended: None for OK."""
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.shield(self.ended)

    async def close(self) -> None:
        """Lets go of the stream as a network would."""
        if self._channel is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            self.stream.cancel()
            await self._channel.close()
            self._channel = None
