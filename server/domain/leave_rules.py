"""When a bot leaves by itself: pure, decided from the newest situation alone, so that a restart of the server forgets nothing.

Times come from the agent as durations by its monotonic clock; nothing here knows what time it is.

Where several rules hold at once the first of this order decides, so that the reason given is always the same:

1. `max_uptime_seconds`: the owner's hard limit.
2. `enable_closed_captions_timeout_seconds`: the bot cannot do what it came for.
3. `only_participant_in_meeting_timeout_seconds`: nobody is there; that it is silent as well is no news.
4. `silence_timeout_seconds`.

The two waits before the meeting exclude each other, for an agent is in one phase at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from server.domain import defaults


class Phase(Enum):
    """How far an agent is with its meeting, as far as it matters here."""

    WAITING_ROOM = auto()
    WAITING_FOR_HOST = auto()
    IN_MEETING = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class LeaveRules:
    """The limits of one bot, in seconds; None means that the rule does not hold."""

    silence_timeout_seconds: int = defaults.SILENCE_TIMEOUT_SECONDS
    silence_activate_after_seconds: int = defaults.SILENCE_ACTIVATE_AFTER_SECONDS
    only_participant_in_meeting_timeout_seconds: int = defaults.ONLY_PARTICIPANT_IN_MEETING_TIMEOUT_SECONDS
    wait_for_host_to_start_meeting_timeout_seconds: int = defaults.WAIT_FOR_HOST_TO_START_MEETING_TIMEOUT_SECONDS
    waiting_room_timeout_seconds: int = defaults.WAITING_ROOM_TIMEOUT_SECONDS
    max_uptime_seconds: int | None = None
    enable_closed_captions_timeout_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """How things are with an agent, in milliseconds; the fields are those of the contract's Situation."""

    phase: Phase
    phase_ms: int = 0
    people: int = 0
    alone_ms: int = 0
    silent_ms: int = 0
    in_meeting_ms: int = 0
    people_known: bool = False
    captions_off_ms: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows: a trigger of the state table and its sub type, in the contract's words, and why, for people."""

    trigger: str
    sub_type: str
    detail: str

    @property
    def abandoned(self) -> bool:
        """Whether the bot never got in, and so has nobody to say goodbye to."""
        return self.trigger == "could_not_join_meeting"


def decide(rules: LeaveRules, now: Situation) -> Decision | None:
    """What has to happen now; None for nothing."""
    if now.phase is Phase.WAITING_ROOM:
        return _waiting_room(rules, now)
    if now.phase is Phase.WAITING_FOR_HOST:
        return _waiting_for_host(rules, now)
    if now.phase is Phase.IN_MEETING:
        return _max_uptime(rules, now) or _captions(rules, now) or _only_participant(rules, now) or _silence(rules, now)
    return None


def _waiting_room(rules: LeaveRules, now: Situation) -> Decision | None:
    limit = rules.waiting_room_timeout_seconds
    if now.phase_ms < limit * 1000:
        return None
    return Decision(
        "could_not_join_meeting", "waiting_room_timeout_exceeded", f"Nobody admitted the bot from the waiting room in {limit} s."
    )


def _waiting_for_host(rules: LeaveRules, now: Situation) -> Decision | None:
    limit = rules.wait_for_host_to_start_meeting_timeout_seconds
    if now.phase_ms < limit * 1000:
        return None
    return Decision(
        "could_not_join_meeting", "meeting_not_started_waiting_for_host", f"The host did not start the meeting in {limit} s."
    )


def _max_uptime(rules: LeaveRules, now: Situation) -> Decision | None:
    limit = rules.max_uptime_seconds
    if limit is None or now.in_meeting_ms < limit * 1000:
        return None
    return Decision("leave_requested", "auto_leave_max_uptime_exceeded", f"The bot was in the meeting for {limit} s.")


def _captions(rules: LeaveRules, now: Situation) -> Decision | None:
    limit = rules.enable_closed_captions_timeout_seconds
    if limit is None or now.captions_off_ms < limit * 1000:
        return None
    return Decision(
        "leave_requested", "auto_leave_could_not_enable_closed_captions", f"Captions could not be switched on in {limit} s."
    )


def _only_participant(rules: LeaveRules, now: Situation) -> Decision | None:
    limit = rules.only_participant_in_meeting_timeout_seconds
    if not now.people_known or now.people > 0 or now.alone_ms < limit * 1000:
        return None
    return Decision("leave_requested", "auto_leave_only_participant_in_meeting", f"Nobody else was in the meeting for {limit} s.")


def _silence(rules: LeaveRules, now: Situation) -> Decision | None:
    """Silence counts from `silence_activate_after_seconds` on: what was silent before does not."""
    limit = rules.silence_timeout_seconds
    counted_ms = min(now.silent_ms, now.in_meeting_ms - rules.silence_activate_after_seconds * 1000)
    if counted_ms < limit * 1000:
        return None
    return Decision("leave_requested", "auto_leave_silence", f"Nobody was heard for {limit} s.")
