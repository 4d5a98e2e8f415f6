"""Each leave rule, at its limit and just before it; and which one speaks where several hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.domain.leave_rules import Decision, LeaveRules, Phase, Situation, decide

RULES = LeaveRules(
    silence_timeout_seconds=10,
    silence_activate_after_seconds=20,
    only_participant_in_meeting_timeout_seconds=5,
    wait_for_host_to_start_meeting_timeout_seconds=7,
    waiting_room_timeout_seconds=9,
    max_uptime_seconds=100,
)
CONTENT = Situation(Phase.IN_MEETING, people=2, people_known=True, in_meeting_ms=50_000)
MANY_HOURS_MS = 100 * 3600 * 1000


def sub_type(decision: Decision | None) -> str | None:
    return decision and decision.sub_type


def test_nothing_happens_while_people_talk() -> None:
    assert decide(RULES, CONTENT) is None


@pytest.mark.parametrize(
    ("just_before", "at_the_limit", "expected"),
    [
        (
            Situation(Phase.WAITING_ROOM, phase_ms=8_999),
            Situation(Phase.WAITING_ROOM, phase_ms=9_000),
            "waiting_room_timeout_exceeded",
        ),
        (
            Situation(Phase.WAITING_FOR_HOST, phase_ms=6_999),
            Situation(Phase.WAITING_FOR_HOST, phase_ms=7_000),
            "meeting_not_started_waiting_for_host",
        ),
        (
            replace(CONTENT, people=0, alone_ms=4_999),
            replace(CONTENT, people=0, alone_ms=5_000),
            "auto_leave_only_participant_in_meeting",
        ),
        (replace(CONTENT, silent_ms=9_999), replace(CONTENT, silent_ms=10_000), "auto_leave_silence"),
        (replace(CONTENT, in_meeting_ms=99_999), replace(CONTENT, in_meeting_ms=100_000), "auto_leave_max_uptime_exceeded"),
    ],
)
def test_a_rule_holds_at_its_limit_and_not_a_millisecond_earlier(
    just_before: Situation, at_the_limit: Situation, expected: str
) -> None:
    assert decide(RULES, just_before) is None
    assert sub_type(decide(RULES, at_the_limit)) == expected


def test_captions_that_cannot_be_switched_on_end_only_what_asked_for_that() -> None:
    silent = replace(CONTENT, captions_off_ms=5_000)
    assert decide(RULES, silent) is None
    limited = replace(RULES, enable_closed_captions_timeout_seconds=5)
    assert decide(limited, replace(silent, captions_off_ms=4_999)) is None
    assert sub_type(decide(limited, silent)) == "auto_leave_could_not_enable_closed_captions"


def test_a_bot_that_never_got_in_is_abandoned_and_one_that_was_in_takes_its_leave() -> None:
    waited = decide(RULES, Situation(Phase.WAITING_ROOM, phase_ms=9_000))
    alone = decide(RULES, replace(CONTENT, people=0, alone_ms=5_000))
    assert waited is not None
    assert (waited.trigger, waited.abandoned) == ("could_not_join_meeting", True)
    assert alone is not None
    assert (alone.trigger, alone.abandoned) == ("leave_requested", False)


def test_silence_before_the_activation_does_not_count() -> None:
    silent_from_the_start = Situation(Phase.IN_MEETING, people=1, people_known=True, in_meeting_ms=29_999, silent_ms=29_999)
    assert decide(RULES, silent_from_the_start) is None
    later = replace(silent_from_the_start, in_meeting_ms=30_000, silent_ms=30_000)
    assert sub_type(decide(RULES, later)) == "auto_leave_silence"


def test_nobody_is_thought_alone_where_people_cannot_be_known() -> None:
    blind = Situation(Phase.IN_MEETING, people=0, alone_ms=60_000, people_known=False, in_meeting_ms=60_000)
    assert decide(RULES, blind) is None


def test_without_a_limit_a_bot_may_stay_for_ever() -> None:
    rules = replace(RULES, max_uptime_seconds=None)
    assert decide(rules, replace(CONTENT, in_meeting_ms=MANY_HOURS_MS)) is None


def test_the_hard_limit_speaks_before_being_alone_and_that_before_silence() -> None:
    everything = Situation(
        Phase.IN_MEETING, people=0, alone_ms=99_000, silent_ms=99_000, in_meeting_ms=200_000, people_known=True
    )
    assert sub_type(decide(RULES, everything)) == "auto_leave_max_uptime_exceeded"
    assert sub_type(decide(replace(RULES, max_uptime_seconds=None), everything)) == "auto_leave_only_participant_in_meeting"
    somebody = replace(everything, people=1, alone_ms=0)
    assert sub_type(decide(replace(RULES, max_uptime_seconds=None), somebody)) == "auto_leave_silence"


def test_no_rule_holds_while_joining_leaving_or_finishing() -> None:
    other = Situation(Phase.OTHER, phase_ms=MANY_HOURS_MS, alone_ms=MANY_HOURS_MS, silent_ms=MANY_HOURS_MS, people_known=True)
    assert decide(RULES, other) is None


def test_the_defaults_are_those_of_the_contract() -> None:
    rules = LeaveRules()
    assert (rules.silence_timeout_seconds, rules.silence_activate_after_seconds) == (600, 1200)
    assert rules.only_participant_in_meeting_timeout_seconds == 60
    assert rules.wait_for_host_to_start_meeting_timeout_seconds == 600
    assert rules.waiting_room_timeout_seconds == 900
    assert rules.max_uptime_seconds is None
