"""The bot's picture and voice reach another participant: a page with two peer connections, one sending, one receiving."""

from __future__ import annotations

import asyncio
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from agents.browser.page import ChromiumPage
from agents.media_devices.decode import Kind
from agents.media_devices.player import play_film, play_sound
from agents.media_devices.virtual_devices import DeviceError, NotTakenError, Picture, VirtualDevices
from tests.browser.browser.conftest import until
from tests.browser.browser.site import Site

pytestmark = pytest.mark.browser

MEETING = """<!doctype html><video id=remote autoplay muted playsinline></video><script>
window.call = async (constraints) => {
  window.stream = await navigator.mediaDevices.getUserMedia(constraints);
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  a.onicecandidate = (e) => b.addIceCandidate(e.candidate);
  b.onicecandidate = (e) => a.addIceCandidate(e.candidate);
  const received = new MediaStream();
  b.ontrack = (e) => received.addTrack(e.track);
  for (const track of stream.getTracks()) a.addTrack(track, stream);
  await a.setLocalDescription(await a.createOffer());
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription(await b.createAnswer());
  await a.setRemoteDescription(b.localDescription);
  remote.srcObject = received;
  const audio = new AudioContext();
  window.ear = audio.createAnalyser();
  if (received.getAudioTracks().length) audio.createMediaStreamSource(received).connect(ear);
};
// The colour in the middle and near the left edge of what the other side sees, and how loud it hears us (0 to 1).
window.seen = () => {
  const canvas = document.createElement('canvas');
  canvas.width = 160; canvas.height = 90;
  const context = canvas.getContext('2d');
  context.drawImage(remote, 0, 0, 160, 90);
  const at = (x, y) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3);
  return {width: remote.videoWidth, height: remote.videoHeight, middle: at(80, 45), edge: at(4, 45)};
};
window.heard = () => {
  const samples = new Float32Array(ear.fftSize);
  ear.getFloatTimeDomainData(samples);
  return Math.max(...samples.map(Math.abs));
};
</script>"""

BLACK = [0, 0, 0]
RED = [255, 0, 0]
GREEN = [0, 128, 0]


def square(colour: list[int], size: int = 64) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(colour) * size) * size
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


TONE = ("-f", "lavfi", "-i", "aevalsrc=0.5*sin(440*2*PI*t):s=48000:d=5")


def made(path: Path, *inputs: str) -> Path:
    """A file of these inputs, its format by its name."""
    command = ["ffmpeg", "-v", "error", *inputs, *(("-pix_fmt", "yuv420p") if path.suffix == ".mp4" else ()), str(path)]
    subprocess.run(command, check=True)
    return path


async def sees(page: ChromiumPage, middle: list[int], edge: list[int]) -> bool:
    seen = await page.evaluate("() => seen()")
    close = all(
        abs(a - b) < 40 for got, want in ((seen["middle"], middle), (seen["edge"], edge)) for a, b in zip(got, want, strict=True)
    )
    return close and bool(seen["width"] * 9 == seen["height"] * 16 > 0)


async def hears(page: ChromiumPage, *, loud: bool) -> bool:
    return bool(await page.evaluate("() => heard()") > 0.2) == loud


@pytest.fixture
async def devices(page: ChromiumPage, site: Site) -> VirtualDevices:
    devices = VirtualDevices(page)
    await devices.prepare()
    return devices


@pytest.fixture
async def meeting(devices: VirtualDevices, page: ChromiumPage, site: Site) -> ChromiumPage:
    await page.open(site.page("/", MEETING, headers="Content-Security-Policy: img-src 'none'; connect-src 'none'\r\n"))
    return page


async def test_without_a_picture_the_others_see_black_and_hear_nothing(meeting: ChromiumPage) -> None:
    await meeting.evaluate("() => call({audio: true, video: true})")
    assert await meeting.evaluate("() => stream.getTracks().map((t) => [t.kind, t.enabled])") == [
        ["audio", True],
        ["video", True],
    ]
    await until(lambda: meeting.evaluate("() => remote.videoWidth > 0 && !remote.paused"))
    await until(lambda: sees(meeting, BLACK, BLACK))
    assert await hears(meeting, loud=False)


async def test_the_first_picture_is_there_from_the_cameras_first_moment_on_letterboxed(page: ChromiumPage, site: Site) -> None:
    await VirtualDevices(page, Picture(square(RED))).prepare()
    await page.open(site.page("/", MEETING))
    await page.evaluate("() => call({video: {width: {ideal: 640}}})")
    await until(lambda: sees(page, RED, BLACK))


async def test_the_picture_may_change_and_go_while_others_watch(meeting: ChromiumPage, devices: VirtualDevices) -> None:
    await meeting.evaluate("() => call({audio: true, video: true})")
    await devices.set_picture(Picture(square(RED)))
    await until(lambda: sees(meeting, RED, BLACK))
    await devices.set_picture(Picture(square(GREEN)))
    await until(lambda: sees(meeting, GREEN, BLACK))
    await devices.set_picture(None)
    await until(lambda: sees(meeting, BLACK, BLACK))


async def test_a_jpeg_of_full_size_is_shown(meeting: ChromiumPage, devices: VirtualDevices, tmp_path: Path) -> None:
    path = tmp_path / "red.jpg"
    command: list[str | Path] = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:size=4000x2250", "-frames:v", "1", path]
    await asyncio.to_thread(lambda: subprocess.run(command, check=True))
    await meeting.evaluate("() => call({video: true})")
    await devices.set_picture(Picture(path.read_bytes(), "image/jpeg"))
    await until(lambda: sees(meeting, [254, 0, 0], [254, 0, 0]))


async def test_the_picture_is_there_in_the_next_document_too(meeting: ChromiumPage, devices: VirtualDevices, site: Site) -> None:
    await meeting.evaluate("() => call({video: true})")
    await devices.set_picture(Picture(square(RED)))
    await until(lambda: sees(meeting, RED, BLACK))
    await meeting.open(f"{site.url}/?again")
    await meeting.open(site.page("/second", MEETING))
    await meeting.evaluate("() => call({video: true})")
    await until(lambda: sees(meeting, RED, BLACK))


async def test_a_picture_that_is_none_is_said_and_the_one_before_stays(meeting: ChromiumPage, devices: VirtualDevices) -> None:
    await meeting.evaluate("() => call({video: true})")
    await devices.set_picture(Picture(square(RED)))
    with pytest.raises(DeviceError, match="cannot be read"):
        await devices.set_picture(Picture(square(GREEN)[:60]))
    await until(lambda: sees(meeting, RED, BLACK))


async def test_what_the_bot_says_is_heard_to_its_end(meeting: ChromiumPage, devices: VirtualDevices, tmp_path: Path) -> None:
    await meeting.evaluate("() => call({audio: {deviceId: {exact: 'rollcall-microphone'}}, video: false})")
    playing = asyncio.create_task(play_sound(devices, made(tmp_path / "tone.mp3", *TONE), Kind.MP3))
    await until(lambda: hears(meeting, loud=True))
    assert not playing.done()
    assert await playing == pytest.approx(5, abs=0.2)
    await until(lambda: hears(meeting, loud=False))


async def test_what_is_ended_early_is_silent_at_once(meeting: ChromiumPage, devices: VirtualDevices, tmp_path: Path) -> None:
    await meeting.evaluate("() => call({audio: true, video: false})")
    playing = asyncio.create_task(play_sound(devices, made(tmp_path / "tone.mp3", *TONE), Kind.MP3))
    await until(lambda: hears(meeting, loud=True))
    playing.cancel()
    await asyncio.wait({playing})
    await until(lambda: hears(meeting, loud=False))


async def test_a_page_may_mute_the_bot(meeting: ChromiumPage, devices: VirtualDevices, tmp_path: Path) -> None:
    await meeting.evaluate("() => call({audio: true})")
    playing = asyncio.create_task(play_sound(devices, made(tmp_path / "tone.mp3", *TONE), Kind.MP3))
    await until(lambda: hears(meeting, loud=True))
    await meeting.evaluate("() => { stream.getAudioTracks()[0].enabled = false }")
    await until(lambda: hears(meeting, loud=False))
    playing.cancel()


async def test_what_the_page_has_turned_off_is_neither_heard_nor_seen(
    meeting: ChromiumPage, devices: VirtualDevices, tmp_path: Path
) -> None:
    await meeting.evaluate("() => call({audio: true, video: true})")
    await meeting.evaluate("() => { for (const track of stream.getTracks()) track.enabled = false; }")
    with pytest.raises(NotTakenError, match="camera"):
        await devices.set_picture(Picture(square(RED)))
    with pytest.raises(NotTakenError, match="microphone"):
        await play_sound(devices, made(tmp_path / "tone.mp3", *TONE), Kind.MP3)
    await until(lambda: sees(meeting, BLACK, BLACK))
    assert await hears(meeting, loud=False)
    await meeting.evaluate("() => { stream.getVideoTracks()[0].enabled = true; }")
    await devices.ready("camera")
    await devices.set_picture(Picture(square(RED)))
    await until(lambda: sees(meeting, RED, BLACK))


async def test_nobody_to_speak_or_show_to_is_said(meeting: ChromiumPage, devices: VirtualDevices, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="microphone"):
        await play_sound(devices, made(tmp_path / "tone.mp3", *TONE), Kind.MP3)
    with pytest.raises(DeviceError, match="camera"):
        await devices.set_picture(Picture(square(RED)))


async def test_a_film_is_seen_and_heard_and_then_the_picture_is_back(
    meeting: ChromiumPage, devices: VirtualDevices, tmp_path: Path
) -> None:
    await meeting.evaluate("() => call({audio: true, video: true})")
    await devices.set_picture(Picture(square(RED)))
    path = made(tmp_path / "film.mp4", "-f", "lavfi", "-i", "color=0x008000:size=640x360:rate=25:duration=4", *TONE)
    began = asyncio.Event()
    playing = asyncio.create_task(play_film(devices, path, mute=False, began=began.set))
    await until(lambda: sees(meeting, GREEN, GREEN))
    assert began.is_set()
    await until(lambda: hears(meeting, loud=True))
    assert await playing == pytest.approx(5, abs=0.3)
    await until(lambda: sees(meeting, RED, BLACK))


async def test_a_mute_film_is_not_heard(meeting: ChromiumPage, devices: VirtualDevices, tmp_path: Path) -> None:
    await meeting.evaluate("() => call({audio: true, video: true})")
    path = made(tmp_path / "film.mp4", "-f", "lavfi", "-i", "color=0x008000:size=640x360:rate=25:duration=4", *TONE)
    playing = asyncio.create_task(play_film(devices, path, mute=True, began=lambda: None))
    await until(lambda: sees(meeting, GREEN, GREEN))
    assert await hears(meeting, loud=False)
    assert await playing == pytest.approx(4, abs=0.3)
    await until(lambda: sees(meeting, BLACK, BLACK))


async def test_pages_see_devices_like_any_others(meeting: ChromiumPage) -> None:
    listed = await meeting.evaluate("async () => (await navigator.mediaDevices.enumerateDevices()).map((d) => d.toJSON())")
    assert [device["kind"] for device in listed] == ["audioinput", "videoinput", "audiooutput"]
    assert all(device["deviceId"] and device["label"] for device in listed)
    described = await meeting.evaluate("""async () => {
      const stream = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 640}});
      const [video] = stream.getVideoTracks();
      await video.applyConstraints({width: 320});
      const copy = video.clone();
      return [video.label, video.getSettings().width, video.getConstraints().width, copy.label, copy.enabled];
    }""")
    assert described == ["Rollcall camera", 1280, 320, "Rollcall camera", True]
    states = "() => Promise.all(['camera', 'microphone'].map(async (name) => (await navigator.permissions.query({name})).state))"
    assert await meeting.evaluate(states) == ["granted", "granted"]
    old = "() => new Promise((done) => navigator.webkitGetUserMedia({audio: true}, (s) => done(s.getTracks().length)))"
    assert await meeting.evaluate(old) == 1
    nothing = "() => navigator.mediaDevices.getUserMedia({audio: false}).then(() => 'stream', (error) => error.name)"
    assert await meeting.evaluate(nothing) == "TypeError"


async def test_frames_of_other_sites_get_the_same_devices(meeting: ChromiumPage, devices: VirtualDevices, site: Site) -> None:
    site.page("/inner", MEETING)
    await meeting.open(site.page("/outer", f"<iframe src={site.other_url}/inner></iframe>"))
    await until(lambda: in_frame(meeting, "() => typeof window.call === 'function'"))
    await meeting.evaluate_in_frames("() => window === top ? null : call({audio: true, video: true})")
    await devices.set_picture(Picture(square(RED)))
    red = "() => window === top ? null : (([r, g, b]) => r > 200 && g < 50 && b < 50)(seen().middle)"
    await until(lambda: in_frame(meeting, red))


async def in_frame(page: ChromiumPage, function: str) -> bool:
    return True in await page.evaluate_in_frames(function)
