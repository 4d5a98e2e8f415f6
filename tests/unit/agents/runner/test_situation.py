"""What the server decides the leave rules from, with a clock that is moved."""

from __future__ import annotations

from agents.attendance.clock import MovedClock
from agents.attendance.situation import SituationTracker
from agents.platforms.base import PersonSeen
from rollcall.v1 import agent_service_pb2 as agent

GRACE = PersonSeen("p1", "Grace Hopper")
NOTES = PersonSeen("p2", "Super NOTETAKER 3000")


def joined(clock: MovedClock, **options: object) -> SituationTracker:
    tracker = SituationTracker(clock, **options)  # type: ignore[arg-type]
    tracker.enter(agent.AGENT_PHASE_IN_MEETING)
    return tracker


def test_a_phase_counts_from_its_beginning_and_entering_it_again_changes_nothing() -> None:
    clock = MovedClock()
    tracker = SituationTracker(clock)
    clock.move(2)
    assert tracker.snapshot().phase_ms == 2000
    assert tracker.enter(agent.AGENT_PHASE_WAITING_ROOM)
    clock.move(3)
    assert not tracker.enter(agent.AGENT_PHASE_WAITING_ROOM)
    assert (tracker.snapshot().phase, tracker.snapshot().phase_ms) == (agent.AGENT_PHASE_WAITING_ROOM, 3000)


def test_nobody_is_alone_while_nothing_is_known_of_people() -> None:
    clock = MovedClock()
    tracker = joined(clock)
    clock.move(60)
    assert not tracker.snapshot().people_known
    assert tracker.snapshot().alone_ms == 0


def test_alone_counts_from_when_the_last_one_left() -> None:
    clock = MovedClock()
    tracker = joined(clock)
    tracker.see([GRACE])
    clock.move(30)
    assert (tracker.snapshot().people, tracker.snapshot().alone_ms) == (1, 0)
    tracker.see([])
    clock.move(5)
    tracker.see([])
    clock.move(5)
    assert (tracker.snapshot().people, tracker.snapshot().alone_ms) == (0, 10_000)
    tracker.see([GRACE])
    assert tracker.snapshot().alone_ms == 0


def test_alone_does_not_count_before_joining() -> None:
    clock = MovedClock()
    tracker = SituationTracker(clock)
    tracker.see([])
    clock.move(100)
    tracker.enter(agent.AGENT_PHASE_IN_MEETING)
    clock.move(1)
    assert tracker.snapshot().alone_ms == 1000


def test_who_is_named_by_a_keyword_in_any_case_is_no_company() -> None:
    clock = MovedClock()
    tracker = joined(clock, bot_keywords=["notetaker"])
    tracker.see([NOTES])
    clock.move(7)
    assert (tracker.snapshot().people, tracker.snapshot().alone_ms) == (0, 7000)
    tracker.see([NOTES, GRACE])
    assert (tracker.snapshot().people, tracker.snapshot().alone_ms) == (1, 0)


def test_silence_counts_from_the_last_word_of_the_last_speaker() -> None:
    clock = MovedClock()
    tracker = joined(clock)
    clock.move(10)
    assert tracker.snapshot().silent_ms == 10_000
    tracker.hear("a", speaking=True)
    tracker.hear("b", speaking=True)
    clock.move(5)
    tracker.hear("a", speaking=False)
    clock.move(5)
    assert tracker.snapshot().silent_ms == 0
    tracker.hear("b", speaking=False)
    clock.move(3)
    assert tracker.snapshot().silent_ms == 3000


def test_a_lost_page_is_not_an_empty_meeting_and_nobody_speaks_on_it_for_ever() -> None:
    clock = MovedClock()
    tracker = joined(clock)
    tracker.see([])
    tracker.hear("a", speaking=True)
    clock.move(20)
    tracker.forget_page()
    clock.move(2)
    now = tracker.snapshot()
    assert (now.people_known, now.alone_ms, now.silent_ms) == (False, 0, 2000)


def test_time_in_the_meeting_goes_on_over_a_rejoin_and_over_an_earlier_agent() -> None:
    clock = MovedClock()
    tracker = joined(clock, already_in_meeting_ms=5000)
    clock.move(1)
    tracker.enter(agent.AGENT_PHASE_JOINING)
    clock.move(1)
    tracker.enter(agent.AGENT_PHASE_IN_MEETING)
    clock.move(1)
    assert tracker.snapshot().in_meeting_ms == 8000
