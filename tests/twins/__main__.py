"""`python -m tests.twins`: serves until it is ended; the first line printed is JSON: where, and Chromium's switches."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
import sys
import tempfile
from pathlib import Path

from tests.twins.serve import serving


async def main() -> None:
    """Serves until SIGTERM or Ctrl-C."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    with tempfile.TemporaryDirectory(prefix="rollcall-twins-") as folder:
        async with serving(Path(folder)) as where:
            sys.stdout.write(json.dumps(dataclasses.asdict(where)) + "\n")
            sys.stdout.flush()
            await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
