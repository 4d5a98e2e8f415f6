"""What stands around every answer: no other origin may read anything unless a setting says so, and all answers are hardened."""

from __future__ import annotations

import httpx
import pytest
from pydantic import ValidationError

from gateway.app import create_app
from gateway.settings import GatewaySettings
from rollcall.fake_transport import FakeTransport

API = ("/api/v1/openapi.json", "/api/v1/bots", "/api/nothing", "/media/x")
EVERYWHERE = ("/", "/docs", "/favicon.svg", "/healthz", "/nothing", *API)
FRIEND, STRANGER = "https://app.example", "https://evil.example"


def client(transport: FakeTransport, **settings: object) -> httpx.AsyncClient:
    app = create_app(transport, GatewaySettings(**settings))  # type: ignore[arg-type]  # a test says what it wants
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x")


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_no_other_origin_is_let_in_unless_a_setting_says_so(transport: FakeTransport, path: str) -> None:
    async with client(transport) as one:
        for method in ("GET", "OPTIONS"):
            headers = {"Origin": FRIEND, "Access-Control-Request-Method": "GET"}
            answer = await one.request(method, path, headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_pages_of_a_named_origin_may_call_and_read_what_they_need(transport: FakeTransport) -> None:
    async with client(transport, cors_origins=f"{FRIEND}/, https://other.example") as one:
        asked = {"Origin": FRIEND, "Access-Control-Request-Method": "PATCH"}
        asked["Access-Control-Request-Headers"] = "authorization, content-type, idempotency-key, if-match"
        ahead = await one.options("/api/v1/bots", headers=asked)
        assert ahead.status_code == 200
        assert ahead.headers["access-control-allow-origin"] == FRIEND
        assert "access-control-allow-credentials" not in ahead.headers
        answer = await one.get("/api/v1/bots", headers={"Origin": FRIEND})
        assert answer.status_code == 401, "and a key is needed as ever"
        assert answer.headers["access-control-allow-origin"] == FRIEND
        assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
        assert "Origin" in answer.headers["vary"]
        for refused in (
            await one.get("/api/v1/bots", headers={"Origin": STRANGER}),
            await one.options("/api/v1/bots", headers={**asked, "Origin": STRANGER}),
        ):
            assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("origin", ["app.example", "ftp://app.example", "https://app.example/path", "https://", "https://a b"])
def test_what_is_no_origin_is_told(origin: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        GatewaySettings(cors_origins=origin)  # type: ignore[arg-type]  # as from the environment


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_answer_is_hardened(transport: FakeTransport, path: str) -> None:
    async with client(transport) as one:
        headers = (await one.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors" in headers["content-security-policy"]
