"""What the page showed when something went wrong: pictures and texts in the bot's folder, addresses and a few words in its log.

Who may see what: before the bot was in, a page shows a refusal, a door, a lobby; it is kept of every bot that fails there, unless
the operator has it otherwise (`ROLLCALL_JOIN_EVIDENCE`). A meeting shows people: once the bot was in, only for those who asked
(`debug_settings`). All of it goes with `delete_data`, and after some days by itself (`server/evidence.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from agents.browser.api import Page
from agents.browser.errors import BrowserError, without_secrets
from agents.browser.evidence import collect, without

ADDRESS_SECONDS = 1.0
MOST_OF_A_KIND = 5
"""A page that is known and unknown by turns must not fill the disk of somebody who did not ask for it."""
SHORTEST_SECRET = 4
"""Of an address: shorter values are no passcodes, and stand in every page by chance."""


class Evidence:
    """The evidence of one attendance, in `<folder>/debug/`. Nothing here raises."""

    def __init__(self, folder: Path, remark: Callable[..., None], *, epoch: int, asked: bool, unasked: bool) -> None:
        """`asked`: the bot's owner wants evidence of everything; `unasked`: of a bot that was not in yet it is kept anyhow."""
        self._folder = folder / "debug"
        self._remark = remark
        self._epoch = epoch
        self._asked = asked
        self._unasked = unasked
        self._kinds: Counter[str] = Counter()
        self._hidden: set[str] = set()
        self.said = ""
        """The words of the page by which it was last told what it shows, at most 200 characters."""

    def hide(self, secret: str) -> None:
        """From here on nothing is kept that shows this text."""
        self._hidden.add(secret)

    def hide_secrets_of(self, url: str) -> None:
        """The values in a meeting's address, as its passcode."""
        with contextlib.suppress(ValueError):
            for _, value in parse_qsl(urlsplit(url).query):
                if len(value) >= SHORTEST_SECRET:
                    self.hide(value)

    def enter_meeting(self) -> None:
        """The bot is in: from here on people may be seen."""
        self._unasked = False

    async def keep(self, page: Page | None, code: str) -> str:
        """Keeps what can be had of the page in 4 s; returns the files' common name, or an empty text for none."""
        if page is None or not (self._asked or (self._unasked and self._kinds[code] < MOST_OF_A_KIND)):
            return ""
        self._kinds[code] += 1
        name = f"e{self._epoch}-{self._kinds.total()}-{code}"
        kept = await collect(page, self._folder, name, hidden=self._hidden)
        if not (self._asked or self._unasked):  # the bot came in meanwhile, and people may be in the picture
            for path in kept:
                with contextlib.suppress(OSError):  # a folder that is gone, and the file with it
                    path.unlink(missing_ok=True)
            return ""
        return name if kept else ""

    async def tell(self, page: Page | None, code: str) -> None:
        """As `keep`, and the bot's log says that it is kept."""
        if kept := await self.keep(page, code):
            words = await self.words(page)
            self._remark("evidence_kept", "What the page showed is kept.", evidence=kept, **words)

    async def of_fault(self, page: Page | None, code: str) -> dict[str, str]:
        """As `words` and `keep`, for a page that failed: of that it said nothing."""
        self.said = ""
        return {**await self.words(page), "evidence": await self.keep(page, code)}

    async def words(self, page: Page | None) -> dict[str, str]:
        """For the log, at once: where the page is, without secrets, and the words of it that decided; what is known of these."""
        address = ""
        if page is not None:
            with contextlib.suppress(BrowserError, TimeoutError):
                async with asyncio.timeout(ADDRESS_SECONDS):
                    address = without_secrets(await page.url())
        found = {"url": address, "text": without(self._hidden, self.said)}
        return {name: value for name, value in found.items() if value}
