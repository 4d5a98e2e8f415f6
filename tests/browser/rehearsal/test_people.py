"""Scripted people: what they send is what the script says, measured where it is sent and where it arrives."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from agents.browser.api import Page
from agents.people import parse, run
from agents.people.synthetic_media import Camera, SyntheticMedia
from tests.browser.rehearsal.conftest import Meeting, names, until, until_view
from tests.measure.picture import frames_kept, people_seen, watch
from tests.measure.sync import av_offset
from tests.measure.words import heard, hit_ratio

pytestmark = pytest.mark.browser

RECORD_OTHERS = """async (seconds) => {
  const media = [...document.querySelectorAll(".tile[data-self=false] :is(audio, video)")];
  const stream = new MediaStream(media.flatMap((element) => element.srcObject.getTracks()));
  const recorder = new MediaRecorder(stream, { mimeType: "video/webm;codecs=vp8,opus", videoBitsPerSecond: 1500000 });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const stopped = new Promise((done) => { recorder.onstop = done; });
  recorder.start(500);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  recorder.stop();
  await stopped;
  const reader = new FileReader();
  const read = new Promise((done) => { reader.onload = done; });
  reader.readAsDataURL(new Blob(parts));
  await read;
  return reader.result.split(",")[1];
}"""

# When the first sample of each beep and the frame of each flash leave the source's tracks, by the tracks' clock, in milliseconds.
LEAVING = """async (seconds) => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const reader = (track) => new MediaStreamTrackProcessor({ track, maxBufferSize: 100 }).readable.getReader();
  const end = performance.now() + seconds * 1000;
  const flashes = [], beeps = [];
  const pen = new OffscreenCanvas(8, 8).getContext("2d", { willReadFrequently: true });
  async function look(frames) {
    for (let before = false; performance.now() < end; ) {
      const { value } = await frames.read();
      pen.drawImage(value, 0, 100, 640, 200, 0, 0, 8, 8);
      const [red, , blue] = pen.getImageData(4, 6, 1, 1).data;
      const now = red > 240 && blue > 240;
      if (now && !before) flashes.push(value.timestamp / 1000);
      before = now;
      value.close();
    }
  }
  async function listen(sounds) {
    for (let last = -Infinity; performance.now() < end; ) {
      const { value } = await sounds.read();
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      const first = samples.findIndex((sample) => Math.abs(sample) > 0.05);
      const at = value.timestamp / 1000 + first / 48;
      if (first >= 0 && at - last > 300) beeps.push(at);
      if (first >= 0) last = at;
      value.close();
    }
  }
  await Promise.all([look(reader(stream.getVideoTracks()[0])), listen(reader(stream.getAudioTracks()[0]))]);
  return { flashes, beeps };
}"""


async def record_others(page: Page, path: Path, seconds: float) -> Path:
    path.write_bytes(base64.b64decode(await page.evaluate(RECORD_OTHERS, seconds, timeout_s=seconds + 20)))
    return path


@pytest.mark.alone
async def test_a_beep_and_its_flash_leave_the_source_together(meeting: Meeting) -> None:
    page = await meeting.visit(None, media=SyntheticMedia("Ada", 7))
    await page.evaluate("() => rollcallPerson.beeps(performance.timeOrigin + performance.now() + 500, 1)")
    left: dict[str, Any] = await page.evaluate(LEAVING, 7, timeout_s=20)
    apart = [beep - flash for flash in left["flashes"] for beep in left["beeps"] if abs(beep - flash) < 400]
    assert len(apart) >= 5
    assert abs(median(apart)) < 20


@pytest.mark.alone
async def test_a_person_is_heard_and_seen_by_another_as_the_script_says(meeting: Meeting, tmp_path: Path) -> None:
    said = "Good morning everybody. The first part is done, and the second part is being tested now."
    script = parse(
        f"""
        seconds = 60
        [[people]]
        name = "Ada"
        beeps = {{every = 1, start = 9}}
        says = [{{at = 3, text = "{said}"}}]
        chats = [{{at = 2, text = "Hello <b>everybody</b>"}}]
        """
    )
    listener = await meeting.visit("Listener")
    await until_view(listener, "meeting")
    playing = asyncio.create_task(run(script, meeting.url, cache=tmp_path / "voices"))

    async def ada_is_here() -> bool:
        return await names(listener) == ["Ada", "Listener"] and await listener.evaluate(
            "() => document.querySelector('.tile[data-self=false] video').videoWidth > 0"
        )

    await until(ada_is_here)
    path = await record_others(listener, tmp_path / "a.webm", 17)
    chat = await listener.evaluate("() => [...document.querySelectorAll('.chat-message .chat-text')].map((m) => m.textContent)")
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)

    seen = watch(path)
    sync = av_offset(path, seen=seen)
    kept = frames_kept(seen, 1)
    assert chat == ["Hello <b>everybody</b>"]
    assert people_seen(seen) == {1}
    assert kept is not None
    assert kept.fps > 15
    assert hit_ratio(said, heard(path)) > 0.75
    assert sync is not None
    assert sync.pairs >= 5
    assert abs(sync.median_ms) < 150  # MediaRecorder itself puts sound some 45 ms late


async def test_people_come_and_go_when_the_script_says(meeting: Meeting) -> None:
    script = parse(
        """
        seconds: 30
        people:
          - {name: Ada, host: true, leaves: 8}
          - {name: Grace, joins: 2, leaves: 5, camera: false, microphone: false}
        control:
          - {at: 0, action: toolbar_in_lobby}
        """,
        yaml=True,
    )
    playing = asyncio.create_task(run(script, meeting.url))

    async def there() -> list[str]:
        return sorted(p["name"] for p in (await meeting.state()).get("people", []))

    async def is_there(*people: str) -> bool:
        return await there() == sorted(people)

    await until(lambda: is_there("Ada"))
    await until(lambda: is_there("Ada", "Grace"))
    grace = await meeting.person("Grace")
    assert grace is not None
    assert (grace["camera"], grace["mic"]) == (False, False)
    await until(lambda: is_there("Ada"))
    await asyncio.wait_for(playing, 20)
    assert await there() == []


async def test_people_go_home_when_the_meeting_ends(meeting: Meeting) -> None:
    script = parse('[[people]]\nname = "Ada"\n[[people]]\nname = "Grace"\n[[control]]\nat = 4\naction = "end"')
    await asyncio.wait_for(run(script, meeting.url), 30)


async def test_a_synthetic_camera_works_on_a_page_that_asks_for_it_itself(meeting: Meeting) -> None:
    page = await meeting.visit(None, media=SyntheticMedia("Ada", 3, Camera(320, 180, 10)))
    found = await page.evaluate("""async () => {
      const devices = await navigator.mediaDevices.enumerateDevices();
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280 }, audio: { echoCancellation: true } });
      const video = Object.assign(document.createElement("video"), { srcObject: stream, muted: true });
      await video.play();
      stream.getTracks().forEach((track) => track.stop());
      const again = await navigator.mediaDevices.getUserMedia({ video: true });
      return {
        kinds: devices.map((device) => device.kind),
        tracks: stream.getTracks().map((track) => track.kind),
        size: [video.videoWidth, video.videoHeight],
        again: again.getVideoTracks()[0].readyState,
      };
    }""")
    assert found == {"kinds": ["audioinput", "videoinput"], "tracks": ["audio", "video"], "size": [320, 180], "again": "live"}


async def test_a_person_without_devices_has_none(meeting: Meeting) -> None:
    page = await meeting.visit(None, media=SyntheticMedia("Ada", 3, camera=None, microphone=False))
    asked = "() => navigator.mediaDevices.getUserMedia({ audio: true }).then(() => 'got it', (error) => error.name)"
    assert await page.evaluate(asked) == "NotFoundError"
    assert await page.evaluate("() => navigator.mediaDevices.enumerateDevices()") == []
