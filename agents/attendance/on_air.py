"""Keeps the page's own microphone and camera on for just as long as the bot has something to say or to show."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from agents.attendance.visit import Visit
from agents.browser.errors import BrowserError
from agents.media_devices.virtual_devices import DeviceError, NotTakenError, Picture, VirtualDevices
from agents.platforms.base import Device, SwitchError

log = structlog.get_logger(__name__)

OFF_SECONDS = 5.0
"""How long turning off may take: what it is turned off for is over, and somebody waits for the answer."""
TAIL_SECONDS = 0.3
"""From the last sample's leaving the bot to its having left the page: an encoder holds some back."""
MUTED = "The meeting muted the bot while it spoke, so the rest of it was not heard."


class OnAir:
    """What is played at the same time shares a device: it is turned off when the last of it is over."""

    def __init__(self, *, has_picture: Callable[[], bool], remark: Callable[[str, str], None]) -> None:
        """`has_picture`: whether the camera stays on after a film. `remark` is told what could not be turned off."""
        self._has_picture = has_picture
        self._remark = remark
        self._playing: Counter[Device] = Counter()
        self._turning = asyncio.Lock()
        self._over = False

    async def show(self, visit: Visit, devices: VirtualDevices, picture: Picture, *, before: Picture | None) -> None:
        """Puts a picture on the camera, and the camera on. Raises DeviceError, SwitchError and the browser's errors.

        Where the meeting does not let the bot, the one `before` is on the camera again.
        """
        try:
            await devices.set_picture(picture)  # first: one that cannot be read turns nothing on
            shown = True
        except NotTakenError:
            shown = False
        try:
            async with self._turning:
                known = await visit.switch(Device.CAMERA, on=True)
        except SwitchError:
            with contextlib.suppress(NotTakenError):
                await devices.set_picture(before)
            raise
        if known and not shown:
            await devices.ready(Device.CAMERA)
        if not shown:
            await devices.set_picture(picture)

    async def play(
        self, visit: Visit, devices: VirtualDevices, kinds: tuple[Device, ...], work: Callable[[], Awaitable[Any]]
    ) -> None:
        """Does the work with these devices on; they are off after it where nothing else needs them.

        Raises SwitchError where the meeting does not let the bot, DeviceError where the page does not use its device or the bot
        is muted meanwhile, the browser's errors, and those of the work.
        """
        self._playing.update(kinds)
        try:
            for kind in kinds:
                async with self._turning:
                    known = await visit.switch(kind, on=True)
                if known:
                    await devices.ready(kind)
            await _unless_muted(visit, work(), listened=Device.MICROPHONE in kinds)
        finally:
            self._playing.subtract(kinds)
            for kind in kinds:
                await self._off(visit, devices, kind)

    async def _off(self, visit: Visit, devices: VirtualDevices, kind: Device) -> None:
        if self._over or devices.failure.done():
            return
        try:
            async with asyncio.timeout(OFF_SECONDS), self._turning:
                if self._playing[kind] or (kind is Device.CAMERA and self._has_picture()):
                    return
                await visit.switch(kind, on=False)
                if kind is Device.MICROPHONE:
                    await devices.set_microphone(on=False)
        except SwitchError as error:
            self._remark(f"{kind}_not_off", str(error))
        except (BrowserError, TimeoutError) as error:
            log.info("attendance.device_not_off", device=kind, reason=type(error).__name__)  # the page fails, which others report

    def stop(self) -> None:
        """Nothing is turned off any more: the bot leaves."""
        self._over = True


async def _unless_muted(visit: Visit, work: Awaitable[Any], *, listened: bool) -> None:
    """The work, or a DeviceError as soon as the page shows the microphone as off."""
    task = asyncio.ensure_future(work)
    ends: set[asyncio.Future[Any]] = {task}
    if listened:
        ends.add(asyncio.ensure_future(visit.switched_off(Device.MICROPHONE)))
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise DeviceError(MUTED)
        task.result()
        await asyncio.sleep(TAIL_SECONDS if listened else 0)
    finally:
        for one in ends:
            one.cancel()
        await asyncio.wait(ends)
