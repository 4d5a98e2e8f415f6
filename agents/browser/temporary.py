"""Where Chromium keeps its temporary files: where everybody does, unless that folder's name is too long for it.

Chromium makes a socket there, and ends at its start where the socket's path has no room in the kernel's structure: 104 bytes on
macOS, 108 on Linux, a NUL included (sys/un.h). A Mac's own temporary folders take 48 of them.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

LONGEST_BYTES = 103 - len("/com.google.chrome.for.testing.XXXXXX/SingletonSocket")
SHORT = Path("/tmp")  # noqa: S108 -- Chromium makes a folder of its own in it, which only its user can enter


def environment() -> dict[str, str]:
    """What to put into Chromium's environment."""
    return {} if len(os.fsencode(tempfile.gettempdir())) <= LONGEST_BYTES else {"TMPDIR": str(SHORT)}


def is_chromiums(folder: Path) -> bool:
    """Whether Chromium may have made this folder for itself."""
    parents = {Path(tempfile.gettempdir()).resolve(), SHORT.resolve()}
    return folder.parent.resolve() in parents and "chrom" in folder.name.lower()
