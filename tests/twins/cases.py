"""What must come of each scenario on each platform: one table, played by `plays.py`, looked at by `test_scenarios.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.twins.hosts import GOOGLE_MEET, JITSI, PLATFORMS, TEAMS, ZOOM

ASKED = ("join_requested",)
IN = (*ASKED, "joined_meeting")
LOBBY = (*ASKED, "put_in_waiting_room")
LEFT = ("leave_requested/user_requested", "left_meeting", "post_processing_completed")
OVER = ("meeting_ended", "post_processing_completed")


def refused(why: str) -> tuple[str, ...]:
    """A bot that did not get in."""
    return (f"could_not_join_meeting/{why}",)


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario on one platform."""

    platform: str
    scenario: str
    moves: tuple[str, ...]
    """All state events of the bot's log."""
    leaves_after: str = ""
    """The bot is told to leave once this is so: a move, as it stands in the log, or `log:` and a remark's code, `seen:` and what
    the site noted, `came:` or
    `left:` and a name, `inside:2` for a bot that came in twice; more with ` and ` between. Nothing: it is not told."""
    remarks: tuple[str, ...] = ()
    """Codes that must be in the log."""
    bot: Mapping[str, Any] = field(default_factory=dict)
    """More fields of the bot."""
    wish: Mapping[str, Any] = field(default_factory=dict)
    """More fields of the meeting (tests/twins/server.py)."""

    @property
    def name(self) -> str:
        """For the test's name."""
        more = "".join(f"-{re.sub('[^a-z.]+', '_', value)}" for value in self.wish.values() if isinstance(value, str))
        live = "-live" if self.wish.get("live") else ""
        return f"{self.platform}-{self.scenario.replace(' ', '_')}{more}{live}"


_SHORT = {"automatic_leave_settings": {"waiting_room_timeout_seconds": 8, "wait_for_host_to_start_meeting_timeout_seconds": 8}}
"""From the join on: a busy machine needed 4 s for the way to the lobby alone."""
_ALONE = {"automatic_leave_settings": {"only_participant_in_meeting_timeout_seconds": 2}}
_SILENT = {"automatic_leave_settings": {"silence_timeout_seconds": 2, "silence_activate_after_seconds": 1}}
_LEAVING = ("left_meeting", "post_processing_completed")


def everywhere(platform: str) -> list[Case]:
    """What is the same on every platform."""

    def case(scenario: str, *moves: str, **more: Any) -> Case:
        return Case(platform, scenario, moves, **more)

    def staying(scenario: str, *moves: str, after: str = "joined_meeting", **more: Any) -> Case:
        return Case(platform, scenario, (*moves, *LEFT), leaves_after=after, **more)

    return [
        staying("normal", *IN),
        staying("normal", *IN, wish={"variant": "b"}),
        staying("slow join", *IN, wish={"variant": "b"}),
        staying("admitted late", *LOBBY, "joined_meeting"),
        case("denied", *LOBBY, *refused("request_to_join_denied")),
        case("ignored in the lobby", *LOBBY, *refused("waiting_room_timeout_exceeded"), bot=_SHORT),
        staying("host comes late", *IN),
        case("host never comes", *ASKED, *refused("meeting_not_started_waiting_for_host"), bot=_SHORT),
        case("kicked", *IN, *OVER),
        case("ended", *IN, *OVER),
        case("everyone leaves", *IN, "leave_requested/auto_leave_only_participant_in_meeting", *_LEAVING, bot=_ALONE),
        case("silence", *IN, "leave_requested/auto_leave_silence", *_LEAVING, bot=_SILENT),
        staying("crash", *IN, after="inside:2", remarks=("page_crashed", "rejoining")),
        staying("network lost and back", *IN, after="seen:returned"),
        case("captcha", *ASKED, *refused("blocked_by_captcha")),
        case("blocked", *ASKED, *refused("blocked_by_platform")),
        case("not found", *ASKED, *refused("meeting_not_found")),
        case("full", *ASKED, *refused("unable_to_connect_to_meeting")),
        staying("generic alert", *IN, after="seen:nothing"),
        staying("strange lobby", *IN, remarks=("page_unknown",)),
        staying("alone without a list", *IN),
        staying("duplicate name", *IN, after="left:Rollcall"),
        staying("consent asked at the door", *IN, after="joined_meeting and log:consent_answered", remarks=("consent_answered",)),
        staying("consent asked later", *IN, after="log:consent_answered", remarks=("consent_answered",)),
    ]


def some(platform: str) -> list[Case]:
    """What only that platform has, or has otherwise."""
    signed_in = Case(platform, "signed-in only", (*ASKED, *refused("login_required")))
    passcode = Case(platform, "wrong passcode", (*ASKED, *refused("unable_to_connect_to_meeting")))
    encrypted = Case(platform, "encrypted", (*ASKED, *refused("blocked_by_platform")))
    gives_up = Case(platform, "the lobby gives up", (*LOBBY, "joined_meeting", *LEFT), leaves_after="joined_meeting")
    lost = Case(platform, "page lost", (*IN, *LEFT), leaves_after="inside:2", remarks=("page_closed", "rejoining"))
    hung = Case(platform, "page hung", (*IN, *LEFT), leaves_after="inside:2", remarks=("page_hung", "rejoining"))
    failing = Case(platform, "failing load", (*IN, *LEFT), leaves_after="joined_meeting", remarks=("page_not_loaded",))
    faults = Case(
        platform, "faults on the way in", (*LOBBY, "joined_meeting", *LEFT), "joined_meeting", ("page_not_loaded", "page_hung")
    )
    hung_early = Case(platform, "hung at the door", (*IN, *LEFT), leaves_after="joined_meeting", remarks=("page_hung",))
    phantom = Case(platform, "phantom tile", (*IN, *LEFT), leaves_after="came:Grace Hopper")
    unknown = Case(platform, "unknown page", (*LOBBY, *LEFT), leaves_after="log:page_unknown", remarks=("page_unknown",))
    talk = Case(platform, "people talk", (*IN, *LEFT), leaves_after="seen:guest_renamed")
    never = Case(platform, "never loads", (*IN, *LEFT), leaves_after="joined_meeting", remarks=("page_not_loaded",))
    late = (*LOBBY, "joined_meeting", *LEFT)
    right: dict[str, Any] = {"passcode": "Sésam & 7"}
    wrong = refused("unable_to_connect_to_meeting")
    opened = [
        Case(platform, "locked", (*IN, *LEFT), "joined_meeting", wish={**right, "host": "calls.example.org"}),
        Case(platform, "locked", (*ASKED, *wrong), wish={"passcode": "wrong"}),
        Case(platform, "locked beside a lobby", (*LOBBY, *wrong), wish={"passcode": "wrong"}),
        Case(platform, "locked beside a lobby", late, "joined_meeting", wish={**right, "variant": "b"}),
        Case(platform, "locked behind the lobby", late, "joined_meeting", wish={**right, "host": "talk.jitsi.example.net"}),
    ]
    live = Case(platform, "normal", (*IN, *LEFT), leaves_after="joined_meeting", wish={"live": True})
    return {
        GOOGLE_MEET: [signed_in, gives_up, lost, hung, never, failing, faults, hung_early, phantom, unknown, talk],
        ZOOM: [signed_in, passcode, encrypted, talk],
        TEAMS: [signed_in, passcode, encrypted, talk, live],
        JITSI: [signed_in, passcode, talk, *opened],
    }[platform]


MISSING = {
    GOOGLE_MEET: {"wrong passcode", "encrypted"},
    ZOOM: {"the lobby gives up"},
    TEAMS: {"the lobby gives up"},
    JITSI: {"captcha", "not found", "encrypted", "the lobby gives up"},
}
"""What a platform does not have, as far as known. Any room may be opened on Jitsi, and it asks nobody whether they are people."""
CASES = [
    case
    for platform in PLATFORMS
    for case in (*everywhere(platform), *some(platform))
    if case.scenario not in MISSING.get(platform, set())
]
