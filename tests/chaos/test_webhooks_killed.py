"""The server dies while it delivers: nothing is lost, keys stay, each bot's order holds. No browser is needed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rollcall.cli.first_start import read_key
from tests.chaos.processes import REPOSITORY
from tests.receiver import Received, Receiver, receiver
from tests.services import free_port

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]


class House:
    """`rollcall run` on a data folder, whose worker finds no browser: each bot comes to a quick end, which is told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._http = f"127.0.0.1:{free_port()}"
        self._grpc = f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")},
            "ROLLCALL_DATA_DIR": str(self._folder / "data"),
            "ROLLCALL_HTTP_ADDRESS": self._http,
            "ROLLCALL_GRPC_ADDRESS": self._grpc,
            "ROLLCALL_SERVER_ADDRESS": self._grpc,
            "ROLLCALL_CHROMIUM": "/bin/false",
            "ROLLCALL_WEBHOOK_PRIVATE_ADDRESSES": "true",
            "ROLLCALL_WEBHOOK_TIMEOUT_SECONDS": "2",
            "PYTHONPATH": str(REPOSITORY),
        }
        with (self._folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "rollcall", "run"]
            self._process = subprocess.Popen(  # noqa: ASYNC220 - starting takes no time
                command, stdout=log, stderr=log, env=environment, cwd=self._folder
            )
        async with asyncio.timeout(60), httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                assert self._process.poll() is None, (self._folder / "log").read_text(errors="replace")
                try:
                    if (await client.get(f"http://{self._http}/readyz")).is_success and read_key(self._folder / "data"):
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)

    def kill(self) -> None:
        """As a power cut would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(40)

    async def call(self, method: str, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Token {read_key(self._folder / 'data')}"}
        async with httpx.AsyncClient(base_url=f"http://{self._http}", timeout=20, trust_env=False, headers=headers) as client:
            answer = await client.request(method, path, json=body or None)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    one = House(tmp_path)
    await one.start()
    yield one
    await asyncio.to_thread(one.stop)


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as one:
        yield one


def of(received: list[Received], bot: str) -> list[Received]:
    return [one for one in received if one.payload["bot_id"] == bot]


async def test_a_server_killed_while_it_delivers_loses_nothing(house: House, hook: Receiver) -> None:
    hook.answer = lambda _: "hang"
    made = await house.call("POST", "/api/v1/webhooks", url=hook.url, triggers=["bot.state_change"])
    bots = [
        (await house.call("POST", "/api/v1/bots", meeting_url="https://meet.google.com/abc-defg-hij", bot_name="x"))["id"]
        for _ in range(3)
    ]
    hung = len(await hook.until(3))
    house.kill()
    killed = hook.received[:]
    hook.answer = lambda _: 200
    await house.start()
    deadline = time.monotonic() + 60

    def ended(bot: str) -> bool:
        return any(one.payload["data"]["new_state"] == "fatal_error" for one in of(hook.received[len(killed) :], bot))

    while not all(ended(bot) for bot in bots):
        assert time.monotonic() < deadline, [one.body for one in hook.received]
        await asyncio.sleep(0.1)
    assert hung >= 3
    for bot in bots:
        before, after = of(killed, bot), of(hook.received[len(killed) :], bot)
        assert {one.key for one in before} == {after[0].key}, "what hung comes first, with its key"
        assert before[0].body == after[0].body
        log = (await house.call("GET", f"/api/v1/bots/{bot}/events"))["results"]
        told = list(dict.fromkeys(one.payload["data"]["event_type"] for one in after))
        assert told == [event["state"]["type"] for event in log if event["kind"] == "state"], "all of the log, in its order"
    async with asyncio.timeout(30):
        while (page := await house.call("GET", f"/api/v1/webhooks/{made['id']}/deliveries?states=pending"))["results"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert page["next"] is None
