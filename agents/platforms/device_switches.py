"""Turns the page's own microphone and camera on and off, and believes only what the page shows afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agents.platforms.base import Device, JoinStepError, Listeners, SwitchError
from agents.platforms.facts import Facts
from agents.platforms.platform_file import DeviceControl, PlatformFile
from agents.platforms.program import Formula, Program
from agents.platforms.steps import CompiledStep, StepRunner, compile_steps

SHOWN_SECONDS = 5.0
"""How long the page may take to show how a device is."""
AT_THE_DOOR_SECONDS = 1.0
"""As SHOWN_SECONDS, before the meeting: not every page has the controls there, and nobody is to come late for them."""
PRESSES = 3
PRESS_SECONDS = 4.0
COMES_SECONDS = 3.0
"""From a press to what comes of it; a second press in that time would undo the first."""
STAYS_SECONDS = 0.4
"""A page that is refused by its server shows for a moment what it hoped for."""
LOOKED_SECONDS = 0.3
"""From asking the observers to look to their having told, where there is anything to tell."""
REFUSED_SECONDS = 1.0
"""A refusal that stands already when a button is pressed may be an old one."""
OFF_SECONDS = 1.5
"""What is redrawn has not gone off."""
TURNED_OFF = {
    Device.MICROPHONE: "The meeting muted the bot: what it says is not heard. The next wish to say something asks to be unmuted.",
    Device.CAMERA: "The meeting turned the bot's camera off: nobody sees it. The next picture or film asks for it again.",
}
"""What the log says of a device that went off and that the bot did not turn off."""


@dataclass(slots=True)
class _Switch:
    """One device. `turn` is done once at a time."""

    device: Device
    title: str
    is_on: tuple[Formula, ...]
    is_off: tuple[Formula, ...]
    refused: tuple[Formula, ...]
    turn_on: tuple[CompiledStep, ...]
    turn_off: tuple[CompiledStep, ...]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _was_on: bool = False
    _off_since: float | None = None
    _taken: bool = False

    def taken(self, facts: Facts, now: float) -> tuple[bool, float | None]:
        """Whether somebody else has turned it off, told once; and when to look again though nothing may be reported by then."""
        shown = None if self.lock.locked() else self.state(facts)
        self._was_on = self._was_on or shown is True
        if shown is not False or not self._was_on:
            self._off_since = None
        elif self._off_since is None:
            self._off_since = now
        if self._off_since is not None and now - self._off_since >= OFF_SECONDS:
            self._taken, self._was_on, self._off_since = True, False, None
        told, self._taken = self._taken, False
        return told, None if self._off_since is None else self._off_since + OFF_SECONDS

    def _let_go(self, facts: Facts) -> None:
        """The bot turns it off itself. Where somebody else was quicker, that is still to be told."""
        self._taken = self._taken or (self._was_on and self.state(facts) is False)
        self._was_on, self._off_since = False, None

    def state(self, facts: Facts) -> bool | None:
        """Whether it is on; None where the page shows neither, or both."""
        on, off = (any(facts.holds(formula) for formula in alternatives) for alternatives in (self.is_on, self.is_off))
        return on if on != off else None

    async def turn(self, runner: StepRunner, *, on: bool, shown_s: float, passed: Callable[[], bool]) -> None:
        """Presses until the page shows it so; nothing where it is so. Raises SwitchError and the browser's errors."""
        failed = ""
        async with self.lock:
            if not on:
                self._let_go(runner.facts)
            for _ in range(PRESSES):
                if not await self._until(runner, shown_s, passed, lambda: self.state(runner.facts) is not None):
                    raise SwitchError(f"{self.title}'s page does not show whether the bot's {self.device} is on or off.")
                if self.state(runner.facts) is on or passed():
                    return
                failed = await self._press(runner, on=on, passed=passed)
                if await self._comes(runner, on=on, passed=passed):
                    return
            raise SwitchError(f"{self.title}'s page did not turn the bot's {self.device} {'on' if on else 'off'}{failed}.")

    async def _press(self, runner: StepRunner, *, on: bool, passed: Callable[[], bool]) -> str:
        """Which step could not be done; what the page shows is not for those who read the answer."""
        until = time.monotonic() + PRESS_SECONDS
        try:
            steps = self.turn_on if on else self.turn_off
            await runner.run(steps, passed=lambda: passed() or self.state(runner.facts) is on, until=until)
        except JoinStepError as error:
            return f": “{error.step}” could not be done"
        return ""

    async def _comes(self, runner: StepRunner, *, on: bool, passed: Callable[[], bool]) -> bool:
        """Whether it is as it was to be, and stays so. Raises SwitchError where the page says that it will not be."""
        pressed, refused = time.monotonic(), False

        def decided() -> bool:
            nonlocal refused
            refused = refused or (on and any(runner.facts.holds(formula) for formula in self.refused))
            return self.state(runner.facts) is on or (refused and time.monotonic() - pressed > REFUSED_SECONDS)

        await self._until(runner, COMES_SECONDS, passed, decided)
        if self.state(runner.facts) is on and (not on or await self._stays_on(runner, passed)):
            return True
        decided()  # what the page has said meanwhile
        if refused:
            raise SwitchError(
                f"{self.title} does not let the bot turn its {self.device} on: the host has to allow it, "
                "to the bot or to all guests; then ask again."
            )
        return False

    async def _stays_on(self, runner: StepRunner, passed: Callable[[], bool]) -> bool:
        def off() -> bool:
            return self.state(runner.facts) is False

        await self._until(runner, STAYS_SECONDS, passed, off)
        await runner.hands.have_looked()
        return not await self._until(runner, LOOKED_SECONDS, passed, off)

    async def _until(self, runner: StepRunner, seconds: float, passed: Callable[[], bool], condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0 or passed():
                return False
            await runner.changed.wait(min(left, 0.3))
        return True


class DeviceSwitches:
    """Both devices of one page. `begin` with each way in; what the file does not describe is left as the page has it."""

    def __init__(self, file: PlatformFile, program: Program) -> None:
        self._title = file.title or file.name
        given = ((Device.MICROPHONE, file.microphone), (Device.CAMERA, file.camera))
        self._switches = {device: self._compiled(device, control, program) for device, control in given if control is not None}
        self._wanted = dict.fromkeys(Device, False)
        self._asked: set[Device] = set()

    def _compiled(self, device: Device, control: DeviceControl, program: Program) -> _Switch:
        return _Switch(
            device,
            self._title,
            program.formulas(control.is_on),
            program.formulas(control.is_off),
            program.formulas(control.refused),
            compile_steps(control.turn_on, program),
            compile_steps(control.turn_off, program),
        )

    def begin(self, *, camera: bool) -> None:
        """How the bot wants them when it goes in: silent, and seen where it has something to show."""
        self._wanted = {Device.MICROPHONE: False, Device.CAMERA: camera}
        self._asked.clear()

    async def before(self, device: Device, runner: StepRunner, passed: Callable[[], bool]) -> str:
        """Turns one as it is wanted, before the meeting; "" or why not. What is not there yet is done once the bot is in."""
        switch = self._switches.get(device)
        if switch is None:
            return ""
        try:
            await switch.turn(runner, on=self._wanted[device], shown_s=AT_THE_DOOR_SECONDS, passed=passed)
        except SwitchError as error:
            return str(error)
        return ""

    async def settle(self, runner: StepRunner, listeners: Listeners, passed: Callable[[], bool]) -> None:
        """Looks, in the meeting, that both are as wanted; a remark where they cannot be made so. Raises the browser's errors."""
        for device, switch in self._switches.items():
            if device in self._asked:
                continue  # it was turned in the meeting already; and the host may have turned it off since then
            on = self._wanted[device]
            try:
                await switch.turn(runner, on=on, shown_s=SHOWN_SECONDS if on else AT_THE_DOOR_SECONDS, passed=passed)
            except SwitchError as error:
                if not on and switch.state(runner.facts) is None:
                    continue  # no control, so nothing is sent; and if it were, the bot's own devices are black and silent
                listeners.log(f"{device}_not_{'on' if on else 'off'}", str(error))

    def update(self, facts: Facts, now: float, log: Callable[[str, str], None]) -> float | None:
        """Tells of each device that somebody else has turned off in the meeting; when to ask again."""
        wakes = []
        for device, switch in self._switches.items():
            taken, wake = switch.taken(facts, now)
            if taken:
                log(f"{device}_turned_off", TURNED_OFF[device])
            wakes.append(wake)
        return min((wake for wake in wakes if wake is not None), default=None)

    async def switch(self, device: Device, runner: StepRunner, *, on: bool, passed: Callable[[], bool]) -> bool:
        """As base.Attendance.switch."""
        switch = self._switches.get(device)
        if switch is None:
            return False
        self._asked.add(device)
        await runner.hands.have_looked()  # somebody may just have muted the bot
        if switch.state(runner.facts) is on:
            await runner.changed.wait(LOOKED_SECONDS)
        await switch.turn(runner, on=on, shown_s=SHOWN_SECONDS, passed=passed)
        return True

    async def switched_off(self, device: Device, runner: StepRunner) -> None:
        """As base.Attendance.switched_off."""
        switch = self._switches.get(device)
        off_since: float | None = None
        while True:
            if switch is None or switch.state(runner.facts) is not False:
                off_since = None
            elif off_since is None:
                off_since = time.monotonic()
            elif time.monotonic() - off_since > OFF_SECONDS:
                return
            await runner.changed.wait(1.0 if off_since is None else 0.3)
