"""A stage for runner stories: fakes for everything around the runner, and words to say what should be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agents.attendance.ports import Fetch, Patience, Tools
from agents.browser.api import BrowserOptions, Page
from agents.browser.errors import BrowserError
from agents.browser.fakes import FakeBrowser, FakeLauncher, FakePage
from agents.capture.base import (
    Capture,
    CaptureListeners,
    CaptureRequest,
    FinishedFile,
    Format,
    HealthSample,
)
from agents.link import LinkListeners
from agents.link_errors import LeaseNotAvailableError
from agents.media_devices.virtual_devices import Picture, VirtualDevices
from agents.platforms.base import (
    Adapter,
    Attendance,
    FakeAttendance,
    JoinRequest,
    Listeners,
    NotSupportedError,
    Observation,
    UiState,
)
from agents.runner import Runner
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot

BOT = "bot_0123456789abcdef"


class FakeLink:
    """A link without a server."""

    def __init__(self, listeners: LinkListeners, granted: agent.LeaseGranted | None) -> None:
        self.listeners = listeners
        self.granted = granted
        self.reports: list[agent.Report] = []
        self.answers: list[tuple[str, bool, str]] = []
        self.nudges = 0
        self.logins: list[agent.LoginGiven] = []
        self.refused: list[str] = []
        self.zoom_tokens = agent.ZoomTokensGiven()
        self.token_asks = 0
        self.away_s = 0.0
        self.released: list[bool] = []
        self.unfinished = ""
        self.closed = False
        self.changed = asyncio.Event()

    async def claim(self) -> agent.LeaseGranted:
        if self.granted is None:
            raise LeaseNotAvailableError
        return self.granted

    def report(self, report: agent.Report) -> None:
        self.reports.append(report)
        self.changed.set()

    def answer(self, command_id: str, *, done: bool, detail: str = "") -> None:
        self.answers.append((command_id, done, detail))
        self.changed.set()

    def nudge(self) -> None:
        self.nudges += 1

    async def take_login(self, *, timeout_s: float) -> agent.LoginGiven:
        return self.logins.pop(0) if self.logins else agent.LoginGiven(problem="There is no account.")

    async def take_zoom_tokens(self, *, timeout_s: float) -> agent.ZoomTokensGiven:
        self.token_asks += 1
        return self.zoom_tokens

    def refuse_login(self, login_id: str, problem: str) -> None:
        self.refused.append(login_id)

    async def release(self, *, hand_over: bool, timeout_s: float, unfinished: str = "") -> bool:
        self.released.append(hand_over)
        self.unfinished = unfinished
        return True

    async def close(self) -> None:
        self.closed = True


@dataclass
class FakeCapture:
    """A capture that writes nothing; `calls` says what was asked."""

    request: CaptureRequest
    calls: list[str]
    start_errors: list[Exception] = field(default_factory=list)
    arm_errors: list[Exception] = field(default_factory=list)
    start_holds: asyncio.Event | None = None
    listeners: CaptureListeners | None = None

    def browser_options(self, options: BrowserOptions) -> BrowserOptions:
        return options.merged(flags=["--of-capture"])

    async def prepare(self, page: Page, listeners: CaptureListeners) -> None:
        self.listeners = listeners
        self.calls.append("prepare")

    async def arm(self) -> None:
        self.calls.append("arm")
        if self.arm_errors:
            raise self.arm_errors.pop(0)

    async def start(self) -> int:
        if self.start_holds is not None:
            self.calls.append("starting")
            await self.start_holds.wait()
        if self.start_errors:
            raise self.start_errors.pop(0)
        self.calls.append("start")
        return 1_700_000_000_000

    async def pause(self) -> None:
        self.calls.append("pause")

    async def stop(self) -> None:
        self.calls.append("stop")


@dataclass
class StoryAttendance(FakeAttendance):
    """A fake attendance whose `enter` and `send_chat` may fail."""

    calls: list[str] = field(default_factory=list)
    enter_error: Exception | None = None
    chat_error: Exception | None = None
    hang: bool = False

    async def enter(self, request: JoinRequest) -> None:
        await super().enter(request)
        self.calls.append("enter")
        if self.hang:
            await asyncio.Event().wait()
        if self.enter_error is not None:
            raise self.enter_error

    async def send_chat(self, message: str, *, to_user_uuid: str | None) -> None:
        if self.chat_error is not None:
            raise self.chat_error
        await super().send_chat(message, to_user_uuid=to_user_uuid)

    async def leave(self) -> None:
        self.calls.append("leave")
        await super().leave()


@dataclass
class StoryAdapter:
    stage: Stage
    name: str = "fake"

    def browser_options(self, options: BrowserOptions) -> BrowserOptions:
        return options.merged(flags=["--of-platform"])

    def attend(self) -> Attendance:
        attendance = StoryAttendance(calls=self.stage.calls)
        self.stage.attendances.append(attendance)
        self.stage.on_attend(attendance)
        return attendance


@dataclass
class DevicesOfStage:
    """Real devices on fake pages; `installed` says with which picture each began."""

    installed: list[Picture | None] = field(default_factory=list)

    async def install(self, page: Page, picture: Picture | None) -> VirtualDevices:
        self.installed.append(picture)
        return VirtualDevices(page, picture)


async def _fetch_nothing(url: str, target: Path) -> None:
    raise AssertionError("nothing is fetched here")


@dataclass
class Stage:
    """Everything around one runner."""

    media_dir: Path
    spec: agent.BotSpec = field(
        default_factory=lambda: agent.BotSpec(bot_id=BOT, bot_name="Ada", meeting_url="http://m/1", attempt=1)
    )
    task: agent.AgentTask.ValueType = agent.AGENT_TASK_ATTEND
    granted: bool = True
    calls: list[str] = field(default_factory=list)
    """Of capture, attendance and finish together, in order."""
    attendances: list[StoryAttendance] = field(default_factory=list)
    captures: list[FakeCapture] = field(default_factory=list)
    launcher: FakeLauncher = field(default_factory=FakeLauncher)
    on_attend: Callable[[StoryAttendance], None] = lambda _attendance: None
    on_capture: Callable[[FakeCapture], None] = lambda _capture: None
    finish_error: Exception | None = None
    finish_holds: asyncio.Event | None = None
    no_adapter: bool = False
    devices: DevicesOfStage | None = None
    fetch: Fetch = _fetch_nothing
    patience: Patience = field(
        default_factory=lambda: Patience(
            evidence_s=0.3, back_s=0.2, rejoin_s=0.5, between_tries_s=0.01, capture_again_s=(0.01,), ask_again_s=0.01
        )
    )
    join_evidence: bool = True
    _runner: Runner | None = None
    _task: asyncio.Task[None] | None = None
    links: list[FakeLink] = field(default_factory=list)

    def start(self) -> asyncio.Task[None]:
        """Starts the runner."""
        tools = Tools(
            launcher=self.launcher,
            adapter_for=self._adapter_for,
            make_capture=self._make_capture,
            finish=self._finish,
            devices=self.devices,
            fetch=self.fetch,
            connect=self._connect,
            media_dir=self.media_dir,
            profile_parent=self.media_dir,
            patience=self.patience,
            join_evidence=self.join_evidence,
        )
        self._runner = Runner(tools, self.spec.bot_id)
        self._task = asyncio.create_task(self._runner.run())
        return self._task

    @property
    def runner(self) -> Runner:
        assert self._runner is not None
        return self._runner

    async def end(self) -> None:
        """Waits until the runner is done."""
        assert self._task is not None
        await asyncio.wait_for(self._task, 5)

    def _adapter_for(self, spec: agent.BotSpec) -> Adapter:
        if self.no_adapter:
            raise NotSupportedError("No adapter for this platform yet.")
        return StoryAdapter(self)

    def _make_capture(self, request: CaptureRequest) -> Capture:
        capture = FakeCapture(request, self.calls)
        self.captures.append(capture)
        self.on_capture(capture)
        return capture

    async def _finish(self, folder: Path, kind: Format, *, keep_segments: bool) -> FinishedFile:
        self.calls.append("finish and keep" if keep_segments else "finish")
        if self.finish_holds is not None:
            await self.finish_holds.wait()
        if self.finish_error is not None:
            raise self.finish_error
        return FinishedFile(folder / "recording.mp4", "video/mp4", 12_000, 3456, impaired=False, detail="")

    def _connect(self, bot_id: str, listeners: LinkListeners) -> FakeLink:
        granted = agent.LeaseGranted(epoch=1, task=self.task, lease_ms=10_000, heartbeat_ms=3_000, bot=self.spec)
        self.links.append(FakeLink(listeners, granted if self.granted else None))
        return self.links[-1]

    # -- what is seen --

    @property
    def link(self) -> FakeLink:
        return self.links[-1]

    @property
    def page(self) -> FakePage:
        return self.browser.pages[-1]

    @property
    def browser(self) -> FakeBrowser:
        return self.launcher.launched[-1][1]

    def moves(self) -> list[tuple[str, str]]:
        """The transitions reported, as (trigger, sub type) in small letters."""
        return [
            (
                bot.BotEventType.Name(r.transition.trigger).removeprefix("BOT_EVENT_TYPE_").lower(),
                bot.BotEventSubType.Name(r.transition.sub_type)
                .removeprefix("BOT_EVENT_SUB_TYPE_")
                .lower()
                .replace("unspecified", ""),
            )
            for r in self.link.reports
            if r.HasField("transition")
        ]

    def triggers(self) -> list[str]:
        return [trigger for trigger, _ in self.moves()]

    def last_detail(self) -> str:
        return [r.transition.detail for r in self.link.reports if r.HasField("transition")][-1]

    def codes(self) -> list[str]:
        return [r.log.code for r in self.link.reports if r.HasField("log") and r.log.code != "page_state"]

    def of(self, kind: str) -> list[agent.Report]:
        return [r for r in self.link.reports if r.WhichOneof("body") == kind]

    # -- what happens --

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for a condition. Raises TimeoutError."""
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - conditions are of many kinds
                await asyncio.sleep(0.002)

    async def until_move(self, trigger: str) -> None:
        await self.until(lambda: trigger in self.triggers())

    async def until_entered(self, times: int = 1) -> StoryAttendance:
        """Waits until the adapter has asked to join so often in all; returns the newest attendance."""
        await self.until(lambda: sum(len(a.entered) for a in self.attendances) >= times)
        return self.attendances[-1]

    @property
    def hears(self) -> Listeners:
        listeners = self.attendances[-1].listeners
        assert listeners is not None
        return listeners

    def show(self, state: UiState, *, text: str = "") -> None:
        """The page shows something, and these words of it decided."""
        self.hears.ui_state(Observation(state, f"{state.value}: test", text))

    async def join(self) -> None:
        """Until the bot is in the meeting and records."""
        await self.until_entered()
        self.show(UiState.IN_MEETING)
        await self.until_move("joined_meeting")

    def command(self, command: agent.Command) -> None:
        self.link.listeners.command(command)

    def leave(self, *, abandoned: bool = False) -> None:
        self.command(agent.Command(command_id="leave", leave=agent.LeaveCommand(abandoned=abandoned)))

    def capture_hears(self) -> CaptureListeners:
        listeners = self.captures[-1].listeners
        assert listeners is not None
        return listeners

    def break_page(self, error: BrowserError) -> None:
        self.page.fail(error)


def a_sample(**changes: float) -> HealthSample:
    """A second of good capture, changed."""
    values: dict[str, float] = {
        "window_ms": 1000,
        "audio_ms": 1000,
        "audio_level_dbfs": -30.0,
        "incoming_level_dbfs": -30.0,
        "audio_tracks": 2,
        "video_frames": 15,
        "video_frames_expected": 15,
        "video_brightness": 90.0,
        "incoming_video_moving": True,
        "bytes_written": 100_000,
    }
    return HealthSample(**{**values, **changes})  # type: ignore[arg-type]
