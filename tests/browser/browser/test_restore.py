"""A session put into a page: what its requests carry, what its documents find stored, and who does not get any of it."""

from __future__ import annotations

import json

import pytest

from agents.browser.api import Cookie
from agents.browser.page import ChromiumPage
from tests.browser.browser.site import Site

pytestmark = pytest.mark.browser

FOUND = """() => JSON.stringify(
  Array.from({ length: localStorage.length }, (_, n) => localStorage.key(n)).map((name) => [name, localStorage.getItem(name)]))"""


def cookie(name: str, domain: str, *, http_only: bool = False) -> Cookie:
    return Cookie(name, "a value", domain, "/", 4_000_000_000, http_only=http_only, secure=False, same_site="Lax")


async def test_cookies_and_storage_are_there_in_the_first_document(page: ChromiumPage, site: Site) -> None:
    own = site.url.rstrip("/")
    stored = {own: {"k": "v", "__proto__": "x", "</script>": "é\u2028"}, "https://other.example.com": {"secret": "y"}}
    await page.restore([cookie("seen", "127.0.0.1"), cookie("hidden", "127.0.0.1", http_only=True)], stored)
    await page.open(site.page("/", "<p>here</p>"))
    assert await page.evaluate("() => document.cookie") == "seen=a value"
    found = await page.evaluate(FOUND)
    assert isinstance(found, str)
    assert dict(json.loads(found)) == stored[own]


async def test_what_a_page_has_changed_meanwhile_stays(page: ChromiumPage, site: Site) -> None:
    own = site.url.rstrip("/")
    await page.restore([], {own: {"k": "old"}})
    await page.open(site.page("/", "<p>here</p>"))
    await page.evaluate("() => localStorage.setItem('k', 'new')")
    await page.open(site.page("/again", "<p>again</p>"))
    assert await page.evaluate("() => localStorage.getItem('k')") == "new"
