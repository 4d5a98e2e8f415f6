"""Where scripted people go: how one gets in, chats and leaves. The rehearsal's is here; another meeting brings its own."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlencode, urlsplit, urlunsplit

from agents.browser.api import Page
from agents.browser.errors import PageHungError
from agents.people.script import PersonScript


class Venue(Protocol):
    """One kind of meeting, as people use it. Every call may raise the browser's errors."""

    async def enter(self, page: Page, url: str, person: PersonScript) -> None:
        """Opens the meeting and asks to join; returns when asked, not when let in."""
        ...

    async def chat(self, page: Page, text: str, to: str | None) -> None:
        """Says something in the chat, to everyone or to the person of that name."""
        ...

    async def is_out(self, page: Page) -> bool:
        """Whether this person's meeting is over: ended, or they were put out."""
        ...

    async def leave(self, page: Page) -> None:
        """Leaves as a person would; the page is closed afterwards."""
        ...


class RehearsalVenue:
    """The bundled meeting."""

    async def enter(self, page: Page, url: str, person: PersonScript) -> None:
        """As Venue."""
        parts = urlsplit(url)
        more = {"name": person.name, "autojoin": "1", "see": str(int(person.sees)), "hear": str(int(person.hears))}
        if person.host:
            more["host"] = "1"
        query = "&".join(filter(None, (parts.query, urlencode(more))))
        await page.open(urlunsplit(parts._replace(query=query)))

    async def chat(self, page: Page, text: str, to: str | None) -> None:
        """As Venue."""
        await page.evaluate(_CHAT, text, to)

    async def is_out(self, page: Page) -> bool:
        """As Venue. A page that is frozen on purpose is still in the meeting."""
        try:
            return bool(await page.evaluate("() => document.body.hasAttribute('data-message')"))
        except PageHungError:
            return False

    async def leave(self, page: Page) -> None:
        """As Venue."""
        await page.evaluate("() => document.getElementById('leave').click()")


_CHAT = """(text, to) => {
  const select = document.getElementById("chat-to");
  const option = to === null ? select.options[0] : [...select.options].find((o) => o.value && o.textContent === to);
  if (!option) throw new Error("nobody of that name is in the meeting");
  select.value = option.value;
  document.getElementById("chat-input").value = text;
  document.getElementById("chat-send").click();
}"""
