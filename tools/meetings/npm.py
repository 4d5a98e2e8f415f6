"""Starts a meeting written by others that is a package of npm, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = Path(__file__).parents[2] / "tests" / "meetings"
START_SECONDS = 20
INSTALL_SECONDS = 300


class NpmError(Exception):
    """It could not be installed or started; the text says what to do."""


@dataclass(frozen=True, slots=True)
class NpmMeeting:
    """A meeting whose server prints `listening on <port>`."""

    folder: Path
    """Of package.json, package-lock.json and server.js."""
    package: str
    room: str
    """The path of a room."""

    async def install(self) -> None:
        """Installs what package-lock.json names, when it is not there yet. Raises NpmError."""
        if (self.folder / "node_modules" / self.package).is_dir():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise NpmError("npm is not installed: apt-get install nodejs npm")
        process = await asyncio.create_subprocess_exec(
            npm,
            "ci",
            "--no-audit",
            "--no-fund",
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), INSTALL_SECONDS)
        if process.returncode:
            raise NpmError(f"npm ci failed: {output.decode(errors='replace')[-1000:]}")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """The URL of the room, while it runs. It ends with whoever started it, however that ends. Raises NpmError."""
        await self.install()
        node = shutil.which("node")
        if node is None:
            raise NpmError("node is not installed: apt-get install nodejs")
        process = await asyncio.create_subprocess_exec(
            node, "server.js", cwd=self.folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        try:
            yield f"http://localhost:{await _port(process)}{self.room}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def serve(self) -> None:
        """Prints the room's URL and serves it until interrupted."""
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._serve())

    async def _serve(self) -> None:
        async with self.running() as url:
            print(url, flush=True)
            await asyncio.Event().wait()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    async with asyncio.timeout(START_SECONDS):
        async for line in process.stdout:
            words = line.decode(errors="replace").split()
            if words[:2] == ["listening", "on"]:
                return int(words[2])
    raise NpmError("the server ended before it listened")
