"""Pressing and believing: what the page shows counts, not what was pressed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from agents.platforms import device_switches
from agents.platforms.base import Device, JoinStepError, Listeners, SwitchError
from agents.platforms.device_switches import DeviceSwitches
from agents.platforms.file_reader import read_text
from agents.platforms.program import compile_file
from agents.platforms.steps import CompiledStep
from tests.unit.agents.platforms.paper_page import MATCH

FILE = f"""title = "Paper"
{MATCH}
[evidence]
in_meeting = [".tile"]
[camera]
button = "#camera"
is_on = "#on"
is_off = "#off"
refused = "#refused"
"""


@dataclass
class Page:
    """A page on paper with one button; stands for facts, hands and the runner of steps at once."""

    there: set[str]
    pressed: int = 0
    comes_of_it: Callable[[Page], None] = lambda _page: None
    later: Callable[[Page], None] = lambda _page: None
    """What the page shows once it was waited for."""
    fails: bool = False
    values: dict[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> Page:
        return self

    @property
    def hands(self) -> Page:
        return self

    @property
    def changed(self) -> Page:
        return self

    def holds(self, formula: Any) -> bool:
        atom = PROGRAM.atoms[formula.needs[0].atom]
        return atom["css"] in self.there

    async def have_looked(self) -> None:
        self.later(self)

    async def wait(self, _seconds: float) -> None:
        await asyncio.sleep(0.001)

    async def run(self, steps: tuple[CompiledStep, ...], *, passed: Callable[[], bool], until: float) -> None:
        assert [one.step.action for one in steps] == ["click"]
        if not passed():
            self.pressed += 1
            if self.fails:
                raise JoinStepError("turn the camera on", "is not there. The page shows: Ada Lovelace")
            self.comes_of_it(self)


PROGRAM = compile_file(read_text(FILE))


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHOWN_SECONDS", "AT_THE_DOOR_SECONDS", "COMES_SECONDS", "STAYS_SECONDS", "REFUSED_SECONDS", "LOOKED_SECONDS"):
        monkeypatch.setattr(device_switches, name, 0.02)


def shows(*there: str) -> Callable[[Page], None]:
    def change(page: Page) -> None:
        page.there = set(there)

    return change


async def turn(page: Page, *, on: bool) -> bool:
    switches = DeviceSwitches(read_text(FILE), PROGRAM)
    return await switches.switch(Device.CAMERA, page, on=on, passed=lambda: False)  # type: ignore[arg-type]


async def test_what_is_so_already_is_not_pressed() -> None:
    page = Page({"#on"})
    assert await turn(page, on=True)
    assert page.pressed == 0


async def test_a_press_is_believed_when_the_page_shows_it() -> None:
    page = Page({"#off"}, comes_of_it=shows("#on"))
    assert await turn(page, on=True)
    assert page.pressed == 1


async def test_a_press_of_which_nothing_comes_is_tried_again_and_then_told() -> None:
    page = Page({"#off"})
    with pytest.raises(SwitchError, match="did not turn the bot's camera on"):
        await turn(page, on=True)
    assert page.pressed == device_switches.PRESSES


@pytest.mark.parametrize("there", [set(), {"#on", "#off"}])
async def test_where_neither_or_both_are_shown_nothing_is_pressed(there: set[str]) -> None:
    page = Page(there)
    with pytest.raises(SwitchError, match="does not show whether"):
        await turn(page, on=True)
    assert page.pressed == 0


async def test_a_page_that_shows_for_a_moment_what_it_hoped_for_is_not_believed() -> None:
    page = Page({"#off"}, comes_of_it=shows("#on"), later=shows("#off", "#refused"))
    with pytest.raises(SwitchError, match="does not let the bot turn its camera on: the host has to allow it"):
        await turn(page, on=True)


async def test_what_the_page_shows_of_people_is_not_in_the_error() -> None:
    with pytest.raises(SwitchError) as told:
        await turn(Page({"#off"}, fails=True), on=True)
    assert "“turn the camera on” could not be done" in str(told.value)
    assert "Lovelace" not in str(told.value)


async def test_a_device_of_which_nothing_is_known_is_left_as_it_is() -> None:
    switches = DeviceSwitches(read_text(FILE), PROGRAM)
    assert not await switches.switch(Device.MICROPHONE, Page(set()), on=True, passed=lambda: False)  # type: ignore[arg-type]


async def test_what_the_host_turned_off_is_not_turned_on_by_the_look_at_what_was_wanted_at_first() -> None:
    page = Page({"#off"}, comes_of_it=shows("#on"))
    switches = DeviceSwitches(read_text(FILE), PROGRAM)
    switches.begin(camera=True)
    await switches.switch(Device.CAMERA, page, on=True, passed=lambda: False)  # type: ignore[arg-type]
    page.there = {"#off"}
    await switches.settle(page, Listeners(*[lambda *_: None] * 5), lambda: False)  # type: ignore[arg-type]
    assert (page.pressed, page.there) == (1, {"#off"})


class Watched:
    """The switches of a page, looked at again and again; `said` is what the log was told."""

    def __init__(self, *there: str) -> None:
        self.page = Page(set(there))
        self.switches = DeviceSwitches(read_text(FILE), PROGRAM)
        self.said: list[str] = []
        self.now = 100.0

    def after(self, seconds: float, *there: str) -> None:
        self.page.there = set(there)
        for at in (self.now, self.now + seconds):
            self.now = at
            self.switches.update(self.page, at, lambda code, _text: self.said.append(code))  # type: ignore[arg-type]

    async def turn(self, *, on: bool) -> None:
        self.page.comes_of_it = shows("#on" if on else "#off")
        await self.switches.switch(Device.CAMERA, self.page, on=on, passed=lambda: False)  # type: ignore[arg-type]


async def test_a_device_that_the_bot_did_not_turn_off_is_told_once() -> None:
    watched = Watched()
    watched.after(60, "#off")
    assert watched.said == []  # it never was on
    watched.after(60, "#on")
    watched.after(device_switches.OFF_SECONDS - 0.1, "#off")
    watched.after(10, "#on")  # the page had only redrawn itself
    watched.after(10)  # or shows nothing for a while
    assert watched.said == []
    watched.after(device_switches.OFF_SECONDS, "#off")
    watched.after(60, "#off")
    assert watched.said == ["camera_turned_off"]
    watched.after(1, "#on")
    watched.after(60, "#off")
    assert watched.said == ["camera_turned_off"] * 2


async def test_a_device_that_the_bot_turns_off_itself_is_no_news() -> None:
    watched = Watched("#off")
    for on in (True, False, True, False):
        await watched.turn(on=on)
        watched.after(60, "#on" if on else "#off")
    assert watched.said == []


async def test_that_somebody_was_quicker_than_the_bot_is_told_all_the_same() -> None:
    watched = Watched()
    watched.after(1, "#on")
    watched.page.there = {"#off"}
    await watched.turn(on=False)
    watched.after(60, "#off")
    assert watched.said == ["camera_turned_off"]
