"""One log, whoever writes to it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from rollcall.cli.terminal import configure_logging


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_lines_of_libraries_are_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", as_json=True)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request %s.", "received")
    structlog.get_logger("ours").info("bot_made", bot_id="bot_1")
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("asyncio").exception("it failed")
    theirs, ours, failure = map(json.loads, capsys.readouterr().err.splitlines())
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("Invalid HTTP request received.", "warning", "uvicorn.error")
    assert (ours["event"], ours["bot_id"]) == ("bot_made", "bot_1")
    assert "ValueError: why" in failure["exception"]
    assert all(line["timestamp"].endswith("Z") for line in (theirs, ours, failure))


def test_at_a_terminal_they_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", as_json=False)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("uvicorn.error").info("not told")
    structlog.get_logger("ours").info("not told either")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "Invalid HTTP request received." in lines[0]
