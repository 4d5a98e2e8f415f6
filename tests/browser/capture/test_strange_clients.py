"""Clients bring and play sound in many ways: what each brings is in the recording, told by its pitch."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agents.capture.base import Format
from tests.browser.capture.conftest import Take, tone_dbfs
from tests.browser.capture.waiting import recorded_ms, until

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.timeout(120)]
SENT_DBFS = -26.0
LEAST_DBFS = SENT_DBFS - 8
"""A channel of two that are made one has 6 dB less."""
MOST_DBFS = SENT_DBFS + 3
"""What is recorded twice has 6 dB more."""
SILENT_DBFS = LEAST_DBFS - 10
SECONDS = 3.0


def levels(path: Path, pitches: dict[str, int], end: float, seconds: float = SECONDS) -> dict[str, float]:
    """Of each pitch in the seconds before `end`, in dB of full scale."""
    return {name: round(tone_dbfs(path, hertz, start_s=end - seconds, end_s=end), 1) for name, hertz in pitches.items()}


def not_heard_once(heard: dict[str, float]) -> dict[str, float]:
    """Those that are missing, or there twice."""
    return {name: level for name, level in heard.items() if not LEAST_DBFS < level < MOST_DBFS}


@pytest.mark.parametrize("group", ["tracks", "players"])
async def test_however_a_client_brings_its_sound_the_recording_has_it(take: Take, site: str, group: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/strange.html?group={group}")
    await bot.capture.start()
    pitches = await bot.page.evaluate("() => window.ready", timeout_s=30)
    assert {name: hertz for name, hertz in pitches.items() if not isinstance(hertz, int)} == {}
    await until(lambda: group == "tracks" or bot.hearing[-1:] == [True])
    await recorded_ms(bot, int((SECONDS + 2) * 1000))
    await bot.capture.stop()
    file = await bot.finish()
    end = file.duration_ms / 1000 - 0.5
    assert not_heard_once(await asyncio.to_thread(levels, file.path, pitches, end)) == {}
    assert tone_dbfs(file.path, 300, start_s=end - SECONDS, end_s=end) < SILENT_DBFS, "a pitch that nobody plays"
    assert bot.failures == []


async def test_an_element_that_plays_something_else_is_followed(take: Take, site: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/strange.html")
    await bot.capture.start()
    pitches = await bot.page.evaluate("() => begin()", timeout_s=30)
    assert {name: why for name, why in pitches.items() if isinstance(why, str)} == {}
    await recorded_ms(bot, int((SECONDS + 1) * 1000))
    changed = sum(sample.audio_ms for sample in bot.health) / 1000
    faults = await bot.page.evaluate("() => change()", timeout_s=30)
    assert {name: why for name, why in faults.items() if why} == {}
    await recorded_ms(bot, int((SECONDS + 2) * 1000))
    await bot.capture.stop()
    file = await bot.finish()
    end = file.duration_ms / 1000 - 0.5
    before = {name: each["before"] for name, each in pitches.items()}
    after = {name: each["after"] for name, each in pitches.items()}
    stay = {name for name, each in pitches.items() if each.get("stays")}
    assert not_heard_once(await asyncio.to_thread(levels, file.path, before, changed, 2.0)) == {}
    assert not_heard_once(await asyncio.to_thread(levels, file.path, after, end)) == {}
    then = await asyncio.to_thread(levels, file.path, before, end)
    assert {name for name, level in then.items() if level > SILENT_DBFS} == stay
    assert not_heard_once({name: then[name] for name in stay}) == {}
    assert bot.failures == []
