"""How a session is put into a browser: cookies in the words of CDP, and what pages keep themselves in documents of our own."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from agents.browser.api import Cookie, Stored
from agents.browser.calls import call
from agents.browser.frames import evaluation
from agents.browser.pyppeteer_fixes import Params, SafeSession

log = structlog.get_logger(__name__)

_SECONDS: Final = 5.0
_ALL: Final[Params] = {"patterns": [{"urlPattern": "*"}]}
_EMPTY: Final[Params] = {
    "responseCode": 200,
    "responseHeaders": [{"name": "Content-Type", "value": "text/html"}, {"name": "Cache-Control", "value": "no-store"}],
    "body": base64.b64encode(b'<!doctype html><link rel="icon" href="data:,">').decode(),
}
_FILL: Final = """([origin, local, session]) => {
  if (location.origin !== origin) return "another origin answers";
  try {
    for (const [name, value] of local) localStorage.setItem(name, value);
    for (const [name, value] of session) sessionStorage.setItem(name, value);
    return "stored";
  } catch (error) {
    return error.name;
  }
}"""


def cookie_params(cookie: Cookie) -> Params:
    """For Network.setCookies. A cookie of one host alone is given by URL: with a domain it would hold for all hosts below it, and
    one whose name begins with `__Host-` would be refused.
    """
    params: Params = {
        "name": cookie.name,
        "value": cookie.value,
        "path": cookie.path,
        "secure": cookie.secure,
        "httpOnly": cookie.http_only,
    }
    if cookie.domain.startswith("."):
        params["domain"] = cookie.domain
    else:
        params["url"] = f"{'https' if cookie.secure else 'http'}://{cookie.domain}{cookie.path}"
    if cookie.expires_s:
        params["expires"] = cookie.expires_s
    if cookie.same_site:
        params["sameSite"] = cookie.same_site
    return params


class StoragePlanter:
    """Stores in a tab what pages of some origins are to find, before any of them is there.

    For each origin the tab shows an empty document of it that comes from here and not from the network, and stores what is that
    origin's own. So no token is ever in a document of somebody else's: a script in every document, that picks by origin, would
    carry all of them into each.
    """

    def __init__(self, session: SafeSession, go: Callable[[str], Awaitable[None]]) -> None:
        """`go` opens an address in the tab and returns when its document is there."""
        self._session = session
        self._go = go
        session.on("Fetch.requestPaused", self._answer)

    async def plant(self, storage: Mapping[str, Stored]) -> None:
        """Leaves the tab as it was, at about:blank and without a history. Raises as `call`, and as `go`."""
        await call(self._session, "Fetch.enable", _ALL, timeout_s=_SECONDS)
        try:
            for origin, stored in storage.items():
                await self._go(f"{origin}/")
                given = json.dumps([origin, list(stored.local.items()), list(stored.session.items())])
                answer = await call(self._session, "Runtime.evaluate", evaluation(f"({_FILL})({given})"), timeout_s=_SECONDS)
                if (why := answer["result"].get("value")) != "stored":
                    log.warning("browser.storage_not_restored", why=why)  # never with a name or a value of it
            await self._go("about:blank")
        finally:
            await call(self._session, "Fetch.disable", {}, timeout_s=_SECONDS)
        await call(self._session, "Page.resetNavigationHistory", {}, timeout_s=_SECONDS)

    def _answer(self, event: Params) -> None:
        self._session.cast("Fetch.fulfillRequest", {"requestId": event["requestId"], **_EMPTY})
