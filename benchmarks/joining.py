"""From POST to joined: a bot beside a bare pyppeteer script that opens the same meeting and waits for somebody's tile.

Both start a Chromium of their own each time. The script is the least that joins: no observer, no recording, no log.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time

import httpx

from benchmarks.harness import table
from benchmarks.meeting import meeting

ROUNDS = 5
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
    taken: dict[str, list[float]] = {"bare pyppeteer script": [], "bot, format mp3": [], "bot, format mp4 720p": []}
    async with meeting() as there:
        for _ in range(ROUNDS):  # in turns, so that all meet the same weather
            taken["bare pyppeteer script"].append(await asyncio.to_thread(_bare, f"{there.room}?name=Bare&autojoin=1"))
            taken["bot, format mp3"].append(await _bot(there.http, there.room, "mp3"))
            taken["bot, format mp4 720p"].append(await _bot(there.http, there.room, "mp4"))
    bare = statistics.median(taken["bare pyppeteer script"])
    rows = [
        [name, statistics.median(times), min(times), max(times), statistics.median(times) / bare] for name, times in taken.items()
    ]
    return table(("joins", "median ms", "best", "worst", "ratio"), rows)


if __name__ == "__main__":
    print(asyncio.run(main()))
