"""The whole house in one process for tests: server, gateway with the rehearsal, a worker, and words to ask them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from agents.broker import make_broker
from agents.people import Script, parse, run
from agents.settings import WorkerSettings
from agents.worker import Worker
from gateway.app import create_app
from gateway.serve import serving
from gateway.settings import GatewaySettings
from rollcall.v1 import bot_pb2, bot_service_pb2, event_pb2, event_service_pb2
from server.app import Server
from server.dispatch import DramatiqDispatcher
from server.settings import ServerSettings
from tests.services import free_port

BOTS = "/rollcall.v1.BotService/"
EVENTS = "/rollcall.v1.EventService/"


class Room:
    """A rehearsal room."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._people: list[asyncio.Task[None]] = []

    async def control(self, action: str, **arguments: Any) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            answer = await client.post(f"{self.url}/control", json={"action": action, **arguments})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def state(self) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            return dict((await client.get(f"{self.url}/control")).json())

    def people(self, script: str | Script) -> asyncio.Task[None]:
        """Scripted people come."""
        self._people.append(asyncio.create_task(run(parse(script) if isinstance(script, str) else script, self.url)))
        return self._people[-1]

    async def names(self) -> set[str]:
        return {str(person["name"]) for person in (await self.state()).get("people", [])}

    async def until_there(self, *names: str) -> None:
        async with asyncio.timeout(30):
            while not set(names) <= await self.names():
                for task in self._people:
                    if task.done() and not task.cancelled():
                        task.result()  # those who failed will never be there: say why at once
                await asyncio.sleep(0.1)

    async def go_home(self) -> None:
        for task in self._people:
            task.cancel()
        await asyncio.gather(*self._people, return_exceptions=True)


class House:
    """Server, gateway and worker. Made by `house`."""

    def __init__(self, folder: Path, settings: ServerSettings, worker: WorkerSettings) -> None:
        self.folder = folder
        self.settings = settings
        self.worker_settings = worker
        self.broker = make_broker("embedded://")
        self.server = Server(settings, DramatiqDispatcher(self.broker))
        self.worker: Worker | None = None
        self.rooms: list[Room] = []
        self.key = ""

    async def start_worker(self) -> None:
        self.worker = Worker(self.worker_settings, self.broker)
        await asyncio.to_thread(self.worker.start)

    async def stop_worker(self) -> None:
        if self.worker is not None:
            await asyncio.to_thread(self.worker.stop, 15.0)
            self.worker = None

    def room(self) -> Room:
        self.rooms.append(Room(f"{self.settings.public}/rehearsal/room-{len(self.rooms) + 1}"))
        return self.rooms[-1]

    async def call(self, method: str, request: Any) -> Any:
        return await self.server.transport.unary(method, request, (("authorization", f"Token {self.key}"),))

    async def create(self, url: str, **fields: Any) -> str:
        """Creates a bot; its id."""
        request = bot_service_pb2.CreateBotRequest(bot_name="Rollcall", meeting_url=url)
        request.recording_settings.format = 2  # mp3 unless said otherwise: no picture costs less
        for name, value in fields.items():
            getattr(request, name).CopyFrom(value)
        return str((await self.call(BOTS + "CreateBot", request)).bot.id)

    async def leave(self, bot_id: str) -> None:
        await self.call(BOTS + "LeaveMeeting", bot_service_pb2.LeaveMeetingRequest(bot_id=bot_id))

    async def log(self, bot_id: str) -> list[event_pb2.Event]:
        found: list[event_pb2.Event] = []
        cursor = None
        while True:
            page = await self.call(EVENTS + "ListBotEvents", event_service_pb2.ListBotEventsRequest(bot_id=bot_id, cursor=cursor))
            found += page.results
            if not page.HasField("next"):
                return found
            cursor = page.next

    async def moves(self, bot_id: str) -> list[str]:
        """The state events, as `trigger` or `trigger/sub_type`."""
        return [in_words(event.state) for event in await self.log(bot_id) if event.HasField("state")]

    async def until(self, bot_id: str, condition: Callable[[list[event_pb2.Event]], object], *, within_s: float = 30.0) -> Any:
        """Waits until the log fulfils a condition, and gives what that gave."""
        try:
            async with asyncio.timeout(within_s):
                while not (found := condition(await self.log(bot_id))):  # noqa: ASYNC110 - polled as a user would
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError("\n".join(line(event) for event in await self.log(bot_id))) from None
        return found

    async def until_move(self, bot_id: str, move: str, *, within_s: float = 30.0) -> event_pb2.Event:
        """Waits for a state event."""
        found: event_pb2.Event = await self.until(
            bot_id,
            lambda log: next((event for event in log if event.HasField("state") and in_words(event.state) == move), None),
            within_s=within_s,
        )
        return found


def in_words(change: event_pb2.StateChange) -> str:
    trigger = bot_pb2.BotEventType.Name(change.type).removeprefix("BOT_EVENT_TYPE_").lower()
    if not change.sub_type:
        return trigger
    return f"{trigger}/{bot_pb2.BotEventSubType.Name(change.sub_type).removeprefix('BOT_EVENT_SUB_TYPE_').lower()}"


def line(event: event_pb2.Event) -> str:
    kind = event.WhichOneof("payload") or ""
    return f"{event.sequence} {event.created_time.ToJsonString()} {kind} {' '.join(str(getattr(event, kind)).split())[:300]}"


@asynccontextmanager
async def house(folder: Path, **server: Any) -> AsyncIterator[House]:
    """A house with its worker; everything is stopped in any case."""
    http = f"127.0.0.1:{free_port()}"
    grpc = f"127.0.0.1:{free_port()}"
    settings = ServerSettings(
        **{"data_dir": folder, "grpc_address": grpc, "http_address": http, "public_url": f"http://{http}", "drain_seconds": 1.0}
        | server
    )
    token = SecretStr("worker-token-of-the-test")
    settings = settings.model_copy(update={"worker_token": token})
    worker = WorkerSettings(data_dir=folder, media_dir=settings.media_dir, grpc_address=grpc, worker_token=token, worker_bots=4)
    one = House(folder, settings, worker)
    await one.server.start()
    try:
        gateway = GatewaySettings(http_address=http, public_url=f"http://{http}")
        async with serving(create_app(one.server.transport, gateway), http, drain_s=1.0):
            one.key = await one.server.create_key(name="test")
            await one.start_worker()
            try:
                yield one
            finally:
                await asyncio.gather(*(room.go_home() for room in one.rooms))
                await one.stop_worker()
    finally:
        await one.server.stop()
