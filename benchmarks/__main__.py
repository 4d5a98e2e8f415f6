"""Runs measurements: `python -m benchmarks [service stream …]`; `--write` puts the tables into docs/benchmarks.md."""

from __future__ import annotations

import asyncio
import importlib
import os
import platform
import sys
from pathlib import Path

NAMES = {
    "service": "Create, get, list",
    "webhooks": "What webhooks cost",
    "stream": "From commit to subscriber",
    "capture": "One bot: CPU and memory",
    "drift": "Sound against picture over a meeting",
    "joining": "From POST to joined",
    "scheduling": "From join_at to joined",
    "browser": "The browser alone",
    "observer": "What watching costs",
    "hearing": "What hearing costs",
    "platforms": "Joining the twins",
}
RESULTS = Path(__file__).resolve().parent.parent / "docs/benchmarks.md"


def main() -> None:
    """Runs what was named, or everything."""
    names = [name for name in sys.argv[1:] if not name.startswith("--")] or list(NAMES)
    unknown = set(names) - set(NAMES)
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}")
    for name in names:
        result = asyncio.run(importlib.import_module(f"benchmarks.{name}").main())
        print(f"## {NAMES[name]}\n\n{result}\n", flush=True)
        if "--write" in sys.argv:
            _write(name, result)


def _write(name: str, result: str) -> None:
    """Replaces one measurement's tables between its marks; the words around them are kept."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = RESULTS.read_text()
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    machine = f"{os.cpu_count()} shared cores, Python {platform.python_version()}"
    RESULTS.write_text(f"{before}{begin}\n{result}\n\n({machine})\n{end}{after}")


if __name__ == "__main__":
    main()
