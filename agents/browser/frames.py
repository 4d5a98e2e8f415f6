"""The frames of one page, over as many sessions as Chromium needs: the page's own, and one for each frame in another process.

Site isolation is switched off, so frames of other sites usually share the page's session; a page may still force frames out
(Origin-Agent-Cluster, COOP), and those attach here by themselves, paused until our scripts are in.

With Runtime.enable, which bindings need, Chromium keeps every object that a page logs for us to look at: over an hour of a chatty
meeting, hundreds of megabytes. `forget_console` lets go of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from agents.browser.calls import call
from agents.browser.pyppeteer_fixes import Params, ProtocolError, SafeConnection, SafeSession, SessionGoneError

log = structlog.get_logger(__name__)

SETUP_SECONDS = 10.0
ATTACH = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
"""Frames of other sites wait until they have our scripts. Chromium then holds up workers and worklets, too, attached to or not:
with a filter that leaves them out nobody would ever let them go, and `new Worker` or `addModule` would wait for ever."""


class Frames:
    """Keeps sessions, scripts and bindings of one page together. `start` before use."""

    def __init__(
        self, connection: SafeConnection, root: SafeSession, top_frame_id: str, on_binding: Callable[[str, str], None]
    ) -> None:
        self._connection = connection
        self._top_frame_id = top_frame_id
        self._on_binding = on_binding
        self._scripts: list[str] = []
        self._bindings: list[str] = []
        self._contexts: dict[tuple[SafeSession, int], str] = {}
        """The frames' own worlds, by session and Chromium's number; the value is the number that is never given again."""
        self._sessions: list[SafeSession] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.root = root

    async def start(self) -> None:
        """Prepares the page's own session. Raises as `call`."""
        await self._prepare(self.root)

    async def add_script(self, source: str) -> None:
        """In every document of every frame from the next one on. Raises as `call`."""
        self._scripts.append(source)
        await self._everywhere("Page.addScriptToEvaluateOnNewDocument", {"source": source})

    async def add_binding(self, name: str) -> None:
        """A function of that name in every frame; its calls reach `on_binding`. Raises as `call`."""
        self._bindings.append(name)
        await self._everywhere("Runtime.addBinding", {"name": name})

    async def evaluate(self, expression: str, *, timeout_s: float) -> list[Params]:
        """Chromium's answers of all frames, the top one first; of those that gave one in time."""
        request = evaluation(expression)
        calls = [call(self.root, "Runtime.evaluate", request, timeout_s=timeout_s)]
        for (session, _), context in list(self._contexts.items()):
            calls.append(call(session, "Runtime.evaluate", {**request, "uniqueContextId": context}, timeout_s=timeout_s))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        return [answer for answer in answers if isinstance(answer, dict)]

    def forget_console(self) -> None:
        """Lets Chromium free what the page has logged."""
        for session in self._sessions:
            session.cast("Runtime.discardConsoleEntries")

    def fail(self, error: Exception) -> None:
        """Every call that waits for the page, and every later one, fails with `error`."""
        for session in self._sessions:
            session.fail(error)
        for task in self._tasks:
            task.cancel()

    async def _everywhere(self, method: str, params: Params) -> None:
        for session in list(self._sessions):
            if session is self.root:
                await call(session, method, params, timeout_s=SETUP_SECONDS)
            else:
                session.cast(method, params)

    async def _prepare(self, session: SafeSession) -> None:
        """All calls leave at once: a paused frame costs one round trip."""
        self._sessions.append(session)
        session.on("Runtime.bindingCalled", lambda event: self._on_binding(event["name"], event["payload"]))
        session.on("Runtime.executionContextCreated", lambda event: self._context_created(session, event["context"]))
        session.on("Runtime.executionContextDestroyed", lambda event: self._context_destroyed(session, event))
        session.on("Runtime.executionContextsCleared", lambda _: self._forget_contexts(session))
        session.on("Target.attachedToTarget", self._attached)
        session.on("closed", lambda _: self._closed(session))
        needed: list[tuple[str, Params]] = [
            ("Page.enable", {}),
            ("Inspector.enable", {}),
            ("Runtime.enable", {}),
            *(("Runtime.addBinding", {"name": name}) for name in self._bindings),
            *(("Page.addScriptToEvaluateOnNewDocument", {"source": source}) for source in self._scripts),
            ("Target.setAutoAttach", ATTACH),
            ("Runtime.runIfWaitingForDebugger", {}),
        ]
        await asyncio.gather(*(call(session, method, params, timeout_s=SETUP_SECONDS) for method, params in needed))

    def _attached(self, event: Params) -> None:
        kind = event["targetInfo"]["type"]
        session = self._connection.session(event["sessionId"], kind)
        task = asyncio.create_task(self._prepare_frame(session) if kind == "iframe" else self._let_go(session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _let_go(self, session: SafeSession) -> None:
        """A worker or worklet runs on: it has no document, so there is nothing for us in it."""
        try:
            await call(session, "Runtime.runIfWaitingForDebugger", {}, timeout_s=SETUP_SECONDS)
        except (ProtocolError, SessionGoneError, TimeoutError) as error:
            log.info("browser.worker_not_let_go", reason=type(error).__name__)  # it went away meanwhile

    async def _prepare_frame(self, session: SafeSession) -> None:
        try:
            await self._prepare(session)
        except (ProtocolError, SessionGoneError, TimeoutError) as error:
            log.info("browser.frame_not_prepared", reason=type(error).__name__)  # it went away meanwhile

    def _context_created(self, session: SafeSession, context: Params) -> None:
        about = context.get("auxData", {})
        if about.get("isDefault") and about.get("frameId") != self._top_frame_id:
            self._contexts[session, context["id"]] = context["uniqueId"]

    def _context_destroyed(self, session: SafeSession, event: Params) -> None:
        self._contexts.pop((session, event["executionContextId"]), None)

    def _forget_contexts(self, session: SafeSession) -> None:
        self._contexts = {key: context for key, context in self._contexts.items() if key[0] is not session}

    def _closed(self, session: SafeSession) -> None:
        self._forget_contexts(session)
        if session in self._sessions:
            self._sessions.remove(session)


def evaluation(expression: str) -> dict[str, Any]:
    """The parameters of Runtime.evaluate for a result by value, awaited, as if a user had clicked."""
    return {"expression": expression, "awaitPromise": True, "returnByValue": True, "userGesture": True}
