"""`rollcall platforms`: the files that describe meetings' pages: list, check, show, try, probe."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from rollcall.cli.terminal import UserError, say

if TYPE_CHECKING:
    from agents.platforms.platform_file import PlatformFile
    from agents.platforms.registry import Registry

app = typer.Typer(
    help="The files that describe meetings' pages: built in, and yours in the platforms folder.", no_args_is_help=True
)

Url = Annotated[str, typer.Argument(help="The meeting's URL")]
Name = Annotated[str, typer.Argument(help="A platform, as google_meet")]
Seconds = Annotated[float, typer.Option(help="How long to look, in seconds")]


@app.command("list")
def list_() -> None:
    """List the platforms that this machine's workers know, with their files."""
    registry = _registry()
    for platform in registry.platforms():
        version = f"version {platform.version}" if platform.version else ""
        say(f"{platform.name:16} {platform.title or platform.name:20} {version:18} {platform.path}")
    for error in registry.problems():
        for problem in error.problems:
            say(str(problem))
    if registry.problems():
        raise typer.Exit(1)


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Platform files; all that workers know where none is given")] = None,
) -> None:
    """Say what is wrong with platform files, by file, line and key; nothing where all is well."""
    from agents.platforms.file_reader import check as problems_of

    registry = _registry()
    problems = [problem for file in files or [*registry.files(), *registry.strays()] for problem in problems_of(file)]
    for problem in problems:
        say(str(problem))
    if problems:
        raise typer.Exit(1)


@app.command()
def show(name: Name) -> None:
    """Print a platform as it counts, yours laid over the built-in one; each line says where it comes from."""
    from agents.platforms.file_reader import whole
    from agents.platforms.shown import lines_of

    for line in lines_of(whole(Path(_file(name).path))):
        say(line)


@app.command("try")
def try_(  # noqa: PLR0917 -- options of a command line
    file: Annotated[Path, typer.Argument(help="A platform file")],
    url: Url,
    name: Annotated[str, typer.Option(help="The name to join by")] = "Rollcall trial",
    seconds: Seconds = 30.0,
    message: Annotated[str, typer.Option("--say", help="A message for the chat")] = "",
    screenshot: Annotated[Path | None, typer.Option(help="Where to put a picture of the page at the end")] = None,
) -> None:
    """Join a meeting by a platform file, and print what a bot sees."""
    from agents.platforms.file_reader import load
    from agents.platforms.trial import Trial, run
    from agents.settings import WorkerSettings

    settings = WorkerSettings()
    described = load(file)
    _say_whether_it_matches(described, url)
    if screenshot is not None and not screenshot.parent.is_dir():
        raise UserError(f"--screenshot: there is no folder {screenshot.parent}.", code=2)
    if not asyncio.run(
        run(Trial(described, url, name, seconds, message, screenshot, settings.chromium, settings.chromium_switches), say)
    ):
        raise typer.Exit(1)


@app.command()
def probe(  # noqa: PLR0917 -- options of a command line
    url: Url,
    platform: Annotated[str, typer.Option(help="A platform's name or file; by the URL where not given")] = "",
    out: Annotated[Path | None, typer.Option(help="A new folder for what is kept; ./probe-… where not given")] = None,
    join: Annotated[bool, typer.Option("--join", help="Ask to join, as a bot would; else the page is only opened")] = False,
    name: Annotated[str, typer.Option(help="The name to join by")] = "Rollcall probe",
    seconds: Seconds = 20.0,
) -> None:
    """Open a meeting's page, say which evidence is found in it and which is missed, and keep what a maintainer needs."""
    from agents.platforms.probe import Probe, run
    from agents.settings import WorkerSettings

    settings = WorkerSettings()
    file, opened = _meeting(url, platform)
    folder = out or Path(f"probe-{file.name}-{time.strftime('%Y%m%d-%H%M%S')}")
    if folder.exists():
        raise UserError(f"{folder} is there already: give a new folder with --out.", code=2)
    wanted = Probe(file, opened, folder, name, seconds, join, settings.chromium, settings.chromium_switches)
    done = asyncio.run(run(wanted, say))
    say(f"Kept in {folder}. page.png shows what a person would see: look at it before you pass it on.")
    if not done:
        raise typer.Exit(1)


def _registry() -> Registry:
    from agents.platforms.registry import Registry
    from agents.settings import WorkerSettings

    return Registry(WorkerSettings().platforms)


def _file(name: str) -> PlatformFile:
    """The platform of a name, or of a file's path."""
    from agents.platforms.file_reader import load
    from agents.platforms.registry import PlatformUnknownError

    if name.endswith(".toml"):
        return load(Path(name))
    try:
        return _registry().find(name).file
    except PlatformUnknownError as error:
        raise UserError(f"{error}.", code=2) from None


def _say_whether_it_matches(file: PlatformFile, url: str) -> None:
    """A trial goes wherever it is told; the service goes by [match]. Raises UserError where no browser would go there."""
    from server.domain.url_glob import parse_glob

    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # a port that is no number is told when it is asked for
    except ValueError as error:
        raise UserError(f"{url!r} is no meeting's URL: {error}.", code=2) from None
    if parts.scheme not in {"http", "https"} or not host:
        raise UserError(f"{url!r} is no meeting's URL: one is like https://meet.example.org/room/test.", code=2)
    if file.urls and not any(parse_glob(glob).matches(parts) for glob in file.urls):
        say(f"note: [match] urls does not have this URL ({', '.join(file.urls)}): the service would not use this file for it.")


def _meeting(url: str, platform: str) -> tuple[PlatformFile, str]:
    """The platform of a URL and the URL in one spelling, as the server would see it."""
    from server.app import places_of
    from server.domain.meeting_url import DECLARATIVE, MeetingUrlError, parse_meeting_url
    from server.settings import ServerSettings

    if platform:
        return _file(platform), url
    try:
        meeting = parse_meeting_url(url, places_of(ServerSettings())())
    except MeetingUrlError as error:
        raise UserError(f"{error} With --platform, any URL is opened.", code=2) from None
    return _file(meeting.platform_name if meeting.platform == DECLARATIVE else meeting.platform), meeting.url
