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
    from agents.platforms.file_reader import PlatformFileError
    from agents.settings import SettingError
    from gateway.serve import AddressError
    from rollcall.errors import RollcallError
    from rollcall.tls_files import TlsFilesError
    from server.domain.errors import DomainError

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        name = "ROLLCALL_" + "_".join(str(part) for part in first["loc"]).upper()
        return UserError(f"{name} is not right: {first['msg']}. `rollcall settings` lists every setting.", code=2)
    ours = DomainError | AddressError | BrowserError | PlatformFileError | RollcallError | ScriptError | SettingError | VoiceError
    if isinstance(error, ours | TlsFilesError):  # each is written for people
        return UserError(str(error))
    return None


def say(line: str = "") -> None:
    """One line for a person, at once also where output is a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def configure_logging(level: str, *, as_json: bool) -> None:
    """One log for all parts, on stderr: lines for people at a terminal, JSON for machines. Lines of libraries that write to the
    standard library's log, as uvicorn, take the same form.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*before, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *before],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler.setFormatter(formatter)
    logging.basicConfig(level=max(logging.WARNING, number), handlers=[handler], force=True)
