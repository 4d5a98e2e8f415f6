"""One scripted person on one page: comes, speaks, chats, beeps and goes when the script says."""

from __future__ import annotations

import asyncio
import base64
import time
from dataclasses import dataclass

import structlog

from agents.browser.api import Browser, Page
from agents.people.script import PersonScript, Say
from agents.people.synthetic_media import SyntheticMedia, synthetic_media_script
from agents.people.venue import Venue
from agents.people.voice import Voices

log = structlog.get_logger(__name__)

LOAD_AHEAD_SECONDS = 20.0
"""How long before its time a sound is sent to the page: early enough on a busy machine, late enough not to fill its memory."""
OUT_CHECK_SECONDS = 1.0
PLAY_AHEAD_SECONDS = 1.0
"""How long before its time a sound is scheduled in the page, which then starts it to the sample."""


@dataclass(slots=True)
class Performance:
    """One person's part in a run. `started` is the script's zero, in seconds since 1970."""

    script: PersonScript
    number: int
    venue: Venue
    voices: Voices
    url: str
    started: float
    page: Page | None = None

    async def run(self, browser: Browser, ends: float | None) -> None:
        """Plays the part and closes the page; `ends` is the script's end in seconds. Raises the browser's errors."""
        leaves = min((t for t in (self.script.leaves, ends) if t is not None), default=None)
        await self._until(self.script.joins)
        self.page = page = await browser.new_page()
        try:
            await page.add_script(synthetic_media_script(self._media()))
            await self.venue.enter(page, self.url, self.script)
            await self._play(page, leaves)
            await self.venue.leave(page)
        finally:
            await page.close()

    def _media(self) -> SyntheticMedia:
        script = self.script
        hertz = script.beeps.hertz if script.beeps else 1000.0
        return SyntheticMedia(script.name, self.number, script.camera, script.microphone, beep_hertz=hertz)

    async def _play(self, page: Page, leaves: float | None) -> None:
        """Everything between joining and leaving. Ends early, with the error, when the page fails."""
        parts = [
            asyncio.create_task(self._say(page, n, say)) for n, say in enumerate(self.script.says) if _before(say.at, leaves)
        ]
        parts += [asyncio.create_task(self._chat(page, c.at, c.text, c.to)) for c in self.script.chats if _before(c.at, leaves)]
        if self.script.beeps is not None:
            first = self.started + max(self.script.beeps.start, self.script.joins)
            await page.evaluate("(at, every) => rollcallPerson.beeps(at, every)", first * 1000, self.script.beeps.every)
        stay = asyncio.create_task(self._stay(page, leaves))
        try:
            waiting: set[asyncio.Future[object]] = {stay, page.failure, *parts}  # type: ignore[arg-type]  # futures of several types
            while not stay.done():
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if page.failure in done:
                    raise page.failure.result()
                for part in done:
                    part.result()
        finally:
            for task in (stay, *parts):
                task.cancel()
            await asyncio.gather(stay, *parts, return_exceptions=True)

    async def _stay(self, page: Page, leaves: float | None) -> None:
        """Returns when it is time to go, or when the meeting is over for this person."""
        while leaves is None or time.time() < self.started + leaves:
            left = OUT_CHECK_SECONDS if leaves is None else self.started + leaves - time.time()
            await asyncio.sleep(min(OUT_CHECK_SECONDS, max(0.0, left)))
            if await self.venue.is_out(page):
                return

    async def _say(self, page: Page, number: int, say: Say) -> None:
        await self._until(say.at - LOAD_AHEAD_SECONDS)
        sound = await self.voices.sound(say)
        name = f"say-{number}"
        await page.evaluate(
            "(name, data) => rollcallPerson.load(name, data)", name, base64.b64encode(sound.read_bytes()).decode(), timeout_s=30
        )
        await self._until(say.at - PLAY_AHEAD_SECONDS)
        await page.evaluate("(name, at) => rollcallPerson.say(name, at)", name, (self.started + say.at) * 1000)

    async def _chat(self, page: Page, at: float, text: str, to: str | None) -> None:
        await self._until(at)
        try:
            await self.venue.chat(page, text, to)
        except Exception as error:  # noqa: BLE001 -- a message that could not be said does not end the person's part
            log.warning("people.chat_failed", number=self.number, reason=type(error).__name__)

    async def _until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, self.started + at - time.time()))


def _before(at: float, end: float | None) -> bool:
    return end is None or at < end
