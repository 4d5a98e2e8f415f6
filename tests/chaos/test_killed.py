"""What dies without warning in the middle of a meeting, and what the bot's owner sees of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.chaos.processes import Event, Processes, moves, of
from tests.chaos.processes import processes as start_processes

pytestmark = [pytest.mark.chaos, pytest.mark.browser, pytest.mark.timeout(300)]

PEOPLE = """
seconds = 280
[[people]]
name = "Ada"
camera = false
says = [
  { at = 1.0, text = "Good morning, shall we begin with the plan for this week?" },
  { at = 8.0, text = "The first part is done, and the second part is being tested now." },
  { at = 16.0, text = "Then we can show it to the others on Friday afternoon." },
  { at = 24.0, text = "I will write down what we have decided and send it around." },
  { at = 32.0, text = "Thank you. That is all for today." },
]
"""
CHATTERBOX = """
seconds = 280
[[people]]
name = "Grace"
camera = false
microphone = false
chats = [CHATS]
""".replace("[CHATS]", "[" + ", ".join(f'{{ at = {second}.0, text = "message {second}" }}' for second in range(2, 120, 2)) + "]")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Processes]:
    async with start_processes(tmp_path) as one:
        yield one


async def a_recording_bot(house: Processes, script: str, name: str) -> str:
    room = house.room()
    room.people(script)
    await room.until_there(name)
    bot = await house.rest(
        "POST", "/api/v1/bots", meeting_url=room.url, bot_name="Rollcall", recording_settings={"format": "mp3"}
    )
    await house.until(bot["id"], lambda log: "recording_permission_granted" in moves(log))
    return str(bot["id"])


def when(event: Event) -> float:
    return datetime.fromisoformat(event["created_time"]).timestamp()


def browsers_of(folder: Path) -> list[int]:
    """Processes that were started with a profile below the folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if str(folder).encode() in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue
    return found


async def test_a_killed_worker_is_seen_and_the_bot_goes_on_with_another(house: Processes) -> None:
    bot = await a_recording_bot(house, PEOPLE, "Ada")
    house.start("worker-2", "worker")
    await asyncio.sleep(6)  # something to be recorded, and the second worker ready
    profiles = (house.folder / "data" / "profiles").resolve()
    assert browsers_of(profiles)
    killed_at = house.kill("worker")
    deadline = time.monotonic() + 5
    while browsers_of(profiles):
        assert time.monotonic() < deadline, "the killed worker's browser runs on"
        await asyncio.sleep(0.1)

    await house.until(bot, lambda log: moves(log).count("joined_meeting") == 2)
    log = await house.log(bot)
    lost = next(event for event in log if event.get("state") and event["state"]["type"] == "agent_lost")
    rejoined = [event for event in log if event.get("state") and event["state"]["type"] == "joined_meeting"][-1]
    assert when(lost) - killed_at < 15
    assert rejoined["state"]["epoch"] == 2
    assert when(rejoined) - killed_at < 25

    await house.until(bot, lambda log: moves(log).count("recording_permission_granted") == 2)
    await asyncio.sleep(5)
    await house.rest("POST", f"/api/v1/bots/{bot}/leave")
    await house.until(bot, lambda log: moves(log)[-1] == "post_processing_completed")
    log = await house.log(bot)
    assert [event["sequence"] for event in log] == list(range(1, len(log) + 1))
    done = of(log, "recording")[-1]
    assert done["state"] == "complete"
    assert epochs_recorded(house, bot) == {"e1", "e2"}
    assert done["duration_ms"] > 6000, "both parts are in the one file"


async def test_the_worker_after_one_that_was_killed_in_a_pause_records_nothing(house: Processes) -> None:
    bot = await a_recording_bot(house, PEOPLE, "Ada")
    await house.until(bot, lambda log: of(log, "capture_health"))
    await house.rest("POST", f"/api/v1/bots/{bot}/pause_recording")
    await house.until(bot, lambda log: moves(log)[-1] == "recording_paused")
    house.kill("worker")
    house.start("worker-2", "worker")
    await house.until(bot, lambda log: moves(log).count("recording_paused") == 2)
    await house.rest("POST", f"/api/v1/bots/{bot}/leave")
    await house.until(bot, lambda log: moves(log)[-1] == "post_processing_completed")
    assert epochs_recorded(house, bot) == {"e1"}
    assert of(await house.log(bot), "recording")[-1]["state"] == "complete"


def epochs_recorded(house: Processes, bot: str) -> set[str]:
    """Those whose segments are in the finished file."""
    note = json.loads((house.folder / "data" / "media" / bot / "recording.mp3.json").read_text())
    return {name.split("-")[0] for name, _ in note["made_of"]}


async def test_a_server_killed_and_restarted_in_mid_meeting_leaves_no_trace_in_the_log(house: Processes) -> None:
    bot = await a_recording_bot(house, CHATTERBOX, "Grace")
    await house.until(bot, lambda log: len(of(log, "chat")) >= 2)
    house.kill("server")
    await asyncio.sleep(6)
    house.start_server()
    await house.until(bot, lambda log: log)
    seen = len(of(await house.log(bot), "chat"))
    await house.until(bot, lambda log: len(of(log, "chat")) >= seen + 3)
    await house.rest("POST", f"/api/v1/bots/{bot}/leave")
    await house.until(bot, lambda log: moves(log)[-1] == "post_processing_completed")
    log = await house.log(bot)
    assert moves(log) == [
        "join_requested",
        "joined_meeting",
        "recording_permission_granted",
        "leave_requested",
        "left_meeting",
        "post_processing_completed",
    ]
    assert [event["sequence"] for event in log] == list(range(1, len(log) + 1))
    said = [int(chat["text"].split()[1]) for chat in of(log, "chat")]
    assert said == list(range(said[0], said[-1] + 1, 2)), "nothing that was said meanwhile is missing or doubled"
    assert of(log, "recording")[-1]["state"] == "complete"


async def test_a_worker_that_is_told_to_stop_says_goodbye_and_hands_over(house: Processes) -> None:
    bot = await a_recording_bot(house, PEOPLE, "Ada")
    house.start("worker-2", "worker")
    worker = house.running.pop("worker")
    stopped_at = time.time()
    worker.terminate()
    code = await asyncio.to_thread(worker.wait, 25)
    assert code == 0, house.log_of("worker")
    await house.until(bot, lambda log: moves(log).count("joined_meeting") == 2)
    log = await house.log(bot)
    lost = next(event for event in log if event.get("state") and event["state"]["type"] == "agent_lost")
    assert when(lost) - stopped_at < 8, "handed over, not found out"
    await house.rest("POST", f"/api/v1/bots/{bot}/leave")
    await house.until(bot, lambda log: moves(log)[-1] == "post_processing_completed")
