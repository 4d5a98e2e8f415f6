"""People with faces and voices in the twins' meetings: all of them, and the relays, are pages of one browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agents.browser.api import Browser, BrowserOptions, Page
from agents.people import parse, run
from tests.measure import words
from tests.twins.attending import Meeting, until

LINES = {"Ada": words.LINES[::2], "Bob": words.LINES[1::2]}
TURN_SECONDS = 5.0
ROUNDS = 12


def script() -> str:
    """Ada and Bob, who talk by turns for two minutes."""
    people = []
    for number, (name, lines) in enumerate(LINES.items()):
        says = [f'{{ at = {2 + TURN_SECONDS * (2 * n + number)}, text = "{lines[n % 2]}" }}' for n in range(ROUNDS)]
        people.append(
            f'[[people]]\nname = "{name}"\ncamera = {{ width = 480, height = 270, fps = 10 }}\nsays = [{", ".join(says)}]\n'
        )
    return "\n".join(people)


@dataclass(frozen=True, slots=True)
class _Shared:
    """A browser that belongs to somebody else, as a launcher and as what it launches."""

    browser: Browser

    @property
    def pid(self) -> int:
        return self.browser.pid

    async def launch(self, _options: BrowserOptions, *, profile_parent: Path) -> _Shared:
        return self

    async def new_page(self) -> Page:
        return await self.browser.new_page()

    async def close(self) -> None:
        """Its owner closes it."""


@asynccontextmanager
async def people(browser: Browser, meeting: Meeting, *, relay: bool) -> AsyncIterator[None]:
    """Ada and Bob are in the meeting within the block, and talk; with `relay` their media come as from a platform's servers."""
    page = await browser.new_page() if relay else None
    talking: asyncio.Task[None] | None = None
    try:
        if page is not None:
            await page.open(f"{meeting.plain}/relay/{meeting.room}")
            await until(lambda: page.evaluate("() => 'ready' in document.body.dataset"))
        talking = asyncio.create_task(run(parse(script()), meeting.people_url, launcher=_Shared(browser)))
        await until(lambda: _are_there(meeting, talking))
        yield
    finally:
        if talking is not None:
            talking.cancel()
            await asyncio.wait([talking])
        if page is not None:
            await page.close()


async def _are_there(meeting: Meeting, talking: asyncio.Task[None]) -> bool:
    if talking.done():
        talking.result()  # says why nobody will ever come
    return set(LINES) <= {person["name"] for person in (await meeting.state())["people"]}
