"""Sound that the page makes itself, which no track of a connection brings."""

from __future__ import annotations

import pytest

from agents.capture.base import Format
from tests.browser.capture.conftest import Take, tone_dbfs
from tests.browser.capture.waiting import recorded_ms, until

pytestmark = [pytest.mark.alone, pytest.mark.browser]

PLAY = """(hertz) => {
  const playing = new AudioContext();
  const tone = new OscillatorNode(playing, { frequency: hertz });
  const level = new GainNode(playing, { gain: 0.1 });
  tone.connect(level).connect(playing.destination);
  tone.start();
  window.level = level;
}"""
PLAY_ELEMENT = """async (hertz) => {
  const drawn = new OfflineAudioContext(1, 48000 * 20, 48000);
  const tone = new OscillatorNode(drawn, { frequency: hertz });
  tone.connect(new GainNode(drawn, { gain: 0.1 })).connect(drawn.destination);
  tone.start();
  const samples = (await drawn.startRendering()).getChannelData(0);
  const file = new DataView(new ArrayBuffer(44 + samples.length * 2));
  [0x52494646, 0, 0x57415645, 0x666d7420, 0x10000000, 0x01000100, 0x80bb0000, 0x00770100, 0x02001000, 0x64617461].forEach((word, n) => file.setUint32(n * 4, word));
  file.setUint32(4, 36 + samples.length * 2, true);
  file.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, n) => file.setInt16(44 + n * 2, sample * 32767, true));
  await new Audio(URL.createObjectURL(new Blob([file], { type: "audio/wav" }))).play();
}"""  # noqa: E501 -- a wave file's head
ECHO = """() => {
  const playing = new AudioContext();
  playing.createMediaStreamSource(new MediaStream(received[0].getReceivers().map(({ track }) => track).filter(({ kind }) => kind === "audio"))).connect(playing.destination);
}"""  # noqa: E501 -- as a page does


@pytest.mark.parametrize("play", [PLAY, PLAY_ELEMENT], ids=["a graph", "an element"])
async def test_without_any_track_the_pages_own_sound_is_in_the_file_from_its_beginning(take: Take, site: str, play: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/meeting.html")
    await bot.capture.start()
    await recorded_ms(bot, 500)
    await bot.page.evaluate(play, 660, timeout_s=15)
    await until(lambda: bot.hearing == [True])
    await recorded_ms(bot, 4000)
    await bot.capture.stop()
    file = await bot.finish()
    assert tone_dbfs(file.path, 660, start_s=2.5) == pytest.approx(-20, abs=1.5)
    assert any(on for source, on in bot.speaking if source == "page"), "for the rule about silence"
    assert bot.failures == []


async def test_tracks_that_stay_silent_are_given_up_for_the_pages_own_sound_and_taken_again_when_they_speak(
    take: Take, site: str
) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/meeting.html?tones=440")
    await bot.people_are_there()
    await bot.capture.start()
    await bot.page.evaluate("() => { people[0].level.gain.value = 0; people[0].blinking(false); }")
    await bot.page.evaluate(PLAY, 660)
    await until(lambda: bot.hearing == [True])
    await until(lambda: bot.health[-1].audio_level_dbfs > -25 and bot.health[-1].incoming_level_dbfs > -30)
    await bot.page.evaluate("() => { people[0].level.gain.value = 0.1; }")
    await until(lambda: bot.hearing == [True, False])
    await recorded_ms(bot, 3000)
    await bot.capture.stop()
    file = await bot.finish()
    assert tone_dbfs(file.path, 660) > -35
    assert tone_dbfs(file.path, 440) > -35


async def test_a_page_that_plays_the_tracks_itself_is_not_recorded_twice(take: Take, site: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/meeting.html?tones=440")
    await bot.people_are_there()
    await bot.page.evaluate(ECHO)
    await bot.capture.start()
    await recorded_ms(bot, 5000)
    await bot.capture.stop()
    file = await bot.finish()
    assert tone_dbfs(file.path, 440, start_s=1.0) == pytest.approx(-20, abs=1)
    assert bot.hearing == []
