"""What happens in a meeting: who is there, what is said and written, by a bot made by REST with a real link."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.meetings.service import Event, Service
from tests.receiver import receiver
from tests.twins.attending import Meeting, Twins, moves, until
from tests.twins.hosts import GOOGLE_MEET, JITSI, PLATFORMS, TEAMS, ZOOM
from tests.twins.plays import in_short
from tests.unit.server.webhooks.sending import decoded, is_signed

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150), pytest.mark.asyncio(loop_scope="session")]

SAID = "The first part is done and the second part is being tested now"
NEXT = "I will write down what we have decided"
SECRET = "nobody may read this sentence about the purple elephant"
ENDS = (
    "You have been removed from this meeting. The meeting has ended. The call ended. This meeting has been ended by host. "
    "You have been kicked out of the meeting. The conference has been terminated."
)
"""What each platform says at the end; said or written by people, it ends nothing."""
BACK = "now we are recording again so please say once more what you wanted to say before"
LANGUAGE = {
    GOOGLE_MEET: ("google_meet_language", "de-DE"),
    TEAMS: ("teams_language", "German (Germany)"),
    ZOOM: ("zoom_language", "French (Canada)"),
}
MERGED = {TEAMS, JITSI}
"""Where the bot of this test is told to merge consecutive captions."""
ALONE = {ZOOM, JITSI}
"""Where one may write to one person alone."""
VIEW = {GOOGLE_MEET: "tiled", TEAMS: "gallery", ZOOM: "gallery", JITSI: "tile"}
SPEAKER = {GOOGLE_MEET: "spotlight", TEAMS: "speaker", ZOOM: "speaker", JITSI: "alone"}


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
async def test_what_people_say_is_told(
    platform: str, service: Service, twins: Twins, callbacks: tuple[ssl.SSLContext, Path]
) -> None:
    wishes: dict[str, Any] = {"merge_consecutive_captions": platform in MERGED}
    name, chosen = LANGUAGE.get(platform, ("", ""))
    if name:
        wishes[name] = "de-de" if platform == TEAMS else chosen
    secret = (await service.rest("POST", "/api/v1/webhook_secret/rotate", overlap_seconds=0))["secret"]
    async with receiver(callbacks[0]) as hook:
        bot = await attend(
            service,
            twins,
            platform,
            "people talk",
            transcription_settings={"meeting_closed_captions": wishes},
            recording_settings={"format": "mp4", "resolution": "720p", "view": "gallery_view"},
            webhooks=[{"url": f"{hook.url}/said", "triggers": ["transcript.update"]}],
        )
        await bot.until("utterance", transcript=SAID)
        await bot.meeting.play("guest_speaks", name="Grace Hopper", text=NEXT)
        await bot.meeting.play("guest_speaks", name="Alan Turing", text=ENDS)
        wanted = [f"{SAID} {NEXT}"] if platform in MERGED else [SAID, NEXT]
        said = await bot.until("utterance", transcript=wanted[-1], final=True)
        of_grace = [one for one in said if one["speaker_name"] == "Grace Hopper"]
        assert [one["transcript"] for one in of_grace if one["final"]] == wanted, in_short(bot.log)
        assert any(not one["final"] and SAID.startswith(one["transcript"]) for one in of_grace), in_short(bot.log)
        assert len({one["id"] for one in of_grace}) == len(wanted)
        people = await bot.told("participant")
        grace = next(one for one in people if one["participant_name"] == "Grace Hopper")
        assert {one["speaker_uuid"] for one in of_grace} == {grace["participant_uuid"]}
        assert (await bot.read())["transcription_state"] == "in_progress"
        seen = {one["what"]: one.get("value") for one in await bot.meeting.seen()}
        assert seen.get("captions language", "") == chosen
        assert seen["view"] == VIEW[platform]
        assert (seen["shown"]["large"], seen["shown"]["small"]) == (0, 0), seen["shown"]
        await says_nothing_of_a_pause(bot)
        await bot.leave()
        assert (await bot.read())["transcription_state"] == "complete"
        kept = await service.rest("GET", f"/api/v1/bots/{bot.bot_id}/transcript")
        told = [(one["speaker_name"], one["transcription"]["transcript"]) for one in kept]
        assert [text for speaker, text in told if speaker == "Grace Hopper"][: len(wanted)] == wanted
        received = await hook.until(len(told))
        assert all(is_signed(one, decoded(secret)) for one in received)
        assert {(one.payload["trigger"], one.payload["bot_id"]) for one in received} == {("transcript.update", bot.bot_id)}
        data = [one.payload["data"] for one in received]
        assert [(one["speaker_name"], one["transcription"]["transcript"]) for one in data] == told


async def says_nothing_of_a_pause(bot: Attended) -> None:
    """Captions that are shown in a pause are not kept, also where one that was begun in it goes on afterwards."""
    await bot.service.rest("POST", f"/api/v1/bots/{bot.bot_id}/pause_recording")
    await bot.until("state", new_state="joined_recording_paused")
    await bot.meeting.play("guest_speaks", name="Grace Hopper", text=SECRET)
    await bot.service.rest("POST", f"/api/v1/bots/{bot.bot_id}/resume_recording")
    await bot.until("state", type="recording_resumed")
    await bot.meeting.play("guest_speaks", name="Grace Hopper", text=BACK)

    async def there() -> bool:
        return any(one["transcript"].endswith("wanted to say before") for one in await bot.told("utterance"))

    await until(there)
    assert "elephant" not in str(bot.log), in_short(bot.log)


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
    await bot.meeting.play("guest_writes", name="Grace Hopper", text=ENDS)
    await bot.until("chat", text=ENDS)
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
    own = next(one for one in (await bot.meeting.state())["people"] if one["name"] == "Rollcall")
    assert (own["mic"], own["camera"]) == (False, False)  # who has neither to say nor to show anything
    assert chat.get("To you alone") == ("Alan Turing" if platform in ALONE else None), in_short(bot.log)
    await bot.leave()


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_bot_whose_captions_cannot_be_switched_on_leaves_in_time_and_shows_who_speaks_alone(
    platform: str, service: Service, twins: Twins
) -> None:
    bot = await attend(
        service,
        twins,
        platform,
        "no captions",
        recording_settings={"format": "mp4", "resolution": "720p", "view": "speaker_view_no_sidebar"},
        automatic_leave_settings={"enable_closed_captions_timeout_seconds": 8},
    )
    await bot.until("state", new_state="ended")
    seen = {one["what"]: one.get("value") for one in await bot.meeting.seen()}
    assert seen["view"] == SPEAKER[platform], in_short(bot.log)
    assert seen["shown"]["large"] == 1
    assert seen["shown"]["middle"] == 0
    assert not seen["shown"]["side"]
    assert "leave" not in {one["event_type"] for one in await bot.told("participant")}, in_short(bot.log)
    assert "leave_requested/auto_leave_could_not_enable_closed_captions" in moves(bot.log), in_short(bot.log)
    assert (await bot.read())["transcription_state"] == "failed", in_short(bot.log)
