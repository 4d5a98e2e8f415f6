"""The Python end, with a page that is none."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from agents.browser.api import BrowserOptions, Json
from agents.browser.errors import PageHungError
from agents.browser.fakes import FakePage
from agents.capture import page_capture
from agents.capture.base import CaptureError, CaptureListeners, CaptureRequest, Format, HealthSample
from agents.capture.files import list_segments
from agents.capture.levels import LevelsOnly
from agents.capture.methods import make_capture, video_bits
from agents.capture.page_capture import PageCapture


class Scene:
    """A capture, its fake page, and what was heard."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.health: list[HealthSample] = []
        self.speaking: list[tuple[str, bool]] = []
        self.failures: list[str] = []
        self.asked: list[tuple[str, Json]] = []
        self.errors: dict[str, Exception] = {}
        self.frames: list[str] = []
        capture = make_capture(CaptureRequest(Format.MP3, 1280, 720, folder, 1))
        assert isinstance(capture, PageCapture)
        self.capture = capture
        self.page = FakePage(answer=self._answer)

    async def prepare(self) -> None:
        listeners = CaptureListeners(
            self.health.append, lambda source, on: self.speaking.append((source, on)), self.failures.append
        )
        await self.capture.prepare(self.page, listeners)

    def _answer(self, function: str, args: tuple[Json, ...]) -> Json:
        name, argument = args[2], args[3]
        self.asked.append((name, argument))
        if name in self.errors:
            raise self.errors[name]
        if name == "frames":
            return self.frames.pop() if self.frames else None
        if name == "start":
            return {"started_ms": 1000, "mime": argument["mimes"][0], "method": "tab"}
        return {"recording": True}

    def say(self, data: bytes = b"", **message: Any) -> None:
        settings = self.capture._settings
        text = f"{settings.token}{json.dumps({'frame': 'f', **message})}\n{base64.b64encode(data).decode()}"
        self.page.call(settings.binding, text)

    def chunk(self, segment: int, data: bytes) -> None:
        self.say(data, type="chunk", segment=segment, sequence=0, mime="audio/webm", started_ms=1000)

    def sample(self, segment: int, **more: Any) -> None:
        message = {"window_ms": 1000, "level": -20, "incoming": -21, "tracks": 1, "shown": 0, "brightness": -1, **more}
        self.say(type="sample", segment=segment, **message)

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path / "bot")
    await scene.prepare()
    yield scene
    await scene.capture.stop()


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- tasks of the capture do it
            await asyncio.sleep(0.01)


async def test_chunks_reach_the_disk_as_they_come(scene: Scene) -> None:
    assert await scene.capture.start() == 1000
    scene.chunk(1, b"one")
    scene.chunk(1, b"two")
    scene.chunk(7, b"of nobody")
    assert (scene.folder / "segments" / "e1-1.webm").read_bytes() == b"onetwo"
    await scene.capture.stop()
    scene.chunk(1, b"too late")
    assert (scene.folder / "segments" / "e1-1.webm").read_bytes() == b"onetwo"


async def test_a_sample_tells_what_was_written_meanwhile(scene: Scene) -> None:
    await scene.capture.start()
    scene.chunk(1, b"12345")
    scene.sample(1)
    scene.sample(1)
    assert [(s.bytes_written, s.audio_level_dbfs, s.incoming_level_dbfs) for s in scene.health] == [(5, -20, -21), (0, -20, -21)]


async def test_a_later_start_writes_the_next_segment_and_another_epoch_never_the_same(scene: Scene) -> None:
    await scene.capture.start()
    scene.chunk(1, b"one")
    await scene.capture.start()
    scene.chunk(2, b"two")
    scene.chunk(1, b"late")
    assert [(s.number, s.path.read_bytes()) for s in list_segments(scene.folder)] == [(1, b"one"), (2, b"two")]


async def test_after_a_navigation_it_is_recorded_on_and_nobody_speaks(scene: Scene) -> None:
    await scene.capture.start()
    scene.chunk(1, b"one")
    scene.say(type="speaking", id="track:a", on=True)
    scene.say(type="hello", top=True)
    assert scene.speaking == [("track:a", True), ("track:a", False)]
    await until(lambda: scene.names().count("start") == 2)
    scene.chunk(2, b"two")
    await until(lambda: len(list_segments(scene.folder)) == 2)
    assert scene.failures == []


async def test_after_a_navigation_in_a_pause_it_goes_on_only_when_resumed(scene: Scene) -> None:
    await scene.capture.start()
    scene.chunk(1, b"one")
    await scene.capture.pause()
    scene.say(type="hello", top=True)
    await until(lambda: scene.names().count("arm") == 2)
    scene.say(type="wanted", frame="other")
    await asyncio.sleep(0)
    assert scene.names().count("start") == 1
    await scene.capture.start()
    assert scene.names().count("start") == 2


async def test_nothing_of_a_pause_is_written_though_the_page_goes_on_by_itself(scene: Scene) -> None:
    await scene.capture.start()
    scene.chunk(1, b"before")
    scene.errors["pause"] = PageHungError("no answer")
    await scene.capture.pause()
    scene.chunk(1, b"in the pause")
    scene.sample(1)
    await scene.capture.start()
    scene.chunk(1, b"in the pause")
    scene.chunk(2, b"after")
    assert [s.path.read_bytes() for s in list_segments(scene.folder)] == [b"before", b"after"]
    assert scene.health == []
    assert scene.failures == []


async def test_before_the_start_a_navigation_only_arms_again(scene: Scene) -> None:
    await scene.capture.arm()
    scene.say(type="hello", top=True)
    await until(lambda: scene.names().count("arm") == 2)
    assert "start" not in scene.names()


async def test_a_document_before_arming_asks_for_nothing(scene: Scene) -> None:
    scene.say(type="hello", top=True)
    await asyncio.sleep(0)
    assert scene.asked == []


async def test_a_recorder_that_ended_by_itself_is_begun_anew(scene: Scene) -> None:
    await scene.capture.start()
    scene.say(type="lost", segment=1, why="a recorded track ended")
    await until(lambda: scene.names().count("start") == 2)
    assert scene.failures == []


async def test_what_cannot_be_begun_anew_has_failed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_capture, "RECOVER_SECONDS", 0.3)
    await scene.capture.start()
    scene.errors["start"] = PageHungError("no answer")
    scene.say(type="lost", segment=1, why="a recorded track ended")
    await until(lambda: scene.failures)
    assert "a recorded track ended, and it could not be begun anew" in scene.failures[0]
    del scene.errors["start"]
    assert await scene.capture.start() == 1000, "the runner may begin again"


async def test_a_capture_from_which_nothing_comes_has_failed_and_is_seen_to_be_stalled(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_capture, "STALLED_SECONDS", 0.1)
    monkeypatch.setattr(page_capture, "MISSED_SECONDS", 0.1)
    await scene.capture.start()
    await until(lambda: scene.failures)
    assert "nothing was recorded" in scene.failures[0]
    assert scene.health[0].bytes_written == 0


async def test_a_full_disk_is_said_once_with_what_to_do(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await scene.capture.start()

    def full(*_: object) -> None:
        raise CaptureError("The disk is full: make room.")

    monkeypatch.setattr("agents.capture.segment.SegmentWriter.write", full)
    scene.chunk(1, b"one")
    scene.chunk(1, b"two")
    assert scene.failures == ["The disk is full: make room."]


async def test_a_frame_of_another_origin_is_recorded_beside(scene: Scene) -> None:
    await scene.capture.start()
    scene.say(type="wanted", frame="other")
    await until(lambda: scene.names().count("start") == 2)
    assert scene.asked[-1][1]["only"] == "other"
    scene.chunk(2, b"side")
    scene.say(type="sample", segment=2, window_ms=1000, level=-10, incoming=-11, tracks=2, shown=0, brightness=-1)
    scene.sample(1, level=-120, incoming=-120, tracks=0)
    assert (scene.health[0].audio_level_dbfs, scene.health[0].audio_tracks, scene.health[0].bytes_written) == (-10, 2, 4)
    await scene.capture.stop()
    assert [(s.number, s.side) for s in list_segments(scene.folder)] == [(2, True)]


async def test_an_answer_that_is_none_is_a_capture_error(scene: Scene) -> None:
    scene.page.answer = lambda function, args: None
    with pytest.raises(CaptureError):
        await scene.capture.start()


async def test_stop_never_raises_and_may_come_at_any_time(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.capture.stop()
    await scene.prepare()
    await scene.capture.start()
    scene.errors["stop"] = PageHungError("no answer")
    await scene.capture.stop()
    await scene.capture.stop()


async def test_words_in_which_a_page_may_have_had_a_hand_are_not_logged(scene: Scene) -> None:
    with structlog.testing.capture_logs() as logged:
        scene.say(type="remark", text="track: <script>Ada's words</script>")
    assert logged == [{"event": "capture.remark", "log_level": "info"}]


async def test_what_a_page_forges_is_not_believed(scene: Scene) -> None:
    await scene.capture.start()
    for forged in (None, {}, "chunk", "_0" * 12 + '{"type":"lost","segment":1,"why":""}\n'):
        scene.page.call(scene.capture._settings.binding, forged)
    assert scene.names().count("start") == 1


@pytest.mark.parametrize(("size", "screen"), [((1280, 720), "1280x776"), ((1920, 1080), "1920x1136")])
def test_the_window_leaves_room_for_the_bar_that_says_it_is_shared(tmp_path: Path, size: tuple[int, int], screen: str) -> None:
    capture = make_capture(CaptureRequest(Format.MP4, *size, tmp_path, 1))
    options = capture.browser_options(BrowserOptions(flags=("--lang=de",)))
    assert options.tab_capture
    assert (options.width, options.height) == size
    assert {"--kiosk", f"--screen-info={{{screen}}}", "--lang=de"} <= set(options.flags)


@pytest.mark.parametrize("wanted", [Format.MP3, Format.NONE])
def test_sound_alone_needs_no_switches(tmp_path: Path, wanted: Format) -> None:
    capture = make_capture(CaptureRequest(wanted, 1280, 720, tmp_path, 1))
    assert capture.browser_options(BrowserOptions()) == BrowserOptions()


def test_a_larger_picture_gets_more_bits() -> None:
    assert video_bits(1280, 720) == 1_500_000
    assert 2_500_000 < video_bits(1920, 1080) < 3_000_000


async def test_without_a_recording_speech_is_heard_all_the_same() -> None:
    page, heard = FakePage(), list[tuple[str, bool]]()
    capture = LevelsOnly()
    await capture.prepare(page, CaptureListeners(lambda _: None, lambda source, on: heard.append((source, on)), lambda _: None))
    await capture.arm()
    assert await capture.start() > 10**12
    settings = capture._settings
    for message in ('{"type":"speaking","id":"csrc:1","on":true}', '{"type":"hello","frame":"f","top":true}'):
        page.call(settings.binding, f"{settings.token}{message}\n")
    assert heard == [("csrc:1", True), ("csrc:1", False)]
    await capture.pause()
    await capture.stop()
