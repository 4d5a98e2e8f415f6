"""The bot's own microphone and camera: what people in the meeting see and hear of it, and what the page's own buttons show."""

from __future__ import annotations

import asyncio
import base64
import struct
import subprocess
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agents.browser.api import Browser, Page
from agents.media_devices.virtual_devices import Picture
from agents.platforms.base import Device, SwitchError, UiState
from agents.platforms.registry import Registry
from tests.meetings.service import Service
from tests.twins.attending import Meeting, Twins, until
from tests.twins.hosts import PLATFORMS
from tests.twins.plays import in_short
from tests.twins.visiting import visiting

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150), pytest.mark.asyncio(loop_scope="session")]

VARIANTS = {"en": "b", "de": "a", "ja": "b"}
"""Variant a in English is what the bots below come to."""
RED, GREEN = (220, 20, 20), (20, 160, 20)
TONE_HERTZ = 1000
TONE_SECONDS = 4


def picture(colour: tuple[int, int, int]) -> bytes:
    """A PNG of one colour, with the shape of a camera's picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(colour) * 64) * 36
    header = struct.pack(">IIBBBBB", 64, 36, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tone(path: Path) -> bytes:
    """An MP3 of one tone."""
    source = f"sine=frequency={TONE_HERTZ}:duration={TONE_SECONDS}:sample_rate=48000"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, str(path)], check=True)
    return path.read_bytes()


def base64_of(data: bytes) -> str:
    """As REST wants it."""
    return base64.b64encode(data).decode()


async def devices(meeting: Meeting) -> tuple[bool, bool]:
    """Whether the bot's microphone and camera are on, as everybody in the meeting is told."""
    people = {one["name"]: one for one in (await meeting.state())["people"]}
    return people["Rollcall"]["mic"], people["Rollcall"]["camera"]


async def remarks(service: Service, bot_id: str) -> set[str]:
    """The codes of all that the bot's log remarks."""
    return {event["log"]["code"] for event in await service.log(bot_id) if event.get("log")}


async def remarked(service: Service, bot_id: str, code: str) -> bool:
    return code in await remarks(service, bot_id)


async def are(meeting: Meeting, *, microphone: bool, camera: bool) -> None:
    """Waits until they are so. Raises AssertionError with how they are."""
    try:
        await until(lambda: _so(meeting, (microphone, camera)))
    except TimeoutError:
        raise AssertionError(f"microphone and camera are {await devices(meeting)}, not {(microphone, camera)}") from None


async def _so(meeting: Meeting, wanted: tuple[bool, bool]) -> bool:
    return await devices(meeting) == wanted


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_the_pages_switches_are_found_and_believed_in_every_language(platform: str, twins: Twins, browser: Browser) -> None:
    async def turned(language: str, variant: str) -> None:
        meeting = await twins.set_up(platform, "normal", language=language, variant=variant)
        async with visiting(Registry().find(platform), browser, meeting.url) as witness:
            assert await witness.hears(UiState.IN_MEETING), witness.told
            (asked,) = [one for one in await meeting.seen() if one["what"] == "asked"]
            assert (asked["microphone"], asked["camera"]) == (False, False)
            await are(meeting, microphone=False, camera=False)
            for device in Device:
                for on in (True, True, False):
                    assert await witness.attendance.switch(device, on=on)
                    await are(meeting, microphone=on and device is Device.MICROPHONE, camera=on and device is Device.CAMERA)
            await witness.attendance.switch(Device.MICROPHONE, on=True)
            noticed = asyncio.create_task(witness.attendance.switched_off(Device.MICROPHONE))
            await are(meeting, microphone=True, camera=False)
            assert not noticed.done()
            await meeting.act("mute", person="Rollcall")
            await asyncio.wait_for(noticed, 30)

    await asyncio.gather(*(turned(language, variant) for language, variant in VARIANTS.items()))


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_meeting_that_lets_no_guest_be_seen_or_heard_says_so(platform: str, twins: Twins, browser: Browser) -> None:
    async def refused(language: str, variant: str) -> None:
        meeting = await twins.set_up(platform, "devices refused", language=language, variant=variant)
        looking = visiting(Registry().find(platform), browser, meeting.url, picture=Picture(picture(RED)))
        async with looking as witness:
            assert await witness.hears("camera_not_on"), witness.told
            for device in Device:
                with pytest.raises(SwitchError, match=f"does not let the bot turn its {device} on: the host has to allow it"):
                    await witness.attendance.switch(device, on=True)
            await are(meeting, microphone=False, camera=False)

    await asyncio.gather(refused("en", "a"), refused("de", "b"), refused("ja", "a"))


LOOK = """() => {
  const tile = [...document.querySelectorAll(".tile")].find((one) => one.querySelector(".tile-name").textContent === "Rollcall");
  const video = tile?.querySelector("video");
  const sound = tile?.querySelector("audio")?.srcObject;
  const found = { picture: null, loudest: 0, hertz: 0, frames: video?.getVideoPlaybackQuality().totalVideoFrames ?? 0 };
  if (video?.videoWidth) {
    const pen = Object.assign(document.createElement("canvas"), { width: 64, height: 36 }).getContext("2d");
    pen.drawImage(video, 0, 0, 64, 36);
    found.picture = [...pen.getImageData(32, 18, 1, 1).data].slice(0, 3);
  }
  if (sound?.getAudioTracks().length && !window.ear) {
    const context = new AudioContext({ sampleRate: 48000 });
    window.ear = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
    context.createMediaStreamSource(sound).connect(window.ear);
  }
  if (window.ear) {
    const samples = new Float32Array(window.ear.fftSize);
    window.ear.getFloatTimeDomainData(samples);
    found.loudest = Math.max(...samples.map(Math.abs));
    const levels = new Float32Array(window.ear.frequencyBinCount);
    window.ear.getFloatFrequencyData(levels);
    found.hertz = (levels.indexOf(Math.max(...levels)) * 48000) / window.ear.fftSize;
  }
  return found;
}"""
"""What somebody in the meeting sees and hears of the bot."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Somebody who looks at the bot and listens to it."""

    page: Page

    async def sees(self, colour: tuple[int, int, int]) -> None:
        async def so() -> bool:
            shown = (await self.look())["picture"]
            return shown is not None and all(abs(a - b) < 40 for a, b in zip(shown, colour, strict=True))

        try:
            await until(so)
        except TimeoutError:
            raise AssertionError(f"not {colour}: {await self.look()}") from None

    async def hears(self, *, tone: bool) -> None:
        async def so() -> bool:
            heard = await self.look()
            right = abs(heard["hertz"] - TONE_HERTZ) < 20 and heard["loudest"] > 0.05
            return right if tone else bool(heard["loudest"] < 0.01)

        try:
            await until(so)
        except TimeoutError:
            raise AssertionError(f"tone {tone}: {await self.look()}") from None

    async def look(self) -> dict[str, Any]:
        return dict(await self.page.evaluate(LOOK))


@asynccontextmanager
async def watching(browser: Browser, meeting: Meeting) -> AsyncIterator[Watcher]:
    page = await browser.new_page()
    try:
        await page.open(f"{meeting.people_url}?name=Watcher&autojoin=1&mic=0&camera=0")
        await until(lambda: page.evaluate("() => document.body.dataset.view === 'meeting'"))
        yield Watcher(page)
    finally:
        await page.close()


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_people_see_the_bots_picture_and_hear_what_it_plays_and_nothing_else(
    platform: str, service: Service, twins: Twins, browser: Browser, tmp_path: Path
) -> None:
    meeting = await twins.set_up(platform, "normal")
    image = {"type": "image/png", "data": base64_of(picture(RED))}
    sound = {"type": "audio/mp3", "data": base64_of(await asyncio.to_thread(tone, tmp_path / "tone.mp3"))}
    wanted = {"recording_settings": {"format": "none"}, "bot_image": image}
    async with watching(browser, meeting) as watcher:
        bot = await service.rest("POST", "/api/v1/bots", meeting_url=meeting.url, bot_name="Rollcall", **wanted)
        path = f"/api/v1/bots/{bot['id']}"
        try:
            await service.until(bot["id"], "joined_meeting", within_s=60)
            await are(meeting, microphone=False, camera=True)
            await watcher.sees(RED)
            await watcher.hears(tone=False)
            await service.rest("POST", f"{path}/output_audio", **sound)
            await watcher.hears(tone=True)
            assert await devices(meeting) == (True, True)
            await are(meeting, microphone=False, camera=True)
            await watcher.hears(tone=False)
            assert not {"camera_turned_off", "microphone_turned_off"} & await remarks(service, bot["id"])
            await meeting.play("camera_off")
            await until(lambda: remarked(service, bot["id"], "camera_turned_off"))
            await service.rest("POST", f"{path}/output_image", type="image/png", data=base64_of(picture(GREEN)))
            await watcher.sees(GREEN)
            await are(meeting, microphone=False, camera=True)
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(f"{error}\n{in_short(await service.log(bot['id']))}") from None
        finally:
            await service.rest("POST", f"{path}/leave")
    await service.until(bot["id"], "post_processing_completed", within_s=60)
    asked = [one for one in await meeting.seen() if one["what"] == "asked"]
    assert [(one["microphone"], one["camera"]) for one in asked] == [(False, True)]
