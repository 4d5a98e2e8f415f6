"""What a page looked like when something went wrong, for `debug_settings`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from agents.browser.api import Page
from agents.browser.errors import without_secrets

log = structlog.get_logger(__name__)

SECONDS_EACH = 4.0


async def collect(page: Page, folder: Path, name: str) -> list[Path]:
    """Saves `<name>.png`, `<name>.txt` and `<name>.url` of the page in `folder`; returns those that could be had.

    Never raises. Takes at most 4 s: a hung page gives its address alone. The address is without query and fragment.
    """
    stem = folder / (re.sub(r"[^\w.-]+", "_", name)[:80] or "page")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.warning("browser.evidence_not_saved", reason=error.strerror)
        return []
    saved = await asyncio.gather(
        _save(stem.with_name(f"{stem.name}.png"), lambda: page.screenshot(timeout_s=SECONDS_EACH)),
        _save(stem.with_name(f"{stem.name}.txt"), lambda: _text(page)),
        _save(stem.with_name(f"{stem.name}.url"), lambda: _address(page)),
    )
    return [path for path in saved if path is not None]


async def _save(path: Path, get: Callable[[], Awaitable[bytes]]) -> Path | None:
    try:
        async with asyncio.timeout(SECONDS_EACH):
            path.write_bytes(await get())
    except Exception as error:  # noqa: BLE001 -- evidence is collected while things go wrong; it must not hide the first fault
        log.info("browser.evidence_missing", part=path.suffix, reason=type(error).__name__)
        return None
    return path


async def _text(page: Page) -> bytes:
    return (await page.text()).encode(errors="replace")


async def _address(page: Page) -> bytes:
    return without_secrets(await page.url()).encode(errors="replace")
