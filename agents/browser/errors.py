"""The errors of a browser, each with when it is raised. Nothing above this package sees an error of pyppeteer or of the system.

Messages may hold words that a page chose (cut short); they are for developers, never for clients.
"""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit


class BrowserError(Exception):
    """Whatever went wrong with a browser or a page. The root; never raised itself."""


class ChromiumNotFoundError(BrowserError):
    """No Chromium is installed where we look, or the configured path is not a program. Raised by `launch`."""


class ChromiumStartError(BrowserError):
    """Chromium was started and ended, or said nothing in time. Raised by `launch`."""

    def __init__(self, message: str, *, output: str, hint: str) -> None:
        text = f"{message}. {hint}" if hint else f"{message}."
        super().__init__(f"{text}\nIt printed:\n{output}" if output else text)
        self.output = output
        """The last lines it printed."""
        self.hint = hint
        """What to do, or empty."""


class BrowserLostError(BrowserError):
    """The browser's process ended or its connection broke. Raised by every call after that; a page's `failure`."""


class PageError(BrowserError):
    """Something about one page. The root of what follows; never raised itself."""


class PageCrashedError(PageError):
    """The page's renderer process died. Raised by every call after that; a page's `failure`."""


class PageClosedError(PageError):
    """The page closed itself or went to about:blank, or a call came after `close`. A page's `failure` in the first two cases."""


class PageHungError(PageError):
    """No answer in time. Raised by one call that ran out of time; a page's `failure` when it answers nothing any more."""


class PageFloodError(PageError):
    """The page called us more often than any meeting would, and was closed to protect the others. A page's `failure`."""


class PageScriptError(PageError):
    """A script that we ran in the page threw; the text is the script's. Raised by `evaluate`."""


class PageNavigatedError(PageScriptError):
    """The page went to another document while our script ran, so there is no result. Raised by `evaluate`; worth another try."""


class LoadFailure(StrEnum):
    """Why a page could not be opened."""

    NOT_ALLOWED = "not_allowed"
    """The address is not http or https, or it redirects to one that is not."""
    DNS = "dns"
    REFUSED = "refused"
    """Nobody listens at that address, or the connection was reset."""
    TLS = "tls"
    HTTP = "http"
    """The server answered with 4xx or 5xx; see `status`."""
    TIMEOUT = "timeout"
    NO_DOCUMENT = "no_document"
    """A download, an empty answer (204), or the load was broken off."""
    NETWORK = "network"
    """Any other network failure."""


class PageLoadError(PageError):
    """A page could not be opened. Raised by `open`."""

    def __init__(self, kind: LoadFailure, url: str, *, status: int = 0, detail: str = "") -> None:
        self.kind = kind
        self.url = without_secrets(url)
        self.status = status
        """The HTTP status for `LoadFailure.HTTP`, else 0."""
        extra = f" {status}" if status else f" ({detail})" if detail else ""
        super().__init__(f"{self.url}: {kind.value}{extra}")


def without_secrets(url: str) -> str:
    """The URL without user, query and fragment, where meetings keep passcodes and tokens; fit for logs."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(not a URL)"
    return f"{parts.scheme}://{host}{port}{parts.path}"[:300]
