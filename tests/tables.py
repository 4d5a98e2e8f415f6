"""Tables of the docs that tests hold the product to, so that what is written cannot drift from what is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def rows_under(page: str, heading: str) -> list[list[str]]:
    """The cells of the table under a heading of a page in docs/, without its head; code keeps no backquotes."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    section = re.split(r"^## ", text, flags=re.MULTILINE)
    found = next(part for part in section if part.startswith(f"{heading}\n"))
    lines = [line for line in found.splitlines() if line.startswith("|")][2:]
    assert lines, f"docs/{page} has no table under {heading}"
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines]
