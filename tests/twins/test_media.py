"""People who speak and move behind the twins: what a bot records of them, however the platform brings their media."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from agents.browser.api import Browser
from agents.platforms.base import UiState
from agents.platforms.registry import Registry
from tests.measure.picture import people_seen, watch
from tests.measure.words import heard, hit_ratio
from tests.meetings.service import Service
from tests.twins.attending import Twins, moves, until
from tests.twins.crowd import LINES, TURN_SECONDS, people
from tests.twins.hosts import JITSI, PLATFORMS, ZOOM
from tests.twins.visiting import visiting

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="session")]
WORDS_RIGHT = 0.4
"""A small model hears 0.94 of such words where nothing is lost; with a load of ten on two cores, 0.58 came through the relay."""


@pytest.mark.parametrize(
    ("platform", "more"),
    [*((platform, {}) for platform in PLATFORMS), (ZOOM, {"media": "data"})],
    ids=[*PLATFORMS, "zoom-no_track"],
)
async def test_a_recording_has_words_and_pictures(
    platform: str,
    more: dict[str, str],
    service: Service,
    twins: Twins,
    browser: Browser,
    *,
    record_property: Callable[[str, object], None],
) -> None:
    meeting = await twins.set_up(platform, "normal", guests=[], **more)
    async with people(browser, meeting, relay=platform != JITSI):
        wanted = {"format": "mp4", "resolution": "720p"}
        bot = await service.rest("POST", "/api/v1/bots", meeting_url=meeting.url, bot_name="Rollcall", recording_settings=wanted)
        await service.until(bot["id"], "recording_permission_granted", within_s=60)
        await asyncio.sleep(4 * TURN_SECONDS)  # what is being recorded
        await service.rest("POST", f"/api/v1/bots/{bot['id']}/leave")
        log = await service.until(bot["id"], "post_processing_completed", within_s=90)
    assert "leave_requested/user_requested" in moves(log)
    names = {event["participant"]["participant_name"] for event in log if event.get("participant")}
    assert names == set(LINES)
    remarks = {event["log"]["code"] for event in log if event.get("log")}
    assert ("hearing_page" in remarks) == bool(more)
    file = await service.recording(bot["id"])
    text = await asyncio.to_thread(heard, file)
    seen = await asyncio.to_thread(watch, file)
    best = {name: max(hit_ratio(line, text) for line in lines) for name, lines in LINES.items()}
    record_property("heard", text)
    record_property("words_right", best)
    record_property("people_seen", sorted(people_seen(seen)))
    assert min(best.values()) >= WORDS_RIGHT, text
    assert people_seen(seen) == {1, 2}


LISTEN = """
(() => {
  const found = (window.twin = { receivers: [], loudest: 0 });
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (...given) {
    for (const sample of this.buffer.getChannelData(0)) found.loudest = Math.max(found.loudest, Math.abs(sample));
    return start.apply(this, given);
  };
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    this.addEventListener("track", ({ receiver, track }) => track.kind === "audio" && found.receivers.push(receiver));
    return set.call(this, description);
  };
})();
"""
"""Keeps the receivers of sound tracks, and how loud it is what the page plays of its own making."""


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
