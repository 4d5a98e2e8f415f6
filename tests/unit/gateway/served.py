"""The app behind a real port: streams need one, for httpx's own ASGI transport hands nothing over before the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.types import ASGIApp

from gateway.serve import serving
from tests.unit.gateway.conftest import KEY


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving(app, "127.0.0.1:0", drain_s=2) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=KEY, timeout=10) as client,
    ):
        yield client
