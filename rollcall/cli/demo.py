"""`rollcall demo` (`make demo`): the main job, unattended, on a data folder of its own."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
import uvloop

from rollcall.cli.terminal import UserError, configure_logging, say

SCRIPT = """
[[people]]
name = "Ada"
joins = 0.0
leaves = {gone}
says = [
  {{ at = 3.0, text = "Good morning. Shall we look at the numbers of last week?" }},
  {{ at = 13.0, text = "Thank you. That is all for today." }},
]
chats = [{{ at = 6.0, text = "Agenda: numbers, then lunch" }}]

[[people]]
name = "Grace"
joins = 0.5
leaves = {gone}
says = [{{ at = 8.0, text = "The compiler works, and everybody is happy." }}]
chats = [{{ at = 10.0, text = "Lunch at noon" }}]

[[control]]
at = {end}
action = "end"
"""


def demo(
    seconds: Annotated[float, typer.Option(help="How long the meeting lasts", min=15)] = 20.0,
    folder: Annotated[Path, typer.Option(help="Where the recording is put")] = Path("data/demo"),
) -> None:
    """Hold a meeting of two people, send a bot to it by REST, show its events as they come, and check the recording."""
    configure_logging("error", as_json=False)
    folder = folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    os.environ.update(
        ROLLCALL_DATA_DIR=str(folder),
        ROLLCALL_GRPC_ADDRESS=f"127.0.0.1:{_free_port()}",
        ROLLCALL_HTTP_ADDRESS=f"127.0.0.1:{_free_port()}",
    )
    for name in (
        "ROLLCALL_SERVER_ADDRESS",
        "ROLLCALL_PUBLIC_URL",
        "ROLLCALL_DATABASE_URL",
        "ROLLCALL_BROKER_URL",
        "ROLLCALL_MEDIA_DIR",
    ):
        os.environ.pop(name, None)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_demo(seconds))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _demo(seconds: float) -> None:
    from agents.people import parse, run
    from rollcall.cli.processes import everything

    async with everything() as welcome:
        say(f"The service runs at {welcome.http_url}, its data is in {welcome.data_dir}")
        room = f"{welcome.http_url}/rehearsal/demo-{secrets.token_hex(3)}"
        people = asyncio.create_task(run(parse(SCRIPT.format(end=seconds, gone=seconds + 2)), room))
        headers = {"Authorization": f"Token {welcome.key}"}
        async with httpx.AsyncClient(base_url=welcome.http_url, headers=headers, timeout=30) as http:
            await _until_people(http, room, 2, people)
            say(f"Two people are in {room}")
            answer = await http.post("/api/v1/bots", json={"meeting_url": room, "bot_name": "Rollcall"})
            if answer.status_code != httpx.codes.CREATED:
                raise UserError(f"the bot could not be created: {answer.status_code} {answer.text}")
            bot = answer.json()
            say(f"POST /api/v1/bots -> {answer.status_code} {json.dumps(bot)}")
            say(f"GET /api/v1/bots/{bot['id']}/events (text/event-stream):")
            await _follow(http, bot["id"])
            await people
            await _show_recording(http, bot["id"])


async def _until_people(http: httpx.AsyncClient, room: str, count: int, people: asyncio.Task[Any]) -> None:
    for _ in range(300):
        if people.done():
            await people
            raise UserError("the scripted people left before the bot could come")
        state = (await http.get(f"{room}/control", headers={"Accept": "application/json"})).json()
        if len(state.get("people", [])) >= count:
            return
        await asyncio.sleep(0.1)
    raise UserError("the scripted people did not get into the meeting within 30 s: `rollcall doctor` checks the browser")


async def _follow(http: httpx.AsyncClient, bot_id: str) -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "0"}
    async with http.stream("GET", f"/api/v1/bots/{bot_id}/events", headers=headers, timeout=None) as stream:
        kind = ""
        async for text in stream.aiter_lines():
            if text.startswith("event:"):
                kind = text.removeprefix("event:").strip()
            elif text.startswith("data:") and kind not in {"bookmark", "end"}:
                say("  " + _short(json.loads(text.removeprefix("data:")), kind))


def _short(data: dict[str, Any], kind: str) -> str:
    event = data.get("event", data)
    payload = event.get(kind) or {}
    kept = {name: value for name, value in payload.items() if value not in (None, "", 0, 0.0, False, {}, "unspecified")}
    return f"{event.get('sequence', ''):>4} {kind:14} {json.dumps(kept, ensure_ascii=False)}"


async def _show_recording(http: httpx.AsyncClient, bot_id: str) -> None:
    answer = await http.get(f"/api/v1/bots/{bot_id}/recording")
    if answer.status_code != httpx.codes.OK:
        raise UserError(f"there is no recording: {answer.status_code} {answer.text}")
    url = answer.json()["url"]
    say(f"The recording: {url}")
    target = Path(os.environ["ROLLCALL_DATA_DIR"]) / "demo.mp4"
    target.write_bytes((await http.get(url)).content)
    say(f"  kept as {target} ({target.stat().st_size} bytes); ffprobe says:")
    probe = await asyncio.create_subprocess_exec(
        *("ffprobe", "-v", "error", "-show_entries"),
        "stream=codec_type,codec_name,width,height,avg_frame_rate,sample_rate,duration:format=format_name,duration,size",
        *("-of", "compact", str(target)),
        stdout=subprocess.PIPE,
    )
    output, _ = await probe.communicate()
    for text in output.decode().splitlines():
        say(f"  {text}")
