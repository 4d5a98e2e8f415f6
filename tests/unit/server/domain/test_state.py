"""Every state × trigger, against the table as contract.md words it, written here a second time by hand."""

from __future__ import annotations

import pytest

from server.domain.errors import IllegalTransition
from server.domain.state import (
    DEFAULT_SUB_TYPE,
    SUB_TYPES,
    TABLE,
    TERMINAL,
    BotState,
    RecordingState,
    Standing,
    SubType,
    TranscriptionState,
    Trigger,
    allowed_states,
    carries,
    fitting_sub_type,
    move,
)

J = "joined_not_recording joined_recording joined_recording_paused joined_recording_permission_denied"
B = "joining_breakout_room leaving_breakout_room"
LIVE = f"ready scheduled staged joining waiting_room {J} {B} leaving post_processing"
CONTRACT = {
    "join_requested": ("ready staged", "joining"),
    "staged": ("scheduled", "staged"),
    "put_in_waiting_room": ("joining", "waiting_room"),
    "joined_meeting": ("joining waiting_room", "joined_not_recording"),
    "recording_permission_granted": ("joined_not_recording joined_recording_permission_denied", "joined_recording"),
    "recording_permission_denied": (J, "joined_recording_permission_denied"),
    "recording_paused": ("joined_recording", "joined_recording_paused"),
    "recording_resumed": ("joined_recording_paused", "joined_recording"),
    "began_joining_breakout_room": (J, "joining_breakout_room"),
    "joined_breakout_room": ("joining_breakout_room", "where it was"),
    "began_leaving_breakout_room": (J, "leaving_breakout_room"),
    "left_breakout_room": ("leaving_breakout_room", "where it was"),
    "leave_requested": (f"{J} waiting_room joining {B}", "leaving"),
    "left_meeting": ("leaving", "post_processing"),
    "meeting_ended": (f"{J} waiting_room joining leaving {B}", "post_processing"),
    "post_processing_completed": ("post_processing", "ended"),
    "could_not_join_meeting": ("joining waiting_room", "fatal_error"),
    "fatal_error": (LIVE, "fatal_error"),
    "data_deleted": ("ended fatal_error", "data_deleted"),
    "agent_lost": (f"{J} {B} waiting_room joining", "joining"),
}


@pytest.mark.parametrize("trigger", list(Trigger))
@pytest.mark.parametrize("state", list(BotState))
def test_every_state_takes_every_trigger_as_the_contract_says(state: BotState, trigger: Trigger) -> None:
    sources, target = CONTRACT[trigger.value]
    standing = Standing(state, before_breakout=BotState.JOINED_RECORDING)
    sub_type = DEFAULT_SUB_TYPE.get(trigger)
    if state.value in sources.split():
        expected = "joined_recording" if target == "where it was" else target
        assert move(standing, trigger, sub_type).state.value == expected
    else:
        with pytest.raises(IllegalTransition) as caught:
            move(standing, trigger, sub_type)
        assert caught.value.state == state.value
        assert caught.value.allowed == tuple(word.value for word in BotState if word.value in sources.split())
        assert trigger is Trigger.LEAVE_REQUESTED or trigger.value in caught.value.message
        assert standing == Standing(state, before_breakout=BotState.JOINED_RECORDING)


def test_the_table_has_a_row_for_every_trigger_and_no_other() -> None:
    assert set(TABLE) == set(Trigger)
    assert {word.value for word in Trigger} == set(CONTRACT)


def test_nothing_leads_out_of_a_terminal_state_but_the_deletion_of_its_data() -> None:
    for trigger in Trigger:
        assert trigger is Trigger.DATA_DELETED or not TERMINAL & set(allowed_states(trigger))


@pytest.mark.parametrize("before", [state for state in BotState if state.value in J.split()])
@pytest.mark.parametrize(
    ("out", "back"),
    [
        (Trigger.BEGAN_JOINING_BREAKOUT_ROOM, Trigger.JOINED_BREAKOUT_ROOM),
        (Trigger.BEGAN_LEAVING_BREAKOUT_ROOM, Trigger.LEFT_BREAKOUT_ROOM),
    ],
)
def test_after_a_way_between_rooms_a_bot_is_where_it_was(before: BotState, out: Trigger, back: Trigger) -> None:
    under_way = move(Standing(before), out)
    arrived = move(under_way, back)
    assert under_way.before_breakout is before
    assert arrived == Standing(before)


@pytest.mark.parametrize("trigger", list(Trigger))
@pytest.mark.parametrize("sub_type", [None, *SubType])
def test_a_trigger_carries_its_own_reasons_and_no_others(trigger: Trigger, sub_type: SubType | None) -> None:
    standing = Standing(allowed_states(trigger)[0])
    fits = sub_type in SUB_TYPES[trigger] if trigger in SUB_TYPES else sub_type is None
    assert carries(trigger, sub_type) is fits
    assert carries(trigger, fitting_sub_type(trigger, sub_type))
    if fits:
        assert fitting_sub_type(trigger, sub_type) is sub_type
        move(standing, trigger, sub_type)
    else:
        with pytest.raises(ValueError, match=trigger.value):
            move(standing, trigger, sub_type)


def test_every_reason_belongs_to_exactly_one_trigger() -> None:
    named = [reason for reasons in SUB_TYPES.values() for reason in reasons]
    assert sorted(named) == sorted(SubType)


def test_the_recording_follows_the_meeting() -> None:
    standing = Standing(BotState.JOINED_NOT_RECORDING)
    for trigger, recording in [
        (Trigger.RECORDING_PERMISSION_GRANTED, RecordingState.IN_PROGRESS),
        (Trigger.RECORDING_PAUSED, RecordingState.PAUSED),
        (Trigger.RECORDING_RESUMED, RecordingState.IN_PROGRESS),
        (Trigger.RECORDING_PERMISSION_DENIED, RecordingState.PAUSED),
        (Trigger.RECORDING_PERMISSION_GRANTED, RecordingState.IN_PROGRESS),
        (Trigger.AGENT_LOST, RecordingState.IN_PROGRESS),
        (Trigger.JOINED_MEETING, RecordingState.IN_PROGRESS),
        (Trigger.MEETING_ENDED, RecordingState.IN_PROGRESS),
        (Trigger.POST_PROCESSING_COMPLETED, RecordingState.FAILED),  # nobody reported a file
    ]:
        standing = move(standing, trigger, DEFAULT_SUB_TYPE.get(trigger))
        assert standing.recording is recording


def test_what_is_left_of_a_recording_has_failed_once_its_data_are_deleted() -> None:
    standing = Standing(BotState.FATAL_ERROR, RecordingState.PAUSED)
    assert move(standing, Trigger.DATA_DELETED) == Standing(BotState.DATA_DELETED, RecordingState.FAILED)


def test_a_recording_that_was_reported_complete_stays_complete() -> None:
    standing = Standing(BotState.POST_PROCESSING, RecordingState.COMPLETE)
    assert move(standing, Trigger.POST_PROCESSING_COMPLETED).recording is RecordingState.COMPLETE


@pytest.mark.parametrize(
    ("trigger", "state", "transcription"),
    [
        (Trigger.POST_PROCESSING_COMPLETED, BotState.POST_PROCESSING, TranscriptionState.COMPLETE),
        (Trigger.FATAL_ERROR, BotState.JOINED_RECORDING, TranscriptionState.FAILED),
        (Trigger.AGENT_LOST, BotState.JOINED_RECORDING, TranscriptionState.IN_PROGRESS),
    ],
)
def test_a_transcription_under_way_ends_with_its_bot(
    trigger: Trigger, state: BotState, transcription: TranscriptionState
) -> None:
    standing = Standing(state, RecordingState.COMPLETE, TranscriptionState.IN_PROGRESS)
    assert move(standing, trigger, DEFAULT_SUB_TYPE.get(trigger)).transcription is transcription


@pytest.mark.parametrize("recording", list(RecordingState))
@pytest.mark.parametrize("state", list(BotState))
def test_a_bot_is_settled_when_terminal_unless_its_recording_waits_to_be_finished(
    state: BotState, recording: RecordingState
) -> None:
    waits = state is BotState.FATAL_ERROR and recording in {RecordingState.IN_PROGRESS, RecordingState.PAUSED}
    assert Standing(state, recording).settled is (state in TERMINAL and not waits)
