"""The measure of test_scenarios.py itself, without a browser: what is told late, too early or never is found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.meetings.service import Event
from tests.twins.attending import Meeting
from tests.twins.cases import Case
from tests.twins.plays import Played, _has
from tests.twins.prompt import SOON_S, Sight, sights
from tests.twins.turns import HEARING_S, hearing_changed_after_s

BEGAN = 1_800_000_000.0


def at(seconds: float) -> str:
    return datetime.fromtimestamp(BEGAN + seconds, UTC).isoformat()


def move(words: str, seconds: float) -> Event:
    return {"created_time": at(seconds), "state": {"type": words}}


def stands(view: str, since: float, stood: float) -> dict[str, Any]:
    return {"what": "stands", "view": view, "since": BEGAN + since, "stood": BEGAN + stood, "at": BEGAN + stood}


def found(seen: list[dict[str, Any]], *log: Event) -> list[Sight]:
    meeting = Meeting("zoom", "1", "https://zoom.us/j/1", "room", "http://127.0.0.1:1")
    return list(sights(Played(Case("zoom", "normal", ()), meeting, list(log), seen, "")))


def test_what_is_told_soon_is_told_soon() -> None:
    (sight,) = found([stands("meeting", 1, 2)], move("joined_meeting", 2.5))
    assert (sight.early_s, sight.after_s) == (0.0, 0.5)
    assert sight.limit_s == SOON_S


def test_a_bot_that_says_it_is_in_before_the_page_shows_a_meeting_is_found_out() -> None:
    seen = [stands("lobby", 0, 0), stands("meeting", 9, 10)]
    again = {"created_time": at(10), "log": {"code": "page_state", "fields": {"state": "in_meeting"}}}
    sight = found(seen, move("put_in_waiting_room", 0.2), move("joined_meeting", 5), again)[1]
    assert sight.early_s == 4.0


def test_what_is_told_late_or_never_is_found_out() -> None:
    late, never, unkept = found([stands("lobby", 0, 0), stands("denied", 10, 10)], move("put_in_waiting_room", 4))
    assert late.after_s is not None
    assert late.after_s > late.limit_s
    assert never.after_s is None
    assert (unkept.view, unkept.after_s) == ("denied, kept", None)


def test_what_went_before_it_had_to_be_told_need_not_be() -> None:
    frozen = {"what": "freeze", "at": BEGAN + 1}
    for drawn in (0, 1.05):  # the page may draw the view when it has been sent to sleep already
        assert [sight.view for sight in found([stands("lobby", drawn, drawn), frozen])] == ["frozen"]
    assert found([stands("lobby", 0, 0), stands("meeting", 2, 2)], move("joined_meeting", 2)) == [
        Sight("zoom", "meeting", 0.0, 0.0)
    ]


def test_a_page_that_stands_still_is_told_to_be_silent() -> None:
    frozen = {"what": "freeze", "at": BEGAN + 1}
    silent = {"created_time": at(3), "log": {"code": "page_silent", "fields": {}}}
    assert found([frozen], silent) == [Sight("zoom", "frozen", 2.0, 0.0)]
    assert found([frozen]) == [Sight("zoom", "frozen", None, 0.0)]


def speaks(name: str, *times: float) -> list[dict[str, Any]]:
    return [{"what": "speaks", "name": name, "at": BEGAN + at, "on": n % 2 == 0} for n, at in enumerate(times)]


def hears_page(seconds: float) -> Event:
    return {"created_time": at(seconds), "log": {"code": "hearing_page", "fields": {}}}


def test_how_long_the_page_is_not_heard_counts_from_the_first_word_that_the_bot_was_there_for() -> None:
    seen = [*speaks("Ada", 1, 4, 11, 15), *speaks("Bob", 6, 9)]
    log = [move("joined_meeting", 5), hears_page(7.5)]
    assert hearing_changed_after_s(log, seen) == 1.5
    assert hearing_changed_after_s([move("joined_meeting", 2), hears_page(2.5)], seen) == 0.5
    assert hearing_changed_after_s([move("joined_meeting", 5), hears_page(18)], seen) == 12.0
    assert hearing_changed_after_s([move("joined_meeting", 5)], seen) > HEARING_S


async def test_a_bot_that_is_to_leave_after_two_things_waits_for_both() -> None:
    meeting = Meeting("zoom", "1", "https://zoom.us/j/1", "room", "http://127.0.0.1:1")
    log: list[Event] = [move("joined_meeting", 0)]
    assert not await _has("joined_meeting and log:consent_answered", log, meeting)
    log.append({"created_time": at(1), "log": {"code": "consent_answered", "fields": {}}})
    assert await _has("joined_meeting and log:consent_answered", log, meeting)
