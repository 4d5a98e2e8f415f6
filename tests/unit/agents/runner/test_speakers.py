"""Who speaks, by signs that contradict each other, with a clock that is moved."""

from __future__ import annotations

import pytest

from agents.attendance.speakers import UNCONFIRMED_S
from agents.platforms.base import PersonSeen
from rollcall.v1 import bot_pb2 as bot
from tests.unit.agents.runner.test_spoken import ADA, GRACE, Meeting

START, STOP = bot.PARTICIPANT_EVENT_TYPE_SPEECH_START, bot.PARTICIPANT_EVENT_TYPE_SPEECH_STOP
JITSI = PersonSeen("p3", "Alan", source="4c1d-track")


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


def wait(meeting: Meeting, seconds: float) -> None:
    for _ in range(round(seconds * 2)):
        meeting.clock.move(0.5)
        meeting.company.tick()


def test_a_number_in_a_mixed_track_is_the_person_whom_the_page_knows_by_it(meeting: Meeting) -> None:
    meeting.company.hear("csrc:77", speaking=True)
    meeting.company.hear("csrc:5", speaking=True)
    meeting.company.hear("csrc:77", speaking=False)
    assert meeting.speech == [("Grace Hopper", START), ("Grace Hopper", STOP)]


def test_a_track_may_be_one_persons_alone(meeting: Meeting) -> None:
    meeting.company.see([GRACE, JITSI])
    meeting.company.hear("track:4c1d-track", speaking=True)
    assert meeting.speech == [("Alan", START)]


def test_packets_end_a_speech_though_the_mark_lingers(meeting: Meeting) -> None:
    meeting.company.hear("csrc:77", speaking=True)
    meeting.company.speak("p1", speaking=True)
    wait(meeting, 5)
    meeting.company.hear("csrc:77", speaking=False)
    assert meeting.speech == [("Grace Hopper", START), ("Grace Hopper", STOP)]
    wait(meeting, UNCONFIRMED_S - 0.5)
    meeting.company.speak("p1", speaking=False)
    wait(meeting, 5)
    assert len(meeting.speech) == 2


def test_a_mark_that_packets_never_confirm_counts_after_a_while(meeting: Meeting) -> None:
    meeting.company.hear("csrc:77", speaking=True)
    meeting.company.hear("csrc:77", speaking=False)
    meeting.company.speak("p1", speaking=True)
    assert len(meeting.speech) == 2, "the packets have named her before, and do not now"
    wait(meeting, UNCONFIRMED_S)
    assert meeting.speech[2:] == [("Grace Hopper", START)]


def test_marks_count_at_once_for_whom_packets_have_not_named(meeting: Meeting) -> None:
    meeting.company.hear("csrc:77", speaking=True)
    meeting.company.speak("p2", speaking=True)
    meeting.company.speak("p2", speaking=False)
    assert meeting.speech == [("Grace Hopper", START), ("Ada", START), ("Ada", STOP)]
    meeting.company.leave_page()
    meeting.company.speak("p1", speaking=True)
    assert meeting.speech[3:] == [("Grace Hopper", STOP), ("Grace Hopper", START)], "another page numbers anew"


def test_who_is_heard_before_the_page_shows_them_speaks_once_they_are_shown(meeting: Meeting) -> None:
    meeting.company.hear("csrc:9", speaking=True)
    assert meeting.speech == []
    meeting.company.see([GRACE, ADA, PersonSeen("p3", "Alan", source="9")])
    assert meeting.speech == [("Alan", START)]


def test_who_is_gone_speaks_no_more(meeting: Meeting) -> None:
    meeting.company.hear("csrc:77", speaking=True)
    meeting.company.see([ADA])
    meeting.company.hear("csrc:77", speaking=False)
    assert not meeting.situation.somebody_speaks
    assert meeting.speech == [("Grace Hopper", START)]
