"""One tab of Chromium, as api.Page."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import Any

import orjson
import structlog
from pyppeteer.errors import PyppeteerError
from pyppeteer.input import Keyboard, Mouse
from pyppeteer.us_keyboard_layout import keyDefinitions

from agents.browser.api import Cookie, Json, Stored
from agents.browser.bindings import Bindings
from agents.browser.calls import call
from agents.browser.errors import (
    BrowserError,
    BrowserLostError,
    PageClosedError,
    PageCrashedError,
    PageFloodError,
    PageHungError,
    PageNavigatedError,
    PageScriptError,
)
from agents.browser.frames import Frames, evaluation
from agents.browser.navigation import NOWHERE, Navigation
from agents.browser.pyppeteer_fixes import Params, SafeConnection, SafeSession, SessionGoneError, hear
from agents.browser.restoring import StoragePlanter, cookie_params
from agents.browser.watchdog import watch

log = structlog.get_logger(__name__)

INPUT_SECONDS = 5.0
GONE = ("Cannot find context", "Execution context was destroyed", "navigated or closed", "Cannot find default execution context")
LET_GO = f"() => void setTimeout(() => window.location.replace({NOWHERE!r}), 0)"
VISIBLE_TEXT = "() => document.body ? document.body.innerText : ''"


class ChromiumPage:
    """A tab with the session that controls it. Made by `create`."""

    def __init__(self, connection: SafeConnection, session: SafeSession, target_id: str) -> None:
        self._connection = connection
        self._session = session
        self._target_id = target_id
        self._failure: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._bindings = Bindings(self._flooded)
        self._frames = Frames(connection, session, target_id, self._bindings.called)
        self._navigation = Navigation(session, target_id, self._went_nowhere)
        self._keyboard = Keyboard(session)
        self._mouse = Mouse(session, self._keyboard)
        self._watchdog: asyncio.Task[None] | None = None
        self._silence: Callable[[float], None] | None = None
        self._closed = False

    @classmethod
    async def create(
        cls, connection: SafeConnection, target_id: str, *, size: tuple[int, int] | None = None, timeout_s: float = 10.0
    ) -> ChromiumPage:
        """Attaches to a target; its viewport is `size`, or the window's where that is None. Raises BrowserLostError."""
        try:
            async with asyncio.timeout(timeout_s):
                attached = await connection.send("Target.attachToTarget", {"targetId": target_id, "flatten": True})
                session = connection.session(attached["sessionId"], "page")
                page = cls(connection, session, target_id)
                session.on("Inspector.targetCrashed", lambda _: page.fail(PageCrashedError("the page crashed")))
                session.on("Page.javascriptDialogOpening", page._answer_dialog)
                session.on("closed", lambda _: page._detached())
                await page._frames.start()
                await page._navigation.start()
                await session.send("Emulation.setFocusEmulationEnabled", {"enabled": True})
                if size is not None:  # in the headless shell a page may otherwise shrink its own window
                    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
                    await session.send("Emulation.setDeviceMetricsOverride", metrics)
        except (TimeoutError, PyppeteerError) as error:
            raise BrowserLostError(f"no page could be opened: {error or 'no answer in time'}") from error
        page._watchdog = asyncio.create_task(watch(page._frames, page._navigation, page._silent, page._hung))
        return page

    @property
    def failure(self) -> asyncio.Future[Exception]:
        """As api.Page."""
        return self._failure

    def on_silence(self, tell: Callable[[float], None]) -> None:
        """As api.Page."""
        self._silence = tell

    async def add_script(self, source: str) -> None:
        """As api.Page."""
        async with self._translated("add_script"):
            await self._frames.add_script(source)

    async def bind(self, name: str, handler: Callable[[Json], None]) -> None:
        """As api.Page."""
        async with self._translated("bind"):
            await self._frames.add_binding(name)
            await self._frames.add_script(self._bindings.add(name, handler))

    async def restore(self, cookies: Sequence[Cookie], storage: Mapping[str, Stored]) -> None:
        """As api.Page."""
        async with self._translated("restore"):
            if cookies:
                params = {"cookies": [cookie_params(one) for one in cookies]}
                await call(self._session, "Network.setCookies", params, timeout_s=INPUT_SECONDS)
            if storage:
                await StoragePlanter(self._session, self._show_at_once).plant(storage)

    async def open(self, url: str, *, timeout_s: float = 30.0) -> None:
        """As api.Page."""
        async with self._translated("open"):
            await self._navigation.open(url, timeout_s=timeout_s)

    async def _show_at_once(self, url: str) -> None:
        await self._navigation.open(url, timeout_s=INPUT_SECONDS)

    async def evaluate(self, function: str, *args: Json, timeout_s: float = 5.0) -> Json:
        """As api.Page."""
        request = evaluation(_expression(function, args))
        async with self._translated("evaluate"):
            return _value(await call(self._session, "Runtime.evaluate", request, timeout_s=timeout_s))

    async def evaluate_in_frames(self, function: str, *args: Json, timeout_s: float = 5.0) -> list[Json]:
        """As api.Page."""
        self._check_alive()
        answers = await self._frames.evaluate(_expression(function, args), timeout_s=timeout_s)
        self._check_alive()
        return [_value(answer) for answer in answers if "exceptionDetails" not in answer]

    async def click_at(self, x: float, y: float) -> None:
        """As api.Page."""
        async with self._translated("click_at"), asyncio.timeout(INPUT_SECONDS):
            await self._mouse.move(x, y)
            await _at_once(self._mouse.down(), self._mouse.up())

    async def type_text(self, text: str) -> None:
        """As api.Page."""
        async with self._translated("type_text"), asyncio.timeout(INPUT_SECONDS + len(text) * 0.05):
            for character in text:
                if character in keyDefinitions:
                    await self._press(character)
                else:
                    await self._keyboard.sendCharacter(character)

    async def press(self, key: str) -> None:
        """As api.Page; the names of keys are those of KeyboardEvent.key."""
        async with self._translated("press"), asyncio.timeout(INPUT_SECONDS):
            await self._press(key)

    async def _press(self, key: str) -> None:
        await _at_once(self._keyboard.down(key), self._keyboard.up(key))

    async def screenshot(self, *, timeout_s: float = 5.0) -> bytes:
        """As api.Page."""
        async with self._translated("screenshot"):
            answer = await call(self._session, "Page.captureScreenshot", {"format": "png"}, timeout_s=timeout_s)
            return base64.b64decode(answer["data"])

    async def text(self, *, limit: int = 5000) -> str:
        """As api.Page."""
        texts = await self.evaluate_in_frames(f"(limit) => String(({VISIBLE_TEXT})()).slice(0, limit)", limit)
        return "\n".join(text for text in texts if isinstance(text, str) and text)[:limit]

    async def url(self) -> str:
        """As api.Page; answered by the browser's process, also while the page hangs."""
        async with self._translated("url"):
            answer = await call(self._connection, "Target.getTargetInfo", {"targetId": self._target_id}, timeout_s=5)
            return str(answer["targetInfo"]["url"])

    async def let_go(self, *, timeout_s: float = 1.0) -> None:
        """As api.Page. Not by Page.navigate: Chromium then ends the page's process, with what it still had to send."""
        there = self._navigation.will_go_nowhere()
        await self.evaluate(LET_GO, timeout_s=timeout_s)
        async with self._translated("let_go"), asyncio.timeout(timeout_s):
            await there.wait()

    async def close(self) -> None:
        """As api.Page."""
        if self._closed:
            return
        self._closed = True
        self._stop_watching()
        with contextlib.suppress(TimeoutError, PyppeteerError):
            await call(self._connection, "Target.closeTarget", {"targetId": self._target_id}, timeout_s=2)
        self._frames.fail(PageClosedError("the page is closed"))

    def fail(self, error: BrowserError) -> None:
        """The page is of no use any more; the first reason stays."""
        self._stop_watching()
        if not self._failure.done() and not self._closed:
            self._failure.set_result(error)
        self._frames.fail(error)

    def _detached(self) -> None:
        if self._connection.lost.done() or self._connection.is_ending:
            self.fail(BrowserLostError("the browser ended, or its connection broke"))
        else:
            self.fail(PageClosedError("the page closed itself"))

    def _went_nowhere(self) -> None:
        self.fail(PageClosedError("the page went to about:blank by itself"))

    def _check_alive(self) -> None:
        if self._failure.done():
            raise self._failure.result()
        if self._closed:
            raise PageClosedError("the page is closed")

    @contextlib.asynccontextmanager
    async def _translated(self, what: str) -> AsyncIterator[None]:
        """Foreign errors become ours here."""
        self._check_alive()
        try:
            yield
        except TimeoutError:
            raise PageHungError(f"{what}: no answer in time") from None
        except SessionGoneError as error:
            self._check_alive()
            raise BrowserLostError(f"{what}: {error}") from error
        except PyppeteerError as error:
            self._check_alive()
            kind = PageNavigatedError if any(words in str(error) for words in GONE) else PageScriptError
            raise kind(f"{what}: {error}") from error

    def _answer_dialog(self, event: Params) -> None:
        """Lets the page go on: alerts and "leave this page?" are accepted, questions get a no."""
        accept = event.get("type") in {"alert", "beforeunload"}
        self._session.cast("Page.handleJavaScriptDialog", {"accept": accept})

    def _flooded(self) -> None:
        self.fail(PageFloodError("the page calls us without end"))
        self._connection.send("Target.closeTarget", {"targetId": self._target_id}).add_done_callback(hear)

    def _silent(self, seconds: float) -> None:
        if self._silence is not None:
            self._silence(seconds)

    def _hung(self) -> None:
        self._watchdog = None  # it ends by itself
        self.fail(PageHungError("the page does not answer any more"))

    def _stop_watching(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None


async def _at_once(press: Coroutine[Any, Any, None], release: Coroutine[Any, Any, None]) -> None:
    """Both are sent before either is answered: what is given up then is whole, and no button or key stays down for whatever is
    pressed next (a drag from the one to the other is no click at all).
    """
    await asyncio.gather(press, release)


def _expression(function: str, args: tuple[Json, ...]) -> str:
    given = ",".join(orjson.dumps(arg).decode() for arg in args)
    return f"({function}\n)({given})"


def _value(answer: dict[str, Any]) -> Json:
    details = answer.get("exceptionDetails")
    if details is None:
        return answer["result"].get("value")
    exception = details.get("exception", {})
    message = exception.get("description") or exception.get("value") or details.get("text", "")
    raise PageScriptError(str(message)[:500])
