"""Clients bring and play sound in many ways: what each brings is in the recording, told by its pitch."""

from __future__ import annotations

import asyncio

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
SECONDS = 3.0


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
    levels = await asyncio.to_thread(
        lambda: {name: round(tone_dbfs(file.path, hertz, start_s=end - SECONDS, end_s=end), 1) for name, hertz in pitches.items()}
    )
    assert {name: level for name, level in levels.items() if not LEAST_DBFS < level < MOST_DBFS} == {}, levels
    assert tone_dbfs(file.path, 300, start_s=end - SECONDS, end_s=end) < LEAST_DBFS - 10, "a pitch that nobody plays"
    assert bot.failures == []
