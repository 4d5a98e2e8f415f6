"""A place on Linux that behaves as a Mac as far as Linux can.

It is: no /proc and no /sys (a mount namespace of its own), a Python that calls itself Darwin's and has nothing that typeshed
knows for Linux alone, programs started by fork, 256 open files, a temporary folder of 100 bytes, no apt-get, no ps, no Chromium
on PATH but an application "Google Chrome" in the user's folder, whose program is a script as those that Homebrew makes.

It is not: macOS. Kernel, C library, Chromium, ffmpeg and wheels are Linux's, and psutil's half for Linux stands for the other.
There is no kqueue, no Mach, no case-insensitive file system, no Gatekeeper, no window server, and uvloop forks where it would
spawn. What it finds is what Rollcall's own Python takes for granted of Linux.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from agents.browser import executables
from tests.cli.commands import REPOSITORY, Shell
from tests.mac.typeshed import only_on_linux
from tests.services import missing

APPLICATION = "Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
PROGRAMS = ("ffmpeg", "ffprobe", "espeak-ng")
OPEN_FILES = 256
TEMPORARY_BYTES = 100

# $1 is where the kernel's own /proc stays to be seen by what stands for the kernel: psutil, and Chromium's launcher.
ENTER = f"""
set -e
/bin/mount --bind /proc "$1"
/bin/mount -t tmpfs -o ro,size=4k none /proc
/bin/mount -t tmpfs -o ro,size=4k none /sys
ulimit -Sn {OPEN_FILES}
shift
exec "$@"
"""
LAUNCHER = """#!/bin/sh
# Linux's Chromium cannot live without Linux's /proc, nor, as root, with its sandbox: it runs in the place around.
exec {nsenter} --mount={proc}/{outside}/ns/mnt {chromium} --no-sandbox "$@"
"""


class Mac(Shell):
    """A folder and an environment to run `rollcall` in, on what is as good as a Mac. Skips where Linux does not allow it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        _possible()
        proc = folder / "kernel"
        home, programs, temporary = folder / "home", folder / "bin", _long(folder / "tmp")
        for made in (proc, home, programs, temporary):
            made.mkdir(parents=True)
        for name in PROGRAMS:
            (programs / name).symlink_to(shutil.which(name) or missing(name))
        _install_application(home / APPLICATION, proc)
        super().__init__(
            folder,
            **{
                "PATH": str(programs),
                "HOME": str(home),
                "TMPDIR": str(temporary),
                "PYTHONPATH": os.pathsep.join((str(Path(__file__).parent / "python"), str(REPOSITORY))),
                "STAND_IN_PROC": str(proc),
                "STAND_IN_LACKS": json.dumps(only_on_linux()),
                **settings,
            },
        )
        self.program = ("/usr/bin/unshare", "--mount", "/bin/sh", "-c", ENTER, "sh", str(proc), *self.program)


def _long(parent: Path) -> Path:
    room = TEMPORARY_BYTES - len(str(parent)) - 1
    return parent / ("t" * max(room, 1))


def _install_application(path: Path, proc: Path) -> None:
    path.parent.mkdir(parents=True)
    chromium = executables.find(None, whole_browser=True)
    path.write_text(LAUNCHER.format(nsenter="/usr/bin/nsenter", proc=proc, outside=os.getpid(), chromium=chromium))
    path.chmod(0o755)


def _possible() -> None:
    if sys.platform != "linux":
        missing("Linux, which is to stand in for a Mac,")
    allowed = subprocess.run(["/usr/bin/unshare", "--mount", "true"], capture_output=True, check=False)
    if allowed.returncode:
        missing("the right to make a mount namespace (root)")
