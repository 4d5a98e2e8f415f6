"""Decides what a page shows from what holds in it. No clock and no page: time comes in, so every rule is tested without waiting.

1. In the meeting needs positive evidence. Once in, the absence of that evidence is not leaving: a meeting where everybody else
   has gone shows no remote tile either.
2. Out needs one statement (a text, title, address or the client's own state), or an element of the end while the evidence of
   being in is gone; and it must hold for a moment.
3. The lobby's evidence wins over the meeting's: both share toolbars, and a recording must not begin in the lobby.
4. Back at the door after having been in (a page that reloads itself when one is thrown out) is the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.platforms.base import Observation, UiState
from agents.platforms.facts import Facts
from agents.platforms.program import Formula

OUT = (UiState.REMOVED, UiState.ENDED)
REFUSED = (
    UiState.CAPTCHA,
    UiState.LOGIN_REQUIRED,
    UiState.DENIED,
    UiState.LOBBY_GAVE_UP,
    UiState.WRONG_PASSCODE,
    UiState.NOT_FOUND,
    UiState.FULL,
    UiState.ENCRYPTED,
    UiState.BLOCKED,
)
BEFORE = (UiState.CONSENT, UiState.HOST_ABSENT, UiState.LOBBY)
DOOR = (UiState.NAME_ASKED, UiState.PRE_JOIN)
HOLD_SECONDS = {
    **dict.fromkeys(OUT, 0.7),
    **dict.fromkeys(REFUSED, 0.7),
    UiState.PAGE_LOST: 2.0,
}
BACK_AT_THE_DOOR_SECONDS = 2.0
BACK_IN_LOBBY_SECONDS = 2.0
NOTHING_KNOWN_SECONDS = 5.0
STRANGE_SECONDS = 10.0
"""How long a page may show nothing known before the bot has asked to join; pages take their time to load."""
FLICKER_SECONDS = 0.25
"""Evidence that goes away for less than this while a page redraws itself has not gone away."""


@dataclass(slots=True)
class _Alternative:
    state: UiState
    number: int
    formula: Formula
    since: float | None = None
    missing: float | None = None
    text: str = ""

    def look(self, facts: Facts, now: float) -> None:
        if facts.holds(self.formula):
            self.since = now if self.since is None else self.since
            self.missing = None
            self.text = facts.text(self.formula) or self.text
        elif self.since is not None:
            self.missing = now if self.missing is None else self.missing
            if now - self.missing >= FLICKER_SECONDS:
                self.since, self.missing, self.text = None, None, ""

    def ripe(self) -> float | None:
        """When it has held long enough; None where it does not hold."""
        if self.since is None:
            return None
        wanted = self.formula.for_seconds
        return self.since + (HOLD_SECONDS.get(self.state, 0.0) if wanted is None else wanted)


@dataclass(slots=True)
class Classifier:
    """Follows one page."""

    alternatives: list[_Alternative]
    inside: bool = False
    """In the meeting, in the document shown now."""
    was_inside: bool = False
    entered: bool = False
    """Whether all steps up to asking to join are done; set by whoever does them."""
    shown: UiState | None = None
    _document: int = 0
    _outside_since: float | None = None
    _nothing_since: float | None = None
    _wake: list[float] = field(default_factory=list)

    @property
    def nothing_known(self) -> bool:
        """Whether the page shows nothing known now, though the bot has asked to join, or was in."""
        return self._nothing_since is not None and (self.entered or self.was_inside)

    @classmethod
    def of(cls, evidence: dict[UiState, tuple[Formula, ...]]) -> Classifier:
        """One for a platform's evidence."""
        return cls([_Alternative(state, n, formula) for state, found in evidence.items() for n, formula in enumerate(found, 1)])

    def step(self, facts: Facts, now: float) -> tuple[Observation | None, float | None]:
        """The change, if there is one, and when to look again though nothing may have been reported by then."""
        self._wake = []
        if facts.documents != self._document:
            self._document = facts.documents
            self.inside = False
            self.shown = None
            self._outside_since = self._nothing_since = None
            for one in self.alternatives:
                one.since = one.missing = None
        for one in self.alternatives:
            one.look(facts, now)
            if one.missing is not None:
                self._wake.append(one.missing + FLICKER_SECONDS)
        observation = self._decide(facts, now)
        wake = min((at for at in self._wake if at > now), default=None)
        if observation is None or observation.state == self.shown:
            return None, wake
        self.shown = observation.state
        return observation, wake

    def _decide(self, facts: Facts, now: float) -> Observation | None:
        if not facts.ready:
            return Observation(UiState.LOADING, "no document yet") if self.shown is None else None
        inside_now = self._best((UiState.IN_MEETING,), now)
        if found := self._out(now, inside_now=inside_now is not None):
            self.inside = False
            return _observed(found)
        if lost := self._best((UiState.PAGE_LOST,), now):
            return _observed(lost)
        waiting = self._best(BEFORE, now)
        if self.inside:
            return self._still_in(waiting, inside_now, now)
        found = waiting or inside_now
        if found is None:
            return self._nothing(now)
        self._nothing_since = None
        if found.state == UiState.IN_MEETING:
            self.inside = self.was_inside = True
        return _observed(found)

    def _still_in(self, waiting: _Alternative | None, inside_now: _Alternative | None, now: float) -> Observation | None:
        if waiting is None or inside_now is not None or waiting.state == UiState.CONSENT:
            self._outside_since = None
            if inside_now is None and self.shown == UiState.PAGE_LOST:
                return Observation(UiState.IN_MEETING, "in_meeting: the page has its connection again")
            return _observed(inside_now) if inside_now else None
        self._outside_since = now if self._outside_since is None else self._outside_since
        if not self._over(self._outside_since, BACK_IN_LOBBY_SECONDS, now):
            return None
        self.inside = False
        return _observed(waiting)

    def _out(self, now: float, *, inside_now: bool) -> _Alternative | None:
        for state in (*OUT, *REFUSED):
            for one in self._held(state, now):
                statement = one.formula.says_it
                if state in OUT:
                    allowed = statement or (self.was_inside and not inside_now)
                else:
                    allowed = not inside_now and (statement or not self.inside)
                if allowed:
                    return one
        if self.was_inside and not self.inside and not inside_now:
            for one in (*self._held(UiState.NAME_ASKED, now), *self._held(UiState.PRE_JOIN, now)):
                if one.since is not None and self._over(one.since, BACK_AT_THE_DOOR_SECONDS, now):
                    return _Alternative(UiState.ENDED, one.number, one.formula)
        return None

    def _nothing(self, now: float) -> Observation | None:
        """Neither lobby nor meeting. Without a word in the file about the page before the meeting, that is what it is."""
        if explicit := self._best(DOOR, now):
            self._nothing_since = None
            return None if self.was_inside else _observed(explicit)
        outside = not self.entered and not self.was_inside
        if outside and not any(one.state in DOOR for one in self.alternatives):
            return Observation(UiState.PRE_JOIN, "pre_join: nothing else")
        self._nothing_since = now if self._nothing_since is None else self._nothing_since
        if self._over(self._nothing_since, STRANGE_SECONDS if outside else NOTHING_KNOWN_SECONDS, now):
            return Observation(UiState.UNKNOWN, "unknown: no evidence of anything")
        return None

    def _best(self, states: tuple[UiState, ...], now: float) -> _Alternative | None:
        return next((one for state in states for one in self._held(state, now)), None)

    def _held(self, state: UiState, now: float) -> list[_Alternative]:
        found = []
        for one in self.alternatives:
            ripe = one.ripe() if one.state == state else None
            if ripe is None:
                continue
            if ripe <= now:
                found.append(one)
            else:
                self._wake.append(ripe)
        return found

    def _over(self, since: float, seconds: float, now: float) -> bool:
        if now - since >= seconds:
            return True
        self._wake.append(since + seconds)
        return False


def _observed(one: _Alternative) -> Observation:
    rule = f"{one.state.value}: alternative {one.number}" + (f", {one.formula.where}" if one.formula.where else "")
    return Observation(one.state, rule, one.text[:200])
