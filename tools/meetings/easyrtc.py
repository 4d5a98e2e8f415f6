"""Starts open-easyrtc's demos, a meeting written by others, on loopback.

`python -m tools.meetings.easyrtc` prints the room's URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "tests" / "meetings" / "easyrtc"
ROOM = "/demos/demo_multiparty.html"
START_SECONDS = 20
INSTALL_SECONDS = 300


class EasyRtcError(Exception):
    """It could not be installed or started; the text says what to do."""


async def install() -> None:
    """Installs what package-lock.json names, when it is not there yet. Raises EasyRtcError."""
    if (FOLDER / "node_modules" / "open-easyrtc").is_dir():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise EasyRtcError("npm is not installed: apt-get install nodejs npm")
    process = await asyncio.create_subprocess_exec(
        npm, "ci", "--no-audit", "--no-fund", cwd=FOLDER, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), INSTALL_SECONDS)
    if process.returncode:
        raise EasyRtcError(f"npm ci failed: {output.decode(errors='replace')[-1000:]}")


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """The URL of the multiparty room, while it runs. It ends with whoever started it, however that ends. Raises EasyRtcError."""
    await install()
    node = shutil.which("node")
    if node is None:
        raise EasyRtcError("node is not installed: apt-get install nodejs")
    process = await asyncio.create_subprocess_exec(
        node, "server.js", cwd=FOLDER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield f"http://localhost:{await _port(process)}{ROOM}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    async with asyncio.timeout(START_SECONDS):
        async for line in process.stdout:
            words = line.decode(errors="replace").split()
            if words[:2] == ["listening", "on"]:
                return int(words[2])
    raise EasyRtcError("the server ended before it listened")


async def _main() -> None:
    async with running() as url:
        print(url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
