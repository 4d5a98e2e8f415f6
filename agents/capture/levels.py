"""Records nothing and still hears who speaks: for `format: none`, where silence is a reason to leave all the same."""

from __future__ import annotations

import time

from agents.browser.api import BrowserOptions, Json, Page
from agents.capture import wire
from agents.capture.base import CaptureListeners
from agents.capture.pagescript import PageSettings, page_script


class LevelsOnly:
    """base.Capture without a recording."""

    def __init__(self) -> None:
        self._settings = PageSettings()
        self._listeners: CaptureListeners | None = None
        self._speaking: set[str] = set()

    def browser_options(self, options: BrowserOptions) -> BrowserOptions:
        """As base.Capture: nothing is needed."""
        return options

    async def prepare(self, page: Page, listeners: CaptureListeners) -> None:
        """As base.Capture."""
        self._listeners = listeners
        await page.bind(self._settings.binding, self._heard)
        await page.add_script(page_script(self._settings))

    async def arm(self) -> None:
        """Nothing to do."""

    async def start(self) -> int:
        """Now."""
        return time.time_ns() // 1_000_000

    async def pause(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    def _heard(self, value: Json) -> None:
        match wire.read(value, self._settings.token):
            case wire.Speaking(source=source, on=on):
                self._tell(source, on=on)
            case wire.Hearing(page=page):
                if self._listeners:
                    self._listeners.hearing(page)
            case wire.Hello(top=True):
                for source in list(self._speaking):
                    self._tell(source, on=False)
            case _:
                pass

    def _tell(self, source: str, *, on: bool) -> None:
        (self._speaking.add if on else self._speaking.discard)(source)
        if self._listeners:
            self._listeners.speaking(source, on)
