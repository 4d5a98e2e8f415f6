"""A page on its way into a meeting by a platform's adapter, without a service: for what classification alone decides."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from agents.browser.api import Browser, Page
from agents.media_devices.virtual_devices import Picture, VirtualDevices
from agents.platforms.base import Adapter, Attendance, JoinRequest, Listeners

PATIENCE_S = 30.0
"""Of one state, on a busy machine; on an idle one each is seen within 2 s of being there."""


@dataclass(slots=True)
class Witness:
    """What one page was taken for."""

    page: Page
    attendance: Attendance
    told: list[str] = field(default_factory=list)
    """States and the codes of remarks, in order."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def listeners(self) -> Listeners:
        return Listeners(
            ui_state=lambda seen: self._hear(seen.state.value),
            people=lambda _people: None,
            speaking=lambda _uuid, _speaks: None,
            chat=lambda _message: None,
            log=lambda code, _text: self._hear(code),
        )

    def _hear(self, what: str) -> None:
        self.told.append(what)
        self.changed.set()

    async def hears(self, *wanted: str) -> bool:
        """Whether one of these is told in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not set(wanted) & set(self.told):
                    self.changed.clear()
                    await self.changed.wait()
        return bool(set(wanted) & set(self.told))


@asynccontextmanager
async def visiting(
    adapter: Adapter, browser: Browser, url: str, *, script: str = "", picture: Picture | None = None
) -> AsyncIterator[Witness]:
    """Within the block the page is opened and the adapter's steps are done; `script` runs before the page's own."""
    page = await browser.new_page()
    attendance = adapter.attend()
    witness = Witness(page, attendance)
    try:
        if script:
            await page.add_script(script)
        await VirtualDevices(page, picture).prepare()
        await attendance.prepare(page, witness.listeners())
        entering = asyncio.create_task(attendance.enter(JoinRequest(url, "Rollcall", camera=picture is not None)))
        yield witness
        entering.cancel()
        await asyncio.wait([entering])
        if not entering.cancelled() and (error := entering.exception()):
            witness.told.append(str(error))
    finally:
        await page.close()
