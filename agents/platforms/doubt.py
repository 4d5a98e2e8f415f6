"""The meeting's controls and nothing else that is known: a meeting where nobody else is, or a lobby in words that nobody knows.

Both show the same, so nothing that only stands there decides. The bot does what a guest would do who wonders: it opens the list
of who is there, for a moment. Only a meeting lists the bot. The file's evidence of being in says how to see that; and whatever
the platform has made of its rows, one that comes with the list and bears the bot's name is the bot's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from agents.platforms.base import JoinStepError
from agents.platforms.facts import Facts
from agents.platforms.platform_file import DoubtRules, Step
from agents.platforms.program import Program
from agents.platforms.steps import StepRunner, compile_steps

FIRST_LOOK_SECONDS = 1.0
"""From the first sight of the controls: a lobby has shown its words by then, and other people their tiles."""
NEXT_LOOK_SECONDS = 20.0
"""A bot may be let in where nobody is any more; and a page must not be pressed without end."""
LOOK_SECONDS = 8.0


class Doubt:
    """The doubt of one attendance."""

    def __init__(self, rules: DoubtRules, people_look: Sequence[Step], program: Program) -> None:
        self._when = program.formulas(rules.when)
        self._steps = compile_steps(rules.look or people_look, program)
        self._since: float | None = None
        self._not_before = 0.0
        self._looking = asyncio.Lock()
        self.outcome = "the control that opens the list of people is not there" if rules.when else ""
        """What came of the last look that did not find the bot, for people; empty where the file knows of no list."""

    def due(self, facts: Facts, now: float, *, nothing_known: bool) -> tuple[bool, float | None]:
        """Whether to look now, which is then taken as being done; and when to ask again."""
        if not nothing_known or not any(facts.holds(one) for one in self._when):
            self._since = None
            return False, None
        self._since = now if self._since is None else self._since
        at = max(self._since + FIRST_LOOK_SECONDS, self._not_before)
        if now < at:
            return False, at
        self._not_before = now + NEXT_LOOK_SECONDS
        return True, self._not_before

    async def look(self, runner: StepRunner, name: str, *, passed: Callable[[], bool]) -> None:
        """Opens the list, looks for a row with the bot's `name`, and closes it. Raises JoinStepError and the browser's errors."""
        async with self._looking:
            until = time.monotonic() + LOOK_SECONDS
            before = await runner.hands.rows(name)
            try:
                await runner.run(self._steps[:-1], passed=passed, until=until)
            except JoinStepError as error:
                self.outcome = f"the list of people could not be opened (“{error.step}”)"
                raise
            if await runner.hands.rows(name) > before:
                runner.facts.bot_listed = True
            self.outcome = "the list of people was asked for, and none with the bot in it came"
            await runner.run(self._steps[-1:], passed=passed, until=until)

    async def over(self) -> None:
        """Returns when no look is under way: its last step closes what its first has opened."""
        async with self._looking:
            return


def unproven(title: str, outcome: str) -> str:
    """What is missing to say that the bot is in, for its log; `outcome` as Doubt.outcome."""
    missing = "nobody else, no sound and no picture of anybody, no word that the bot is alone there or of the client's own"
    looked = f"; {outcome}" if outcome else ""
    return (
        f"{title}: the bot has asked to join, and the page shows nothing that only the meeting has: {missing}{looked}. "
        "This may be a lobby, so the bot goes on waiting: it is in as soon as one of these is there."
    )
