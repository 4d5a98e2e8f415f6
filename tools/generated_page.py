"""A page of docs/ that a tool writes: `--check` on its command line compares instead."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write_or_check(page: Path, text: str) -> int:
    """Writes the page, or with `--check` says whether it is current. Returns what the process shall exit with. Raises OSError."""
    if "--check" not in sys.argv[1:]:
        page.write_text(text, encoding="utf-8")
        return 0
    if page.exists() and page.read_text(encoding="utf-8") == text:
        return 0
    print(f"{page.relative_to(ROOT)} is not current; run `make generate`.")
    return 1
