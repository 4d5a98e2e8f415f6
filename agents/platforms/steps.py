"""Does the steps of a platform file, one after the other, each with a deadline."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agents.browser.api import Page
from agents.platforms.base import Device, JoinStepError
from agents.platforms.facts import Facts
from agents.platforms.hands import Hands
from agents.platforms.platform_file import Step, Target
from agents.platforms.program import Formula, Program
from agents.platforms.urls import filled, filled_target

OPTIONAL_SECONDS = 3.0
"""How long a step that may be left out waits for its element, where the file says nothing else."""


class Changed:
    """Wakes whoever waits for the page to report something."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def tell(self) -> None:
        """Something was reported."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Returns when something is reported, and at the latest after `seconds`."""
        self._event.clear()
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await self._event.wait()
        except TimeoutError:
            return


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """A step with its conditions as formulas."""

    step: Step
    when: tuple[Formula, ...]
    unless: tuple[Formula, ...]
    until: tuple[Formula, ...]
    wait_for: tuple[Formula, ...]
    expression: str


def compile_steps(steps: Sequence[Step], program: Program) -> tuple[CompiledStep, ...]:
    """The steps; their conditions join the program."""
    return tuple(
        CompiledStep(
            step,
            program.formulas(step.when),
            program.formulas(step.unless),
            program.formulas(step.until),
            program.formulas(step.wait_for),
            program.expression(step.value) if step.action == "js" else "",
        )
        for step in steps
    )


async def _no_switch(_device: Device) -> str:
    return "cannot be turned here"


@dataclass(slots=True)
class StepRunner:
    """Does steps in one page."""

    page: Page
    hands: Hands
    facts: Facts
    changed: Changed
    default_seconds: float
    values: Mapping[str, str] = field(default_factory=dict)
    switch: Callable[[Device], Awaitable[str]] = _no_switch
    """Turns a device as the bot wants it when it goes in; "" or why it could not be done."""
    doing: str = ""
    """The step that was begun last, and where it stands, for whoever stopped it."""

    async def run(self, steps: Sequence[CompiledStep], *, passed: Callable[[], bool], until: float | None = None) -> None:
        """All steps, until `passed()` says that there is nothing more to do. Raises JoinStepError and the browser's errors.

        `until`: an instant of time.monotonic() that no step goes beyond.
        """
        for one in steps:
            if passed():
                return
            await self._step(one, passed, until)

    async def _step(self, one: CompiledStep, passed: Callable[[], bool], until: float | None) -> None:
        step = one.step
        if step.if_variable and not self.values.get(step.if_variable):
            return
        if (one.when and not self._any(one.when)) or (one.unless and self._any(one.unless)):
            return
        self.doing = f"{step.name} ({step.where})"
        seconds = step.timeout_seconds or (OPTIONAL_SECONDS if step.optional else self.default_seconds)
        begun = time.monotonic()
        deadline = begun + seconds if until is None else min(begun + seconds, until)
        why = await self._until_done(one, deadline, passed)
        if why and not step.optional and not passed():
            raise JoinStepError(step.name, await self._explanation(step, why, max(deadline - begun, 0)))

    async def _until_done(self, one: CompiledStep, deadline: float, passed: Callable[[], bool]) -> str:
        """Does the step, again and again while what should come of it does not; "" or why it failed."""
        done = False

        def came() -> bool:  # what should come of it may also hold before, as that a button is not there
            return passed() or (done and self._any(one.until))

        while True:
            why = await self._wait_and_do(one, deadline, came)
            if not one.until or (why and not came()):
                return why
            done = True
            again = min(time.monotonic() + one.step.retry_seconds, deadline)
            if passed() or await self._wait(one.until, again, passed):
                return ""
            if time.monotonic() >= deadline:
                return "was done, but what should have come of it did not"

    async def _wait_and_do(self, one: CompiledStep, deadline: float, passed: Callable[[], bool]) -> str:
        step = one.step
        if one.wait_for:
            return "" if await self._wait(one.wait_for, deadline, passed) else "did not come about"
        if step.action == "wait_seconds":
            await self._wait((), min(time.monotonic() + step.seconds, deadline), passed)
            return ""
        if step.action == "switch":
            return await self.switch(Device(step.value))
        while True:
            why = await self._do(one, min(time.monotonic() + 0.5, deadline))
            if not why or passed() or time.monotonic() >= deadline:
                return why
            await self.changed.wait(min(0.2, deadline - time.monotonic()))

    async def _do(self, one: CompiledStep, deadline: float) -> str:  # noqa: PLR0911 -- one a kind of step
        step = one.step
        value = self._value(step)
        match step.action:
            case "click":
                return await self.hands.click(self._targets(step), deadline=deadline + 2.5, trusted=step.trusted, at=step.at)
            case "fill":
                return await self.hands.fill(self._targets(step), value, deadline=deadline)
            case "choose":
                return await self.hands.choose(self._targets(step), value, deadline=deadline)
            case "check" | "uncheck":
                return await self.hands.check(self._targets(step), wanted=step.action == "check", deadline=deadline)
            case "scroll":
                return await self.hands.scroll(self._targets(step), deadline=deadline)
            case "press" | "type":
                if step.targets and (why := await self.hands.click(self._targets(step), deadline=deadline, at=step.at)):
                    return why
                await (self.page.press if step.action == "press" else self.page.type_text)(value)
                return ""
            case "js":
                seconds = step.timeout_seconds or self.default_seconds
                return "" if await self.hands.run(one.expression, self.values, timeout_s=seconds) else "was not true in any frame"
            case _:
                await self.page.open(value, timeout_s=max(deadline - time.monotonic(), self.default_seconds))
                return ""

    def _targets(self, step: Step) -> tuple[Target, ...]:
        return tuple(filled_target(target, self.values) for target in step.targets)

    def _value(self, step: Step) -> str:
        if step.action == "js":
            return step.value
        value = filled(step.value, dict(self.values))
        if step.allowed:
            value = re.sub(f"[^{step.allowed}]", "", value) or "Bot"
        return value[: step.max_length] if step.max_length else value

    async def _wait(self, formulas: tuple[Formula, ...], deadline: float, passed: Callable[[], bool]) -> bool:
        while not self._any(formulas):
            left = deadline - time.monotonic()
            if left <= 0 or passed():
                return False
            await self.changed.wait(min(left, 0.5))
        return True

    def _any(self, formulas: tuple[Formula, ...]) -> bool:
        return any(self.facts.holds(formula) for formula in formulas)

    async def _explanation(self, step: Step, why: str, seconds: float) -> str:
        shown = ", ".join(await self.hands.look()) or "nothing that can be pressed or filled in"
        return f"{step.name} ({step.where}): {why}, within {seconds:.2g} s. The page shows: {shown}"[:1500]
