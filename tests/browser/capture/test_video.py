"""The tab's picture with the voices: what the file holds is measured."""

from __future__ import annotations

import itertools
import os
import signal
import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from agents.capture.base import FinishedFile, Format
from agents.capture.files import list_segments
from tests.browser.capture.conftest import Take, Taken, tone_dbfs
from tests.browser.capture.waiting import recorded_ms, until
from tests.measure.media import frame_times, frames, probe
from tests.measure.picture import flash_onsets, watch
from tests.measure.sound import beep_onsets
from tests.measure.sync import av_offset

pytestmark = [pytest.mark.alone, pytest.mark.browser]
ATTEMPTS = 3


def moving_frames_a_second(path: Path) -> float:
    """Frames that differ from the one before, in each second of the file."""
    seen = [(at, picture.astype(np.int16)) for at, picture in frames(path, width=320)]
    changed = sum(np.abs(a - b).max() > 8 for (_, a), (_, b) in itertools.pairwise(seen))
    return float(changed / (seen[-1][0] - seen[0][0]))


def longest_gap(path: Path) -> float:
    times = frame_times(path)
    return max(b - a for a, b in itertools.pairwise(times))


async def in_meeting(take: Take, url: str, **more: object) -> Taken:
    bot = await take(Format.MP4, **more)
    await bot.open(url)
    await bot.capture.arm()
    await bot.people_are_there()
    return bot


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
async def test_picture_and_sound_are_whole_exact_and_together(take: Take, site: str, size: tuple[int, int]) -> None:
    for attempt in range(ATTEMPTS):
        file = await filmed(take, f"{site}/meeting.html?tones=440", size=size, folder=f"bot{attempt}")
        sync = av_offset(file.path)
        assert sync is not None
        # What one bot on an otherwise idle machine must reach; a machine that is busy with something else gets another try.
        together = abs(sync.median_ms) <= 100
        whole = size != (1280, 720) or moving_frames_a_second(file.path) >= 0.9 * 15
        if together and whole:
            return
    assert together
    assert whole


async def filmed(take: Take, url: str, *, size: tuple[int, int], folder: str) -> FinishedFile:
    """Eight seconds of somebody who beeps and flashes, checked for all that no load can excuse."""
    bot = await in_meeting(take, url, size=size, folder=folder)
    await bot.page.evaluate("() => people[0].blinking(true)")
    before_ms = time.time() * 1000
    started_ms = await bot.capture.start()
    assert before_ms - 5 <= started_ms <= before_ms + 1000
    await recorded_ms(bot, 8000)
    await bot.capture.stop()
    await bot.browser.close()
    file = await bot.finish()
    assert bot.capture.method == "tab"
    picture, sound = probe(file.path).of("video"), probe(file.path).of("audio")
    assert picture is not None
    assert sound is not None
    assert (picture.codec, picture.width, picture.height) == ("h264", *size)
    assert sound.codec == "aac"
    times = frame_times(file.path)
    assert times[0] < 0.2
    assert probe(file.path).duration - times[-1] < 1.6
    assert not file.impaired
    assert bot.failures == []
    return file


async def test_a_still_page_has_a_frame_each_second_and_every_chunk_within_two(take: Take, site: str) -> None:
    bot = await in_meeting(take, f"{site}/meeting.html?tones=440")
    await bot.page.evaluate("() => { people[0].still = true; }")
    await bot.capture.start()
    sizes = []
    for _ in range(8):
        known = len(bot.health)
        await until(lambda known=known: len(bot.health) > known)  # type: ignore[misc]
        sizes.append(bot.written())
    assert max(_waits(sizes)) <= 1
    await bot.capture.stop()
    file = await bot.finish()
    assert longest_gap(file.path) < 2.1
    assert probe(file.path).duration - frame_times(file.path)[-1] < 1.6
    assert file.duration_ms == pytest.approx(8000, abs=1500)


def _waits(sizes: list[int]) -> list[int]:
    """How many samples in a row brought nothing, wherever that was."""
    waits, now = [0], 0
    for before, after in itertools.pairwise(sizes):
        now = now + 1 if after == before else 0
        waits.append(now)
    return waits


async def test_nothing_of_a_pause_is_in_the_film(take: Take, site: str) -> None:
    bot = await in_meeting(take, f"{site}/meeting.html?tones=440")
    await bot.capture.start()
    started = time.monotonic()
    await recorded_ms(bot, 2000)
    await bot.capture.pause()
    paused = time.monotonic()
    await bot.page.evaluate("""() => {
        people[0].level.gain.value = 0;
        document.body.innerHTML = "<div id='screen' style='background: #fff; height: 2000px'>";
    }""")
    await until(lambda: [on for _, on in bot.speaking] == [True, False])
    await bot.page.evaluate(
        "() => { document.querySelector('#screen').style.background = '#000'; people[0].level.gain.value = 0.1; }"
    )
    await until(lambda: [on for _, on in bot.speaking] == [True, False, True])
    resumed = time.monotonic()
    await bot.capture.start()
    await recorded_ms(bot, 2000)
    await bot.capture.stop()
    expected_ms = 1000 * (paused - started + time.monotonic() - resumed)
    file = await bot.finish()
    assert max(float(picture.mean()) for _, picture in frames(file.path, width=320)) < 150
    assert tone_dbfs(file.path, 440) == pytest.approx(-20, abs=2)
    assert file.duration_ms == pytest.approx(expected_ms, abs=1000)


async def test_a_killed_browser_costs_at_most_five_seconds(take: Take, site: str) -> None:
    bot = await in_meeting(take, f"{site}/meeting.html?tones=440")
    await bot.capture.start()
    started = time.monotonic()
    await recorded_ms(bot, 6000)
    killed = time.monotonic()
    os.kill(bot.browser.pid, signal.SIGKILL)
    await until(bot.page.failure.done)
    await bot.capture.stop()
    file = await bot.finish()
    assert (killed - started) * 1000 - file.duration_ms < 5000
    assert file.duration_ms > 4000
    assert tone_dbfs(file.path, 440, end_s=3) == pytest.approx(-20, abs=2)
    assert len(list(frames(file.path, width=160))) > 20


async def test_a_page_that_goes_elsewhere_goes_on_in_the_same_film(take: Take, site: str) -> None:
    bot = await in_meeting(take, f"{site}/meeting.html?tones=440")
    await bot.capture.start()
    await recorded_ms(bot, 2000)
    await bot.page.open(f"{site.replace('127.0.0.1', 'localhost')}/meeting.html?tones=880")
    await bot.people_are_there()
    await until(lambda: bot.speaking[-1][1])
    await recorded_ms(bot, 2000)
    await bot.capture.stop()
    assert len(list_segments(bot.folder)) == 2
    file = await bot.finish()
    picture = probe(file.path).of("video")
    assert picture is not None
    assert (picture.width, picture.height) == (1280, 720)
    assert tone_dbfs(file.path, 440, end_s=1.5) == pytest.approx(-20, abs=2)
    length = file.duration_ms / 1000
    assert tone_dbfs(file.path, 880, start_s=length - 1, end_s=length) == pytest.approx(-20, abs=2)


async def test_a_page_that_forbids_its_picture_is_recorded_from_the_tracks(take: Take, site: str) -> None:
    bot = await in_meeting(take, f"{site}/meeting.html?tones=440,880&forbid=1")
    # One of the two: beeps of the same pitch out of step would take each other away.
    await bot.page.evaluate("() => people[0].blinking(true)")
    await bot.capture.start()
    await recorded_ms(bot, 6000)
    await bot.capture.stop()
    assert bot.capture.method == "tracks"
    file = await bot.finish()
    picture = probe(file.path).of("video")
    assert picture is not None
    assert (picture.width, picture.height) == (1280, 720)
    assert moving_frames_a_second(file.path) > 8
    sync = av_offset(file.path)
    assert sync is not None
    assert abs(sync.median_ms) <= 150
    assert tone_dbfs(file.path, 880) == pytest.approx(-20, abs=2)


async def test_a_killed_page_is_said_to_have_failed(take: Take, site: str) -> None:
    bot = await in_meeting(take, f"{site}/meeting.html?tones=440")
    await bot.capture.start()
    await recorded_ms(bot, 1000)
    await bot.page.evaluate("() => { setTimeout(() => { for (;;); }, 0); }")
    await until(lambda: bot.failures, timeout_s=30)
    assert any(s.bytes_written == 0 and s.audio_ms == 0 for s in bot.health)


async def test_a_window_that_changes_its_size_goes_on_in_the_same_film(take: Take, site: str) -> None:
    bot = await in_meeting(take, f"{site}/meeting.html?tones=440")
    await bot.capture.start()
    await recorded_ms(bot, 1500)
    resize = "Emulation.setDeviceMetricsOverride"
    await bot.page._session.send(resize, {"width": 1000, "height": 720, "deviceScaleFactor": 1, "mobile": False})
    await until(lambda: len(list_segments(bot.folder)) == 2, timeout_s=20)
    await recorded_ms(bot, 2500)
    await bot.capture.stop()
    file = await bot.finish()
    assert not file.impaired
    picture = probe(file.path).of("video")
    assert picture is not None
    assert (picture.width, picture.height) in {(1280, 720), (1000, 720)}
    assert file.duration_ms > 5000
    assert bot.failures == []


CATCH_CONTEXTS = """
window.contexts = [];
window.AudioContext = class extends AudioContext {
  constructor(...given) {
    super(...given);
    window.contexts.push(this);
  }
};
"""
"""Keeps every AudioContext that is made later, the recorder's own too."""
STALL = """async () => {
  const mixing = contexts.find((one) => one.sinkId);
  await mixing.suspend();
  await new Promise((resolve) => mixing.addEventListener("statechange", () => mixing.state === "running" && resolve()));
}"""


async def test_sound_that_had_to_wait_on_a_busy_machine_is_not_late_for_ever(take: Take, site: str) -> None:
    for attempt in range(ATTEMPTS):
        bot = await take(Format.MP4, folder=f"bot{attempt}", script=CATCH_CONTEXTS)
        await bot.open(f"{site}/meeting.html?tones=440")
        await bot.capture.arm()
        await bot.people_are_there()
        await bot.page.evaluate("() => { people[0].level.gain.value = 0; }")
        await until(lambda bot=bot: bot.speaking and not bot.speaking[-1][1])
        await bot.page.evaluate(STALL, timeout_s=10)
        await bot.page.evaluate("() => people[0].blinking(true)")
        await bot.capture.start()
        await recorded_ms(bot, 4000)
        await bot.page.evaluate("() => people[0].blinking(false)")
        await until(lambda bot=bot: not bot.speaking[-1][1])
        await bot.page.evaluate(STALL, timeout_s=10)
        known = len(bot.health)
        await until(lambda bot=bot, known=known: len(bot.health) >= known + 2)
        await bot.page.evaluate("() => people[0].blinking(true)")
        await recorded_ms(bot, 5000)
        await bot.capture.stop()
        await bot.browser.close()
        file = await bot.finish()
        flashes, beeps = flash_onsets(watch(file.path, codes=False)), beep_onsets(file.path)
        offsets = [min((1000 * (beep - flash) for beep in beeps), key=abs) for flash in flashes]
        assert len(offsets) >= 6
        first, last = median(offsets[:3]), median(offsets[-3:])
        if max(abs(first), abs(last)) <= 100:
            return
    assert abs(first) <= 100
    assert abs(last) <= 100
