"""A gateway over the fake transport."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.app import Gateway, create_app
from gateway.settings import GatewaySettings
from rollcall.fake_transport import FakeTransport

KEY = {"Authorization": "Token test-key"}


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> GatewaySettings:
    for name in GatewaySettings.model_fields:
        monkeypatch.delenv(f"ROLLCALL_{name.upper()}", raising=False)
    return GatewaySettings(max_body_bytes=100_000, keepalive_seconds=0.2)


@pytest.fixture
def app(transport: FakeTransport, settings: GatewaySettings) -> Gateway:
    return create_app(transport, settings)


@pytest.fixture
async def client(app: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test", headers=KEY) as found:
        yield found
