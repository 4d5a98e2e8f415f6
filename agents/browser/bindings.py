"""From the page to Python: values of any kind over Chromium's bindings, which carry text alone."""

from __future__ import annotations

import time
from collections.abc import Callable

import orjson
import structlog

from agents.browser.api import Json
from agents.browser.json_text import loads

log = structlog.get_logger(__name__)

FLOOD_CALLS = 30_000
FLOOD_SECONDS = 10.0
"""A meeting makes some hundred calls a second at most; one that makes thousands would starve the other bots of its worker."""

MOST_FAULTS_TOLD = 20
"""Of one page: a hostile one must not fill the worker's log."""

_WRAPPER = """(() => {
  const raw = globalThis[NAME];
  if (typeof raw !== "function") return;
  const { stringify } = JSON;
  Object.defineProperty(globalThis, NAME, {
    value: (v) => raw(typeof v === "string" ? "s" + v : "j" + (stringify(v) ?? "null")),
    writable: false,
    configurable: false,
  });
})()"""
"""Text goes as it is: a 2 MB chunk in base64 is not escaped twice. JSON.stringify is kept from a page that replaces it later."""


class Bindings:
    """The handlers of one page. `flooded` is called each time that the page has called too often."""

    def __init__(self, flooded: Callable[[], None]) -> None:
        self._handlers: dict[str, Callable[[Json], None]] = {}
        self._flooded = flooded
        self._calls = 0
        self._since = time.monotonic()
        self._faults = 0

    def add(self, name: str, handler: Callable[[Json], None]) -> str:
        """Keeps the handler; returns the script that every document must run first."""
        self._handlers[name] = handler
        return _WRAPPER.replace("NAME", orjson.dumps(name).decode())

    def called(self, name: str, payload: str) -> None:
        """A page called. Nothing that it sends, and nothing that the handler raises, goes any further."""
        self._count()
        handler = self._handlers.get(name)
        if handler is None:
            return
        try:
            handler(payload[1:] if payload.startswith("s") else loads(payload[1:]))
        except Exception:  # a handler's fault must not end the connection, nor a hostile value
            self._faults += 1
            if self._faults <= MOST_FAULTS_TOLD:
                log.exception("browser.binding_failed", binding=name)

    def _count(self) -> None:
        self._calls += 1
        if self._calls < FLOOD_CALLS:
            return
        now = time.monotonic()
        if now - self._since < FLOOD_SECONDS:
            self._flooded()
        self._calls = 0
        self._since = now
