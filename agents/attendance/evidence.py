"""What the page showed when something went wrong, for those who asked for it (`debug_settings`)."""

from __future__ import annotations

from pathlib import Path

from agents.browser.api import Page
from agents.browser.evidence import collect


class Evidence:
    """Keeps a screenshot and the page's text in `<folder>/debug/`; does nothing where it was not asked for."""

    def __init__(self, folder: Path, *, epoch: int, wanted: bool) -> None:
        self._folder = folder / "debug"
        self._epoch = epoch
        self._wanted = wanted
        self._count = 0
        self._hidden: set[str] = set()

    def hide(self, secret: str) -> None:
        """From here on nothing is kept that shows this text."""
        self._hidden.add(secret)

    async def keep(self, page: Page | None, code: str) -> str:
        """Keeps what can be had of the page in 4 s; returns the files' common name, or an empty text for none. Never raises."""
        if not self._wanted or page is None:
            return ""
        self._count += 1
        name = f"e{self._epoch}-{self._count}-{code}"
        return name if await collect(page, self._folder, name, hidden=self._hidden) else ""
