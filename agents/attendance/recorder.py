"""The recording of one attendance over all its visits: begins, begins anew where a capture failed, pauses, stops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import chain, repeat

from agents.attendance.clock import Clock
from agents.attendance.endings import code_of
from agents.attendance.health import HealthWatch
from agents.attendance.reports import Reporter
from agents.browser.errors import BrowserError
from agents.capture.base import Capture, CaptureError, HealthSample
from rollcall.v1 import event_pb2 as event


class Recorder:
    """One at a time: `use` a visit's capture, `arm_soon`, `begin`, (`pause`, `resume`)*, `stop`.

    `wanted` is False for `recording_settings.format: none`: then nothing is ever written. `first_start_ms` is when an earlier
    agent of the same bot began, 0 for never.
    """

    def __init__(
        self, reporter: Reporter, clock: Clock, *, wanted: bool, first_start_ms: int = 0, again_s: tuple[float, ...] = (1.0,)
    ) -> None:
        self._reporter = reporter
        self._health = HealthWatch(clock)
        self._capture: Capture | None = None
        self._arming: asyncio.Task[None] | None = None
        self._again_s = again_s
        self._failures = 0
        self._started = False
        self.wanted = wanted
        self.start_ms = first_start_ms
        self.paused = False
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

    async def begin(self) -> int:
        """Begins a segment, trying again until it is being written; returns when the whole recording began, as `start_ms`."""
        assert self._capture is not None
        waits = self._waits()
        while not self.writing.is_set():
            try:
                await self._arm()
                started_ms = await self._capture.start()
                if self.paused:
                    await self._capture.pause()
            except (CaptureError, BrowserError) as error:
                self._arming = None
                await self._wait_after(error, next(waits))
                continue
            self._began(started_ms)
        return self.start_ms

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
        if not self.paused:
            self._health.start()

    def failed(self, detail: str) -> None:
        """The capture stopped by itself: what was between the segments is lost. Call `begin` again."""
        self._failures += 1
        self.last_failure = detail
        self.writing.clear()
        self._arming = None
        self._reporter.remark("capture_failed", detail, level=event.LOG_LEVEL_ERROR)

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
        """Nothing of what follows is in the file. Raises CaptureError where nothing is recorded, BrowserError."""
        if self._capture is None or not self.writing.is_set():
            raise CaptureError("Nothing is being recorded.")
        await self._capture.pause()
        self.paused = True
        self._health.stop()

    async def resume(self) -> None:
        """Goes on. Raises as `pause`."""
        if self._capture is None or not self.writing.is_set():
            raise CaptureError("Nothing is being recorded.")
        await self._capture.resume()
        self.paused = False
        self._health.start()

    async def stop(self) -> None:
        """Ends the segment; what was captured is on disk. Never raises."""
        self._health.stop()
        if self._arming is not None:
            self._arming.cancel()
            await asyncio.wait({self._arming})
            self._arming = None
        if self._capture is not None and self._started:
            self._started = False
            await self._capture.stop()
        self.writing.clear()
