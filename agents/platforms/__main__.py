"""`python -m agents.platforms check FILE…` and `python -m agents.platforms try FILE URL`: for whoever writes a platform file."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from agents.platforms.file_reader import PlatformFileError, check, load
from agents.platforms.trial import Trial, run


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m agents.platforms")
    commands = parser.add_subparsers(dest="command", required=True)
    reading = commands.add_parser("check", help="say what is wrong with files")
    reading.add_argument("files", nargs="+", type=Path)
    trying = commands.add_parser("try", help="join a meeting by a file, and print what is seen")
    trying.add_argument("file", type=Path)
    trying.add_argument("url")
    trying.add_argument("--name", default="Rollcall trial")
    trying.add_argument("--seconds", type=float, default=30.0, help="how long to stay")
    trying.add_argument("--say", default="", help="a message for the chat")
    trying.add_argument("--screenshot", type=Path, help="where to put a picture of the page at the end")
    return parser.parse_args()


def main() -> int:
    """The exit code: 0 where all is well."""
    arguments = _arguments()
    if arguments.command == "check":
        problems = [problem for file in arguments.files for problem in check(file)]
        for problem in problems:
            _say(str(problem))
        return 1 if problems else 0
    try:
        file = load(arguments.file)
    except PlatformFileError as error:
        _say(str(error))
        return 1
    trial = Trial(file, arguments.url, arguments.name, arguments.seconds, arguments.say, arguments.screenshot)
    return 0 if asyncio.run(run(trial, _say)) else 1


if __name__ == "__main__":
    sys.exit(main())
