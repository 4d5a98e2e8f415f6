"""`rollcall rehearse`: scripted people in a meeting, for developing and for CI."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from rollcall.cli.terminal import UserError, configure_logging, say


def rehearse(
    url: Annotated[str, typer.Option(help="The room")] = "http://127.0.0.1:8080/rehearsal/hello",
    people: Annotated[int, typer.Option(help="How many people, where no script is given", min=1, max=8)] = 2,
    script: Annotated[Path | None, typer.Option(help="Who says what when: a TOML file; docs/rehearsal.md")] = None,
    seconds: Annotated[float, typer.Option(help="How long they stay, where no script is given", min=1)] = 60.0,
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error")] = "warning",
) -> None:
    """Fill a rehearsal room with people who talk, show a moving picture and chat."""
    from agents.people import ScriptError, load, run, standard

    configure_logging(log_level, as_json=False)
    try:
        play = load(script) if script else replace(standard(people), seconds=seconds)
    except ScriptError as error:
        raise UserError(str(error), code=2) from None
    say(f"{len(play.people)} people are on their way to {url}; Ctrl-C takes them away")
    asyncio.run(run(play, url))
    say("Everybody has left")
