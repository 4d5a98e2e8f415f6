"""Opening an address, with a deadline that holds and a failure that says why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from agents.browser.calls import call
from agents.browser.errors import LoadFailure, PageLoadError
from agents.browser.pyppeteer_fixes import Params, SafeSession

NOWHERE = "about:blank"
NO_BODIES = {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0}
"""The network is watched only while a page is opened, and no body kept: in an hour's meeting that grows to 100 MB."""

KINDS = (
    ("net::ERR_NAME_", LoadFailure.DNS),
    ("net::ERR_DNS_", LoadFailure.DNS),
    ("net::ERR_CONNECTION_TIMED_OUT", LoadFailure.TIMEOUT),
    ("net::ERR_TIMED_OUT", LoadFailure.TIMEOUT),
    ("net::ERR_CONNECTION_", LoadFailure.REFUSED),
    ("net::ERR_EMPTY_RESPONSE", LoadFailure.REFUSED),
    ("net::ERR_ADDRESS_UNREACHABLE", LoadFailure.REFUSED),
    ("net::ERR_CERT_", LoadFailure.TLS),
    ("net::ERR_SSL_", LoadFailure.TLS),
    ("net::ERR_BAD_SSL_", LoadFailure.TLS),
    ("net::ERR_UNSAFE_", LoadFailure.NOT_ALLOWED),
    ("net::ERR_UNKNOWN_URL_SCHEME", LoadFailure.NOT_ALLOWED),
    ("net::ERR_DISALLOWED_URL_SCHEME", LoadFailure.NOT_ALLOWED),
    ("net::ERR_ABORTED", LoadFailure.NO_DOCUMENT),
)


class Navigation:
    """Opens addresses in one page. Made once a page, for it hears the page's events."""

    def __init__(self, session: SafeSession, frame_id: str, went_nowhere: Callable[[], None]) -> None:
        """`went_nowhere` is called when the page goes to about:blank by itself: no document of a site is shown any more."""
        self._session = session
        self._frame_id = frame_id
        self._went_nowhere = went_nowhere
        self._wanted = NOWHERE
        """Where we sent the page last; a new tab is nowhere."""
        self._loader = ""
        """The document that is there or coming."""
        self._ready: set[str] = set()
        self._statuses: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._nowhere = asyncio.Event()
        self.is_pending = False
        """Whether another document was asked for and is not there yet; Chromium holds calls into the page back meanwhile."""
        session.on("Page.lifecycleEvent", self._on_lifecycle)
        session.on("Network.responseReceived", self._on_response)
        session.on("Page.frameStartedNavigating", lambda event: self._on_pending(event["frameId"], pending=True))
        session.on("Page.frameNavigated", self._on_navigated)
        session.on("Page.frameStoppedLoading", lambda event: self._on_pending(event["frameId"], pending=False))

    async def start(self) -> None:
        """Asks for the events. Raises as `call`."""
        await call(self._session, "Page.setLifecycleEventsEnabled", {"enabled": True}, timeout_s=5)

    async def open(self, url: str, *, timeout_s: float) -> None:
        """Goes there; returns at DOMContentLoaded. Raises PageLoadError, and what the session is failed with."""
        if not _allowed(url):
            raise PageLoadError(LoadFailure.NOT_ALLOWED, url, detail="only http and https")
        self._ready.clear()
        self._statuses.clear()
        before = self._loader
        self._wanted = url
        try:
            async with asyncio.timeout(timeout_s):
                await self._session.send("Network.enable", NO_BODIES)
                answer = await self._session.send("Page.navigate", {"url": url})
                self._check(url, answer)
                if "loaderId" in answer:  # else only the part after # changed
                    await self._wait_for_document(before)
        except TimeoutError:
            self._session.cast("Page.stopLoading")
            raise PageLoadError(LoadFailure.TIMEOUT, url, detail=f"after {timeout_s:g} s") from None
        finally:
            self._session.cast("Network.disable")

    def will_go_nowhere(self) -> asyncio.Event:
        """The page is told to go to about:blank, which is then no failure of it; set when it is there."""
        self._wanted = NOWHERE
        self._nowhere.clear()
        return self._nowhere

    def _check(self, url: str, answer: dict[str, Any]) -> None:
        status = self._statuses.get(answer.get("loaderId", ""), 0)
        if status >= 400:
            raise PageLoadError(LoadFailure.HTTP, url, status=status)
        error = answer.get("errorText", "")
        if error or answer.get("isDownload"):
            kind = next((kind for prefix, kind in KINDS if error.startswith(prefix)), LoadFailure.NETWORK)
            raise PageLoadError(LoadFailure.NO_DOCUMENT if answer.get("isDownload") else kind, url, detail=error)

    async def _wait_for_document(self, before: str) -> None:
        """Any document but the one before: the page may have sent us on to another."""
        while not self._ready - {before}:
            self._changed.clear()
            await self._changed.wait()

    def _on_lifecycle(self, event: Params) -> None:
        if event["frameId"] != self._frame_id:
            return
        if event["name"] == "init":
            self._loader = event["loaderId"]
        elif event["name"] == "DOMContentLoaded":
            self._ready.add(event["loaderId"])
            self._changed.set()

    def _on_navigated(self, event: Params) -> None:
        frame = event["frame"]
        self._on_pending(frame["id"], pending=False)
        if frame["id"] != self._frame_id or frame["url"] != NOWHERE:
            return
        if self._wanted == NOWHERE:
            self._nowhere.set()
        else:
            self._went_nowhere()

    def _on_pending(self, frame_id: str, *, pending: bool) -> None:
        if frame_id == self._frame_id:
            self.is_pending = pending

    def _on_response(self, event: Params) -> None:
        if event.get("type") == "Document" and event.get("frameId") == self._frame_id:
            self._statuses[event["loaderId"]] = event["response"]["status"]


def _allowed(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return url == NOWHERE or (parts.scheme in {"http", "https"} and bool(parts.hostname))
