"""What may appear at any time and is answered: banners, and consents, which are logged and never dismissed in silence."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.platforms.facts import Facts
from agents.platforms.hands import Hands
from agents.platforms.platform_file import Dialog
from agents.platforms.program import Formula, Program

ANSWER_SECONDS = 3.0
REST_SECONDS = 1.0
"""Between two answers to the same dialog, so that a page has time to take it away."""


@dataclass(slots=True)
class _State:
    dialog: Dialog
    when: tuple[Formula, ...]
    shown: tuple[Formula, ...]
    expression: str
    answered: int = 0
    rest_until: float = 0.0


class Dialogs:
    """The dialogs of one page."""

    def __init__(self, dialogs: Sequence[Dialog], program: Program) -> None:
        self.values: Mapping[str, str] = {}
        """The variables of the bot's request, once it has one."""
        self._states = [
            _State(one, program.formulas(one.when), program.shown(one.targets), program.expression(one.js) if one.js else "")
            for one in dialogs
        ]

    def consents(self) -> tuple[Formula, ...]:
        """That a consent is asked for."""
        return tuple(one for state in self._states if state.dialog.consent for one in (state.when or state.shown))

    def due(self, facts: Facts, now: float) -> int | None:
        """The number of a dialog that is there and waits for an answer; it is then taken as being answered."""
        for number, state in enumerate(self._states):
            if state.answered >= state.dialog.at_most_times or now < state.rest_until:
                continue
            if state.dialog.if_variable and not self.values.get(state.dialog.if_variable):
                continue
            if state.when and not any(facts.holds(one) for one in state.when):
                continue
            if state.expression or any(facts.holds(one) for one in state.shown):
                state.answered += 1
                state.rest_until = now + ANSWER_SECONDS + REST_SECONDS
                return number
        return None

    async def answer(self, number: int, hands: Hands) -> tuple[str, str] | None:
        """Answers; a remark for the bot's log, or None. Raises the browser's errors."""
        state = self._states[number]
        if state.expression:
            done = await hands.run(state.expression, self.values, timeout_s=ANSWER_SECONDS)
            why = "" if done else "was not true in any frame"
        else:
            why = await hands.click(state.dialog.targets, deadline=time.monotonic() + ANSWER_SECONDS)
        state.rest_until = time.monotonic() + REST_SECONDS
        if why:
            return "dialog_not_answered", f"{state.dialog.name}: {'its js' if state.expression else 'what to press'} {why}"
        if state.dialog.consent:
            return "consent_answered", state.dialog.name
        return None
