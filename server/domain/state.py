"""Where a bot is and what moves it: the one transition table. Nothing else decides a state.

Pure: no I/O, no clock. `move` takes where a bot stands and a trigger, and gives where it stands then, or raises and changes
nothing. The words are those of the contract's JSON; docs/states.md is drawn from this table by tools/draw_states.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from server.domain.errors import IllegalTransition


class BotState(StrEnum):
    """Where a bot is."""

    READY = "ready"
    SCHEDULED = "scheduled"
    STAGED = "staged"
    JOINING = "joining"
    WAITING_ROOM = "waiting_room"
    JOINED_NOT_RECORDING = "joined_not_recording"
    JOINED_RECORDING = "joined_recording"
    JOINED_RECORDING_PAUSED = "joined_recording_paused"
    JOINED_RECORDING_PERMISSION_DENIED = "joined_recording_permission_denied"
    JOINING_BREAKOUT_ROOM = "joining_breakout_room"
    LEAVING_BREAKOUT_ROOM = "leaving_breakout_room"
    LEAVING = "leaving"
    POST_PROCESSING = "post_processing"
    ENDED = "ended"
    FATAL_ERROR = "fatal_error"
    DATA_DELETED = "data_deleted"


class Trigger(StrEnum):
    """What moves a bot: the `type` of a state event."""

    JOIN_REQUESTED = "join_requested"
    STAGED = "staged"
    PUT_IN_WAITING_ROOM = "put_in_waiting_room"
    JOINED_MEETING = "joined_meeting"
    RECORDING_PERMISSION_GRANTED = "recording_permission_granted"
    RECORDING_PERMISSION_DENIED = "recording_permission_denied"
    RECORDING_PAUSED = "recording_paused"
    RECORDING_RESUMED = "recording_resumed"
    BEGAN_JOINING_BREAKOUT_ROOM = "began_joining_breakout_room"
    JOINED_BREAKOUT_ROOM = "joined_breakout_room"
    BEGAN_LEAVING_BREAKOUT_ROOM = "began_leaving_breakout_room"
    LEFT_BREAKOUT_ROOM = "left_breakout_room"
    LEAVE_REQUESTED = "leave_requested"
    LEFT_MEETING = "left_meeting"
    MEETING_ENDED = "meeting_ended"
    POST_PROCESSING_COMPLETED = "post_processing_completed"
    COULD_NOT_JOIN_MEETING = "could_not_join_meeting"
    FATAL_ERROR = "fatal_error"
    DATA_DELETED = "data_deleted"
    AGENT_LOST = "agent_lost"


class SubType(StrEnum):
    """Why a bot moved: the closed list of reasons."""

    MEETING_NOT_STARTED_WAITING_FOR_HOST = "meeting_not_started_waiting_for_host"
    REQUEST_TO_JOIN_DENIED = "request_to_join_denied"
    MEETING_NOT_FOUND = "meeting_not_found"
    WAITING_ROOM_TIMEOUT_EXCEEDED = "waiting_room_timeout_exceeded"
    LOGIN_REQUIRED = "login_required"
    BOT_LOGIN_ATTEMPT_FAILED = "bot_login_attempt_failed"
    UNABLE_TO_CONNECT_TO_MEETING = "unable_to_connect_to_meeting"
    AUTHORIZED_USER_NOT_IN_MEETING_TIMEOUT_EXCEEDED = "authorized_user_not_in_meeting_timeout_exceeded"
    BLOCKED_BY_CAPTCHA = "blocked_by_captcha"
    BLOCKED_BY_PLATFORM = "blocked_by_platform"
    ZOOM_AUTHORIZATION_FAILED = "zoom_authorization_failed"
    ZOOM_MEETING_STATUS_FAILED = "zoom_meeting_status_failed"
    ZOOM_SDK_INTERNAL_ERROR = "zoom_sdk_internal_error"
    ZOOM_APP_CANNOT_JOIN_ANONYMOUSLY = "zoom_app_cannot_join_anonymously"
    UNPUBLISHED_ZOOM_APP = "unpublished_zoom_app"
    PROCESS_TERMINATED = "process_terminated"
    RTMP_CONNECTION_FAILED = "rtmp_connection_failed"
    UI_ELEMENT_NOT_FOUND = "ui_element_not_found"
    HEARTBEAT_TIMEOUT = "heartbeat_timeout"
    BOT_NOT_LAUNCHED = "bot_not_launched"
    OUT_OF_CREDITS = "out_of_credits"
    INTERNAL_ERROR = "internal_error"
    GLOBAL_RUNTIME_TIMEOUT = "global_runtime_timeout"
    USER_REQUESTED = "user_requested"
    AUTO_LEAVE_SILENCE = "auto_leave_silence"
    AUTO_LEAVE_ONLY_PARTICIPANT_IN_MEETING = "auto_leave_only_participant_in_meeting"
    AUTO_LEAVE_MAX_UPTIME_EXCEEDED = "auto_leave_max_uptime_exceeded"
    AUTO_LEAVE_COULD_NOT_ENABLE_CLOSED_CAPTIONS = "auto_leave_could_not_enable_closed_captions"
    HOST_DENIED_PERMISSION = "host_denied_permission"
    REQUEST_TIMED_OUT = "request_timed_out"
    HOST_CLIENT_CANNOT_GRANT_PERMISSION = "host_client_cannot_grant_permission"
    WEBINAR_ATTENDEE_NEEDS_PANELIST_PROMOTION = "webinar_attendee_needs_panelist_promotion"


class RecordingState(StrEnum):
    """How far a recording is."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETE = "complete"
    FAILED = "failed"


class TranscriptionState(StrEnum):
    """How far a transcription is."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    FAILED = "failed"


S, T, R = BotState, Trigger, SubType

ALL_STATES: Final = frozenset(S)
TERMINAL: Final = frozenset({S.ENDED, S.FATAL_ERROR, S.DATA_DELETED})
"""A bot in one of these never attends a meeting again; its deduplication key is free."""
JOINED: Final = frozenset(
    {S.JOINED_NOT_RECORDING, S.JOINED_RECORDING, S.JOINED_RECORDING_PAUSED, S.JOINED_RECORDING_PERMISSION_DENIED}
)
"""In the meeting: J of the contract."""
BREAKOUT: Final = frozenset({S.JOINING_BREAKOUT_ROOM, S.LEAVING_BREAKOUT_ROOM})
"""On the way between rooms: B of the contract."""
ATTENDING: Final = JOINED | BREAKOUT | {S.JOINING, S.WAITING_ROOM}
"""An agent is, or should be, at the meeting."""


class Before(StrEnum):
    """A target that is remembered, not fixed."""

    BREAKOUT = "where it was"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: from which states, to which."""

    sources: frozenset[BotState]
    target: BotState | Before


TABLE: Final[Mapping[Trigger, Rule]] = MappingProxyType(
    {
        T.JOIN_REQUESTED: Rule(frozenset({S.READY, S.STAGED}), S.JOINING),
        T.STAGED: Rule(frozenset({S.SCHEDULED}), S.STAGED),
        T.PUT_IN_WAITING_ROOM: Rule(frozenset({S.JOINING}), S.WAITING_ROOM),
        T.JOINED_MEETING: Rule(frozenset({S.JOINING, S.WAITING_ROOM}), S.JOINED_NOT_RECORDING),
        T.RECORDING_PERMISSION_GRANTED: Rule(
            frozenset({S.JOINED_NOT_RECORDING, S.JOINED_RECORDING_PERMISSION_DENIED}), S.JOINED_RECORDING
        ),
        T.RECORDING_PERMISSION_DENIED: Rule(JOINED, S.JOINED_RECORDING_PERMISSION_DENIED),
        T.RECORDING_PAUSED: Rule(frozenset({S.JOINED_RECORDING}), S.JOINED_RECORDING_PAUSED),
        T.RECORDING_RESUMED: Rule(frozenset({S.JOINED_RECORDING_PAUSED}), S.JOINED_RECORDING),
        T.BEGAN_JOINING_BREAKOUT_ROOM: Rule(JOINED, S.JOINING_BREAKOUT_ROOM),
        T.JOINED_BREAKOUT_ROOM: Rule(frozenset({S.JOINING_BREAKOUT_ROOM}), Before.BREAKOUT),
        T.BEGAN_LEAVING_BREAKOUT_ROOM: Rule(JOINED, S.LEAVING_BREAKOUT_ROOM),
        T.LEFT_BREAKOUT_ROOM: Rule(frozenset({S.LEAVING_BREAKOUT_ROOM}), Before.BREAKOUT),
        T.LEAVE_REQUESTED: Rule(ATTENDING, S.LEAVING),
        T.LEFT_MEETING: Rule(frozenset({S.LEAVING}), S.POST_PROCESSING),
        T.MEETING_ENDED: Rule(ATTENDING | {S.LEAVING}, S.POST_PROCESSING),
        T.POST_PROCESSING_COMPLETED: Rule(frozenset({S.POST_PROCESSING}), S.ENDED),
        T.COULD_NOT_JOIN_MEETING: Rule(frozenset({S.JOINING, S.WAITING_ROOM}), S.FATAL_ERROR),
        T.FATAL_ERROR: Rule(ALL_STATES - TERMINAL, S.FATAL_ERROR),
        T.DATA_DELETED: Rule(frozenset({S.ENDED, S.FATAL_ERROR}), S.DATA_DELETED),
        T.AGENT_LOST: Rule(ATTENDING, S.JOINING),
    }
)
"""Contract, section 5. `agent_lost` stands for the case that the retry rule allows; otherwise the trigger is `fatal_error`
with `heartbeat_timeout`."""

SUB_TYPES: Final[Mapping[Trigger, frozenset[SubType]]] = MappingProxyType(
    {
        T.COULD_NOT_JOIN_MEETING: frozenset(
            {
                R.MEETING_NOT_STARTED_WAITING_FOR_HOST,
                R.REQUEST_TO_JOIN_DENIED,
                R.MEETING_NOT_FOUND,
                R.WAITING_ROOM_TIMEOUT_EXCEEDED,
                R.LOGIN_REQUIRED,
                R.BOT_LOGIN_ATTEMPT_FAILED,
                R.UNABLE_TO_CONNECT_TO_MEETING,
                R.AUTHORIZED_USER_NOT_IN_MEETING_TIMEOUT_EXCEEDED,
                R.BLOCKED_BY_CAPTCHA,
                R.BLOCKED_BY_PLATFORM,
                R.ZOOM_AUTHORIZATION_FAILED,
                R.ZOOM_MEETING_STATUS_FAILED,
                R.ZOOM_SDK_INTERNAL_ERROR,
                R.ZOOM_APP_CANNOT_JOIN_ANONYMOUSLY,
                R.UNPUBLISHED_ZOOM_APP,
            }
        ),
        T.FATAL_ERROR: frozenset(
            {
                R.PROCESS_TERMINATED,
                R.RTMP_CONNECTION_FAILED,
                R.UI_ELEMENT_NOT_FOUND,
                R.HEARTBEAT_TIMEOUT,
                R.BOT_NOT_LAUNCHED,
                R.OUT_OF_CREDITS,
                R.INTERNAL_ERROR,
                R.GLOBAL_RUNTIME_TIMEOUT,
            }
        ),
        T.LEAVE_REQUESTED: frozenset(
            {
                R.USER_REQUESTED,
                R.AUTO_LEAVE_SILENCE,
                R.AUTO_LEAVE_ONLY_PARTICIPANT_IN_MEETING,
                R.AUTO_LEAVE_MAX_UPTIME_EXCEEDED,
                R.AUTO_LEAVE_COULD_NOT_ENABLE_CLOSED_CAPTIONS,
            }
        ),
        T.RECORDING_PERMISSION_DENIED: frozenset(
            {
                R.HOST_DENIED_PERMISSION,
                R.REQUEST_TIMED_OUT,
                R.HOST_CLIENT_CANNOT_GRANT_PERMISSION,
                R.WEBINAR_ATTENDEE_NEEDS_PANELIST_PROMOTION,
            }
        ),
    }
)
"""Which reasons a trigger may carry. A trigger named here needs one; all others carry none."""

DEFAULT_SUB_TYPE: Final[Mapping[Trigger, SubType]] = MappingProxyType(
    {
        T.COULD_NOT_JOIN_MEETING: R.UNABLE_TO_CONNECT_TO_MEETING,
        T.FATAL_ERROR: R.INTERNAL_ERROR,
        T.LEAVE_REQUESTED: R.USER_REQUESTED,
        T.RECORDING_PERMISSION_DENIED: R.HOST_DENIED_PERMISSION,
    }
)
"""What `fitting_sub_type` takes where a trigger that needs a reason came without one that fits."""

RECORDING_OPEN: Final = frozenset({RecordingState.IN_PROGRESS, RecordingState.PAUSED})
"""There are pieces in the media folder that are not yet one file."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the table needs to know of a bot. `before_breakout`: where it was when it set out between rooms, else None."""

    state: BotState = BotState.READY
    recording: RecordingState = RecordingState.NOT_STARTED
    transcription: TranscriptionState = TranscriptionState.NOT_STARTED
    before_breakout: BotState | None = None

    @property
    def settled(self) -> bool:
        """True once there is nothing left to do: terminal, and no recording waits to be finished."""
        return self.state in TERMINAL and not (self.state is S.FATAL_ERROR and self.recording in RECORDING_OPEN)


def move(standing: Standing, trigger: Trigger, sub_type: SubType | None = None) -> Standing:
    """Where a bot stands after `trigger`.

    Raises IllegalTransition where the table has no such move, ValueError for a sub type that the trigger does not carry
    (or lacks); nothing is changed by either.
    """
    rule = TABLE[trigger]
    if standing.state not in rule.sources:
        raise IllegalTransition(standing.state.value, _wish(trigger), (state.value for state in allowed_states(trigger)))
    if not carries(trigger, sub_type):
        raise ValueError(f"{trigger} does not carry the sub type {sub_type}")
    target = rule.target
    if isinstance(target, Before):
        target = standing.before_breakout or S.JOINED_NOT_RECORDING
    return replace(
        standing,
        state=target,
        recording=_recording_after(standing.recording, trigger),
        transcription=_transcription_after(standing.transcription, trigger),
        before_breakout=standing.state if target in BREAKOUT else None,
    )


def allowed_states(trigger: Trigger) -> tuple[BotState, ...]:
    """The states from which `trigger` moves a bot, in the order of BotState."""
    sources = TABLE[trigger].sources
    return tuple(state for state in S if state in sources)


def carries(trigger: Trigger, sub_type: SubType | None) -> bool:
    """Whether the trigger may come with this reason, or with none."""
    reasons = SUB_TYPES.get(trigger)
    return sub_type is None if reasons is None else sub_type in reasons


def fitting_sub_type(trigger: Trigger, sub_type: SubType | None) -> SubType | None:
    """`sub_type` where the trigger carries it, else the one that says least. For what comes from outside."""
    return sub_type if carries(trigger, sub_type) else DEFAULT_SUB_TYPE.get(trigger)


def _wish(trigger: Trigger) -> str:
    return "leave" if trigger is T.LEAVE_REQUESTED else f"take the event {trigger.value}"


def _recording_after(recording: RecordingState, trigger: Trigger) -> RecordingState:
    """What follows for the recording from the table alone; its file is reported apart, before post_processing_completed.

    A lost agent or a fatal error leaves it open: what there is becomes a playable file.
    """
    open_ = recording in RECORDING_OPEN
    if trigger in {T.RECORDING_PERMISSION_GRANTED, T.RECORDING_RESUMED}:
        return RecordingState.IN_PROGRESS
    if open_ and trigger in {T.RECORDING_PAUSED, T.RECORDING_PERMISSION_DENIED}:
        return RecordingState.PAUSED
    if open_ and trigger in {T.POST_PROCESSING_COMPLETED, T.DATA_DELETED}:
        return RecordingState.FAILED  # completed, and nobody reported a file; or its pieces are gone
    return recording


def _transcription_after(transcription: TranscriptionState, trigger: Trigger) -> TranscriptionState:
    """What follows for the transcription from the table alone. That it began, its agent reports: a recording has no words yet."""
    if transcription is TranscriptionState.IN_PROGRESS:
        if trigger is T.POST_PROCESSING_COMPLETED:
            return TranscriptionState.COMPLETE
        if trigger in {T.FATAL_ERROR, T.COULD_NOT_JOIN_MEETING}:
            return TranscriptionState.FAILED
    return transcription
