"""From the page to Python: values of any kind over Chromium's bindings, which carry text alone."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import structlog

from agents.browser.api import Json

log = structlog.get_logger(__name__)

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
    """The handlers of one page."""

    def __init__(self) -> None:
        self._handlers: dict[str, Callable[[Json], None]] = {}

    def add(self, name: str, handler: Callable[[Json], None]) -> str:
        """Keeps the handler; returns the script that every document must run first."""
        self._handlers[name] = handler
        return _WRAPPER.replace("NAME", orjson.dumps(name).decode())

    def called(self, name: str, payload: str) -> None:
        """A page called. Nothing that it sends, and nothing that the handler raises, goes any further."""
        handler = self._handlers.get(name)
        if handler is None:
            return
        try:
            handler(payload[1:] if payload.startswith("s") else orjson.loads(payload[1:]))
        except Exception:  # a handler's fault must not end the connection, nor a hostile value
            log.exception("browser.binding_failed", binding=name)
