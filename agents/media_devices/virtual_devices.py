"""The Python end of virtual_devices.js."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

import structlog

from agents.browser.api import Json, Page
from agents.browser.errors import BrowserError

log = structlog.get_logger(__name__)

SCRIPT = resources.files(__package__).joinpath("virtual_devices.js").read_text(encoding="utf-8")
WANTED = "__rollcallDevicesWanted"
OPEN = "(kind) => globalThis.__rollcallDevices?.open(kind)"
TURN = "(kind, on) => globalThis.__rollcallDevices?.turn(kind, on)"
SHOW = "(data, mime) => globalThis.__rollcallDevices?.show(data, mime)"
FRAME = "(data) => globalThis.__rollcallDevices?.frame(data)"
SOUND = "(channel, data) => globalThis.__rollcallDevices?.sound(channel, data)"
HUSH = "(channel) => globalThis.__rollcallDevices?.hush(channel)"
SEND_SECONDS = 15.0
"""A picture has up to 10 MiB."""
READY_SECONDS = 5.0
READY_LOOK_SECONDS = 0.1
SAMPLE_RATE = 48_000
"""Of the microphone, one channel."""
WIDTH, HEIGHT = 1280, 720
"""Of the camera, in pixels."""


class Channel(StrEnum):
    """What is played on one channel is played one after the other; channels are heard at the same time."""

    VOICE = "voice"
    FILM = "film"


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG or JPEG file."""

    data: bytes
    mime: str = "image/png"


class DeviceError(Exception):
    """A picture or a sound does not reach the others; the text says why. Raised by whoever plays."""


class NotTakenError(DeviceError):
    """The page does not use the device now, because it is off there. Raised by whoever plays."""


NO_CAMERA = "The meeting's page has not turned the bot's camera on, so nobody can see the picture."
NO_MICROPHONE = "The meeting's page has not turned the bot's microphone on, so nobody can hear the bot."
UNREADABLE = "The picture cannot be read: it is damaged, or not what its type says."


class VirtualDevices:
    """The camera and the microphone of one page, in all its frames, through all its documents. `prepare` before `page.open`."""

    def __init__(self, page: Page, picture: Picture | None = None) -> None:
        """`picture` is on the camera from its first moment on."""
        self._page = page
        self._picture = picture
        self._microphone = False
        self._filming = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def failure(self) -> asyncio.Future[Exception]:
        """As that of the page."""
        return self._page.failure

    async def prepare(self) -> None:
        """Puts the devices into every document that follows. Raises the browser's errors."""
        await self._page.bind(WANTED, self._wanted)
        await self._page.add_script(SCRIPT)

    async def set_picture(self, picture: Picture | None) -> None:
        """Shows it, letterboxed in 1280x720, and turns the camera's tracks on; None is black and turns them off.

        Holds for later documents as well. Raises DeviceError where nobody sees it now, and then the one before stays; raises the
        browser's errors.
        """
        before, self._picture = self._picture, picture
        said = await self._show()
        if "done" not in said:
            self._picture = before
            if "unreadable" in said:
                await self._show()
            raise DeviceError(UNREADABLE) if "unreadable" in said else NotTakenError(NO_CAMERA)

    async def ready(self, device: str) -> None:
        """Returns when the page takes what comes of its `camera` or `microphone`: it may ask for one only when it is turned on.

        Raises DeviceError where it does not in time, and the browser's errors.
        """
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while True not in await self._page.evaluate_in_frames(OPEN, device):
            if asyncio.get_running_loop().time() >= deadline:
                raise NotTakenError(NO_CAMERA if device == "camera" else NO_MICROPHONE)
            await asyncio.sleep(READY_LOOK_SECONDS)

    async def set_microphone(self, *, on: bool) -> None:
        """Enables or disables the microphone's tracks, those handed out and those to come. Raises the browser's errors."""
        self._microphone = on
        await self._page.evaluate_in_frames(TURN, "microphone", on)

    async def sound(self, channel: Channel, samples: bytes) -> float:
        """Plays samples (16 bit, little endian, one channel, 48 kHz) after those before them; the microphone is turned on.

        Returns how many seconds of the channel are still to be heard. Raises DeviceError where nobody hears, and the browser's.
        """
        if not self._microphone:
            await self.set_microphone(on=True)
        data = base64.b64encode(samples).decode()
        said = await self._page.evaluate_in_frames(SOUND, channel.value, data, timeout_s=SEND_SECONDS)
        left_s = max((float(seconds) for seconds in said if isinstance(seconds, int | float)), default=-1.0)
        if left_s < 0:
            raise NotTakenError(NO_MICROPHONE)
        return left_s

    async def hush(self, channel: Channel) -> None:
        """Ends what is played on a channel. Raises the browser's errors."""
        await self._page.evaluate_in_frames(HUSH, channel.value)

    async def film(self, frame: bytes | None) -> None:
        """Shows a frame of a film (a JPEG) in place of the picture; None ends the film. Raises the browser's errors."""
        began, self._filming = not self._filming, frame is not None
        if began or frame is None:
            await self._turn_camera()
        await self._page.evaluate_in_frames(FRAME, base64.b64encode(frame).decode() if frame else None, timeout_s=SEND_SECONDS)

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
            said = await self._show()
        except BrowserError as error:
            log.info("devices.not_up_to_date", reason=type(error).__name__)  # the page failed, which others report
        else:
            if "unreadable" in said:
                log.info("devices.picture_unreadable")

    async def _show(self) -> list[Json]:
        data = base64.b64encode(self._picture.data).decode() if self._picture else None
        mime = self._picture.mime if self._picture else ""
        said = await self._page.evaluate_in_frames(SHOW, data, mime, timeout_s=SEND_SECONDS)
        await self._turn_camera()
        return said

    async def _turn_camera(self) -> None:
        await self._page.evaluate_in_frames(TURN, "camera", self._filming or self._picture is not None)
