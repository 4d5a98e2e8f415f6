"""The one engine behind every platform file: what its adapter (adapter.py) does in a meeting."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

import structlog

from agents.browser.api import Json, Page
from agents.browser.errors import BrowserError, LoadFailure, PageLoadError, without_secrets
from agents.platforms import page as scripts
from agents.platforms.base import (
    Device,
    JoinRequest,
    JoinStepError,
    Listeners,
    Observation,
    UiState,
)
from agents.platforms.captioner import Captioner
from agents.platforms.chat_log import ChatLog
from agents.platforms.chat_writer import ChatWriter
from agents.platforms.classifier import OUT, REFUSED, Classifier
from agents.platforms.device_switches import DeviceSwitches
from agents.platforms.dialogs import Dialogs
from agents.platforms.doubt import Doubt, unproven
from agents.platforms.facts import Facts
from agents.platforms.hands import Hands
from agents.platforms.host_lookup import HostLookup
from agents.platforms.people_list import PeopleList
from agents.platforms.platform_file import Chat, Condition, People, PlatformFile
from agents.platforms.program import Formula, compile_file
from agents.platforms.steps import Changed, StepRunner, compile_steps
from agents.platforms.urls import open_url, variables

log = structlog.get_logger(__name__)

PAST_THE_DOOR = frozenset({UiState.IN_MEETING, UiState.LOBBY, UiState.HOST_ABSENT, *OUT, *REFUSED})
"""States in which there is nothing more to press on the way in."""
LEAVE_SECONDS = 2.0
LET_GO_SECONDS = 1.0
FIRST_OPEN_SECONDS = 20.0
"""A page that has not come by then seldom comes at all: another try is worth more than to wait on, and has twice as long."""


class DeclarativeAttendance:
    """An Attendance that does what a platform file says."""

    def __init__(self, file: PlatformFile) -> None:
        self._file = file
        self._title = file.title or file.name
        self._token = secrets.token_hex(12)
        self._handle = f"_{secrets.token_hex(8)}"
        self._channel = f"_{secrets.token_hex(8)}"
        # Without a word about people, they are counted by what they send.
        self._people_rules = file.people or People(source="remote_streams")
        if file.people is None:
            file = replace(file, people=self._people_rules)
        self._program = compile_file(file)
        self._join = compile_steps(file.join, self._program)
        self._after_join = compile_steps(file.after_join, self._program)
        self._views = {name: compile_steps(steps, self._program) for name, steps in file.views}
        self._leave_steps = compile_steps(file.leave, self._program)
        self._look_steps = compile_steps(self._people_rules.look, self._program)
        self._doubt = Doubt(file.doubt, self._people_rules.look, self._program)
        self._dialogs = Dialogs(file.dialogs, self._program)
        if UiState.CONSENT not in self._program.evidence and (consents := self._dialogs.consents()):
            self._program.evidence[UiState.CONSENT] = consents
        words = file.chat or Chat()
        self._chat = ChatLog(own_names=words.own_names, ignore_names=words.ignore_names)
        self._writer = ChatWriter(file.chat, self._program, title=self._title, sent=self._chat.sent)
        self._captioner = Captioner(file.captions, self._program, title=self._title)
        self._switches = DeviceSwitches(file, self._program)
        self._facts = Facts(len(self._program.atoms))
        self._classifier = Classifier.of(self._program.evidence)
        self._people = PeopleList(self._people_rules)
        self._facts.others = self._people.others
        self._hosts = HostLookup()
        self._changed = Changed()
        self._in_menus = asyncio.Lock()
        self._chat_stays = False
        self._entering = asyncio.Lock()
        self._settled = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake: asyncio.TimerHandle | None = None
        self._reload: asyncio.TimerHandle | None = None
        self._problems_told = 0
        self._left = False
        self._page: Page
        self._listeners: Listeners
        self._hands: Hands
        self._runner: StepRunner
        self._request = JoinRequest("", "")

    async def prepare(self, page: Page, listeners: Listeners) -> None:
        """As base.Attendance."""
        self._page = page
        self._listeners = listeners
        self._hands = Hands(page, handle=self._handle, token=self._token)
        self._runner = StepRunner(page, self._hands, self._facts, self._changed, self._file.step_seconds)
        self._runner.switch = self._switch_before
        await page.bind(self._channel, self._report)
        program = self._program.for_page()
        await page.add_script(scripts.observer(program, token=self._token, handle=self._handle, channel=self._channel))
        for name, expression in self._program.expressions.items():
            await page.add_script(scripts.registration(expression, name, token=self._token, handle=self._handle))
        needs = self._file.browser
        if not (needs.microphone and needs.camera):
            await page.add_script(scripts.no_devices(microphone=needs.microphone, camera=needs.camera))

    def watch(self, conditions: Sequence[Condition]) -> tuple[Formula, ...]:
        """More to look for in the page, for those who examine it with `holds`; before `prepare`."""
        formulas = self._program.formulas(conditions)
        self._facts.atoms = len(self._program.atoms)
        return formulas

    def holds(self, formula: Formula) -> bool:
        """Whether a condition holds in the page now."""
        return self._facts.holds(formula)

    async def cost(self) -> tuple[int, float]:
        """As Hands.cost."""
        return await self._hands.cost()

    @property
    def captions_shown(self) -> int:
        """How many lines of captions the page shows."""
        return len(self._facts.captions)

    async def sanitised(self, *, names: Sequence[str]) -> list[str]:
        """Each frame's document, fit to be shown to others: without what people said, wrote or are called.

        Raises the browser's errors.
        """
        told = (*self._facts.people, *self._facts.hosts, *self._facts.chat, *self._facts.captions)
        people = {str(one.get(key, "")).strip() for one in told for key in ("name", "sender", "speaker")}
        return await self._hands.sanitised(names=[name for name in (*names, *people) if len(name) > 1])

    async def enter(self, request: JoinRequest, *, steps: bool = True) -> None:
        """As base.Attendance; steps end early when the page shows a state past the door.

        Without `steps` the page is only opened.
        """
        async with self._entering:
            self._request = request
            self._classifier.entered = False
            self._classifier.shown = None  # what was shown before must not end the steps before they begin
            self._people.bot_name = self._chat.bot_name = request.bot_name
            self._switches.begin(camera=request.camera)
            values = variables(self._file, request) | self._captioner.want(request.captions)
            self._runner.values = self._dialogs.values = self._facts.values = values
            try:
                url = open_url(self._file, values, request.secrets)
            except ValueError as error:
                raise JoinStepError("open", str(error)) from error
            if not self._file.url.ahead:
                await request.door()
            await self._open(url)
            await request.door()
            await self._runner.run(self._join if steps else (), passed=self._past_the_door)
            self._classifier.entered = True
            self._look()

    async def _open(self, url: str) -> None:
        """A page that says with status 404 what it has to say is evidence, not a failure."""
        before = self._facts.documents
        try:
            patience = FIRST_OPEN_SECONDS * 2 ** min(self._request.attempt - 1, 10)
            await self._page.open(url, timeout_s=min(patience, self._file.url.timeout_seconds))
        except PageLoadError as error:
            if error.kind is not LoadFailure.HTTP or not await self._says_why(before):
                raise
        deadline = time.monotonic() + 2
        while (self._facts.documents == before or not self._facts.ready) and time.monotonic() < deadline:
            await self._changed.wait(0.2)

    async def _says_why(self, before: int) -> bool:
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            if self._facts.documents > before and self._classifier.shown in PAST_THE_DOOR:
                return True
            await self._changed.wait(0.2)
        return False

    def _past_the_door(self) -> bool:
        return self._left or self._classifier.shown in PAST_THE_DOOR

    async def send_chat(self, message: str, *, to_user_uuid: str | None) -> None:
        """As base.Attendance. Messages longer than the page takes are sent in parts."""
        to = to_user_uuid or ""
        await self._writer.send(message, to, self._people.name(to), runner=self._runner, passed=self._has_left)

    async def switch(self, device: Device, *, on: bool) -> bool:
        """As base.Attendance."""
        return await self._switches.switch(device, self._runner, on=on, passed=self._has_left)

    async def switched_off(self, device: Device) -> None:
        """As base.Attendance."""
        await self._switches.switched_off(device, self._runner)

    async def _switch_before(self, device: Device) -> str:
        return await self._switches.before(device, self._runner, self._past_the_door)

    async def leave(self) -> None:
        """As base.Attendance: the steps under [[leave]], then the page is left as one closes a tab."""
        self._left = True
        for timer in (self._wake, self._reload):
            if timer is not None:
                timer.cancel()
        for task in self._tasks:
            task.cancel()
        if self._tasks:  # two hands at one mouse would undo each other's clicks
            await asyncio.wait(self._tasks, timeout=LET_GO_SECONDS)
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                until = time.monotonic() + LEAVE_SECONDS - 0.2
                await self._runner.run(self._leave_steps, passed=lambda: False, until=until)
        except (BrowserError, JoinStepError, TimeoutError) as error:
            reason, step = type(error).__name__, self._runner.doing
            log.info("platform.leave_steps_failed", platform=self._file.name, reason=reason, step=step)
        with contextlib.suppress(BrowserError, TimeoutError):
            async with asyncio.timeout(LET_GO_SECONDS):
                await self._page.let_go(timeout_s=LET_GO_SECONDS)

    def _report(self, value: Json) -> None:
        """A frame of the page says what holds in it."""
        if not isinstance(value, dict) or value.get("token") != self._token:
            return
        if self._facts.receive(value, time.monotonic()):
            self._look()

    def _look(self) -> None:
        """Draws conclusions from the facts, now and whenever time alone may change them."""
        self._changed.tell()
        if self._left:
            return
        now = time.monotonic()
        observation, wake = self._classifier.step(self._facts, now)
        wakes = [wake]
        if observation is not None:
            self._observed(observation)
        if self._classifier.was_inside:
            wakes.append(self._tell_people(now))
            for message in self._chat.update(self._facts.chat, now):
                self._listeners.chat(message)
            wakes.append(self._captioner.update(self._facts.captions, now, self._listeners.caption))
            wakes.append(self._switches.update(self._facts, now, self._listeners.log))
        look, wake = self._doubt.due(self._facts, now, nothing_known=self._classifier.nothing_known)
        wakes.append(wake)
        if look:
            self._start(self._look_closer())
        if (dialog := self._dialogs.due(self._facts, now)) is not None:
            self._start(self._answer(dialog))
        for problem in self._facts.problems[self._problems_told :]:
            self._listeners.log("platform_file_problem", problem)
        self._problems_told = len(self._facts.problems)
        self._wake_at(min((at for at in wakes if at is not None), default=None))

    def _wake_at(self, instant: float | None) -> None:
        if self._wake is not None:
            self._wake.cancel()
        loop = asyncio.get_running_loop()
        self._wake = loop.call_later(max(instant - time.monotonic(), 0.0) + 0.01, self._look) if instant is not None else None

    def _observed(self, observation: Observation) -> None:
        self._listeners.ui_state(observation)
        if observation.state is UiState.UNKNOWN:
            self._start(self._tell_unknown())
        if observation.state is UiState.IN_MEETING:
            self._facts.bot_listed = False  # it must not say so any more where the bot is put back into a lobby
        if observation.state is UiState.IN_MEETING and not self._settled:
            self._settled = True
            self._start(self._settle_in())
        if self._reload is not None:
            self._reload.cancel()
            self._reload = None
        if observation.state in self._file.reload.states:
            again = self._file.reload.every_seconds
            self._reload = asyncio.get_running_loop().call_later(again, self._enter_again)

    async def _settle_in(self) -> None:
        """What is done in the meeting, once: what the platform needs, then the view, then captions for as long as it lasts."""
        await self._doubt.over()
        await self._try(self._runner.run(self._after_join, passed=self._has_left), "after_join_step_failed")
        await self._look_at_people()
        if self._look_steps:
            self._start(self._hosts.keep(self._look_at_people, passed=self._has_left))
        async with self._in_menus:
            await self._try(self._switches.settle(self._runner, self._listeners, self._has_left), "devices_not_looked_at")
        if (view := self._request.view) in self._views:
            async with self._in_menus:
                await self._try(self._runner.run(self._views[view], passed=self._has_left), "view_not_applied")
        elif view:
            self._listeners.log("view_not_available", f"{self._title} has no {view} that a bot can choose here.")
        if view != "speaker_view_no_sidebar":
            self._chat_stays = True
            await self._try(self._writer.keep_open(self._runner, passed=self._has_left), "chat_not_opened")
        captions = self._captioner.keep_on(self._runner, self._listeners, alone=self._in_menus, passed=self._has_left)
        await self._try(captions, "captions_failed")

    async def _look_closer(self) -> None:
        look = self._doubt.look(self._runner, self._request.bot_name, passed=self._has_left)
        await self._try(look, "people_not_looked_at")
        self._look()

    async def _look_at_people(self) -> None:
        """Who is the host: shown for a moment, then remembered. The list takes the place of the chat, which is opened again."""
        if self._look_steps:
            async with self._in_menus, self._writer.panels:
                await self._try(self._runner.run(self._look_steps, passed=self._has_left), "people_not_looked_at")
            if self._chat_stays:
                await self._try(self._writer.keep_open(self._runner, passed=self._has_left), "chat_not_opened")

    def _has_left(self) -> bool:
        return self._left

    async def _tell_unknown(self) -> None:
        """What an unknown page shows, for whoever has to describe it; the bot goes on waiting."""
        try:
            address = without_secrets(await self._page.url())
        except BrowserError as error:
            log.info("platform.unknown_page_not_described", platform=self._file.name, reason=type(error).__name__)
            return
        shown = ", ".join(await self._hands.look()) or "nothing that can be pressed or filled in"
        self._listeners.log("page_unknown", f"{self._title}: nothing that is known at {address}. It shows: {shown}"[:1500])
        if self._classifier.entered and not self._classifier.was_inside:
            await self._doubt.over()
            if self._classifier.shown is UiState.UNKNOWN:
                self._listeners.log("presence_unproven", unproven(self._title, self._doubt.outcome))

    def _enter_again(self) -> None:
        self._start(self._try(self.enter(self._request), "reload_failed"))

    def _tell_people(self, now: float) -> float | None:
        change = self._people.update(self._facts.people, now, self._facts.hosts, self._facts.counted)
        if change.unsure:
            self._hosts.want()
        if change.people is not None:
            self._hosts.see(frozenset(person.uuid for person in change.people))
            self._listeners.people(change.people)
        for uuid, speaking in change.speaking:
            self._listeners.speaking(uuid, speaking)
        return change.wake

    async def _answer(self, dialog: int) -> None:
        try:
            remark = await self._dialogs.answer(dialog, self._hands)
        except BrowserError as error:
            log.info("platform.dialog_failed", platform=self._file.name, reason=type(error).__name__)
            return
        if remark is not None:
            self._listeners.log(*remark)

    async def _try(self, work: Coroutine[Any, Any, None], code: str) -> None:
        try:
            await work
        except JoinStepError as error:
            self._listeners.log(code, f"{error.step}: {error}"[:500])
        except BrowserError as error:
            self._listeners.log(code, type(error).__name__)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
