"""Compares proto/ with the contract of the last release, proto/released.binpb: `make lint`. `--release` writes that file anew."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
RELEASED = PROTO / "released.binpb"
CONFIG = '{"version": "v2", "breaking": {"use": ["WIRE_JSON"]}}'
BUF = str(Path(sys.executable).parent / "buf")


def main() -> None:
    """Exits with buf's own findings where the contract broke a promise."""
    if "--release" in sys.argv:
        subprocess.run([BUF, "build", "--exclude-source-info", "--path", "rollcall", "-o", str(RELEASED)], cwd=PROTO, check=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        now = Path(folder) / "now.binpb"  # one image: a workspace of two modules cannot be compared with one file
        subprocess.run([BUF, "build", "-o", str(now)], cwd=PROTO, check=True)
        command = [BUF, "breaking", str(now), "--against", str(RELEASED), "--config", CONFIG, "--path", "rollcall"]
        found = subprocess.run(command, cwd=PROTO, check=False, capture_output=True, text=True)
    if found.returncode:
        sys.exit(f"the contract breaks what was released:\n{found.stdout}{found.stderr}")


if __name__ == "__main__":
    main()
