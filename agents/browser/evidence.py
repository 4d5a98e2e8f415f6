"""What a page looked like when something went wrong."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog

from agents.browser.api import Page
from agents.browser.errors import without_secrets

log = structlog.get_logger(__name__)

SECONDS_EACH = 4.0
_HIDDEN = "[secret]"


class _SecretShownError(Exception):
    """The page shows what may not be kept."""


async def collect(page: Page, folder: Path, name: str, *, hidden: Collection[str] = ()) -> list[Path]:
    """Saves `<name>.png`, `<name>.txt` and `<name>.url` of the page in `folder`; returns those that could be had.

    Never raises. Takes at most 4 s: a hung page gives its address alone. The address is without query and fragment. Where there
    are secrets that may not be shown (`hidden`), they are taken out of the text, and a page that shows one (an error page shows
    the address that was opened) or whose text cannot be had gives no picture.
    """
    stem = folder / (re.sub(r"[^\w.-]+", "_", name)[:80] or "page")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.warning("browser.evidence_not_saved", reason=error.strerror)
        return []
    saved = await asyncio.gather(
        *_seen(page, stem, hidden),
        _save(stem.with_name(f"{stem.name}.url"), lambda: _address(page)),
    )
    return [path for path in saved if path is not None]


def without(hidden: Collection[str], text: str) -> str:
    """A text less the secrets in it, as they are or as they stand in an address."""
    for secret in sorted({form for one in hidden for form in (one, quote(one, safe=""))}, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return text


def _seen(page: Page, stem: Path, hidden: Collection[str]) -> list[Coroutine[Any, Any, Path | None]]:
    """What saves picture and text."""
    shown: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def text() -> bytes:
        said = without(hidden, await page.text())
        shown.set_result(_HIDDEN in said)
        return said.encode(errors="replace")

    async def picture() -> bytes:
        if hidden and await shown:
            raise _SecretShownError
        return await page.screenshot(timeout_s=SECONDS_EACH)

    return [_save(stem.with_name(f"{stem.name}.png"), picture), _save(stem.with_name(f"{stem.name}.txt"), text)]


async def _save(path: Path, get: Callable[[], Awaitable[bytes]]) -> Path | None:
    try:
        async with asyncio.timeout(SECONDS_EACH):
            path.write_bytes(await get())
    except Exception as error:  # noqa: BLE001 -- evidence is collected while things go wrong; it must not hide the first fault
        log.info("browser.evidence_missing", part=path.suffix, reason=type(error).__name__)
        return None
    return path


async def _address(page: Page) -> bytes:
    return without_secrets(await page.url()).encode(errors="replace")
