"""Profile folders: one a browser, locked by the process that owns it, swept when that process is gone.

The lock is an flock on a file beside the folder: the kernel lets go of it however the owner dies, it cannot be fooled by a
process id that was given out again, and it holds between containers that share a volume.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import time
from pathlib import Path

import psutil

from agents.browser import temporary

PREFIX = "browser-"
LOCK_SUFFIX = ".lock"


class Profile:
    """A fresh profile folder, ours until `remove`. Made by `create`."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self._lock = lock

    @classmethod
    def create(cls, parent: Path) -> Profile:
        """Makes a folder in `parent`, which is made too. Raises OSError."""
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            folder = parent.resolve() / f"{PREFIX}{secrets.token_hex(8)}"
            lock = os.open(_lock_of(folder), os.O_CREAT | os.O_RDWR, 0o600)
            if _locked(lock) and _lock_of(folder).exists():
                break
            os.close(lock)  # a sweep came between the two calls
        folder.mkdir(mode=0o700)
        return cls(folder, lock)

    def remove(self) -> None:
        """Removes the folder and lets go of it; what cannot be removed is left to the next sweep. Never raises."""
        remove_folder(self.folder)
        if not self.folder.exists():
            _lock_of(self.folder).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            os.close(self._lock)


def sweep(parent: Path) -> list[Path]:
    """Ends what still runs in profiles whose owner is gone, removes those profiles, and returns them. Never raises."""
    swept = []
    for lock_file in _locks_in(parent):
        try:
            lock = os.open(lock_file, os.O_RDWR)
        except OSError:
            continue
        try:
            if not _locked(lock):
                continue
            folder = lock_file.with_suffix("")
            kill_users_of(folder)
            remove_folder(folder)
            if not folder.exists():
                lock_file.unlink(missing_ok=True)
                swept.append(folder)
        finally:
            os.close(lock)
    return swept


def users_of(folder: Path) -> list[int]:
    """Ids of the processes that run with this profile; Chromium's children carry the switch too."""
    wanted = f"--user-data-dir={folder}"
    return [pid for pid, command in _commands() if wanted in command and pid != os.getpid()]


def kill_users_of(folder: Path) -> None:
    """SIGKILL to every process of this profile."""
    for pid in users_of(folder):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def remove_folder(folder: Path) -> None:
    """Removes a profile, and the socket folder that Chromium keeps for it elsewhere when it is killed."""
    with contextlib.suppress(OSError):
        socket_folder = (folder / "SingletonSocket").readlink().parent
        if temporary.is_chromiums(socket_folder):
            shutil.rmtree(socket_folder, ignore_errors=True)
    for _ in range(5):  # a child that is dying may still write
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.02)


def _commands() -> list[tuple[int, str]]:
    """Every process with its command line, on Linux and macOS alike; other users' are left out where they are not told."""
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):  # it ended while we looked, or is another user's
            found.append((pid, " ".join(psutil.Process(pid).cmdline())))
    return found


def _locks_in(parent: Path) -> list[Path]:
    try:
        return [entry for entry in parent.resolve().iterdir() if entry.name.startswith(PREFIX) and entry.suffix == LOCK_SUFFIX]
    except OSError:
        return []


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + LOCK_SUFFIX)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
