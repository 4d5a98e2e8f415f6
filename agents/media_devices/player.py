"""Plays files on a page's devices, in real time: a little ahead of it in the page, so that a busy moment is not heard."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from agents.browser.errors import BrowserError
from agents.media_devices.decode import FRAMES_PER_SECOND, Kind, frames_of, sound_of
from agents.media_devices.virtual_devices import SAMPLE_RATE, Channel, DeviceError, VirtualDevices

_AHEAD_S = 3.0
_LATEST_S = 0.5
"""A frame that is later than this is left out: the next one is due soon."""


async def play_sound(devices: VirtualDevices, path: Path, kind: Kind) -> float:
    """Returns when it was heard to its end, with its length in seconds. Ended early, it is silent at once.

    Raises DeviceError where nobody hears it or there is no sound in it, and the browser's errors.
    """
    length_s = await _feed(devices, path, kind, Channel.VOICE, began=lambda _: None)
    if not length_s:
        raise DeviceError("There is no sound in it that could be played.")
    return length_s


async def play_film(devices: VirtualDevices, path: Path, *, mute: bool, began: Callable[[], None]) -> float:
    """As `play_sound`, with the picture in place of the bot's; what was shown before is shown again afterwards.

    `began` is called when its first frame or sound is out.
    """
    try:
        async with asyncio.TaskGroup() as group:
            begins: asyncio.Future[float] = asyncio.get_running_loop().create_future()
            frames = group.create_task(_show(devices, path, begins, began))
            sound = group.create_task(_sound(devices, path, begins, mute=mute))
    except ExceptionGroup as errors:  # one of the two failed, and the other was ended
        raise errors.exceptions[0] from None
    finally:
        with contextlib.suppress(BrowserError):
            await devices.film(None)
    length_s = max(frames.result(), sound.result())
    if not length_s:
        raise DeviceError("There is neither picture nor sound in the film that could be played.")
    return length_s


async def _feed(devices: VirtualDevices, path: Path, kind: Kind, channel: Channel, *, began: Callable[[float], None]) -> float:
    """The sound's length; 0 where there is none. `began` gets the time of the loop's clock at which the first sample is heard."""
    clock = asyncio.get_running_loop().time
    length_s = left_s = 0.0
    try:
        async with aclosing(sound_of(path, kind)) as pieces:
            async for piece in pieces:
                left_s = await devices.sound(channel, piece)
                piece_s = len(piece) / 2 / SAMPLE_RATE
                if not length_s:
                    began(clock() + left_s - piece_s)
                length_s += piece_s
                await asyncio.sleep(max(0.0, left_s - _AHEAD_S))
        await asyncio.sleep(min(left_s, _AHEAD_S))
    except BaseException:
        with contextlib.suppress(BrowserError):
            await devices.hush(channel)
        raise
    return length_s


async def _sound(devices: VirtualDevices, path: Path, begins: asyncio.Future[float], *, mute: bool) -> float:
    try:
        return 0.0 if mute else await _feed(devices, path, Kind.MP4, Channel.FILM, began=begins.set_result)
    finally:
        if not begins.done():
            begins.set_result(asyncio.get_running_loop().time())


async def _show(devices: VirtualDevices, path: Path, begins: asyncio.Future[float], began: Callable[[], None]) -> float:
    """The picture's length. It waits for the sound, so that both begin together."""
    clock = asyncio.get_running_loop().time
    start, shown = await begins, 0
    async with aclosing(frames_of(path, Kind.MP4)) as frames:
        async for frame in frames:
            due = start + shown / FRAMES_PER_SECOND
            shown += 1
            if clock() - due <= _LATEST_S:
                await asyncio.sleep(max(0.0, due - clock()))
                await devices.film(frame)
                began()
    return shown / FRAMES_PER_SECOND
