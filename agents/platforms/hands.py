"""Presses and fills in, through all frames of a page: real mouse and keyboard first, else the element's own methods."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.browser.api import Page
from agents.browser.errors import PageHungError, PageScriptError
from agents.platforms.platform_file import Spot, Target
from agents.platforms.program import target_for_page

ACT = "(handle, token, act, request) => (window[handle] ? window[handle](token, act, request) : null)"
LOCATE_SECONDS = 3.0
COVERED_SECONDS = 1.5
"""How long a real click waits for what lies above an element to go away."""
TYPED_LENGTH = 60
"""Longer texts are set at once: typing costs a round trip a character."""


@dataclass(frozen=True, slots=True)
class Located:
    """An element that was found, and the point to press."""

    frame: str
    held: int
    alternative: int
    x: float
    y: float
    reachable: bool
    covered: str
    moving: bool
    disabled: bool
    tag: str
    checked: bool


class Hands:
    """What can be done to the elements of one page."""

    def __init__(self, page: Page, *, handle: str, token: str) -> None:
        self._page = page
        self._handle = handle
        self._token = token

    async def locate(self, targets: Sequence[Target], *, at: Spot | None = None) -> Located | None:
        """The best alternative that any frame has now; `at`: the spot of it to press, else any that is open."""
        request = {"targets": [target_for_page(target) for target in targets], "at": list(at) if at else None}
        answers = await self._page.evaluate_in_frames(ACT, self._handle, self._token, "locate", request, timeout_s=LOCATE_SECONDS)
        found = [located for answer in answers if (located := _located(answer))]
        return min(found, key=lambda one: (one.alternative, bool(one.covered), one.disabled), default=None)

    async def click(self, targets: Sequence[Target], *, deadline: float, trusted: bool = True, at: Spot | None = None) -> str:
        """Presses the element, when it is there, still, and enabled; "" or why it could not be done by the deadline.

        With `at` only a real click at that spot of it will do.
        """
        why = "is not there"
        covered_since: float | None = None
        while True:
            located = await self.locate(targets, at=at)
            if located is None:
                why, covered_since = "is not there", None
            elif located.disabled:
                why = "is disabled"
            elif at is not None and (located.covered or not located.reachable):
                why = (
                    f"is covered at that spot by {located.covered}"
                    if located.covered
                    else "is in a frame whose place is not known"
                )
            elif not trusted or not located.reachable:
                return await self._press_by_itself(located)
            elif located.covered:
                why = f"is covered by {located.covered}"
                covered_since = covered_since or time.monotonic()
                if time.monotonic() - covered_since > COVERED_SECONDS:
                    return await self._press_by_itself(located)
            elif not located.moving:
                await self._page.click_at(located.x, located.y)
                return ""
            if time.monotonic() >= deadline:
                return why
            await asyncio.sleep(0.1)

    async def _press_by_itself(self, located: Located) -> str:
        return "" if await self._act("click", located) is not None else "went away"

    async def fill(self, targets: Sequence[Target], value: str, *, deadline: float) -> str:
        """Puts a text into a field; "" or why it could not be done by the deadline."""
        while True:
            why = await self._fill(targets, value)
            if not why or time.monotonic() >= deadline:
                return why
            await asyncio.sleep(0.1)

    async def _fill(self, targets: Sequence[Target], value: str) -> str:
        located = await self.locate(targets)
        if located is None:
            return "is not there"
        if located.disabled:
            return "is disabled"
        if located.reachable and not located.covered:
            await self._page.click_at(located.x, located.y)
        focused = await self._act("select", located)
        room = int(await self._act("room", located) or 0)
        taken = value[:room] if room else value
        if focused and len(value) <= TYPED_LENGTH and "\n" not in value:
            await self._page.type_text(value)  # all of it: of fields for one digit each, one leads on to the next
            if await self._act("value", located) == taken:
                return ""
        await self._act("fill", located, value=taken)
        return "" if await self._act("value", located) else "takes no text"

    async def scroll(self, targets: Sequence[Target], *, deadline: float) -> str:
        """Scrolls to an element's end; "" or why it could not be done by the deadline."""
        while True:
            located = await self.locate(targets)
            if located is not None and await self._act("scroll", located):
                return ""
            if time.monotonic() >= deadline:
                return "is not there"
            await asyncio.sleep(0.1)

    async def choose(self, targets: Sequence[Target], value: str, *, deadline: float) -> str:
        """Chooses an option of a list by its value or text; "" or why it could not be done by the deadline."""
        while True:
            located = await self.locate(targets)
            if located is not None and await self._act("choose", located, value=value):
                return ""
            if time.monotonic() >= deadline:
                return "is not there" if located is None else f"has no option {value!r}"
            await asyncio.sleep(0.1)

    async def check(self, targets: Sequence[Target], *, wanted: bool, deadline: float) -> str:
        """Ticks or unticks; "" or why it could not be done by the deadline."""
        located = await self.locate(targets)
        if located is not None and located.checked == wanted:
            return ""
        return await self.click(targets, deadline=deadline)

    async def look(self) -> list[str]:
        """What could be pressed or filled in, for a message."""
        try:
            answers = await self._page.evaluate_in_frames(ACT, self._handle, self._token, "look", None, timeout_s=2)
        except (PageHungError, PageScriptError):
            return []
        return [str(one)[:110] for answer in answers if isinstance(answer, list) for one in answer][:25]

    async def rows(self, name: str) -> int:
        """How many visible rows of lists bear a name. Raises the browser's errors."""
        answers = await self._page.evaluate_in_frames(
            ACT, self._handle, self._token, "rows", {"name": name}, timeout_s=LOCATE_SECONDS
        )
        return sum(answer for answer in answers if isinstance(answer, int) and not isinstance(answer, bool))

    async def have_looked(self) -> None:
        """Has the observers look soon at what no mutation tells them, as the page's own objects. Raises the browser's errors."""
        nothing: dict[str, Any] = {"targets": []}
        await self._page.evaluate_in_frames(ACT, self._handle, self._token, "locate", nothing, timeout_s=LOCATE_SECONDS)

    async def cost(self) -> tuple[int, float]:
        """How often the observers looked so far, and the milliseconds that took, by the clock on the wall."""
        answers = await self._page.evaluate_in_frames(ACT, self._handle, self._token, "cost", None, timeout_s=5)
        found = [answer for answer in answers if isinstance(answer, dict)]
        return sum(int(one.get("evaluations", 0)) for one in found), sum(float(one.get("ms", 0)) for one in found)

    async def sanitised(self, *, names: Sequence[str]) -> list[str]:
        """Each frame's document without texts of people and tokens, the top frame's first; as page/sanitise.js.

        A name is taken out wherever it stands, and each word of it (of three letters and more) where it stands alone.
        """
        words = {word for name in names for word in re.split(r"[\W_]+", name) if len(word) > 2}
        request = {"names": list(names), "words": sorted(words)}
        answers = await self._page.evaluate_in_frames(ACT, self._handle, self._token, "sanitise", request, timeout_s=10)
        found = [answer for answer in answers if isinstance(answer, dict) and isinstance(answer.get("html"), str)]
        return [answer["html"] for answer in sorted(found, key=lambda answer: answer.get("top") is not True)]

    async def run(self, identifier: str, values: Mapping[str, str], *, timeout_s: float) -> bool:
        """Runs an expression of the platform file in every frame, with `vars`; whether it was true in one."""
        request = {"id": identifier, "values": dict(values)}
        answers = await self._page.evaluate_in_frames(
            ACT, self._handle, self._token, "run", request, timeout_s=max(timeout_s, 0.1)
        )
        return any(isinstance(answer, dict) and answer.get("value") is True for answer in answers)

    async def _act(self, act: str, located: Located, **more: Any) -> Any:
        """What the frame that holds the element answered, or None where it is gone."""
        request = {"frame": located.frame, "held": located.held, **more}
        answers = await self._page.evaluate_in_frames(ACT, self._handle, self._token, act, request, timeout_s=LOCATE_SECONDS)
        return next((answer.get("result") for answer in answers if isinstance(answer, dict)), None)


def _located(answer: Any) -> Located | None:
    """Checks what a page says of an element."""
    if not isinstance(answer, dict):
        return None
    try:
        return Located(
            frame=str(answer["frame"])[:40],
            held=int(answer["held"]),
            alternative=int(answer["alternative"]),
            x=float(answer["x"]),
            y=float(answer["y"]),
            reachable=answer["reachable"] is True,
            covered=str(answer["covered"])[:100],
            moving=answer["moving"] is True,
            disabled=answer["disabled"] is True,
            tag=str(answer["tag"])[:40],
            checked=answer["checked"] is True,
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
