"""The Python end of the page's recorder: base.Capture for every format. What is recorded is told by `Recording`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import structlog

from agents.browser.api import BrowserOptions, Json, Page
from agents.browser.errors import BrowserError
from agents.capture import wire
from agents.capture.base import CaptureError, CaptureListeners, CaptureRequest
from agents.capture.files import check_room, next_number
from agents.capture.pagescript import PageSettings, page_script
from agents.capture.segment import Segment

log = structlog.get_logger(__name__)

CALL = "(command, token, name, argument) => globalThis[command] ? globalThis[command](token, name, argument) : null"
STALLED_SECONDS = 5.0
MISSED_SECONDS = 2.0
"""The page tells of each second; a page that is silent for longer is told of by zeros."""
RECOVER_SECONDS = 10.0
"""A page that went elsewhere must be recordable again within this, or the capture has failed."""
SYNC_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Recording:
    """What the page is asked to record."""

    mimes: tuple[str, ...]
    """In the order of preference."""
    rates: dict[str, int]
    """Options of MediaRecorder."""
    picture: dict[str, Json] | None = None
    """`width`, `height`, `fps`, and `methods` in the order of preference (tab, tracks); None for sound alone."""
    flags: tuple[str, ...] = ()
    """Chromium's switches."""


class Wish(Enum):
    """What was asked of the capture."""

    NOTHING = auto()
    ARMED = auto()
    RECORD = auto()
    PAUSE = auto()


class PageCapture:
    """Records a page from within."""

    def __init__(self, request: CaptureRequest, recording: Recording) -> None:
        self._request = request
        self._recording = recording
        self._settings = PageSettings()
        self._page: Page | None = None
        self._listeners: CaptureListeners | None = None
        self._wish = Wish.NOTHING
        self._main: Segment | None = None
        self._sides: dict[str, Segment] = {}
        self._number = 0
        self._speaking: set[str] = set()
        self._watch: asyncio.Task[None] | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._again = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.method = ""
        """How the picture is taken (tab, tracks); empty before `arm` and without a picture."""

    def browser_options(self, options: BrowserOptions) -> BrowserOptions:
        """As base.Capture."""
        picture = self._recording.picture
        size = (int(picture["width"]), int(picture["height"])) if picture else None
        return options.merged(tab_capture=picture is not None, size=size, flags=self._recording.flags)

    async def prepare(self, page: Page, listeners: CaptureListeners) -> None:
        """As base.Capture."""
        self._page, self._listeners = page, listeners
        await page.bind(self._settings.binding, self._heard)
        await page.add_script(page_script(self._settings))

    async def arm(self) -> None:
        """As base.Capture."""
        if self._wish is Wish.NOTHING:
            self._wish = Wish.ARMED
        answer = await self._command("arm", {"picture": self._recording.picture})
        self._note_method(answer)

    async def start(self) -> int:
        """As base.Capture."""
        if self._wish is Wish.NOTHING:
            await self.arm()
        check_room(self._request.folder)
        self._number = max(self._number, next_number(self._request.folder, self._request.epoch) - 1)
        started_ms = await self._begin()
        self._wish = Wish.RECORD
        if self._watch is None:
            self._watch = asyncio.create_task(self._watching())
        await self._begin_sides()
        return started_ms

    async def pause(self) -> None:
        """As base.Capture."""
        self._wish = Wish.PAUSE
        await self._end_segments("pause")

    async def stop(self) -> None:
        """As base.Capture."""
        self._wish = Wish.NOTHING
        for task in (self._watch, self._recovery, *self._tasks):
            if task is not None:
                task.cancel()
        self._watch = self._recovery = None
        await self._end_segments("stop")

    # What the page says.

    def _heard(self, value: Json) -> None:  # noqa: C901 -- one case a message
        message = wire.read(value, self._settings.token)
        match message:
            case wire.Chunk():
                self._write(message)
            case wire.Sample():
                self._sample(message)
            case wire.Speaking():
                self._speaks(message.source, on=message.on)
            case wire.Hearing(page=page):
                if self._listeners:
                    self._listeners.hearing(page)
            case wire.Hello(top=True):
                self._new_document()
            case wire.Wanted():
                self._spawn(self._begin_side(message.frame))
            case wire.Lost():
                if self._main and message.segment == self._main.number:
                    self._recover(message.why)
            case wire.Remark():
                log.info("capture.remark")  # without its text, in which a page may have had a hand
            case _:
                pass

    def _segment(self, number: int) -> Segment | None:
        return next((s for s in (self._main, *self._sides.values()) if s and s.number == number), None)

    def _write(self, chunk: wire.Chunk) -> None:
        segment = self._segment(chunk.segment)
        if segment is None:
            return
        try:
            segment.take(chunk)
        except CaptureError as error:  # a full disk: there is nothing to begin anew
            self._fail(str(error))

    def _sample(self, sample: wire.Sample) -> None:
        segment = self._segment(sample.segment)
        if segment is None:
            return
        segment.sample = sample
        if segment is self._main and self._wish is Wish.RECORD and self._listeners:
            self._listeners.health(segment.health(sample, sample.window_ms, list(self._sides.values())))

    def _speaks(self, source: str, *, on: bool) -> None:
        (self._speaking.add if on else self._speaking.discard)(source)
        if self._listeners:
            self._listeners.speaking(source, on)

    def _new_document(self) -> None:
        """Another document: recorders and voices of the one before are gone."""
        for source in list(self._speaking):
            self._speaks(source, on=False)
        if self._wish is not Wish.NOTHING:
            self._recover("the page went elsewhere")

    # Segments.

    async def _begin(self) -> int:
        self._close_segments()
        segment = self._main = self._new_segment(side=False)
        try:
            answer = await self._command("start", self._order(segment))
            segment.open(mime=str(answer["mime"]), start_ms=int(answer["started_ms"]))
        except (CaptureError, KeyError, TypeError, ValueError) as error:
            segment.close()
            self._main = None
            raise error if isinstance(error, CaptureError) else CaptureError("The page's recorder gave no answer.") from error
        self._note_method(answer)
        return int(answer["started_ms"])

    def _new_segment(self, *, side: bool) -> Segment:
        self._number += 1
        picture = self._recording.picture
        fps = int(picture["fps"]) if picture and not side else 0
        return Segment(self._request.folder, self._request.epoch, self._number, side=side, frames_per_second=fps)

    def _order(self, segment: Segment) -> dict[str, Json]:
        mimes = AUDIO_MIMES if segment.side else self._recording.mimes
        return {"segment": segment.number, "mimes": list(mimes), "rates": self._recording.rates}

    async def _begin_sides(self) -> None:
        """Frames of other origins that have voices already."""
        for frame in await self._command_everywhere("frames", {}):
            if isinstance(frame, str):
                await self._begin_side(frame)

    async def _begin_side(self, frame: str) -> None:
        if self._wish is not Wish.RECORD or frame in self._sides:
            return
        segment = self._sides[frame] = self._new_segment(side=True)
        await self._command_everywhere("start", {**self._order(segment), "only": frame})

    async def _end_segments(self, command: str) -> None:
        """Has the page end its recorders and takes what they still give; a page that does not answer is listened to no more."""
        if self._main is not None or self._sides:
            with contextlib.suppress(CaptureError):
                await self._command(command, {}, timeout_s=3.0)
            await self._command_everywhere(command, {}, timeout_s=1.0)
        self._close_segments()

    def _close_segments(self) -> None:
        for segment in (self._main, *self._sides.values()):
            if segment is not None:
                segment.close()
        self._main = None
        self._sides = {}

    # Faults.

    def _recover(self, why: str) -> None:
        log.info("capture.restarts", reason=why)
        self._again = True
        if self._recovery is None or self._recovery.done():
            self._recovery = asyncio.create_task(self._recovering(why))

    async def _recovering(self, why: str) -> None:
        deadline = time.monotonic() + RECOVER_SECONDS
        while self._again:
            self._again = False
            try:
                await self.arm()
                if self._wish is Wish.RECORD:
                    await self._begin()
                    await self._begin_sides()
            except CaptureError as error:
                if time.monotonic() > deadline:
                    self._fail(f"{why}, and it could not be begun anew: {error}")
                    return
                self._again = True
                await asyncio.sleep(0.25)

    def _fail(self, why: str) -> None:
        was, self._wish = self._wish, Wish.ARMED
        self._close_segments()
        if was in (Wish.RECORD, Wish.PAUSE) and self._listeners:
            self._listeners.failed(why)

    async def _watching(self) -> None:
        """Sees a page that says nothing any more, and brings what was written to the disk."""
        synced = time.monotonic()
        while True:
            await asyncio.sleep(1.0)
            main, now = self._main, time.monotonic()
            if main is None or self._wish is not Wish.RECORD:
                continue
            if now - main.last_sample_at > MISSED_SECONDS and self._listeners:
                self._listeners.health(main.health(None, round((now - main.last_sample_at) * 1000), list(self._sides.values())))
            if now - main.last_chunk_at > STALLED_SECONDS and (self._recovery is None or self._recovery.done()):
                self._fail(f"nothing was recorded for {STALLED_SECONDS:.0f} s")
            if now - synced > SYNC_SECONDS:
                synced = now
                await main.sync()

    # Calls.

    async def _command(self, name: str, argument: dict[str, Json], *, timeout_s: float = 8.0) -> dict[str, Any]:
        if self._page is None:
            raise CaptureError("prepare() comes before everything else.")
        settings = self._settings
        try:
            answer = await self._page.evaluate(CALL, settings.command, settings.token, name, argument, timeout_s=timeout_s)
        except BrowserError as error:
            raise CaptureError(f"The page cannot be recorded: {error}") from error
        if not isinstance(answer, dict):
            raise CaptureError("The page cannot be recorded: it runs no script of ours.")
        return answer

    async def _command_everywhere(self, name: str, argument: dict[str, Json], *, timeout_s: float = 5.0) -> list[Json]:
        if self._page is None:
            return []
        settings = self._settings
        with contextlib.suppress(BrowserError):
            return await self._page.evaluate_in_frames(
                CALL, settings.command, settings.token, name, argument, timeout_s=timeout_s
            )
        return []

    def _note_method(self, answer: dict[str, Any]) -> None:
        method = str(answer.get("method", ""))
        if method and method != self.method:
            self.method = method
            log.info(
                "capture.picture", method=method, width=answer.get("width"), height=answer.get("height"), why=answer.get("why")
            )

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


AUDIO_MIMES = ("audio/webm;codecs=opus", "audio/webm")
