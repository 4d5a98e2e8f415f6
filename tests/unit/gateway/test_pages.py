from __future__ import annotations

import re

import httpx
import pytest


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/console/console.css", "/console/docs.js", "/console/landing.js", "/favicon.svg"]
)
async def test_pages_load_nothing_from_elsewhere(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.findall(r"""(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//""", answer.text)
    assert "innerHTML" not in answer.text


async def test_the_landing_page_leads_on(client: httpx.AsyncClient) -> None:
    text = (await client.get("/")).text
    for path in ("/docs", "/rehearsal/", "/api/v1/openapi.json"):
        assert f'href="{path}' in text


async def test_everything_a_page_asks_for_is_there(client: httpx.AsyncClient) -> None:
    for page in ("/", "/docs"):
        for path in re.findall(r'(?:src|href)="(/[^"#]*)"', (await client.get(page)).text):
            assert (await client.get(path)).status_code == 200, path
