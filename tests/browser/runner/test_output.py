"""What the bot is told to show and to play really reaches somebody else in the meeting: measured at their browser."""

from __future__ import annotations

import asyncio
import functools
import http.server
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agents.browser.api import BrowserOptions
from agents.browser.page import ChromiumPage
from agents.browser.session import ChromiumLauncher
from agents.people.run import GRANTS
from agents.people.script import PersonScript
from agents.people.venue import RehearsalVenue
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_output_pb2, bot_pb2, bot_settings_pb2, event_pb2
from server.domain.wishes import Wish
from tests.browser.runner.house import BOTS, House, Room
from tests.browser.runner.test_attendance import NO_RECORDING

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 128, 0), (0, 0, 255), (0, 0, 0)
TONE = ("-f", "lavfi", "-i", "aevalsrc=0.5*sin(440*2*PI*t):s=48000:d=4")
LOOK = """() => {
  const video = document.querySelector('.tile[data-self="false"] video');
  if (!video || !video.videoWidth) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 90 });
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0, 160, 90);
  return [...pen.getImageData(80, 45, 1, 1).data].slice(0, 3);
}"""
LISTEN = """() => {
  const { srcObject } = document.querySelector('.tile[data-self="false"] audio');
  window.context ??= new AudioContext({ sinkId: { type: "none" } });
  window.ear ??= window.context.createAnalyser();
  if (window.heard !== srcObject) {
    window.heard = srcObject;
    window.context.createMediaStreamSource(srcObject).connect(window.ear);
  }
  const samples = new Float32Array(window.ear.fftSize);
  window.ear.getFloatTimeDomainData(samples);
  return Math.max(...samples.map(Math.abs));
}"""


class Witness:
    """Somebody in the meeting who looks and listens."""

    def __init__(self, page: ChromiumPage) -> None:
        self.page = page

    async def enter(self, room: Room) -> None:
        await RehearsalVenue().enter(self.page, room.url, PersonScript("Ada", sees=True, hears=True))
        await room.until_there("Ada")

    async def sees(self, colour: tuple[int, int, int]) -> bool:
        seen = await self.page.evaluate(LOOK)
        return seen is not None and all(abs(a - b) < 50 for a, b in zip(seen, colour, strict=True))

    async def until_sees(self, colour: tuple[int, int, int]) -> None:
        async with asyncio.timeout(30):
            while not await self.sees(colour):  # noqa: ASYNC110 - it happens in other processes
                await asyncio.sleep(0.1)

    async def until_hears(self, *, something: bool) -> None:
        async with asyncio.timeout(30):
            while (await self.page.evaluate(LISTEN) > 0.2) is not something:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)


@pytest.fixture
async def witness(tmp_path: Path) -> AsyncIterator[Witness]:
    options = BrowserOptions().merged(size=(640, 400), grants=GRANTS, flags=["--use-fake-device-for-media-stream"])
    browser = await ChromiumLauncher().launch(options, profile_parent=tmp_path)
    yield Witness(await browser.new_page())
    await browser.close()


def made(path: Path, *arguments: str) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", *arguments, str(path)], check=True)
    return path


def plain(colour: str) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"color={colour}:size=640x360:rate=25:duration=4")


def picture(tmp_path: Path, name: str, colour: str) -> bytes:
    return made(tmp_path / name, *plain(colour), "-frames:v", "1").read_bytes()


async def outcome(house: House, bot: str, action: str) -> event_pb2.MediaRequest:
    """What became of the newest wish of this kind."""
    ends = (event_pb2.MEDIA_REQUEST_STATE_DONE, event_pb2.MEDIA_REQUEST_STATE_FAILED)
    found: event_pb2.MediaRequest = await house.until(
        bot,
        lambda log: next(
            (wish for wish in (e.media_request for e in reversed(log)) if wish.action == action and wish.state in ends), None
        ),
    )
    return found


async def until_done(house: House, bot: str, action: str) -> None:
    done = await outcome(house, bot, action)
    assert done.state == event_pb2.MEDIA_REQUEST_STATE_DONE, done.detail


async def test_pictures_and_sounds_reach_somebody_else(house: House, witness: Witness, tmp_path: Path) -> None:
    room = house.room()
    await witness.enter(room)
    image = bot_settings_pb2.BotImage(type=bot_settings_pb2.IMAGE_TYPE_PNG, data=picture(tmp_path, "red.png", "0xff0000"))
    bot = await house.create(room.url, recording_settings=NO_RECORDING, bot_image=image)
    await house.until_move(bot, "joined_meeting")
    await witness.until_sees(RED)

    show = bot_output_pb2.OutputImageRequest(bot_id=bot, type=bot_settings_pb2.IMAGE_TYPE_JPEG)
    show.data = picture(tmp_path, "green.jpg", "0x008000")
    await house.call(f"{BOTS}OutputImage", show)
    await until_done(house, bot, "output_image")
    await witness.until_sees(GREEN)

    say = bot_output_pb2.OutputAudioRequest(bot_id=bot, type=bot_output_pb2.AUDIO_TYPE_MP3)
    say.data = made(tmp_path / "tone.mp3", *TONE).read_bytes()
    await house.call(f"{BOTS}OutputAudio", say)
    await witness.until_hears(something=True)
    await until_done(house, bot, "output_audio")
    await witness.until_hears(something=False)


async def test_what_cannot_be_played_is_told_and_harms_nothing(house: House, witness: Witness, tmp_path: Path) -> None:
    room = house.room()
    await witness.enter(room)
    bot = await house.create(room.url, recording_settings=NO_RECORDING)
    await house.until_move(bot, "joined_meeting")

    say = bot_output_pb2.OutputAudioRequest(bot_id=bot, type=bot_output_pb2.AUDIO_TYPE_MP3)
    say.data = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"no sound" * 100
    await house.call(f"{BOTS}OutputAudio", say)
    failed = await outcome(house, bot, "output_audio")
    assert failed.state == event_pb2.MEDIA_REQUEST_STATE_FAILED
    assert failed.detail == "There is no sound in it that could be played."

    show = bot_output_pb2.OutputImageRequest(bot_id=bot, type=bot_settings_pb2.IMAGE_TYPE_PNG)
    show.data = picture(tmp_path, "red.png", "0xff0000")[:100]
    await house.call(f"{BOTS}OutputImage", show)
    failed = await outcome(house, bot, "output_image")
    assert failed.state == event_pb2.MEDIA_REQUEST_STATE_FAILED
    assert "cannot be read" in failed.detail


@pytest.fixture
def films(tmp_path: Path) -> Iterator[str]:
    """A server with a blue film, and where it is."""
    folder = tmp_path / "films"
    folder.mkdir()
    made(folder / "blue.mp4", *plain("0x0000ff"), *TONE, "-pix_fmt", "yuv420p")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/blue.mp4"
    server.shutdown()
    thread.join()
    server.server_close()


async def ask_for_film(house: House, bot: str, url: str, *, loop: bool = False) -> None:
    """As OutputVideo, which takes no address of this machine's."""
    film = agent.OutputVideoCommand(url=url, loop=loop)
    await house.server._store.add_command(None, bot, agent.Command(output_video=film), Wish.OUTPUT_VIDEO)


async def test_a_film_is_seen_and_heard_and_a_picture_ends_one_that_loops(
    house: House, witness: Witness, films: str, tmp_path: Path
) -> None:
    room = house.room()
    await witness.enter(room)
    bot = await house.create(room.url, recording_settings=NO_RECORDING)
    await house.until_move(bot, "joined_meeting")
    await ask_for_film(house, bot, films)
    refused = await outcome(house, bot, "output_video")
    assert "https://" in refused.detail, "as it comes, a worker fetches nothing from private addresses"

    await house.stop_worker()
    house.worker_settings = house.worker_settings.model_copy(update={"film_private_addresses": True})
    await house.start_worker()
    await house.until(bot, lambda log: [e.state.type for e in log].count(bot_pb2.BOT_EVENT_TYPE_JOINED_MEETING) == 2)
    await ask_for_film(house, bot, films, loop=True)
    await witness.until_sees(BLUE)
    await witness.until_hears(something=True)
    await until_done(house, bot, "output_video")
    show = bot_output_pb2.OutputImageRequest(bot_id=bot, type=bot_settings_pb2.IMAGE_TYPE_PNG)
    show.data = picture(tmp_path, "red.png", "0xff0000")
    await house.call(f"{BOTS}OutputImage", show)
    await witness.until_sees(RED)
    await witness.until_hears(something=False)
