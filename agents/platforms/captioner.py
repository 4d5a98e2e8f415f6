"""Switches the page's captions on, keeps them on, and reads what they say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any

from agents.platforms.base import CaptionSeen, CaptionWish, JoinStepError, Listeners
from agents.platforms.caption_log import CaptionLog
from agents.platforms.folding import fold
from agents.platforms.platform_file import Captions, Target
from agents.platforms.program import Program
from agents.platforms.steps import CompiledStep, StepRunner, compile_steps

AGAIN_SECONDS = (3.0, 5.0, 10.0, 20.0, 30.0)
"""Waits before captions are tried anew; the last repeats."""
ON_SECONDS = 6.0
"""How long the page may take to show that they are on."""
OFF_SECONDS = 3.0
"""What is redrawn has not gone off."""
NONE = "{title} has no captions that a bot can read here."


class Captioner:
    """The captions of one meeting. `want` first; `keep_on` runs while the bot is in the meeting."""

    def __init__(self, captions: Captions | None, program: Program, *, title: str) -> None:
        self._captions = captions or Captions()
        self._there = captions is not None
        self._title = title
        self._on = compile_steps(self._captions.on, program)
        self._language = compile_steps(self._captions.language, program)
        self._is_on = program.formulas(self._captions.is_on)
        if self._there and not self._is_on:
            self._is_on = program.shown((Target(css=self._captions.region, hidden=True),))
        self._own_names = {fold(name) for name in self._captions.own_names}
        self._wish: CaptionWish | None = None
        self._log = CaptionLog()

    def want(self, wish: CaptionWish | None) -> dict[str, str]:
        """What is wanted (None: nothing is read); the variables that the steps need."""
        if wish != self._wish:
            self._log = CaptionLog(merge=wish.merge if wish else False)
        self._wish = wish
        language = wish.language if wish else ""
        labels = dict(self._captions.languages).get(language) or (language,)
        return {"captions_language": language, "captions_label": "\n".join(labels)}

    def update(self, seen: Sequence[dict[str, Any]], now: float, tell: Callable[[CaptionSeen], None]) -> float | None:
        """Tells what is new in what the page shows; when to look again though nothing may have been reported."""
        if self._wish is None or not self._there:
            return None
        told, wake = self._log.update(seen, now)
        for caption in told:
            if fold(caption.speaker_name) not in self._own_names:
                tell(caption)
        return wake

    async def keep_on(self, runner: StepRunner, listeners: Listeners, *, alone: asyncio.Lock, passed: Callable[[], bool]) -> None:
        """Until it is cancelled, or the bot has left. Raises the browser's errors.

        `alone` is held while menus are open: what others press would close them.
        """
        if self._wish is None:
            return
        if not self._there:
            listeners.captions(False, NONE.format(title=self._title))
            return
        waits = chain(AGAIN_SECONDS, repeat(AGAIN_SECONDS[-1]))
        while not passed():
            async with alone:
                why = await self._switch_on(runner, passed)
            if not why:
                listeners.captions(True, "")
                async with alone:
                    problem = await self._choose_language(runner, passed)
                if problem:
                    listeners.log("captions_language_not_set", problem)
                await self._while_on(runner, passed)
                why = "Captions went off."
                waits = chain(AGAIN_SECONDS, repeat(AGAIN_SECONDS[-1]))
            if passed():
                return
            listeners.captions(False, why)
            await asyncio.sleep(next(waits))

    async def _switch_on(self, runner: StepRunner, passed: Callable[[], bool]) -> str:
        if self._holds(runner):
            return ""
        why = await _done(self._on, runner, passed) or "The page does not show that captions are on."
        deadline = time.monotonic() + ON_SECONDS
        while not self._holds(runner):
            left = deadline - time.monotonic()
            if left <= 0 or passed():
                return why
            await runner.changed.wait(min(left, 0.5))
        return ""

    async def _choose_language(self, runner: StepRunner, passed: Callable[[], bool]) -> str:
        if self._wish is None or not self._wish.language:
            return ""
        if not self._language:
            return f"The language of {self._title}'s captions cannot be chosen here; they are in the meeting's own."
        return await _done(self._language, runner, passed)

    async def _while_on(self, runner: StepRunner, passed: Callable[[], bool]) -> None:
        off_since: float | None = None
        while not passed():
            await runner.changed.wait(1.0)
            if self._holds(runner):
                off_since = None
            elif off_since is None:
                off_since = time.monotonic()
            elif time.monotonic() - off_since > OFF_SECONDS:
                return

    def _holds(self, runner: StepRunner) -> bool:
        return any(runner.facts.holds(formula) for formula in self._is_on)


async def _done(steps: tuple[CompiledStep, ...], runner: StepRunner, passed: Callable[[], bool]) -> str:
    """Why the steps could not be done; empty where they were."""
    try:
        await runner.run(steps, passed=passed)
    except JoinStepError as error:
        return f"{error.step}: {error}"[:500]
    return ""
