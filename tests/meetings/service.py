"""The whole service as one process, as `make run` starts it, with the platform files of these tests in its folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from tests.services import free_port

REPOSITORY = Path(__file__).parents[2]
PLATFORMS = Path(__file__).parent / "platforms"
READY_SECONDS = 60
Event = dict[str, Any]


class Service:
    """Made by `running`."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self.http = f"127.0.0.1:{free_port()}"
        self.key = ""
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")},
            "ROLLCALL_DATA_DIR": str(folder / "data"),
            "ROLLCALL_HTTP_ADDRESS": self.http,
            "ROLLCALL_GRPC_ADDRESS": f"127.0.0.1:{free_port()}",
            "PYTHONPATH": str(REPOSITORY),
            **settings,
        }

    def printed(self) -> str:
        return (self.folder / "service.log").read_text(errors="replace")[-6000:]

    async def rest(self, method: str, path: str, **body: Any) -> Any:
        # Not verifying spares reading the system's authorities, 20 ms of CPU each time, for plain http.
        async with httpx.AsyncClient(base_url=f"http://{self.http}", timeout=20, trust_env=False, verify=False) as client:
            answer = await client.request(method, path, json=body or None, headers={"Authorization": f"Token {self.key}"})
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def log(self, bot_id: str) -> list[Event]:
        found: list[Event] = []
        path = f"/api/v1/bots/{bot_id}/events"
        while path:
            page = await self.rest("GET", path)
            found += page["results"]
            path = page["next"]
        return found

    async def until(self, bot_id: str, state: str, *, within_s: float) -> list[Event]:
        """Waits until the bot's log has an event of that type, and gives the log."""
        log: list[Event] = []
        try:
            async with asyncio.timeout(within_s):
                while state not in moves(log):
                    await asyncio.sleep(0.2)
                    log = await self.log(bot_id)
                    assert state == "fatal_error" or not {"fatal_error", "could_not_join_meeting"} & set(moves(log)), log[-4:]
        except (TimeoutError, AssertionError) as error:
            said = "\n".join(map(str, log))
            raise AssertionError(f"{error}\n{said}\n{self.printed()}") from None
        return log

    async def recording(self, bot_id: str) -> Path:
        """The finished file, fetched as a client does."""
        found = await self.rest("GET", f"/api/v1/bots/{bot_id}/recording")
        path = self.folder / "recording.mp4"
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            answer = await client.get(found["url"])
        assert answer.status_code == 200
        path.write_bytes(answer.content)
        return path


def moves(log: list[Event]) -> list[str]:
    """The state events' types."""
    return [event["state"]["type"] for event in log if event.get("state")]


@contextlib.asynccontextmanager
async def running(folder: Path, *, platforms: Path | None = PLATFORMS, **settings: str) -> AsyncIterator[Service]:
    """The service with these platform files besides its own, and with settings as `ROLLCALL_WORKER_BOTS="3"`."""
    service = Service(folder, settings)
    if platforms is not None:
        shutil.copytree(platforms, folder / "data" / "platforms")
    with (folder / "service.log").open("wb") as log:
        command = [sys.executable, "-m", "rollcall", "run"]
        process = subprocess.Popen(  # noqa: ASYNC220 -- it starts in a millisecond, and in the namespace of this thread
            command, stdout=log, stderr=log, cwd=folder, env=service.environment
        )
        try:
            await _until_ready(service, process)
            service.key = _make_key(service)
            yield service
        finally:
            process.terminate()
            try:
                await asyncio.to_thread(process.wait, 30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _make_key(service: Service) -> str:
    command = [sys.executable, "-m", "rollcall", "keys", "create"]
    made = subprocess.run(command, env=service.environment, cwd=service.folder, capture_output=True, check=True)
    return made.stdout.decode().split()[0]


async def _until_ready(service: Service, process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(timeout=5, trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(f"http://{service.http}/readyz")).is_success:
                    return
            assert process.poll() is None, service.printed()
            await asyncio.sleep(0.1)
