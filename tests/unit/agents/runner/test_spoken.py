"""From captions to utterances, with a clock that is moved."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from agents.attendance.clock import MovedClock
from agents.attendance.company import Company
from agents.attendance.reports import Reporter
from agents.attendance.situation import SituationTracker
from agents.attendance.spoken import CAPTION_LAG_S
from agents.platforms.base import CaptionSeen, PersonSeen
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import event_pb2 as event

GRACE = PersonSeen("p1", "Grace Hopper", is_host=True, user_uuid="u1", source="77")
ADA = PersonSeen("p2", "Ada")


@dataclass
class Meeting:
    clock: MovedClock = field(default_factory=MovedClock)
    asked_for: bool = True
    reports: list[agent.Report] = field(default_factory=list)

    def __post_init__(self) -> None:
        reporter = Reporter("bot_0123456789abcdef", self.clock, self.reports.append)
        self.situation = SituationTracker(self.clock)
        self.company = Company(
            reporter,
            self.situation,
            flooded=lambda: None,
            report_speech=True,
            clock=self.clock,
            captions_asked_for=self.asked_for,
        )
        self.situation.enter(agent.AGENT_PHASE_IN_MEETING)
        self.company.enter_meeting()
        self.company.see([GRACE, ADA])

    def say(self, text: str, *, key: str = "1", name: str = "Grace Hopper", final: bool = False, ago: float = 0.0) -> None:
        self.company.spoken.read(CaptionSeen(key, text, name, final=final, began_seconds_ago=ago))

    @property
    def said(self) -> list[event.Utterance]:
        return [one.utterance for one in self.reports if one.HasField("utterance")]

    @property
    def states(self) -> list[int]:
        return [one.transcription.state for one in self.reports if one.HasField("transcription")]

    @property
    def speech(self) -> list[tuple[str, int]]:
        kinds = (bot.PARTICIPANT_EVENT_TYPE_SPEECH_START, bot.PARTICIPANT_EVENT_TYPE_SPEECH_STOP)
        people = [one.participant for one in self.reports if one.HasField("participant")]
        return [(one.participant_name, one.event_type) for one in people if one.event_type in kinds]


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


def test_an_utterance_keeps_its_id_and_its_time_and_is_told_once_a_second(meeting: Meeting) -> None:
    began = meeting.clock.unix_ms() - 500
    for number in range(10):
        meeting.say(f"word {number}", ago=0.5 + number * 0.25)
        meeting.clock.move(0.25)
    meeting.say("all of it.", final=True, ago=3.0)
    assert [(one.transcript, one.final) for one in meeting.said] == [
        ("word 0", False),
        ("word 4", False),
        ("word 8", False),
        ("all of it.", True),
    ]
    assert {one.timestamp_ms for one in meeting.said} == {began}
    assert len({one.id for one in meeting.said}) == 1


def test_the_last_words_are_told_within_a_second_however_long_it_is_until_they_are_final(meeting: Meeting) -> None:
    meeting.say("all but the last")
    meeting.clock.move(0.5)
    meeting.say("all but the last words")
    meeting.company.tick()
    meeting.clock.move(0.5)
    meeting.company.tick()
    meeting.clock.move(5)
    meeting.company.tick()
    assert [one.transcript for one in meeting.said] == ["all but the last", "all but the last words"]


def test_whoever_alone_bears_the_speakers_name_has_said_it(meeting: Meeting) -> None:
    meeting.say("I am the host", final=True, name="grace  hopper")
    assert (meeting.said[0].speaker_uuid, meeting.said[0].speaker_is_host, meeting.said[0].speaker_user_uuid) == (
        "p1",
        True,
        "u1",
    )
    meeting.company.see([GRACE, ADA, PersonSeen("p3", "Ada")])
    meeting.say("Which of us?", key="2", name="Ada", final=True)
    assert (meeting.said[1].speaker_name, meeting.said[1].speaker_uuid) == ("Ada", "")


def test_what_is_said_in_a_pause_is_not_told_and_what_was_begun_before_is_final(meeting: Meeting) -> None:
    meeting.say("before the")
    meeting.company.keep(chat=True, words=False)
    meeting.say("before the pause", final=True)
    meeting.say("in the", key="2")
    meeting.company.keep(chat=True, words=True)
    meeting.say("in the pause", key="2")
    meeting.say("just", key="3", final=True)
    meeting.clock.move(CAPTION_LAG_S)
    meeting.say("In the pause and", key="2")
    meeting.say("In the pause and after it", key="2", final=True)
    meeting.say("all of it", key="4", final=True)
    assert [(one.transcript, one.final) for one in meeting.said] == [
        ("before the", False),
        ("before the", True),
        ("and", False),
        ("and after it", True),
        ("all of it", True),
    ]


def test_somebody_is_heard_while_captions_grow(meeting: Meeting) -> None:
    meeting.clock.move(5)
    meeting.say("I say")
    assert meeting.situation.somebody_speaks
    meeting.say("I say so", final=True)
    assert not meeting.situation.somebody_speaks


def test_captions_that_stay_off_are_a_failure_until_they_come_on(meeting: Meeting) -> None:
    meeting.company.spoken.switched(False, "There are none.")
    meeting.clock.move(7)
    assert meeting.situation.snapshot().captions_off_ms == 7000
    meeting.company.spoken.switched(False, "There are none.")
    meeting.company.spoken.switched(True, "")
    assert meeting.states == [bot.TRANSCRIPTION_STATE_FAILED, bot.TRANSCRIPTION_STATE_IN_PROGRESS]
    assert meeting.situation.snapshot().captions_off_ms == 0
    assert [one.log.code for one in meeting.reports if one.HasField("log")] == ["captions_not_on"], "said once"


def test_who_never_spoke_of_captions_hears_nothing_of_their_being_off() -> None:
    meeting = Meeting(asked_for=False)
    meeting.company.spoken.switched(False, "There are none.")
    meeting.clock.move(7)
    assert (meeting.states, meeting.situation.snapshot().captions_off_ms) == ([], 0)
    assert not any(one.HasField("log") for one in meeting.reports)


def test_a_lost_page_leaves_nothing_half_said(meeting: Meeting) -> None:
    meeting.say("and so we")
    meeting.company.leave_page()
    assert [(one.transcript, one.final) for one in meeting.said][-1] == ("and so we", True)


def test_captions_of_two_who_bear_one_name_belong_to_the_one_who_was_heard(meeting: Meeting) -> None:
    meeting.company.see([GRACE, ADA, PersonSeen("p3", "Ada", source="9")])
    meeting.company.hear("csrc:9", speaking=True)
    meeting.clock.move(3)
    meeting.company.hear("csrc:9", speaking=False)
    meeting.company.hear("csrc:77", speaking=True)
    meeting.clock.move(1)
    meeting.say("Which of us?", name="Ada", ago=3.0)
    meeting.company.see([GRACE, ADA, PersonSeen("p3", "Ada King", source="9")])
    meeting.say("Which of us has said that?", name="Ada", final=True, ago=3.0)
    assert [(one.speaker_name, one.speaker_uuid) for one in meeting.said] == [("Ada", "p3"), ("Ada", "p2")]


@pytest.mark.parametrize(("grace_s", "named"), [(4.0, "Grace Hopper"), (2.0, "")])
def test_captions_without_a_name_belong_to_whoever_was_clearly_heard(meeting: Meeting, grace_s: float, named: str) -> None:
    meeting.company.hear("csrc:77", speaking=True)
    meeting.company.speak("p2", speaking=True)
    meeting.clock.move(2)
    meeting.company.speak("p2", speaking=False)
    meeting.clock.move(grace_s - 2)
    meeting.company.hear("csrc:77", speaking=False)
    caption = CaptionSeen("1", "Who says this?", "", final=True, began_seconds_ago=4.0, lasted_seconds=4.0)
    meeting.company.spoken.read(caption)
    assert meeting.said[0].speaker_name == named
