"""Runs one bot: claims its lease, attends or finishes, and always cleans up."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import structlog

from agents.attendance.endings import Ending, Way, internal_error
from agents.attendance.evidence import Evidence
from agents.attendance.happenings import Commanded, Happening, LeaseLost, ShutDown
from agents.attendance.ports import LinkPort, Tools
from agents.attendance.recorder import Recorder
from agents.attendance.reports import Reporter
from agents.attendance.situation import SituationTracker
from agents.attendance.story import Story
from agents.capture.base import CaptureRequest, Format
from agents.capture.ffmpeg import FinishError, NothingRecordedError
from agents.link import LinkListeners
from agents.link_errors import LeaseNotAvailableError, ServerRefusedError, ServerUnreachableError
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import bot_settings_pb2 as settings
from rollcall.v1 import event_pb2 as event

_SHUTDOWN_S = 15.0
_HAND_OVER_S = 3.0

_FORMATS = {
    settings.RECORDING_FORMAT_UNSPECIFIED: Format.MP4,
    settings.RECORDING_FORMAT_MP4: Format.MP4,
    settings.RECORDING_FORMAT_MP3: Format.MP3,
    settings.RECORDING_FORMAT_NONE: Format.NONE,
}
_OPEN_RECORDING = (bot.RECORDING_STATE_IN_PROGRESS, bot.RECORDING_STATE_PAUSED)


class Runner:
    """Runs one bot once. `run` never raises but CancelledError; `shut_down` makes it hand the bot over and return."""

    def __init__(self, tools: Tools, bot_id: str) -> None:
        self._tools = tools
        self._bot_id = bot_id
        self._inbox: asyncio.Queue[Happening] = asyncio.Queue()
        self._situation = SituationTracker(tools.clock)
        self._log = structlog.get_logger().bind(bot_id=bot_id)
        self._link = tools.connect(
            bot_id,
            LinkListeners(
                command=lambda command: self._inbox.put_nowait(Commanded(command)),
                lost=self._lose,
                situation=lambda: self._situation.snapshot(),  # noqa: PLW0108 - another tracker comes with the lease
            ),
        )
        self._reporter = Reporter(bot_id, tools.clock, self._link.report)

    def shut_down(self) -> None:
        """Tells the meeting goodbye, flushes the media and hands the bot over to another worker."""
        self._inbox.put_nowait(ShutDown())

    def _lose(self) -> None:
        self._reporter.fall_silent()
        self._inbox.put_nowait(LeaseLost())

    async def run(self) -> None:
        """From the claim to the release. A claim that is not granted is nothing worth a word: another worker was quicker."""
        try:
            granted = await self._link.claim()
        except LeaseNotAvailableError:
            self._log.debug("lease_not_available")
        except (ServerUnreachableError, ServerRefusedError) as error:
            self._log.warning("bot_not_claimed", why=str(error))
        else:
            await self._until_cancelled(self._carry_out(granted))
        finally:
            await self._link.close()

    async def _until_cancelled(self, work: Coroutine[Any, Any, None]) -> None:
        """Turns a cancellation into a hand-over: what Dramatiq sends when the worker stops."""
        task = asyncio.create_task(work, name=f"run {self._bot_id}")
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            self.shut_down()
            await asyncio.wait({task}, timeout=_SHUTDOWN_S)
            task.cancel()
            await asyncio.wait({task})
            raise

    async def _carry_out(self, granted: agent.LeaseGranted) -> None:
        attendance = _Carrying(self._tools, granted, self._inbox, self._link, self._reporter)
        self._situation = attendance.situation
        structlog.contextvars.bind_contextvars(bot_id=self._bot_id, epoch=granted.epoch)
        self._log.info("bot_claimed", epoch=granted.epoch, task=agent.AgentTask.Name(granted.task))
        try:
            await attendance.carry_out()
        except Exception:  # noqa: BLE001 - logged with its id, and the bot still has to come to its end
            fault_id = secrets.token_hex(4)
            self._log.exception("bot_failed", fault_id=fault_id)
            await attendance.fail(internal_error(fault_id))
        self._log.info("bot_done", epoch=granted.epoch)


class _Carrying:
    """One lease being carried out."""

    def __init__(
        self, tools: Tools, granted: agent.LeaseGranted, inbox: asyncio.Queue[Happening], link: LinkPort, reporter: Reporter
    ) -> None:
        self._tools = tools
        self._granted = granted
        self._spec = granted.bot
        self._inbox = inbox
        self._link = link
        self._reporter = reporter
        self._folder = tools.media_dir / self._spec.bot_id
        recording = self._spec.settings.recording_settings
        self._format = _FORMATS.get(recording.format, Format.MP4)
        self.situation = SituationTracker(
            tools.clock,
            bot_keywords=self._spec.settings.automatic_leave_settings.bot_keywords,
            already_in_meeting_ms=self._already_in_meeting_ms(),
        )
        self._recorder = Recorder(
            reporter,
            tools.clock,
            wanted=self._format is not Format.NONE,
            first_start_ms=self._spec.recording_start_timestamp_ms,
            paused=self._spec.recording_state == bot.RECORDING_STATE_PAUSED,
            again_s=tools.patience.capture_again_s,
        )
        self._evidence = Evidence(
            self._folder,
            reporter.remark,
            epoch=granted.epoch,
            asked=self._spec.settings.debug_settings.create_debug_recording,
            unasked=tools.join_evidence and not self._spec.joined_timestamp_ms,
        )
        self._evidence.hide_secrets_of(self._spec.meeting_url)
        self._story = Story(
            tools,
            granted,
            capture_request=self._capture_request(),
            inbox=inbox,
            link=link,
            reporter=reporter,
            recorder=self._recorder,
            situation=self.situation,
            evidence=self._evidence,
        )
        self._released = False

    def _already_in_meeting_ms(self) -> int:
        """How long ago the bot was in for the first time, with an earlier agent: `max_uptime_seconds` counts from there."""
        began = self._spec.joined_timestamp_ms
        return max(0, self._tools.clock.unix_ms() - began) if began else 0

    def _capture_request(self) -> CaptureRequest:
        small = self._spec.settings.recording_settings.resolution == settings.RECORDING_RESOLUTION_720P
        width, height = (1280, 720) if small else (1920, 1080)
        return CaptureRequest(self._format, width, height, self._folder, self._granted.epoch)

    async def carry_out(self) -> None:
        """Attends, or only finishes."""
        if self._granted.task == agent.AGENT_TASK_FINISH:
            await self._finish_and_release(completed=True)
            return
        ending = await self._story.attend()
        await self._conclude(ending)

    async def fail(self, ending: Ending) -> None:
        """After a fault of ours: whatever can still be saved is saved."""
        with contextlib.suppress(Exception):  # the fault is logged already; another one must not keep the bot from its end
            await self._conclude(ending)
        await self._close_browser()
        if not self._released:
            await self._release(hand_over=False)

    async def _conclude(self, ending: Ending) -> None:
        match ending.way:
            case Way.LEASE_LOST:
                await self._drop_everything()
            case Way.HANDED_OVER:
                await self._say_goodbye()
                await self._release(hand_over=True)
            case Way.ABANDONED:
                if self._story.visit is not None:
                    await self._evidence.tell(self._story.visit.page, "waited_in_vain")
                await self._say_goodbye()
                await self._finish_and_release(completed=False)
            case Way.LEFT:
                await self._say_goodbye()
                self._reporter.transition(bot.BOT_EVENT_TYPE_LEFT_MEETING)
                await self._finish_and_release(completed=True)
            case Way.OVER:
                await self._end(ending)

    async def _end(self, ending: Ending) -> None:
        """It is over by itself: told at once, before anything that takes time. A page that hangs has an address, too."""
        page = self._story.visit.page if self._story.visit is not None else None
        shown = ending.is_failure or ending.code.startswith("page_")  # what the page says is told with what it looked like
        words = await self._evidence.words(page) if shown else {}
        self._reporter.transition(ending.trigger, ending.sub_type, ending.detail, page=words)
        level = event.LOG_LEVEL_ERROR if ending.is_failure else event.LOG_LEVEL_INFO
        self._reporter.remark(ending.code, ending.detail, level=level, **words)
        self._leaving()
        if shown and self._story.evidence_of != ending.code:
            await self._evidence.tell(page, ending.code)
        await self._recorder.stop()
        await self._close_browser()
        await self._finish_and_release(completed=not ending.is_failure)

    async def _say_goodbye(self) -> None:
        """The recording is closed first: leaving takes the page away, and with it the last second."""
        self._leaving()
        await self._recorder.stop()
        if self._story.visit is not None:
            await self._story.visit.leave()
        await self._close_browser()

    async def _drop_everything(self) -> None:
        """Another worker runs the bot: out at once. The browser goes before the capture, so that nothing more is written."""
        visit = self._story.visit
        if visit is not None:
            await visit.leave()
        await self._close_browser()
        await self._recorder.stop()
        self._released = True

    def _leaving(self) -> None:
        if self.situation.enter(agent.AGENT_PHASE_LEAVING):
            self._link.nudge()

    async def _close_browser(self) -> None:
        if self._story.visit is not None:
            await self._story.visit.close()

    async def _finish_and_release(self, *, completed: bool) -> None:
        """Makes the finished file, unless the lease is lost or the worker stops meanwhile; then whoever is next does it."""
        self.situation.enter(agent.AGENT_PHASE_FINISHING)
        self._link.nudge()
        finishing = asyncio.create_task(self._finish(), name=f"finish {self._spec.bot_id}")
        interruption = await self._interruption(finishing)
        if isinstance(interruption, LeaseLost):
            self._released = True
            return
        unfinished = finishing.result() if interruption is None else ""
        if interruption is None and completed and not unfinished:
            self._reporter.transition(bot.BOT_EVENT_TYPE_POST_PROCESSING_COMPLETED)
        await self._release(hand_over=interruption is not None, unfinished=unfinished)

    async def _interruption(self, work: asyncio.Task[str]) -> LeaseLost | ShutDown | None:
        """Waits for the work; cancels it and says why where something comes between. Commands come too late now."""
        while True:
            hearing = asyncio.create_task(self._inbox.get())
            await asyncio.wait({work, hearing}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                hearing.cancel()
                work.result()
                return None
            happening = hearing.result()
            if isinstance(happening, Commanded):
                leave = happening.command.HasField("leave")
                detail = "" if leave else "The bot has left the meeting."
                self._link.answer(happening.command.command_id, done=leave, detail=detail)
            elif isinstance(happening, LeaseLost | ShutDown):
                work.cancel()
                await asyncio.wait({work})
                return happening

    async def _finish(self) -> str:
        """Why it has to be tried again later; empty where the recording is finished, or there is none to be had."""
        earlier = self._spec.recording_state in _OPEN_RECORDING
        if not (self._recorder.segments or earlier):
            if self._recorder.wanted and self._story.joined:
                detail = f"Nothing was recorded. {self._recorder.last_failure}".strip()
                self._reporter.recording_failed(detail, start_ms=0)
            return ""
        keep = self._spec.settings.debug_settings.create_debug_recording
        try:
            file = await self._tools.finish(self._folder, self._format, keep_segments=keep)
        except NothingRecordedError as error:
            self._reporter.recording_failed(str(error), start_ms=self._recorder.start_ms)
            return ""
        except FinishError as error:
            self._reporter.remark("recording_not_finished", str(error), level=event.LOG_LEVEL_ERROR)
            return str(error)
        self._reporter.recording_finished(
            file,
            path=_relative(file.path, self._tools.media_dir),
            start_ms=self._recorder.start_ms,
            impaired=file.impaired or self._recorder.impaired,
            detail=file.detail,
        )
        return ""

    async def _release(self, *, hand_over: bool, unfinished: str = "") -> None:
        self._released = True
        timeout_s = _HAND_OVER_S if hand_over else self._tools.patience.release_s
        await self._link.release(hand_over=hand_over, timeout_s=timeout_s, unfinished=unfinished)


def _relative(path: Path, folder: Path) -> str:
    return path.resolve().relative_to(folder.resolve()).as_posix()
