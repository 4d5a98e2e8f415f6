"""What a worker lacks to do its work, said when it starts rather than when the first bot fails."""

from __future__ import annotations

import shutil

from agents.browser import executables
from agents.browser.errors import ChromiumNotFoundError
from agents.platforms.registry import Registry
from agents.settings import WorkerSettings


def shortcomings(settings: WorkerSettings) -> list[str]:
    """What will not work on this machine, each with what would put it right; empty where all is well. Starts no program."""
    found = []
    try:
        executables.find(settings.chromium, whole_browser=True)
    except ChromiumNotFoundError as error:
        found.append(f"No bot can join. {error}")
    missing = [name for name in ("ffmpeg", "ffprobe") if shutil.which(name) is None]
    if missing:
        found.append(
            f"No recording can be finished: {' and '.join(missing)} not found. "
            "Install ffmpeg (Debian: apt-get install ffmpeg; macOS: brew install ffmpeg)."
        )
    for broken in Registry(settings.platforms).problems():
        found += [f"This platform file is not used. {problem}" for problem in broken.problems]
    return found
