"""Tells whether requirements.lock can be installed where nobody tries it: `make generate-check`.

The lock is made on Linux with one Python; a package that only another system or another Python needs would not be in it, and
one that has no wheel there would want a compiler of its user. Asks the package registry, installs nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = str(Path(sys.executable).parent / "uv")
PLATFORMS = ("aarch64-apple-darwin", "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu")
PYTHONS = ("3.11", "3.12", "3.13")
# pyppeteer holds it below 11, and its wheels end with Python 3.11; it is pure Python where there is no compiler.
BUILT = ("websockets",)


def surroundings() -> dict[str, str]:
    """The environment for uv, which does not read pip's settings: the same index, and the system's certificates."""
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    index = os.environ.get("PIP_INDEX_URL") or subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()
    return {"UV_SYSTEM_CERTS": "1", **({"UV_DEFAULT_INDEX": index} if index else {}), **os.environ}


def faults(lock: Path) -> list[str]:
    """What cannot be installed from a lock, a text for each platform and Python."""
    found = []
    environment = surroundings()
    with tempfile.TemporaryDirectory() as target:
        for platform in PLATFORMS:
            for python in PYTHONS:
                command = [UV, "pip", "install", "--quiet", "--dry-run", "--require-hashes", "--only-binary", ":all:"]
                command += [word for package in BUILT for word in ("--no-binary", package)]
                command += ["--python-platform", platform, "--python-version", python, "--target", target, "-r", str(lock)]
                outcome = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, env=environment)
                if outcome.returncode:
                    found.append(f"{lock.name} on {platform} with Python {python}: {outcome.stderr.strip()}")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(faults(ROOT / "requirements.lock")) or None)
