"""What happens in a meeting: who is there, what is said and written, by a bot made by REST with a real link."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.meetings.service import Event, Service
from tests.twins.attending import Meeting, Twins, moves, until
from tests.twins.hosts import GOOGLE_MEET, JITSI, PLATFORMS, TEAMS, ZOOM
from tests.twins.plays import in_short

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150), pytest.mark.asyncio(loop_scope="session")]

SAID = "The first part is done and the second part is being tested now"
LANGUAGE = {GOOGLE_MEET: ("google_meet_language", "de-DE", "de-DE"), TEAMS: ("teams_language", "de-de", "German (Germany)")}
LANGUAGE[ZOOM] = ("zoom_language", "French (Canada)", "French (Canada)")
ALONE = {ZOOM, JITSI}
"""Where one may write to one person alone."""
VIEW = {GOOGLE_MEET: "tiled", TEAMS: "gallery", ZOOM: "gallery", JITSI: "tile"}


@dataclass(slots=True)
class Attended:
    """A bot in a meeting, its log, and what the site noticed of it."""

    service: Service
    meeting: Meeting
    bot_id: str
    log: list[Event] = field(default_factory=list)

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind, now."""
        self.log = await self.service.log(self.bot_id)
        return [event[kind] for event in self.log if event.get(kind)]

    async def until(self, kind: str, **wanted: Any) -> list[dict[str, Any]]:
        """Until the log has such an event. Raises AssertionError with the log."""

        async def there() -> list[dict[str, Any]] | None:
            found = await self.told(kind)
            return found if any(wanted.items() <= one.items() for one in found) else None

        try:
            return await until(there, within_s=60)
        except TimeoutError:
            raise AssertionError(f"no {kind} {wanted}:\n{in_short(self.log)}\n{self.service.printed()}") from None

    async def leave(self) -> None:
        await self.service.rest("POST", f"/api/v1/bots/{self.bot_id}/leave")
        await self.until("state", new_state="ended")

    async def read(self) -> dict[str, Any]:
        return dict(await self.service.rest("GET", f"/api/v1/bots/{self.bot_id}"))


async def attend(service: Service, twins: Twins, platform: str, scenario: str, **wanted: Any) -> Attended:
    """A bot on its way into a new meeting."""
    meeting = await twins.set_up(platform, scenario)
    bot = await service.rest("POST", "/api/v1/bots", meeting_url=meeting.url, bot_name="Rollcall", **wanted)
    return Attended(service, meeting, bot["id"])


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_what_people_say_do_and_write_is_told(platform: str, service: Service, twins: Twins) -> None:
    name, asked, chosen = LANGUAGE.get(platform, ("merge_consecutive_captions", True, ""))
    bot = await attend(
        service,
        twins,
        platform,
        "people talk",
        transcription_settings={"meeting_closed_captions": {name: asked}},
        recording_settings={"format": "mp4", "resolution": "720p", "view": "gallery_view"},
    )
    said = await bot.until("utterance", final=True)
    assert [one["transcript"] for one in said if one["final"]] == [SAID], in_short(bot.log)
    assert any(not one["final"] and SAID.startswith(one["transcript"]) for one in said), in_short(bot.log)
    assert {one["speaker_name"] for one in said} == {"Grace Hopper"}
    assert len({one["id"] for one in said}) == 1
    people = await bot.told("participant")
    grace = next(one for one in people if one["participant_name"] == "Grace Hopper")
    assert {one["speaker_uuid"] for one in said} == {grace["participant_uuid"]}
    assert (await bot.read())["transcription_state"] == "in_progress"
    seen = {one["what"]: one.get("value") for one in await bot.meeting.seen()}
    assert seen.get("captions language", "") == chosen
    assert seen["view"] == VIEW[platform]
    await bot.leave()
    assert (await bot.read())["transcription_state"] == "complete"
    (kept,) = await service.rest("GET", f"/api/v1/bots/{bot.bot_id}/transcript")
    assert (kept["speaker_name"], kept["transcription"]["transcript"]) == ("Grace Hopper", SAID)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_who_is_there_is_told_and_chat_goes_both_ways(platform: str, service: Service, twins: Twins) -> None:
    bot = await attend(
        service,
        twins,
        platform,
        "people talk",
        recording_settings={"format": "none"},
        bot_chat_message={"to": "everyone", "message": "Hello, I take notes."},
    )
    await bot.until("participant", participant_name="Ada King", event_data={"name": "Ada King"})
    await bot.until("participant", participant_name="Alan Turing", event_type="join")
    await bot.until("chat", text="Here is the agenda")
    if platform in ALONE:
        await bot.until("chat", text="Only for you")
    await bot.until("participant", participant_is_host=True)
    people = {one["participant_name"]: one for one in await bot.told("participant")}
    await bot.meeting.play("host_moves", to="Grace Hopper")
    await bot.meeting.play("guests_come", names=["Edsger Dijkstra"])
    if platform in ALONE:
        alan = people["Alan Turing"]["participant_uuid"]
        one = {"to": "specific_user", "to_user_uuid": alan, "message": "To you alone"}
        await service.rest("POST", f"/api/v1/bots/{bot.bot_id}/send_chat_message", **one)
    await bot.until("participant", participant_name="Grace Hopper", event_data={"is_host": "true"})
    told = await bot.until("participant", participant_name="Ada King", event_data={"is_host": "false"})
    assert "leave" not in {one["event_type"] for one in told}, in_short(bot.log)
    hosts = {one["participant_name"].partition(" ")[0] for one in told if one["participant_is_host"]}
    assert hosts == {"Ada", "Grace"}, in_short(bot.log)
    everyone = {"to": "everyone", "message": "To all"}
    await service.rest("POST", f"/api/v1/bots/{bot.bot_id}/send_chat_message", **everyone)

    async def written() -> dict[str, str | None] | None:
        chat = {one["text"]: one["to_name"] for one in (await bot.meeting.state())["chat"]}
        return chat if "To all" in chat else None

    chat = await until(written)
    assert chat["Hello, I take notes."] is None
    assert chat["To all"] is None
    assert chat.get("To you alone") == ("Alan Turing" if platform in ALONE else None), in_short(bot.log)
    await bot.leave()


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_bot_whose_captions_cannot_be_switched_on_leaves_in_time(platform: str, service: Service, twins: Twins) -> None:
    bot = await attend(
        service,
        twins,
        platform,
        "no captions",
        recording_settings={"format": "none"},
        automatic_leave_settings={"enable_closed_captions_timeout_seconds": 3},
    )
    await bot.until("state", new_state="ended")
    assert moves(bot.log)[2] == "leave_requested/auto_leave_could_not_enable_closed_captions", in_short(bot.log)
    assert (await bot.read())["transcription_state"] == "failed", in_short(bot.log)
