"""Two people with known words and pictures in a meeting that nobody here wrote; a bot made by REST joins, records, and goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from agents.browser.api import BrowserOptions
from agents.people import Venue, parse, run
from tests.measure.media import probe
from tests.measure.picture import people_seen, watch
from tests.measure.words import LINES, heard, share_kept
from tests.meetings.service import Event, Service, moves, running
from tests.meetings.venues import EasyRtcVenue, Gathered, JanusVenue, PeerCallsVenue
from tools.meetings import janus

pytestmark = [pytest.mark.meeting, pytest.mark.browser, pytest.mark.timeout(300)]

ADA, BOB = LINES[::2], LINES[1::2]
CAMERA = "{ width = 480, height = 270, fps = 10 }"
SPEAK_AT = 26.0
EVERY = 6.0
TURNS = ((ADA[0], "Ada"), (BOB[0], "Bob"), (ADA[1], "Ada"), (BOB[1], "Bob"))
ALONE_SECONDS = 4
WORDS_KEPT = 0.8
"""Of what the recogniser hears in the clean originals. It guesses one or two of ten words otherwise where a stretch begins
within a line: 0.83 to 1 were kept by whole recordings, 0.67 by one of a client that dropped samples."""


@dataclass(frozen=True)
class Story:
    """What is said, by turns, and perhaps written by Ada."""

    turns: Sequence[tuple[str, str]] = TURNS
    writes: str = ""
    shows: bool = True
    """Whether the meeting has pictures."""

    @property
    def seconds(self) -> float:
        """How long they speak."""
        return len(self.turns) * EVERY

    @property
    def leave_at(self) -> float:
        return SPEAK_AT + self.seconds + 2

    def said_by(self, name: str) -> list[str]:
        return [text for text, who in self.turns if who == name]

    def script(self) -> str:
        people = []
        for name in ("Ada", "Bob"):
            lines = [
                f'{{ at = {SPEAK_AT + n * EVERY}, text = "{text}" }}' for n, (text, who) in enumerate(self.turns) if who == name
            ]
            camera = f"camera = {CAMERA}\n" if self.shows else ""
            person = f'[[people]]\nname = "{name}"\n{camera}leaves = {self.leave_at}\nsays = [{", ".join(lines)}]\n'
            if self.writes and name == "Ada":
                person += f'chats = [{{ at = {SPEAK_AT + 1}, text = "{self.writes}" }}]\n'
            people.append(person)
        return "\n".join(people)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running(tmp_path) as one:
        yield one


async def attended(
    service: Service,
    url: str,
    venue: Venue,
    record: Callable[[str, object], None],
    *,
    origins: tuple[str, ...] = (),
    story: Story = Story(),
) -> list[Event]:
    """The story, and what must be true of the recording; gives the bot's log."""
    script, options = parse(story.script()), BrowserOptions(secure_origins=origins)
    gathered = Gathered(venue, len(script.people))
    people = asyncio.create_task(run(script, url, venue=gathered, options=options))
    try:
        async with asyncio.timeout(SPEAK_AT - 6):
            await gathered.here.wait()
        bot = await service.rest(
            "POST",
            "/api/v1/bots",
            meeting_url=url,
            bot_name="Rollcall bot",
            recording_settings={"format": "mp4", "resolution": "720p"},
            automatic_leave_settings={"only_participant_in_meeting_timeout_seconds": ALONE_SECONDS},
        )
        assert bot["state"] == "joining"
        await service.until(bot["id"], "recording_permission_granted", within_s=SPEAK_AT - 2)
        await people
        log = await service.until(bot["id"], "post_processing_completed", within_s=90)
    finally:
        people.cancel()
        await asyncio.gather(people, return_exceptions=True)
    leaving = next(event["state"] for event in log if event.get("state") and event["state"]["type"] == "leave_requested")
    assert leaving["sub_type"] == "auto_leave_only_participant_in_meeting"
    file = await service.recording(bot["id"])
    info = await asyncio.to_thread(probe, file)
    text = await asyncio.to_thread(heard, file)
    seen = await asyncio.to_thread(watch, file)
    kept = {name: round(await share_kept(story.said_by(name), text), 2) for name in ("Ada", "Bob")}
    record("words_kept", kept)
    record("heard", text)
    record("seconds", round(info.duration, 1))
    record("people_seen", sorted(people_seen(seen)))
    assert min(kept.values()) >= WORDS_KEPT, text
    assert people_seen(seen) >= ({1, 2} if story.shows else set())
    assert story.seconds < info.duration < story.leave_at + ALONE_SECONDS + 20
    return log


async def test_a_mesh_is_recorded(service: Service, easyrtc_url: str, record_property: Callable[[str, object], None]) -> None:
    log = await attended(service, easyrtc_url, EasyRtcVenue(), record_property)
    assert "joined_meeting" in moves(log)


async def test_a_meeting_with_names_and_a_chat_is_recorded(
    service: Service, peercalls_url: str, record_property: Callable[[str, object], None]
) -> None:
    story = Story(TURNS[:2], writes="shall we begin")
    log = await attended(service, peercalls_url, PeerCallsVenue(), record_property, story=story)
    assert {"Ada", "Bob"} <= names(log)
    written = [event["chat"] for event in log if event.get("chat")]
    assert [(one["sender_name"], one["text"]) for one in written] == [("Ada", "shall we begin")]


@pytest.fixture
async def janus_service(janus_room: str, tmp_path: Path) -> AsyncIterator[Service]:
    """Started from inside the namespace, and so within it."""
    async with running(tmp_path) as one:
        yield one


async def test_an_sfu_is_recorded(janus_service: Service, record_property: Callable[[str, object], None]) -> None:
    """By the client that has all over one connection; the other one is tried in test_janus_by_file.py."""
    log = await attended(janus_service, janus.ONE_CONNECTION_ROOM, JanusVenue(), record_property, origins=(janus.ORIGIN,))
    assert {"Ada", "Bob"} <= names(log)


async def test_a_mixer_without_pictures_is_recorded(
    janus_service: Service, record_property: Callable[[str, object], None]
) -> None:
    story = Story(TURNS[:2], shows=False)
    log = await attended(janus_service, janus.AUDIO_ROOM, JanusVenue(), record_property, origins=(janus.ORIGIN,), story=story)
    assert {"Ada", "Bob"} <= names(log)


def names(log: list[Event]) -> set[str]:
    return {event["participant"]["participant_name"] for event in log if event.get("participant")}
