"""What is left of Chromium on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from agents.browser import profiles


def users(folder: Path) -> list[int]:
    """Processes whose profile is in `folder`."""
    wanted = f"--user-data-dir={folder}/"
    return [pid for pid, command in profiles._commands() if wanted in command and pid != os.getpid()]


def zombies_of(parent: int) -> list[int]:
    """Children of a process that ended and were not waited for."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, ppid = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(ppid) == parent:
            found.append(int(stat.parent.name))
    return found


def entries(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []


def renderers(browser_pid: int) -> list[int]:
    """The renderer processes of a browser."""
    return [pid for pid, command in profiles._commands() if "--type=renderer" in command and os.getpgid(pid) == browser_pid]
