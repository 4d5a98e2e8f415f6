"""A browser without a browser, for the tests of whoever uses one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agents.browser.api import BrowserOptions, Cookie, Json, Stored
from agents.browser.errors import BrowserError, PageClosedError

Answer = Callable[[str, tuple[Json, ...]], Json]


def _nothing(function: str, args: tuple[Json, ...]) -> Json:
    del function, args


@dataclass(slots=True)
class FakePage:
    """A page that does nothing by itself. The test answers its scripts, calls its bindings, and reads what was done to it."""

    answer: Answer = _nothing
    """Gives the result of `evaluate`, from the function's source and its arguments; may raise."""
    load_error: BrowserError | None = None
    """What `open` raises."""
    visible_text: str = ""
    address: str = "about:blank"
    scripts: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    evaluated: list[tuple[str, tuple[Json, ...]]] = field(default_factory=list)
    done: list[tuple[str, Json]] = field(default_factory=list)
    """Clicks, texts and keys, as ("click_at", [1, 2]), ("type_text", "hello"), ("press", "Enter")."""
    cookies: list[Cookie] = field(default_factory=list)
    storage: dict[str, Stored] = field(default_factory=dict)
    closed: bool = False
    _handlers: dict[str, Callable[[Json], None]] = field(default_factory=dict)
    _failure: asyncio.Future[Exception] | None = None
    _silence: Callable[[float], None] | None = None

    @property
    def failure(self) -> asyncio.Future[Exception]:
        """As api.Page."""
        if self._failure is None:
            self._failure = asyncio.get_running_loop().create_future()
        return self._failure

    def fail(self, error: BrowserError) -> None:
        """As if the page crashed, hung, or lost its browser."""
        if not self.failure.done():
            self.failure.set_result(error)

    def on_silence(self, tell: Callable[[float], None]) -> None:
        """As api.Page."""
        self._silence = tell

    def fall_silent(self, seconds: float) -> None:
        """As if the page had not answered for so long; 0: it does again."""
        if self._silence is not None:
            self._silence(seconds)

    def call(self, name: str, value: Json = None) -> None:
        """As if a script in the page had called the binding. KeyError where nobody bound it."""
        self._handlers[name](value)

    async def add_script(self, source: str) -> None:
        """As api.Page."""
        self._check()
        self.scripts.append(source)

    async def bind(self, name: str, handler: Callable[[Json], None]) -> None:
        """As api.Page."""
        self._check()
        self._handlers[name] = handler

    async def restore(self, cookies: Sequence[Cookie], storage: Mapping[str, Stored]) -> None:
        """As api.Page."""
        self._check()
        self.cookies = list(cookies)
        self.storage = dict(storage)

    async def open(self, url: str, *, timeout_s: float = 30.0) -> None:
        """As api.Page; succeeds unless `load_error` is set."""
        del timeout_s
        self._check()
        self.opened.append(url)
        if self.load_error is not None:
            raise self.load_error
        self.address = url

    async def evaluate(self, function: str, *args: Json, timeout_s: float = 5.0) -> Json:
        """As api.Page; the result is `answer`'s."""
        del timeout_s
        self._check()
        self.evaluated.append((function, args))
        return self.answer(function, args)

    async def evaluate_in_frames(self, function: str, *args: Json, timeout_s: float = 5.0) -> list[Json]:
        """As api.Page, with one frame."""
        return [await self.evaluate(function, *args, timeout_s=timeout_s)]

    async def click_at(self, x: float, y: float) -> None:
        """As api.Page."""
        self._check()
        self.done.append(("click_at", [x, y]))

    async def type_text(self, text: str) -> None:
        """As api.Page."""
        self._check()
        self.done.append(("type_text", text))

    async def press(self, key: str) -> None:
        """As api.Page."""
        self._check()
        self.done.append(("press", key))

    async def screenshot(self, *, timeout_s: float = 5.0) -> bytes:
        """A PNG's first bytes."""
        del timeout_s
        self._check()
        return b"\x89PNG\r\n\x1a\n"

    async def text(self, *, limit: int = 5000) -> str:
        """As api.Page."""
        self._check()
        return self.visible_text[:limit]

    async def url(self) -> str:
        """As api.Page."""
        self._check()
        return self.address

    async def let_go(self, *, timeout_s: float = 1.0) -> None:
        """As api.Page."""
        del timeout_s
        self._check()
        self.address = "about:blank"

    async def close(self) -> None:
        """As api.Page."""
        self.closed = True

    def _check(self) -> None:
        if self.failure.done():
            raise self.failure.result()
        if self.closed:
            raise PageClosedError("the page is closed")


@dataclass(slots=True)
class FakeBrowser:
    """A browser of fake pages; `make_page` makes them."""

    make_page: Callable[[], FakePage] = FakePage
    pages: list[FakePage] = field(default_factory=list)
    closed: bool = False
    pid: int = 0

    async def new_page(self) -> FakePage:
        """As api.Browser."""
        self.pages.append(self.make_page())
        return self.pages[-1]

    async def close(self) -> None:
        """As api.Browser."""
        self.closed = True


@dataclass(slots=True)
class FakeLauncher:
    """A launcher of fake browsers."""

    make_page: Callable[[], FakePage] = FakePage
    error: BrowserError | None = None
    """What `launch` raises."""
    launched: list[tuple[BrowserOptions, FakeBrowser]] = field(default_factory=list)

    async def launch(self, options: BrowserOptions, *, profile_parent: Path) -> FakeBrowser:
        """As api.BrowserLauncher."""
        del profile_parent
        if self.error is not None:
            raise self.error
        browser = FakeBrowser(self.make_page)
        self.launched.append((options, browser))
        return browser
