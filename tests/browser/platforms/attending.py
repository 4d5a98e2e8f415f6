"""An attendance with everything it said, and a gateway with nothing but the rehearsal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import uvicorn
from starlette.applications import Starlette

from agents.browser.api import Page
from agents.media_devices.virtual_devices import VirtualDevices
from agents.platforms.adapter import DeclarativeAdapter
from agents.platforms.base import ChatSeen, JoinRequest, Listeners, Observation, PersonSeen, UiState
from agents.platforms.declarative import DeclarativeAttendance
from agents.platforms.platform_file import PlatformFile
from gateway.rehearsal import RehearsalSettings, routes


class Attending:
    """Keeps what an attendance said; `until` waits for it."""

    def __init__(self, file: PlatformFile) -> None:
        self.adapter = DeclarativeAdapter(file)
        self.attendance: DeclarativeAttendance = self.adapter.attend()
        self.observations: list[Observation] = []
        self.people: list[PersonSeen] = []
        self.people_lists: list[list[PersonSeen]] = []
        self.speaking: list[tuple[str, bool]] = []
        self.chat: list[ChatSeen] = []
        self.remarks: list[tuple[str, str]] = []

    async def prepare(self, page: Page) -> None:
        await VirtualDevices(page).prepare()
        await self.attendance.prepare(
            page,
            Listeners(
                ui_state=self.observations.append,
                people=self._people,
                speaking=lambda uuid, on: self.speaking.append((uuid, on)),
                chat=self.chat.append,
                log=lambda code, text: self.remarks.append((code, text)),
            ),
        )

    def _people(self, people: list[PersonSeen]) -> None:
        self.people = people
        self.people_lists.append(people)

    async def enter(self, url: str, name: str = "Bot") -> None:
        await self.attendance.enter(JoinRequest(url, name))

    @property
    def states(self) -> list[UiState]:
        return [one.state for one in self.observations]

    @property
    def names(self) -> set[str]:
        return {one.name for one in self.people}

    @property
    def others(self) -> set[str]:
        return {one.name for one in self.people if not one.is_self}

    async def until(self, condition: Callable[[], object], *, timeout_s: float = 15.0) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():  # noqa: ASYNC110 -- it happens in a browser
                    await asyncio.sleep(0.01)
        except TimeoutError:
            seen = f"states {self.states}, people {self.names}, chat {self.chat}, remarks {self.remarks}"
            raise AssertionError(f"it did not come about; {seen}") from None

    async def until_gone(self) -> None:
        """Waits until the page shows no evidence of any state, and forgets what it showed."""
        facts, classifier = self.attendance._facts, self.attendance._classifier
        every = classifier.alternatives
        await self.until(lambda: all(one.since is None and not facts.holds(one.formula) for one in every))
        classifier.shown = None
        self.observations.clear()

    async def until_state(self, state: UiState, *, timeout_s: float = 15.0) -> Observation:
        await self.until(lambda: state in self.states, timeout_s=timeout_s)
        return next(one for one in reversed(self.observations) if one.state is state)


@contextlib.asynccontextmanager
async def rehearsal_gateway() -> AsyncIterator[str]:
    config = uvicorn.Config(
        Starlette(routes=routes(RehearsalSettings())),
        port=0,
        log_level="error",
        ws="wsproto",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
