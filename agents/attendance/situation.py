"""How things are: phases, people, silence, by the monotonic clock. Pure, but for the clock it is given.

The server decides the leave rules from what `snapshot` says and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from agents.attendance.clock import Clock
from agents.platforms.base import PersonSeen
from rollcall.v1 import agent_service_pb2 as agent

Phase: TypeAlias = agent.AgentPhase.ValueType


class SituationTracker:
    """The situation of one bot.

    `bot_keywords`: participants whose name contains one of them, in any case, do not count as people. `already_in_meeting_ms`:
    how long earlier agents of the same bot were in the meeting.
    """

    def __init__(self, clock: Clock, *, bot_keywords: Iterable[str] = (), already_in_meeting_ms: int = 0) -> None:
        self._clock = clock
        self._keywords = tuple(keyword.casefold() for keyword in bot_keywords if keyword)
        self._already_ms = already_in_meeting_ms
        self._phase: Phase = agent.AGENT_PHASE_JOINING
        self._phase_since = clock.monotonic()
        self._joined_at: float | None = None
        self._people: int | None = None
        self._alone_since: float | None = None
        self._speaking: set[str] = set()
        self._silent_since = clock.monotonic()
        self._captions_wanted = False
        self._captions_off_since: float | None = clock.monotonic()

    @property
    def phase(self) -> Phase:
        """How far the agent is."""
        return self._phase

    @property
    def somebody_speaks(self) -> bool:
        """Whether anybody is heard or marked as speaking now."""
        return bool(self._speaking)

    def enter(self, phase: Phase) -> bool:
        """Begins a phase; False where it had begun already."""
        if phase == self._phase:
            return False
        now = self._clock.monotonic()
        self._phase, self._phase_since = phase, now
        if phase == agent.AGENT_PHASE_IN_MEETING:
            if self._joined_at is None:
                self._joined_at = now
            self._silent_since = now
            if self._people == 0:
                self._alone_since = now
            if self._captions_off_since is not None:
                self._captions_off_since = now
        return True

    def see(self, people: Iterable[PersonSeen]) -> None:
        """Takes the participants besides the bot."""
        count = sum(1 for person in people if self._counts(person))
        if count:
            self._alone_since = None
        elif self._people is None or self._people > 0:
            self._alone_since = self._clock.monotonic()
        self._people = count

    def _counts(self, person: PersonSeen) -> bool:
        name = person.name.casefold()
        return not any(keyword in name for keyword in self._keywords)

    def hear(self, source: str, *, speaking: bool) -> None:
        """Somebody, or some track, began or ceased to be heard."""
        if speaking:
            self._speaking.add(source)
        elif source in self._speaking:
            self._speaking.discard(source)
            if not self._speaking:
                self._silent_since = self._clock.monotonic()

    def want_captions(self) -> None:
        """How long they are off counts."""
        self._captions_wanted = True

    def show_captions(self, *, on: bool) -> None:
        """They are on, or are not."""
        if on:
            self._captions_off_since = None
        elif self._captions_off_since is None:
            self._captions_off_since = self._clock.monotonic()

    def forget_page(self) -> None:
        """The page is gone: nothing is known of people until the next one tells, and nobody is heard."""
        self._people = None
        self._alone_since = None
        if self._speaking:
            self._speaking.clear()
            self._silent_since = self._clock.monotonic()

    def snapshot(self) -> agent.Situation:
        """All of it, for the server."""
        now = self._clock.monotonic()
        in_meeting = self._phase == agent.AGENT_PHASE_IN_MEETING
        return agent.Situation(
            phase=self._phase,
            phase_ms=_ms(now - self._phase_since),
            people=self._people or 0,
            alone_ms=_ms(now - self._alone_since) if self._alone_since is not None else 0,
            silent_ms=0 if self._speaking or not in_meeting else _ms(now - self._silent_since),
            in_meeting_ms=self._already_ms + _ms(now - self._joined_at) if self._joined_at is not None else 0,
            people_known=self._people is not None,
            captions_off_ms=self._captions_off_ms(now) if in_meeting and self._captions_wanted else 0,
        )

    def _captions_off_ms(self, now: float) -> int:
        return 0 if self._captions_off_since is None else _ms(now - self._captions_off_since)


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))
