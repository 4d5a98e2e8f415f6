"""How far sound and picture of a long recording are apart, minute by minute: by the tab's picture, and by the remote tracks.

One person of the rehearsal beeps and flashes every other second for `ROLLCALL_BENCH_MINUTES`; two bots film the room at 720p,
one a method, at the same time, so that both meet the same weather. Offsets are positive where the sound comes after the picture.
A picture of 15 frames a second places a flash within 67 ms: read medians, not single pairs.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from agents.browser.api import BrowserOptions
from agents.browser.page import ChromiumPage
from agents.browser.session import ChromiumLauncher
from agents.capture.base import CaptureListeners, CaptureRequest, FinishedFile, Format, HealthSample
from agents.capture.finish import finish
from agents.capture.methods import make_capture
from benchmarks.harness import table
from benchmarks.meeting import meeting
from tests.measure.media import SAMPLE_RATE, samples
from tests.measure.picture import flash_onsets, watch
from tests.measure.sound import find_beeps
from tests.measure.sync import FURTHEST_SECONDS

MINUTES = float(os.environ.get("ROLLCALL_BENCH_MINUTES", "6"))
METHODS = {"tab": "the tab's picture", "tracks": "the remote tracks side by side"}
MINUTE = 60.0
WHOLE = max(1, round(MINUTES))
"""Columns; a film's last moments over it count to the last."""
PEOPLE = """
[[people]]
name = "Ada"
beeps = { every = 2 }
[[people]]
name = "Ben"
microphone = false
"""


@dataclass(frozen=True, slots=True)
class Offset:
    """One beep with its flash: when it was, in seconds after the film's start, and how far apart, in ms."""

    at: float
    apart: float


async def main() -> str:
    """The table."""
    with tempfile.TemporaryDirectory() as folder:
        async with meeting(PEOPLE) as there:
            url = f"{there.room}?name=Bot&autojoin=1"
            takes = await asyncio.gather(*(_filmed(method, url, Path(folder)) for method in METHODS))
        files = [await finish(bot, Format.MP4) for bot, _ in takes]
        measured = [await asyncio.to_thread(_offsets, file) for file in files]
    frames = [sum(sample.video_frames for sample in health) / (MINUTES * MINUTE) for _, health in takes]
    rows = [_row(METHODS[method], offsets, kept) for method, offsets, kept in zip(METHODS, measured, frames, strict=True)]
    minutes = [str(n + 1) for n in range(WHOLE)]
    return table(("ms, median of minute", *minutes, "all", "least to most", "slope, ms a minute", "beeps", "frames/s"), rows)


async def _filmed(method: str, url: str, folder: Path) -> tuple[Path, list[HealthSample]]:
    """Films the room and gives the recording's folder, not yet finished: to finish costs CPU that the other film needs."""
    capture = make_capture(CaptureRequest(Format.MP4, 1280, 720, folder / method, 1), methods=(method,))
    browser = await ChromiumLauncher().launch(capture.browser_options(BrowserOptions()), profile_parent=folder)
    health: list[HealthSample] = []
    failures: list[str] = []
    try:
        page = await browser.new_page()
        heard = CaptureListeners(
            health=health.append, speaking=lambda *_a, **_k: None, failed=failures.append, hearing=lambda _: None
        )
        await capture.prepare(page, heard)
        await page.open(url)
        await _somebody_is_seen(page)
        await capture.start()
        await asyncio.sleep(MINUTES * MINUTE)
        await capture.stop()
    finally:
        await browser.close()
    if failures:
        raise RuntimeError(f"{method}: {failures[0]}")
    return folder / method, health


async def _somebody_is_seen(page: ChromiumPage) -> None:
    seen = "() => [...document.querySelectorAll('.tile:not([data-self=true]) video')].filter((one) => one.videoWidth).length"
    async with asyncio.timeout(60):
        while await page.evaluate(seen) != 2:
            await asyncio.sleep(0.1)


def _offsets(file: FinishedFile) -> list[Offset]:
    """Each flash with its beep. The sound is looked through in parts: at once it would take gigabytes."""
    sound, part = samples(file.path), int(MINUTE * SAMPLE_RATE)
    beeps = [at / SAMPLE_RATE + beep for at in range(0, len(sound), part) for beep in find_beeps(sound[at : at + part])]
    pairs = []
    for flash in flash_onsets(watch(file.path, codes=False)):
        beep = min(beeps, key=lambda at: abs(at - flash))
        if abs(beep - flash) < FURTHEST_SECONDS:
            pairs.append(Offset(flash, 1000 * (beep - flash)))
    return pairs


def _row(name: str, offsets: list[Offset], frames: float) -> list[object]:
    by_minute = [[one.apart for one in offsets if min(one.at // MINUTE, WHOLE - 1) == n] for n in range(WHOLE)]
    medians = [round(statistics.median(apart)) if apart else "" for apart in by_minute]
    apart = [one.apart for one in offsets]
    spread = f"{min(apart):.0f} to {max(apart):.0f}"
    return [name, *medians, round(statistics.median(apart)), spread, f"{_slope(offsets):+.2f}", len(offsets), f"{frames:.1f}"]


def _slope(offsets: list[Offset]) -> float:
    """The median of all pairs' slopes (Theil and Sen), in ms a minute: single beeps that are far off do not move it."""
    return statistics.median(MINUTE * (b.apart - a.apart) / (b.at - a.at) for a, b in combinations(offsets, 2))


if __name__ == "__main__":
    print(asyncio.run(main()))
