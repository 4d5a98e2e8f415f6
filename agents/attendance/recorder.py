"""The recording of one attendance over all its visits: begins, begins anew where a capture failed, pauses, stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from itertools import chain, repeat

from agents.attendance.clock import Clock
from agents.attendance.endings import code_of
from agents.attendance.health import HealthWatch
from agents.attendance.reports import Reporter
from agents.attendance.tasks import Tasks
from agents.browser.errors import BrowserError
from agents.capture.base import Capture, CaptureError, HealthSample
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import event_pb2 as event

_MOST_HEARINGS = 20


class _Told:
    """What the log knows of the recording. An agent that follows a lost one tells anew: its bot has joined again."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._start = self._paused = False
        self.began = False

    def tell(self, *, paused: bool, start_ms: int) -> None:
        """Tells what is new; `start_ms` is 0 where this agent has recorded nothing so far."""
        if not self.began:
            self.began = True
            self._reporter.transition(bot.BOT_EVENT_TYPE_RECORDING_PERMISSION_GRANTED)
        if start_ms and not self._start:
            self._start = True
            self._reporter.recording_started(start_ms)
        if paused != self._paused:
            self._paused = paused
            self._reporter.transition(bot.BOT_EVENT_TYPE_RECORDING_PAUSED if paused else bot.BOT_EVENT_TYPE_RECORDING_RESUMED)


class Recorder:
    """One at a time: `use` a visit's capture, `arm_soon`, `begin`, (`pause`, `resume`)*, `stop`.

    `wanted` is False for `recording_settings.format: none`: then nothing is ever written. `first_start_ms` is when an earlier
    agent of the same bot began, 0 for never; `paused`: it had been told to pause, so nothing begins before the word to go on.
    """

    def __init__(
        self,
        reporter: Reporter,
        clock: Clock,
        *,
        wanted: bool,
        first_start_ms: int = 0,
        paused: bool = False,
        again_s: tuple[float, ...] = (1.0,),
    ) -> None:
        self._reporter = reporter
        self._health = HealthWatch(clock)
        self._told = _Told(reporter)
        self._changing = asyncio.Lock()
        self._tasks = Tasks()
        self._capture: Capture | None = None
        self._arming: asyncio.Task[None] | None = None
        self._again_s = again_s
        self._failures = 0
        self._hearings = 0
        self._started = False
        self.wanted = wanted
        self.start_ms = first_start_ms
        self.paused = paused
        self.segments = 0
        self.last_failure = ""
        """Why the capture failed last, in words."""
        self.writing = asyncio.Event()

    @property
    def impaired(self) -> bool:
        """Whether parts of the recording are silent, black or lost."""
        return self._health.impaired or self._failures > 0

    def use(self, capture: Capture) -> None:
        """Takes the capture of a new visit."""
        self._capture = capture
        self._arming = None
        self._started = False
        self.writing.clear()

    def arm_soon(self) -> None:
        """Gets the capture ready while the bot still waits, so that it begins within milliseconds of joining."""
        if self.wanted and self._capture is not None and self._arming is None:
            self._arming = asyncio.create_task(self._capture.arm(), name="arm capture")
            self._arming.add_done_callback(
                lambda task: task.cancelled() or task.exception()
            )  # `begin` looks, if it comes to that

    async def begin_soon(self, joined_told: asyncio.Event | None, *, first_s: float = 0.0) -> None:
        """Begins beside everything else, and tells of it once the joining is told (None: it is); returns after `first_s` at most.

        That long is waited for it to be written, so that a recording's first moment is the meeting's.
        """
        if self.wanted:
            self._tasks.begin(self._begin_and_tell(joined_told), name="record")
            if not self.paused:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(first_s):
                        await self.writing.wait()

    async def _begin_and_tell(self, joined_told: asyncio.Event | None) -> None:
        earlier = self.segments
        await self.begin()
        if joined_told is not None:
            await joined_told.wait()
        if earlier and not self.paused:
            self._reporter.remark("capture_restarted", "The recording goes on in a new segment.", level=event.LOG_LEVEL_WARNING)
        self.tell(in_meeting=True)

    async def give_up_beginning(self) -> None:
        """What has not begun yet does not begin any more."""
        await self._tasks.stop()

    async def begin(self) -> None:
        """Begins a segment, trying again until it is being written; returns at once while the recording is paused."""
        waits = self._waits()
        while not (self.writing.is_set() or self.paused):
            try:
                await self._start()
            except (CaptureError, BrowserError) as error:
                await self._wait_after(error, next(waits))

    async def _start(self) -> None:
        """Tries once. A pause that is asked for meanwhile waits until it has begun, and ends it."""
        assert self._capture is not None
        try:
            await self._arm()
            async with self._changing:
                if not (self.writing.is_set() or self.paused):
                    self._began(await self._capture.start())
        except (CaptureError, BrowserError):
            self._arming = None
            raise

    async def _arm(self) -> None:
        self.arm_soon()
        assert self._arming is not None
        await asyncio.shield(self._arming)

    def _waits(self) -> Iterator[float]:
        """The first failure is most often that the page went on after it was armed, so arms and tries again at once."""
        return chain((0.0,), self._again_s, repeat(self._again_s[-1]))

    async def _wait_after(self, error: CaptureError | BrowserError, wait_s: float) -> None:
        if wait_s:
            self._failures += 1
            why = str(error) if isinstance(error, CaptureError) else "The page did not let the capture begin."
            if why != self.last_failure:  # said once, however often it is tried
                self._reporter.remark("capture_not_started", why, level=event.LOG_LEVEL_ERROR, error=code_of(error))
            self.last_failure = why
        await asyncio.sleep(wait_s)

    def _began(self, started_ms: int) -> None:
        self.start_ms = self.start_ms or started_ms
        self.segments += 1
        self._started = True
        self.writing.set()
        self._health.start()

    def tell(self, *, in_meeting: bool) -> None:
        """Tells the log what it does not know yet: the recording began, is paused, goes on. Nothing before the bot has joined."""
        if in_meeting or self._told.began:
            self._told.tell(paused=self.paused, start_ms=self.start_ms if self.segments else 0)

    def failed(self, detail: str) -> None:
        """The capture stopped by itself: what was between the segments is lost. Call `begin` again."""
        self._failures += not self.paused  # in a pause there is nothing to be lost
        self.last_failure = detail
        self.writing.clear()
        self._arming = None
        self._reporter.remark("capture_failed", detail, level=event.LOG_LEVEL_ERROR)

    def hear(self, page: bool) -> None:  # noqa: FBT001 - a listener
        """People are heard in the page's own sound, or again in the tracks; what is heard is what is recorded."""
        self._hearings += 1
        if self._hearings > _MOST_HEARINGS:
            return  # a page that goes to and fro has said enough
        if page:
            self._reporter.remark("hearing_page", "No WebRTC track brings what people say: the page's own sound is taken.")
        else:
            self._reporter.remark("hearing_tracks", "WebRTC tracks bring what people say: the page's own sound is left out.")

    def sample(self, sample: HealthSample, *, somebody_speaks: bool) -> None:
        """Judges what came, and reports it where it is time."""
        self._say(self._health.add(sample, somebody_speaks=somebody_speaks))

    def tick(self) -> None:
        """As `sample` where none came."""
        self._say(self._health.tick())

    def _say(self, health: event.CaptureHealth | None) -> None:
        if health is not None:
            self._reporter.health(health)

    async def pause(self) -> None:
        """Nothing of what follows is in the file, not even where the page is lost just now. Raises CaptureError."""
        self._check_wanted()
        self.paused = True
        self._health.stop()
        async with self._changing:
            if self._capture is not None and self.writing.is_set():
                self.writing.clear()
                await self._capture.pause()

    async def resume(self) -> None:
        """Goes on, in a new segment. Raises CaptureError, BrowserError where that cannot be; then it stays paused."""
        self._check_wanted()
        self.paused = False
        try:
            await self._start()
        except (CaptureError, BrowserError):
            self.paused = True
            raise

    def _check_wanted(self) -> None:
        if not self.wanted:
            raise CaptureError("Nothing is recorded: the bot's recording_settings.format is none.")

    async def stop(self) -> None:
        """Ends the segment; what was captured is on disk. Never raises."""
        await self.give_up_beginning()
        self._health.stop()
        if self._arming is not None:
            self._arming.cancel()
            await asyncio.wait({self._arming})
            self._arming = None
        if self._capture is not None and self._started:
            self._started = False
            await self._capture.stop()
        self.writing.clear()
