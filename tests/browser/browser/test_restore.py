"""A session put into a page: what its requests carry, what its documents find stored, and who does not get any of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.browser.api import Cookie, Stored
from agents.browser.calls import call
from agents.browser.page import ChromiumPage
from tests.browser.browser.site import Site

pytestmark = pytest.mark.browser

SECRET = "s3cret-4711"
FOUND = """() => [localStorage, sessionStorage].map((kept) =>
  Array.from({ length: kept.length }, (_, n) => kept.key(n)).map((name) => [name, kept.getItem(name)]))"""
HOSTILE = """<p>other</p><script>
window.heard = [];
const note = (...values) => { for (const value of values) try { window.heard.push(String(value)); } catch {} };
for (const owner of [Array.prototype, Map.prototype, Storage.prototype, String.prototype, Object, JSON, Reflect]) {
  for (const name of Object.getOwnPropertyNames(owner)) {
    const real = Object.getOwnPropertyDescriptor(owner, name).value;
    if (typeof real !== "function" || name === "constructor") continue;
    owner[name] = function (...given) {
      if (!window.quiet) {
        window.quiet = true;
        note(this, ...given);
        window.quiet = false;
      }
      return real.apply(this, given);
    };
  }
}
addEventListener("storage", (event) => note(event.key, event.newValue));
for (const src of [OWN, "about:blank", location.href + "?inner"]) {
  if (!location.search) document.body.append(Object.assign(document.createElement("iframe"), { src }));
}
</script>"""


def cookie(name: str, domain: str, *, http_only: bool = False) -> Cookie:
    return Cookie(name, "a value", domain, "/", 4_000_000_000, http_only=http_only, secure=False, same_site="Lax")


async def found(page: ChromiumPage) -> list[dict[str, str]]:
    """What the page has in its localStorage and its sessionStorage."""
    kept = await page.evaluate(FOUND)
    assert isinstance(kept, list)
    return [dict(one) for one in kept]


async def test_cookies_and_storage_are_there_in_the_first_document(page: ChromiumPage, site: Site) -> None:
    stored = Stored({"k": "v", "__proto__": "x", "</script>": "é\u2028"}, {"t": "u"})
    others = {"https://other.example.com": Stored({"secret": "y"})}
    await page.restore([cookie("seen", "127.0.0.1"), cookie("hidden", "127.0.0.1", http_only=True)], {site.url: stored, **others})
    assert site.asked == []
    await page.open(site.page("/", "<p>here</p>"))
    assert await page.evaluate("() => document.cookie") == "seen=a value"
    assert await found(page) == [stored.local, stored.session]
    assert await page.evaluate("() => history.length") == 2  # with about:blank, as ever


async def test_what_a_page_has_changed_meanwhile_stays(page: ChromiumPage, site: Site) -> None:
    await page.restore([], {site.url: Stored({"k": "old"}, {"t": "old"})})
    await page.open(site.page("/", "<p>here</p>"))
    await page.evaluate("() => { localStorage.setItem('k', 'new'); sessionStorage.removeItem('t'); }")
    await page.open(site.page("/again", "<p>again</p>"))
    assert await found(page) == [{"k": "new"}, {}]


async def test_a_page_of_another_origin_has_none_of_it_whatever_it_overrides(page: ChromiumPage, site: Site) -> None:
    own = site.page("/", "<p>own</p>")
    hostile = site.page("/hostile", HOSTILE.replace("OWN", json.dumps(own))).replace(site.url, site.other_url)
    await page.restore([], {site.url: Stored({"k": SECRET}, {"t": SECRET}), "https://third.example.com": Stored({"z": SECRET})})
    scripts = Scripts(page)
    await page.open(hostile)
    await scripts.watch()
    assert await page.evaluate("() => window.heard.length") > 0  # it listens, and has heard itself
    assert SECRET not in str(await page.evaluate("() => JSON.stringify(window.heard)"))
    assert await found(page) == [{}, {}]
    assert SECRET not in await scripts.sources()
    await page.open(own)
    assert await found(page) == [{"k": SECRET}, {"t": SECRET}]


class Scripts:
    """All scripts that were ever run in a page and its frames, also those that only Chromium's debugger sees."""

    def __init__(self, page: ChromiumPage) -> None:
        self._session: Any = page._session
        self._ids: list[str] = []
        self._session.on("Debugger.scriptParsed", lambda event: self._ids.append(event["scriptId"]))

    async def watch(self) -> None:
        """Chromium tells of those that are there already as well."""
        await call(self._session, "Debugger.enable", {}, timeout_s=5)

    async def sources(self) -> str:
        """Their texts."""
        assert self._ids
        texts = [await call(self._session, "Debugger.getScriptSource", {"scriptId": one}, timeout_s=5) for one in self._ids]
        return "\n".join(text["scriptSource"] for text in texts)
