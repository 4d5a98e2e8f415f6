"""How people use the meetings that others wrote."""

from __future__ import annotations

import asyncio

from agents.browser.api import Page
from agents.people import Venue
from agents.people.script import PersonScript

WAIT_SECONDS = 15


async def until(page: Page, condition: str) -> None:
    """Waits until an expression is true in the page."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not await page.evaluate(f"() => Boolean({condition})"):  # noqa: ASYNC110 -- it happens in a browser
            await asyncio.sleep(0.05)


class Gathered:
    """Another venue, and `here` once so many people have entered it: clients that all come in one moment may miss each other."""

    def __init__(self, venue: Venue, count: int) -> None:
        self.here = asyncio.Event()
        self._venue, self._awaited = venue, count
        self.chat, self.is_out, self.leave = venue.chat, venue.is_out, venue.leave

    async def enter(self, page: Page, url: str, person: PersonScript) -> None:
        await self._venue.enter(page, url, person)
        self._awaited -= 1
        if not self._awaited:
            self.here.set()


class EasyRtcVenue:
    """open-easyrtc's multiparty demo: joins by itself."""

    async def enter(self, page: Page, url: str, person: PersonScript) -> None:
        del person
        await page.open(url)
        await until(page, "easyrtc.myEasyrtcid")

    async def chat(self, page: Page, text: str, to: str | None) -> None:
        del to
        await page.evaluate(
            "(text) => { showTextEntry(); document.getElementById('textentryField').value = text; sendText(); }", text
        )

    async def is_out(self, page: Page) -> bool:
        del page
        return False

    async def leave(self, page: Page) -> None:
        await page.evaluate("() => { easyrtc.hangupAll(); easyrtc.disconnect(); }")


class PeerCallsVenue:
    """Peer Calls: a nickname and a button. React hears of a text only by the event after it."""

    async def enter(self, page: Page, url: str, person: PersonScript) -> None:
        await page.open(url)
        await until(page, "document.querySelector('form.media')")
        await page.evaluate(f"(name) => {{ {_TYPE}; type('form.media input', name); go('form.media'); }}", person.name)

    async def chat(self, page: Page, text: str, to: str | None) -> None:
        del to
        await page.evaluate(f"(text) => {{ {_TYPE}; type('.chat-controls textarea', text); go('.chat-controls'); }}", text)

    async def is_out(self, page: Page) -> bool:
        del page
        return False

    async def leave(self, page: Page) -> None:
        await page.evaluate("() => document.querySelector('.toolbar .hangup').click()")
        # A page closed at once takes its goodbye with it, and the others see it for 20 s more.
        await until(page, "document.querySelector('form.media')")


_TYPE = """const type = (place, text) => {
  const field = document.querySelector(place);
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value').set.call(field, text);
  field.dispatchEvent(new Event('input', { bubbles: true }));
}, go = (place) => document.querySelector(place + ' [type=submit]').click()"""


class JanusVenue:
    """The demos of janus: the same two buttons open each of its rooms."""

    async def enter(self, page: Page, url: str, person: PersonScript) -> None:
        await page.open(url)
        await until(page, "typeof $ === 'function' && $._data($('#start')[0], 'events')")
        await page.evaluate("() => { $('#start').click(); }")
        await until(page, "$('#username').is(':visible')")
        await page.evaluate("(name) => { $('#username').val(name); $('#register').click(); }", person.name)

    async def chat(self, page: Page, text: str, to: str | None) -> None:
        raise NotImplementedError("that room has no chat")

    async def is_out(self, page: Page) -> bool:
        del page
        return False

    async def leave(self, page: Page) -> None:
        await page.evaluate("() => { janus.destroy(); }")
