"""A call with a deadline: the one way in which this package talks to Chromium."""

from __future__ import annotations

import asyncio
from typing import Any

from agents.browser.pyppeteer_fixes import Params, SafeConnection, SafeSession


async def call(
    channel: SafeSession | SafeConnection, method: str, params: Params | None = None, *, timeout_s: float
) -> dict[str, Any]:
    """The result of a call. Raises TimeoutError, ProtocolError, SessionGoneError, or what the session was failed with."""
    async with asyncio.timeout(timeout_s):
        return await channel.send(method, params)
