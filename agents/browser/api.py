"""What the rest of the agent knows of a browser. The one implementation is session.py; tests have a fake beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Json = Any
"""What survives JSON: None, bool, int, float, str, list, dict."""


@dataclass(frozen=True, slots=True)
class BrowserOptions:
    """How to start Chromium for one bot. Capture methods and platforms each add their own with `merged`."""

    tab_capture: bool = False
    """True needs the full Chromium; False prefers chromium-headless-shell where it is installed."""
    width: int = 1280
    height: int = 720
    flags: tuple[str, ...] = ()
    """Switches, as `--lang=en-US`."""
    disabled_features: frozenset[str] = frozenset()
    enabled_features: frozenset[str] = frozenset()
    secure_origins: tuple[str, ...] = ()
    """Origins treated as secure though they are not, as `http://10.0.0.1:8088`. Any needs the full Chromium."""
    grants: tuple[str, ...] = ()
    """CDP permission names granted to every origin, as `audioCapture`."""
    extra_environment: dict[str, str] = field(default_factory=dict)

    def merged(
        self,
        *,
        tab_capture: bool = False,
        size: tuple[int, int] | None = None,
        flags: Sequence[str] = (),
        disabled_features: Sequence[str] = (),
        enabled_features: Sequence[str] = (),
        secure_origins: Sequence[str] = (),
        grants: Sequence[str] = (),
    ) -> BrowserOptions:
        """These options with more: a repeated switch keeps the last, features are united, a size replaces."""
        width, height = size or (self.width, self.height)
        names = {f.split("=", 1)[0]: f for f in (*self.flags, *flags)}
        return BrowserOptions(
            tab_capture=self.tab_capture or tab_capture,
            width=width,
            height=height,
            flags=tuple(names.values()),
            disabled_features=self.disabled_features | frozenset(disabled_features),
            enabled_features=self.enabled_features | frozenset(enabled_features),
            secure_origins=tuple(dict.fromkeys((*self.secure_origins, *secure_origins))),
            grants=tuple(dict.fromkeys((*self.grants, *grants))),
            extra_environment=self.extra_environment,
        )


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to be put into a browser. `domain` begins with a dot where hosts below it get it, too; `expires_s`: seconds since
    the Unix epoch, 0 for one that ends with the browser; `same_site`: None, Lax, Strict or empty.
    """

    name: str
    value: str = field(repr=False)
    domain: str
    path: str
    expires_s: float
    http_only: bool
    secure: bool
    same_site: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What pages of one origin are to find stored, by name: in `localStorage`, and in the tab's own `sessionStorage`."""

    local: Mapping[str, str] = field(default_factory=dict, repr=False)
    session: Mapping[str, str] = field(default_factory=dict, repr=False)


class Page(Protocol):
    """One tab. Every call has a deadline and raises an error of agents.browser.errors, never a foreign one."""

    @property
    def failure(self) -> asyncio.Future[Exception]:
        """Done once, with the BrowserError (as its result), when the page crashed, hung, closed itself (or went to about:blank
        unasked), or lost its browser.
        """
        ...

    def on_silence(self, tell: Callable[[float], None]) -> None:
        """Calls `tell` with the seconds, once, when the page has not answered for 1.5 s, and with 0 when it answers again.

        It may be busy; one that is silent for 10 s is a `failure`. Another call takes the place of this one.
        """
        ...

    async def add_script(self, source: str) -> None:
        """Runs `source` in every document of every frame before the document's own scripts. Call before `open`."""
        ...

    async def bind(self, name: str, handler: Callable[[Json], None]) -> None:
        """Makes `window[name](value)` in every frame call `handler(value)` here, in order, within about a millisecond.

        What the handler raises is logged and goes no further. Call before `open`.
        """
        ...

    async def restore(self, cookies: Sequence[Cookie], storage: Mapping[str, Stored]) -> None:
        """Puts a session into the browser: cookies, and what pages of each origin find stored. Nothing of an origin is ever in a
        document of another, and the network is not asked. Call before `open`, and before `add_script` and `bind`.
        """
        ...

    async def open(self, url: str, *, timeout_s: float = 30.0) -> None:
        """Goes to `url` and returns when its document is there (DOMContentLoaded). Raises PageLoadError."""
        ...

    async def evaluate(self, function: str, *args: Json, timeout_s: float = 5.0) -> Json:
        """The result of a JavaScript function's source, awaited, in the top frame: `evaluate("(a) => a + 1", 1)`.

        Counts as a user's gesture. Raises PageHungError after `timeout_s`, PageScriptError with the script's message.
        """
        ...

    async def evaluate_in_frames(self, function: str, *args: Json, timeout_s: float = 5.0) -> list[Json]:
        """As `evaluate`, in every frame; frames that fail or go away are left out."""
        ...

    async def click_at(self, x: float, y: float) -> None:
        """A real mouse click (trusted events) at a point of the top frame's viewport, in CSS pixels."""
        ...

    async def type_text(self, text: str) -> None:
        """Types into whatever has the focus (trusted events)."""
        ...

    async def press(self, key: str) -> None:
        """Presses one key, as `Enter`."""
        ...

    async def screenshot(self, *, timeout_s: float = 5.0) -> bytes:
        """A PNG of the viewport."""
        ...

    async def text(self, *, limit: int = 5000) -> str:
        """The visible text of all frames, cut at `limit` characters."""
        ...

    async def url(self) -> str:
        """Where the top frame is."""
        ...

    async def let_go(self, *, timeout_s: float = 1.0) -> None:
        """Has the page go to about:blank by itself, as when a tab is closed: it may still say goodbye. Raises PageHungError."""
        ...

    async def close(self) -> None:
        """Closes the tab; never raises."""
        ...


class Browser(Protocol):
    """One Chromium process with a profile of its own."""

    @property
    def pid(self) -> int:
        """The process."""
        ...

    async def new_page(self) -> Page:
        """Opens a tab. Raises BrowserLostError."""
        ...

    async def close(self) -> None:
        """Ends the process, all its children and its profile folder; never raises, never waits longer than 5 s."""
        ...


class BrowserLauncher(Protocol):
    """Starts browsers."""

    async def launch(self, options: BrowserOptions, *, profile_parent: Path) -> Browser:
        """Starts Chromium and connects. Raises ChromiumNotFoundError, ChromiumStartError (with what it printed)."""
        ...
