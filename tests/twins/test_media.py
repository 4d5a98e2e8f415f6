"""People who speak and move behind the twins: what a bot records of them, however the platform brings their media."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from agents.browser.api import Browser
from agents.platforms.base import UiState
from agents.platforms.registry import Registry
from tests.measure.picture import people_seen, watch
from tests.measure.words import heard, share_kept
from tests.meetings.service import Event, Service
from tests.twins.attending import Twins, moves, until
from tests.twins.crowd import LINES, TURN_SECONDS, people
from tests.twins.hosts import GOOGLE_MEET, JITSI, PLATFORMS, TEAMS, ZOOM
from tests.twins.plays import in_short
from tests.twins.turns import HEARING_S, hearing_changed_after_s, intervals, joined_at, shared, turns_of
from tests.twins.visiting import visiting

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="session")]
WORDS_KEPT = 0.8
"""Of what the recogniser hears in the clean originals. It guesses one or two of ten words otherwise where a stretch begins
within a line: 0.83 to 1 were kept by whole recordings, 0.67 by one of a client that dropped samples."""


UNMARKED: dict[str, dict[str, Any]] = {platform: {"marks": False} for platform in (GOOGLE_MEET, TEAMS, JITSI)}
"""Platforms whose packets or tracks say who speaks, so that their pages need not mark anybody."""
NO_TRACK = {"media": "data"}
SILENT_TRACK = {"media": "silent"}

LAG_SECONDS = 1.0
"""Sound takes its time through relay, page and log, more where others are at work."""


@pytest.mark.alone
@pytest.mark.parametrize(
    ("platform", "more"),
    [
        *((platform, UNMARKED.get(platform, {})) for platform in PLATFORMS),
        (ZOOM, SILENT_TRACK),
        (ZOOM, {**NO_TRACK, "variant": "b"}),
    ],
    ids=[*PLATFORMS, "zoom-silent_track", "zoom-no_track_and_another_sites_frame"],
)
async def test_a_recording_has_words_and_pictures(
    platform: str,
    more: dict[str, Any],
    service: Service,
    twins: Twins,
    browser: Browser,
    *,
    record_property: Callable[[str, object], None],
) -> None:
    meeting = await twins.set_up(platform, "normal", guests=[], **more)
    async with people(browser, meeting, relay=platform != JITSI):
        wanted = {"format": "mp4", "resolution": "720p", "record_participant_speech_start_stop_events": True}
        bot = await service.rest("POST", "/api/v1/bots", meeting_url=meeting.url, bot_name="Rollcall", recording_settings=wanted)
        await service.until(bot["id"], "recording_permission_granted", within_s=60)
        if "media" in more:
            await until(lambda: hears_the_page(service, bot["id"]))
        await asyncio.sleep(4 * TURN_SECONDS)  # what is being recorded
        await service.rest("POST", f"/api/v1/bots/{bot['id']}/leave")
        log = await service.until(bot["id"], "post_processing_completed", within_s=90)
    assert "leave_requested/user_requested" in moves(log)
    names = {event["participant"]["participant_name"] for event in log if event.get("participant")}
    assert names == set(LINES)
    remarks = {event["log"]["code"] for event in log if event.get("log")}
    assert ("hearing_page" in remarks) == ("media" in more)
    if "media" in more:
        changed_s = hearing_changed_after_s(log, await meeting.seen())
        record_property("hearing_changed_after_s", changed_s)
        assert changed_s <= HEARING_S, in_short(log)
    who_speaks_is_named_at_the_right_time(log, await meeting.seen())
    file = await service.recording(bot["id"])
    text = await asyncio.to_thread(heard, file)
    seen = await asyncio.to_thread(watch, file)
    best = {name: max([await share_kept([line], text) for line in lines]) for name, lines in LINES.items()}
    record_property("heard", text)
    record_property("words_kept", best)
    record_property("people_seen", sorted(people_seen(seen)))
    assert min(best.values()) >= WORDS_KEPT, text
    assert people_seen(seen) == {1, 2}


async def hears_the_page(service: Service, bot_id: str) -> bool:
    return "hearing_page" in {event["log"]["code"] for event in await service.log(bot_id) if event.get("log")}


def who_speaks_is_named_at_the_right_time(log: list[Event], seen: list[dict[str, Any]]) -> None:
    """In each turn that the bot heard whole, nobody spoke longer than who did, by the log."""
    told = [event["speech"] for event in log if event.get("speech")]
    speeches = intervals(
        [(one["participant_name"], int(one["timestamp_ms"]) / 1000, one["event_type"] == "speech_start") for one in told]
    )
    turns = turns_of(seen)
    began = joined_at(log) + 2
    over = max((end for _, _, end in speeches), default=0.0)
    whole = [turn for turn in turns if turn[1] > began and turn[2] - turn[1] > 1 and turn[2] < over]
    assert len({name for name, _, _ in whole}) == len(LINES), (turns, speeches)
    for name, start, end in whole:
        spoken = {one: shared(speeches, one, start, end + LAG_SECONDS) for one in LINES}
        assert max(spoken, key=lambda one: spoken[one]) == name, (spoken, turns, speeches)
        assert spoken[name] > (end - start) / 2, (spoken, turns, speeches)


LISTEN = """
(() => {
  const found = (window.twin = { receivers: [], loudest: 0 });
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...more) {
    if (this instanceof AudioWorkletNode && target instanceof AudioDestinationNode) {
      const meter = new AnalyserNode(this.context);
      const wave = new Float32Array(meter.fftSize);
      connect.call(this, meter);
      setInterval(() => {
        meter.getFloatTimeDomainData(wave);
        for (const sample of wave) found.loudest = Math.max(found.loudest, Math.abs(sample));
      }, 50);
    }
    return connect.call(this, target, ...more);
  };
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    this.addEventListener("track", ({ receiver, track }) => track.kind === "audio" && found.receivers.push(receiver));
    return set.call(this, description);
  };
})();
"""
"""Keeps the receivers of sound tracks, and how loud it is what the page's own thread for sound makes and plays."""


async def test_zooms_sound_may_be_no_track_at_all(twins: Twins, browser: Browser) -> None:
    meeting = await twins.set_up("zoom", "normal", guests=[], media="data")
    looking = visiting(Registry().find("zoom"), browser, meeting.url, script=LISTEN)
    async with people(browser, meeting, relay=True), looking as witness:
        assert await witness.hears(UiState.IN_MEETING), witness
        await until(lambda: witness.page.evaluate("() => window.twin.loudest > 0.05"))
        assert await witness.page.evaluate("() => window.twin.receivers.length") == 0


async def test_meets_sound_is_three_tracks_that_say_who_is_in_them(twins: Twins, browser: Browser) -> None:
    meeting = await twins.set_up("google_meet", "normal", guests=[])
    sources = "() => window.twin.receivers.map((one) => one.getContributingSources().map(({ source }) => String(source)))"
    tiles = "() => [...document.querySelectorAll('[data-source]')].map((tile) => [tile.dataset.source, tile.innerText.trim()])"
    looking = visiting(Registry().find("google_meet"), browser, meeting.url, script=LISTEN)

    async def both_heard() -> list[list[str]] | None:
        found: list[list[str]] = await witness.page.evaluate(sources)
        return found if sum(map(len, found)) == len(LINES) else None

    async with people(browser, meeting, relay=True), looking as witness:
        assert await witness.hears(UiState.IN_MEETING), witness
        found = await until(both_heard)
        names = dict(await witness.page.evaluate(tiles))
    assert len(found) == 3
    assert {names[source] for track in found for source in track} == set(LINES)
