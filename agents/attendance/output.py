"""What the bot plays and shows when it is told to: sounds one after the other, one picture, one film at a time."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog

from agents.attendance.endings import code_of
from agents.attendance.on_air import OnAir
from agents.attendance.ports import Fetch, LinkPort
from agents.attendance.tasks import Tasks
from agents.attendance.visit import Visit
from agents.browser.errors import BrowserError
from agents.media_devices.decode import Kind
from agents.media_devices.player import play_film, play_sound
from agents.media_devices.virtual_devices import DeviceError, Picture, VirtualDevices
from agents.platforms.base import Device, SwitchError
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_settings_pb2 as settings

_Play = Callable[[Visit, VirtualDevices, agent.Command], Awaitable[None]]
_PREFIX = "rollcall-play-"
_NOT_IN = "The bot is not in the meeting now: ask again when it is."
_NO_ROOM = "The worker could not keep the file while it is played: its disk may be full."
_LEFT = "The bot went out of the meeting before it was played."


def first_picture(wanted: settings.BotSettings) -> Picture | None:
    """What the bot shows from its first moment on."""
    return _picture_of(wanted.bot_image) if wanted.HasField("bot_image") else None


def _picture_of(image: settings.BotImage) -> Picture:
    return Picture(image.data, "image/jpeg" if image.type == settings.IMAGE_TYPE_JPEG else "image/png")


class Output:
    """Plays on whatever visit is under way, and answers commands."""

    def __init__(self, link: LinkPort, *, picture: Picture | None, fetch: Fetch, remark: Callable[[str, str], None]) -> None:
        """`picture`: what the bot shows from the beginning. `remark`: for the bot's log."""
        self._link = link
        self._fetch = fetch
        self._one_at_a_time = asyncio.Lock()
        self._film: asyncio.Task[None] | None = None
        self._tasks = Tasks()
        self.picture = picture
        """For the next visit."""
        self._air = OnAir(has_picture=lambda: self.picture is not None, remark=remark)

    def obey(self, visit: Visit | None, command: agent.Command) -> None:
        """Does what is asked for, and answers."""
        match command.WhichOneof("wish"):
            case "output_audio":
                self._begin(visit, command, self._sound)
            case "output_image":
                self._begin(visit, command, self._image)
            case _:
                self._begin(visit, command, self._replace_film)

    def _begin(self, visit: Visit | None, command: agent.Command, play: _Play) -> None:
        devices = visit.devices if visit is not None else None
        if visit is None or devices is None:
            self._link.answer(command.command_id, done=False, detail=_NOT_IN)
        else:
            self._tasks.begin(self._answered(visit, devices, command, play), name="output")

    async def _answered(self, visit: Visit, devices: VirtualDevices, command: agent.Command, play: _Play) -> None:
        try:
            await _while_there(devices, play(visit, devices, command))
        except (DeviceError, SwitchError) as error:
            self._link.answer(command.command_id, done=False, detail=str(error))
        except BrowserError as error:
            self._link.answer(command.command_id, done=False, detail=f"The meeting's page did not play it ({code_of(error)}).")
        except OSError:
            self._link.answer(command.command_id, done=False, detail=_NO_ROOM)
        except Exception:  # noqa: BLE001 - a fault of ours must not leave the command unanswered
            structlog.get_logger().exception("output_failed")
            self._link.answer(command.command_id, done=False, detail="A fault in the worker; see its log.")
        else:
            self._link.answer(command.command_id, done=True)

    async def _sound(self, visit: Visit, devices: VirtualDevices, command: agent.Command) -> None:
        async def play() -> None:
            async with self._one_at_a_time:
                with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
                    path = Path(folder) / "sound.mp3"
                    await asyncio.to_thread(path.write_bytes, command.output_audio.data)
                    await play_sound(devices, path, Kind.MP3)

        await self._air.play(visit, devices, (Device.MICROPHONE,), play)  # of one who waits, too: no going off in between

    async def _image(self, visit: Visit, devices: VirtualDevices, command: agent.Command) -> None:
        picture = _picture_of(command.output_image.image)
        await self._air.show(visit, devices, picture, before=self.picture)  # first: one that cannot be shown ends no film
        self.picture = picture
        await self._end_film()

    async def _replace_film(self, visit: Visit, devices: VirtualDevices, command: agent.Command) -> None:
        wish = command.output_video
        await self._end_film()
        began = asyncio.Event()
        film = self._film = self._tasks.begin(self._play_film(visit, devices, wish, began), name="film")
        film.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody waits for the end of one that loops
        begins = asyncio.create_task(began.wait())
        try:
            first: set[asyncio.Future[Any]] = {film, begins} if wish.loop else {film}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        finally:
            begins.cancel()
        if film.cancelled():
            raise DeviceError("Another picture or film took its place.")
        if film.done():
            film.result()

    async def _play_film(
        self, visit: Visit, devices: VirtualDevices, wish: agent.OutputVideoCommand, began: asyncio.Event
    ) -> None:
        needed = (Device.CAMERA,) if wish.mute_video else (Device.CAMERA, Device.MICROPHONE)
        with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
            path = Path(folder) / "film.mp4"
            await self._fetch(wish.url, path)
            await self._air.play(visit, devices, needed, lambda: _play(devices, path, wish, began))

    async def _end_film(self) -> None:
        film, self._film = self._film, None
        if film is not None:
            film.cancel()
            await asyncio.wait({film})

    async def stop(self) -> None:
        """Gives up what is not played yet."""
        self._air.stop()
        await self._tasks.stop()


async def _play(devices: VirtualDevices, path: Path, wish: agent.OutputVideoCommand, began: asyncio.Event) -> None:
    while True:
        await play_film(devices, path, mute=wish.mute_video, began=began.set)
        if not wish.loop:
            return


async def _while_there(devices: VirtualDevices, playing: Awaitable[None]) -> None:
    """Plays until the page is gone."""
    task = asyncio.ensure_future(playing)
    ends: set[asyncio.Future[Any]] = {task, devices.failure}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise DeviceError(_LEFT)
        task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})
