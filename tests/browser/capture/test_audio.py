"""Sound from within the page: what the file holds is measured."""

from __future__ import annotations

import pytest

from agents.capture.base import Format
from agents.capture.files import list_segments
from tests.browser.capture.conftest import Take, tone_dbfs
from tests.browser.capture.waiting import recorded_ms, until
from tests.measure.media import probe

pytestmark = [pytest.mark.alone, pytest.mark.browser]


async def test_the_voices_of_all_are_in_the_file_from_the_first_second_on(take: Take, site: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/meeting.html?tones=440,880")
    await bot.capture.arm()
    await bot.people_are_there()
    await until(lambda: sum(on for _, on in bot.speaking) == 2)
    await bot.capture.start()
    await recorded_ms(bot, 4000)
    await bot.capture.stop()
    file = await bot.finish()
    assert file.content_type == "audio/mpeg"
    assert not file.impaired
    assert probe(file.path).duration == pytest.approx(file.duration_ms / 1000, abs=0.1)
    for hertz in (440, 880):
        assert tone_dbfs(file.path, hertz, end_s=1.0) == pytest.approx(-20, abs=2)
        assert tone_dbfs(file.path, hertz) == pytest.approx(-20, abs=1)
    assert tone_dbfs(file.path, 660) < -50
    assert bot.failures == []


async def test_incoming_and_recorded_level_are_told_apart_and_who_speaks(take: Take, site: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/meeting.html?tones=440")
    await bot.capture.start()
    await bot.people_are_there()
    await until(lambda: any(s.audio_level_dbfs > -25 for s in bot.health))
    loud = bot.health[-1]
    assert loud.audio_tracks == 1
    assert loud.incoming_level_dbfs == pytest.approx(-23, abs=4)
    assert [on for _, on in bot.speaking] == [True]
    await bot.page.evaluate("() => { people[0].level.gain.value = 0; }")
    await until(lambda: [on for _, on in bot.speaking] == [True, False])
    await until(lambda: bot.health[-1].incoming_level_dbfs < -60 and bot.health[-1].audio_level_dbfs < -60)


async def test_people_who_come_late_leave_and_come_back_are_heard(take: Take, site: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/meeting.html")
    await bot.capture.start()
    await until(lambda: bot.written() > 0)
    await bot.page.evaluate("() => join(440, 0)", timeout_s=15)
    await until(lambda: bot.health and bot.health[-1].audio_tracks == 1)
    await bot.page.evaluate("() => { people[0].pc.close(); received[0].close(); }")
    await until(lambda: bot.health[-1].audio_tracks == 0)
    await bot.page.evaluate("() => join(880, 0)", timeout_s=15)
    await recorded_ms(bot, 3000)
    await bot.capture.stop()
    file = await bot.finish()
    length = file.duration_ms / 1000
    assert tone_dbfs(file.path, 880, start_s=length - 1.5, end_s=length - 0.5) == pytest.approx(-20, abs=2)
    assert tone_dbfs(file.path, 440, start_s=length - 1.5, end_s=length - 0.5) < -50
    assert tone_dbfs(file.path, 440) > -45


async def test_a_page_that_stops_mutes_and_takes_away_its_tracks_is_recorded_all_the_same(take: Take, site: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/meeting.html?tones=440,880")
    await bot.people_are_there()
    await bot.page.evaluate("""() => {
        for (const video of document.querySelectorAll("video")) { video.srcObject = null; video.remove(); }
        received[0].getReceivers()[0].track.stop();
        received[1].getReceivers()[0].track.enabled = false;
    }""")
    await bot.capture.start()
    await recorded_ms(bot, 2000)
    await bot.capture.stop()
    file = await bot.finish()
    assert tone_dbfs(file.path, 440) == pytest.approx(-20, abs=1.5)
    assert tone_dbfs(file.path, 880) == pytest.approx(-20, abs=1.5)


async def test_a_page_that_replaces_what_the_recorder_uses_is_recorded_all_the_same(take: Take, site: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/hostile.html")
    await bot.capture.arm()
    await bot.people_are_there()
    await bot.capture.start()
    await recorded_ms(bot, 2000)
    await bot.capture.stop()
    file = await bot.finish()
    assert tone_dbfs(file.path, 440) == pytest.approx(-20, abs=1.5)
    assert await bot.page.evaluate("() => window.found") == []
    assert any(on for _, on in bot.speaking)


KEEP_SOURCES = """
window.sources = [];
const make = AudioContext.prototype.createMediaStreamSource;
AudioContext.prototype.createMediaStreamSource = function (stream) {
  const source = make.call(this, stream);
  window.sources.push(source);
  return source;
};
"""


async def test_a_mix_that_fell_silent_while_people_speak_is_mended(take: Take, site: str) -> None:
    bot = await take(Format.MP3, script=KEEP_SOURCES)
    await bot.open(f"{site}/meeting.html?tones=440")
    await bot.people_are_there()
    await bot.capture.start()
    await until(lambda: bot.health and bot.health[-1].audio_level_dbfs > -25)
    await bot.page.evaluate("() => sources.forEach((source) => source.disconnect())")
    await until(lambda: bot.health[-1].audio_level_dbfs < -65)
    await until(lambda: bot.health[-1].audio_level_dbfs > -25)
    assert bot.failures == []


async def test_a_thousand_tracks_that_came_and_went_leave_nothing_behind(take: Take, site: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/meeting.html")
    await bot.capture.start()
    churn = """async (rounds) => {
        for (let n = 0; n < rounds; n += 1) {
            const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
            for (let m = 0; m < 20; m += 1) a.addTransceiver("audio", { direction: "sendonly" });
            await a.setLocalDescription(await a.createOffer());
            await b.setRemoteDescription(a.localDescription);
            a.close();
            b.close();
        }
    }"""
    await bot.page.evaluate(churn, 50, timeout_s=60)
    await until(lambda: bot.health and bot.health[-1].audio_tracks == 0)
    await bot.page.evaluate("() => join(440, 0)", timeout_s=15)
    await recorded_ms(bot, 2000)
    await bot.capture.stop()
    file = await bot.finish()
    length = file.duration_ms / 1000
    assert tone_dbfs(file.path, 440, start_s=length - 1.2, end_s=length - 0.2) == pytest.approx(-20, abs=1.5)


async def test_nothing_of_a_pause_is_in_the_file(take: Take, site: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/meeting.html?tones=440")
    await bot.people_are_there()
    await bot.capture.start()
    await recorded_ms(bot, 2000)
    await bot.capture.pause()
    await bot.page.evaluate("() => join(880, 0)", timeout_s=15)
    await until(lambda: sum(on for _, on in bot.speaking) == 2)
    await bot.page.evaluate("() => { people[1].level.gain.value = 0; }")
    await until(lambda: [on for _, on in bot.speaking].count(False) == 1)
    await bot.capture.start()
    await recorded_ms(bot, 1000)
    await bot.capture.stop()
    assert len(list_segments(bot.folder)) == 2
    file = await bot.finish()
    assert tone_dbfs(file.path, 880) < -60
    assert tone_dbfs(file.path, 440) == pytest.approx(-20, abs=1)
    assert 2500 < file.duration_ms < 6000


async def test_voices_in_frames_of_the_same_and_of_another_origin_are_in_the_file(take: Take, site: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/frames.html")
    await bot.capture.arm()
    await bot.capture.start()
    await bot.people_are_there()
    await until(lambda: bot.health and bot.health[-1].audio_tracks == 3)
    await recorded_ms(bot, 3000)
    await bot.capture.stop()
    segments = list_segments(bot.folder)
    assert [s.side for s in segments] == [False, True]
    file = await bot.finish()
    length = file.duration_ms / 1000
    for hertz in (440, 660, 880):
        assert tone_dbfs(file.path, hertz, start_s=length - 2, end_s=length - 0.5) == pytest.approx(-20, abs=2)


async def test_a_page_that_goes_elsewhere_is_recorded_on(take: Take, site: str) -> None:
    bot = await take(Format.MP3)
    await bot.open(f"{site}/meeting.html?tones=440")
    await bot.people_are_there()
    await bot.capture.start()
    await recorded_ms(bot, 1500)
    await bot.page.open(f"{site}/meeting.html?tones=880")
    await bot.people_are_there()
    await until(lambda: bot.health[-1].audio_level_dbfs > -25)
    await recorded_ms(bot, 1500)
    await bot.capture.stop()
    assert len(list_segments(bot.folder)) == 2
    file = await bot.finish()
    assert tone_dbfs(file.path, 440, end_s=1) == pytest.approx(-20, abs=2)
    length = file.duration_ms / 1000
    assert tone_dbfs(file.path, 880, start_s=length - 1, end_s=length) == pytest.approx(-20, abs=2)
    assert bot.failures == []


async def test_two_bots_at_once_never_hear_each_other(take: Take, site: str) -> None:
    one, two = await take(Format.MP3, folder="one"), await take(Format.MP3, folder="two")
    for bot, hertz in ((one, 450), (two, 770)):
        await bot.open(f"{site}/meeting.html?tones={hertz}")
        await bot.people_are_there()
        await bot.capture.start()
    await recorded_ms(one, 2500)
    await recorded_ms(two, 1000)
    for bot, own, other in ((one, 450, 770), (two, 770, 450)):
        await bot.capture.stop()
        file = await bot.finish()
        assert tone_dbfs(file.path, own) == pytest.approx(-20, abs=1)
        assert tone_dbfs(file.path, other) < -55


async def test_nothing_is_recorded_where_nothing_was_asked_for_and_speech_is_still_heard(take: Take, site: str) -> None:
    bot = await take(Format.NONE)
    await bot.open(f"{site}/meeting.html?tones=440")
    await bot.capture.arm()
    await bot.capture.start()
    await bot.people_are_there()
    await until(lambda: [on for _, on in bot.speaking] == [True])
    await bot.capture.stop()
    assert not bot.folder.exists()
