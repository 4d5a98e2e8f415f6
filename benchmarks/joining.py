"""From POST to joined: a bot beside a bare pyppeteer script that opens the same meeting and waits for somebody's tile.

Both start a Chromium of their own each time. The script is the least that joins: no observer, no recording, no log.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from agents.people import parse, run
from benchmarks.harness import table
from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
PEOPLE = """
[[people]]
name = "Ada"
microphone = false
"""
SCRIPT = """
import asyncio, shutil, sys, time
import pyppeteer
async def main(url):
    began = time.perf_counter()
    browser = await pyppeteer.launch(executablePath=shutil.which("chromium"), args=["--no-sandbox", "--no-first-run"])
    page = (await browser.pages())[0]
    await page.goto(url, {"waitUntil": "domcontentloaded"})
    await page.waitForSelector('body[data-view="meeting"] .tile:not([data-self="true"])')
    print(1000 * (time.perf_counter() - began))
    await browser.close()
asyncio.run(main(sys.argv[1]))
"""


def _bare(url: str) -> float:
    """Milliseconds of one bare join; Python's own start is not in it."""
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, url], check=True, capture_output=True, text=True, timeout=60
    )
    return float(answer.stdout.split()[0])


async def _bot(http: httpx.AsyncClient, room: str, recording: str) -> float:
    """Milliseconds from sending the POST to the joined_meeting event's arrival."""
    began = time.perf_counter()
    body = {"meeting_url": room, "bot_name": "Bot", "recording_settings": {"format": recording, "resolution": "720p"}}
    bot = (await http.post("/api/v1/bots", json=body)).raise_for_status().json()["id"]
    taken = 0.0
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "0"}
    async with asyncio.timeout(60), http.stream("GET", f"/api/v1/bots/{bot}/events", headers=headers, timeout=90) as stream:
        async for line in stream.aiter_lines():
            event = json.loads(line.removeprefix("data: ")) if line.startswith("data: {") else {}
            moved = (event.get("state") or {}).get("type")
            if moved == "joined_meeting":
                taken = 1000 * (time.perf_counter() - began)
                await http.post(f"/api/v1/bots/{bot}/leave", json={})
    if not taken:
        raise RuntimeError("the bot never joined")
    return taken


async def main() -> str:
    """The table."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"127.0.0.1:{free_port()}"
        environment = {
            "ROLLCALL_DATA_DIR": folder,
            "ROLLCALL_HTTP_ADDRESS": address,
            "ROLLCALL_GRPC_ADDRESS": f"127.0.0.1:{free_port()}",
        }
        service = subprocess.Popen(
            [sys.executable, "-m", "rollcall", "run"], cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
        )
        try:
            return await _measure(f"http://{address}", Path(folder))
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(40)


async def _measure(base: str, folder: Path) -> str:
    async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as http:
        async with asyncio.timeout(60):
            while not (folder / "api_key").exists():
                await asyncio.sleep(0.1)
        http.headers["Authorization"] = f"Token {(folder / 'api_key').read_text().strip()}"
        room = f"{base}/rehearsal/joining"
        people = asyncio.create_task(run(parse(PEOPLE), room))
        async with asyncio.timeout(60):
            while not (await http.get(f"{room}/control")).json().get("people"):
                await asyncio.sleep(0.1)
        taken: dict[str, list[float]] = {"bare pyppeteer script": [], "bot, format mp3": [], "bot, format mp4 720p": []}
        for _ in range(ROUNDS):  # in turns, so that all meet the same weather
            taken["bare pyppeteer script"].append(await asyncio.to_thread(_bare, f"{room}?name=Bare&autojoin=1"))
            taken["bot, format mp3"].append(await _bot(http, room, "mp3"))
            taken["bot, format mp4 720p"].append(await _bot(http, room, "mp4"))
        people.cancel()
        await asyncio.gather(people, return_exceptions=True)
    bare = statistics.median(taken["bare pyppeteer script"])
    rows = [
        [name, statistics.median(times), min(times), max(times), statistics.median(times) / bare] for name, times in taken.items()
    ]
    return table(("joins", "median ms", "best", "worst", "ratio"), rows)


if __name__ == "__main__":
    print(asyncio.run(main()))
