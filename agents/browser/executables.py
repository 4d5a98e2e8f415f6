"""Finds Chromium on this machine."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from agents.browser.errors import ChromiumNotFoundError

SHELL_NAMES = ("chromium-headless-shell", "chrome-headless-shell")
"""Half the memory and a third of the start time of the whole browser, but without getDisplayMedia."""
BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPLICATIONS = (
    "Chromium.app/Contents/MacOS/Chromium",
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
)
"""In /Applications, of the machine or of the user; tools/system_packages.sh looks for the same."""
LIBRARY_FOLDERS = tuple(
    map(Path, ("/usr/lib/chromium", "/usr/lib64/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"))
)
"""Where distributions keep the program that the script on PATH starts. The script costs 0.1 s, adds switches of its own,
and (Debian's chromium-headless-shell) stays as a parent that does not die with its child."""

HOW_TO_INSTALL = (
    "Install it (Debian: apt-get install chromium chromium-headless-shell; macOS: brew install --cask google-chrome) "
    "or set ROLLCALL_CHROMIUM to the program's path."
)


def find(configured: Path | None, *, whole_browser: bool) -> Path:
    """The program to start; `whole_browser` where the headless shell will not do. Raises ChromiumNotFoundError."""
    if configured is not None:
        return _checked(configured)
    names = BROWSER_NAMES if whole_browser else (*SHELL_NAMES, *BROWSER_NAMES)
    for name in names:
        found = shutil.which(name)
        if found:
            return _behind_script(Path(found))
    for application in MAC_APPLICATIONS if sys.platform == "darwin" else ():
        for folder in (Path("/Applications"), Path.home() / "Applications"):
            if (folder / application).is_file():
                return folder / application
    raise ChromiumNotFoundError(f"No Chromium was found (looked for {', '.join(names)}). {HOW_TO_INSTALL}")


def is_headless_shell(executable: Path) -> bool:
    """Whether this is the small program that can only be headless."""
    return "headless-shell" in executable.name or "headless_shell" in executable.name


def _checked(path: Path) -> Path:
    found = shutil.which(path)
    if found is None or Path(found).is_dir():
        reason = "is not an executable file" if path.exists() else "does not exist"
        raise ChromiumNotFoundError(f"The configured Chromium, {path}, {reason}. {HOW_TO_INSTALL}")
    return Path(found)


def _behind_script(path: Path) -> Path:
    real = path.resolve()
    with real.open("rb") as file:
        if file.read(2) != b"#!":
            return real
    for folder in LIBRARY_FOLDERS:
        program = folder / path.name
        if os.access(program, os.X_OK) and program.is_file():
            return program
    return path
