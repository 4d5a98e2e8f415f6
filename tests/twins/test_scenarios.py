"""Each scenario on each platform: a bot made by REST with a real link, and all that its log must say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.meetings.service import Service
from tests.twins.attending import Twins, moves
from tests.twins.cases import CASES, Case
from tests.twins.plays import BOT_NAME, Played, Plays
from tests.twins.prompt import sights, when
from tests.twins.scenarios import scenarios

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150), pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def plays(request: pytest.FixtureRequest, service: Service, twins: Twins) -> AsyncIterator[Plays]:
    chosen = [item.callspec.params["case"] for item in request.session.items if item.name.startswith("test_a_scenario[")]
    made = Plays(service, twins, chosen)
    yield made
    await made.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_scenario(case: Case, plays: Plays, record_property: Callable[[str, object], None]) -> None:
    played = await plays.of(case)
    assert tuple(moves(played.log)) == case.moves, played.said
    assert set(case.remarks) <= set(played.remarks), played.said
    if case.moves[-1].startswith("could_not_join_meeting"):
        evidence_is_kept(played, plays.service.folder)
    if "joined_meeting" in case.moves:
        nothing_of_the_meeting_is_kept(played, plays.service.folder)
    if "left_meeting" in case.moves and "joined_meeting" in case.moves:
        left_like_a_guest(played)
    people_are_who_they_are(played)
    what_is_seen_is_told_soon_and_not_before(played, record_property)
    the_bot_is_never_there_twice(played)


def evidence_is_kept(played: Played, folder: Path) -> None:
    """A picture, the text and the address of what the page showed, though nobody has asked for them."""
    logged = [event["log"]["fields"] for event in played.log if event.get("log")]
    addresses = [fields["url"] for fields in logged if "url" in fields]
    addresses += [event["state"]["page"]["url"] for event in played.log if event.get("state") and "page" in event["state"]]
    assert addresses, played.said
    assert not any(mark in address for address in addresses for mark in "?#"), addresses
    debug = folder / "data" / "media" / played.log[0]["bot_id"] / "debug"
    name = next(fields["evidence"] for fields in reversed(logged) if "evidence" in fields)
    assert {f"{name}.png", f"{name}.txt", f"{name}.url"} <= {path.name for path in debug.glob("*")}, played.said


def what_is_seen_is_told_soon_and_not_before(played: Played, record_property: Callable[[str, object], None]) -> None:
    for sight in sights(played):
        record_property(f"seen {sight.view}", sight.after_s)
        assert sight.early_s == 0, f"{sight}\n{played.said}\n{played.seen}"
        assert sight.after_s is not None, f"{sight}\n{played.said}\n{played.seen}"
        assert sight.after_s <= sight.limit_s, f"{sight}\n{played.said}\n{played.seen}"


def nothing_of_the_meeting_is_kept(played: Played, folder: Path) -> None:
    """A picture of a meeting shows people. What went wrong on the way in is older."""
    joined = next(when(event) for event in played.log if event.get("state") and event["state"]["type"] == "joined_meeting")
    kept = (folder / "data" / "media" / played.log[0]["bot_id"] / "debug").glob("*")
    assert not [path.name for path in kept if path.stat().st_mtime > joined + 1]


def people_are_who_they_are(played: Played) -> None:
    """Nobody is told of who was not there: neither the bot itself nor tiles of nobody. Who had time to be seen is seen."""
    scenario = scenarios()[played.case.scenario]
    came = [name for cue in scenario.cues if cue.call["action"] == "guests_come" for name in cue.call["names"]]
    renamed = [cue.call["to"] for cue in scenario.cues if cue.call["action"] == "guest_renamed"]
    there = {*scenario.guests, *came}
    told = {name for name, _ in played.people}
    assert told <= {*there, *renamed}, played.said
    if played.case.leaves_after != "joined_meeting" and "joined_meeting" in played.case.moves:
        assert there <= told, played.said


def the_bot_is_never_there_twice(played: Played) -> None:
    """When it asks to join, whoever it was before has left both lobby and meeting: the room never shows two of it."""
    of_that_name = scenarios()[played.case.scenario].guests.count(BOT_NAME)
    there = [one["same_name"] for one in played.seen if one["what"] == "asked"]
    assert all(count <= of_that_name for count in there), played.seen


def left_like_a_guest(played: Played) -> None:
    """It told the platform that it goes, and did not just vanish: nobody looks at a frozen tile for a while."""
    assert "goodbye" in [one["what"] for one in played.seen], played.seen
