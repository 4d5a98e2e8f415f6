"""The Python end of virtual_devices.js."""

from __future__ import annotations

import asyncio
import base64
from importlib import resources

import structlog

from agents.browser.api import Json, Page
from agents.browser.errors import BrowserError

log = structlog.get_logger(__name__)

SCRIPT = resources.files(__package__).joinpath("virtual_devices.js").read_text(encoding="utf-8")
WANTED = "__rollcallDevicesWanted"
TURN = "(kind, on) => globalThis.__rollcallDevices?.turn(kind, on)"
SHOW = "(data, mime) => globalThis.__rollcallDevices?.show(data, mime) ?? false"
PLAY = "(data) => globalThis.__rollcallDevices?.play(data) ?? 0"
SEND_SECONDS = 15.0
"""A picture has up to 10 MiB."""


class VirtualDevices:
    """The camera and the microphone of one page, in all its frames, through all its documents. `prepare` before `page.open`."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._picture: tuple[str, str] | None = None
        self._microphone = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def prepare(self) -> None:
        """Puts the devices into every document that follows. Raises the browser's errors."""
        await self._page.bind(WANTED, self._wanted)
        await self._page.add_script(SCRIPT)

    async def set_image(self, image: bytes | None, mime: str = "image/png") -> None:
        """Shows a PNG or JPEG, letterboxed in 1280x720, and turns the camera's tracks on; None is black and turns them off.

        Holds for later documents as well. An image that the browser cannot read stays black. Raises the browser's errors.
        """
        self._picture = (base64.b64encode(image).decode(), mime) if image else None
        await self._show()

    async def set_microphone(self, *, on: bool) -> None:
        """Enables or disables the microphone's tracks, those handed out and those to come. Raises the browser's errors."""
        self._microphone = on
        await self._page.evaluate_in_frames(TURN, "microphone", on)

    async def play(self, audio: bytes) -> float:
        """Plays an MP3, WAV, Ogg or WebM file into the microphone, which is turned on; returns at its beginning.

        The result is its length in seconds, 0 where no page has asked for a microphone. Raises the browser's errors.
        """
        await self.set_microphone(on=True)
        played = await self._page.evaluate_in_frames(PLAY, base64.b64encode(audio).decode(), timeout_s=SEND_SECONDS)
        return max((float(seconds) for seconds in played if seconds), default=0.0)

    def _wanted(self, kind: Json) -> None:
        """A document has asked for its first camera or microphone; it knows nothing of what went before."""
        if kind not in {"camera", "microphone"}:
            return
        task = asyncio.create_task(self._bring_up_to_date())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _bring_up_to_date(self) -> None:
        try:
            await self._page.evaluate_in_frames(TURN, "microphone", self._microphone)
            await self._show()
        except BrowserError as error:
            log.info("devices.not_up_to_date", reason=type(error).__name__)  # the page failed, which others report

    async def _show(self) -> None:
        data, mime = self._picture or (None, "")
        await self._page.evaluate_in_frames(SHOW, data, mime, timeout_s=SEND_SECONDS)
        await self._page.evaluate_in_frames(TURN, "camera", self._picture is not None)
