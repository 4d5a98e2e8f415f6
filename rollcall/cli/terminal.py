"""How the command line speaks to a person."""

from __future__ import annotations

import logging
import sys

import structlog


class UserError(Exception):
    """Something a person can put right; the text says what to do. Raised by commands; `code` is the process's exit code."""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def explain(error: Exception) -> UserError | None:
    """What to tell a person about an error of a part of ours, or None for a fault of ours (which then shows its traceback)."""
    from pydantic import ValidationError

    from agents.browser.errors import BrowserError
    from agents.people import ScriptError, VoiceError
    from agents.settings import SettingError
    from gateway.serve import AddressError
    from rollcall.errors import RollcallError
    from server.domain.errors import DomainError

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        name = "ROLLCALL_" + "_".join(str(part) for part in first["loc"]).upper()
        return UserError(f"{name} is not right: {first['msg']}. `rollcall settings` lists every setting.", code=2)
    if isinstance(
        error, DomainError | AddressError | BrowserError | RollcallError | ScriptError | SettingError | VoiceError
    ):  # each is written for people
        return UserError(str(error))
    return None


def say(line: str = "") -> None:
    """One line for a person, at once also where output is a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def configure_logging(level: str, *, as_json: bool) -> None:
    """One log for all parts, on stderr: lines for people at a terminal, JSON for machines."""
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]), stream=sys.stderr)
