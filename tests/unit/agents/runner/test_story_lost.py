"""Pages that are lost, workers that stop, servers that are away, agents that come second."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from agents.browser.errors import (
    PageHungError,
)
from agents.platforms.base import ChatSeen, PersonSeen, UiState
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import bot_settings_pb2 as settings
from tests.unit.agents.runner.stage import Stage


async def test_a_bot_that_is_refused_when_it_comes_back_has_seen_the_end_of_its_meeting(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.break_page(PageHungError("no answer"))
    await stage.until_entered(2)
    stage.show(UiState.NOT_FOUND)
    await stage.end()
    assert stage.moves()[-2:] == [("meeting_ended", ""), ("post_processing_completed", "")]


async def test_a_bot_that_waits_in_vain_to_come_back_gives_up(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.break_page(PageHungError("no answer"))
    await stage.until_entered(2)
    stage.show(UiState.LOBBY)
    await stage.end()
    assert ("meeting_ended", "") in stage.moves()
    assert len(stage.attendances) == 2


async def test_a_second_agent_that_is_refused_has_seen_the_end_of_its_meeting(stage: Stage) -> None:
    stage.spec.attempt = 2
    stage.spec.recording_state = bot.RECORDING_STATE_IN_PROGRESS
    stage.spec.joined_timestamp_ms = 1_600_000_000_000
    stage.start()
    await stage.until_entered()
    stage.show(UiState.NOT_FOUND)
    await stage.end()
    assert stage.triggers() == ["meeting_ended", "post_processing_completed"]
    assert stage.of("recording")[-1].recording.state == bot.RECORDING_STATE_COMPLETE


async def test_a_page_that_shows_the_meeting_no_more_is_rejoined(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.show(UiState.PRE_JOIN)
    await stage.until_entered(2)
    assert "rejoining" in stage.codes()


async def test_a_moment_without_the_meeting_is_nothing(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.show(UiState.LOADING)
    stage.show(UiState.IN_MEETING)
    await asyncio.sleep(0.4)
    assert len(stage.attendances) == 1


async def test_a_page_that_tells_of_more_than_any_meeting_has_is_given_up_and_fills_no_log(stage: Stage) -> None:
    stage.start()
    await stage.join()
    hears = stage.hears
    for turn in range(30):
        hears.people([PersonSeen(f"{turn} {n}", "Ada") for n in range(300)])
        hears.chat(ChatSeen(f"{turn}", "hello", "Ada", "p"))
    await stage.until(lambda: "rejoining" in stage.codes())
    assert "page_flood" in stage.codes()
    assert len(stage.of("participant")) + len(stage.of("chat")) < 5000
    stage.leave()
    await stage.end()


async def test_a_lost_lease_leaves_at_once_and_writes_nothing_more(stage: Stage) -> None:
    stage.start()
    await stage.join()
    before = len(stage.link.reports)
    stage.link.listeners.lost()
    stage.hears.people([PersonSeen("p1", "Grace")])
    await stage.end()
    assert stage.attendances[0].left
    assert stage.browser.closed
    assert "finish" not in stage.calls
    assert stage.link.released == []
    assert [r for r in stage.link.reports[before:] if not r.HasField("transition")] == []


async def test_a_worker_that_stops_says_goodbye_and_hands_over(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.runner.shut_down()
    await stage.end()
    assert stage.attendances[0].left
    assert "stop" in stage.calls
    assert "finish" not in stage.calls
    assert stage.link.released == [True]
    assert "left_meeting" not in stage.triggers()


async def test_a_cancellation_is_a_hand_over(stage: Stage) -> None:
    task = stage.start()
    await stage.join()
    task.cancel()
    await asyncio.wait({task})
    assert stage.link.released == [True]
    assert stage.browser.closed


async def test_a_worker_that_stops_while_finishing_hands_over(stage: Stage) -> None:
    stage.finish_holds = asyncio.Event()
    stage.start()
    await stage.join()
    stage.leave()
    await stage.until(lambda: "finish" in stage.calls)
    stage.runner.shut_down()
    await stage.end()
    assert stage.link.released == [True]
    assert "post_processing_completed" not in stage.triggers()


async def test_a_finish_task_only_finishes(stage: Stage) -> None:
    stage.task = agent.AGENT_TASK_FINISH
    stage.spec.recording_state = bot.RECORDING_STATE_IN_PROGRESS
    stage.spec.recording_start_timestamp_ms = 1_600_000_000_000
    stage.start()
    await stage.end()
    assert stage.launcher.launched == []
    assert stage.triggers() == ["post_processing_completed"]
    recording = stage.of("recording")[0].recording
    assert (recording.state, recording.start_timestamp_ms) == (bot.RECORDING_STATE_COMPLETE, 1_600_000_000_000)


async def test_a_second_agent_keeps_the_start_of_the_first(stage: Stage) -> None:
    stage.spec.attempt = 2
    stage.spec.recording_state = bot.RECORDING_STATE_IN_PROGRESS
    stage.spec.recording_start_timestamp_ms = 1_600_000_000_000
    stage.start()
    await stage.join()
    await stage.until(lambda: bool(stage.of("recording")))
    assert stage.of("recording")[0].recording.start_timestamp_ms == 1_600_000_000_000


async def test_a_second_agents_stay_counts_from_the_first_joining_also_where_nothing_is_recorded(stage: Stage) -> None:
    stage.spec.attempt = 2
    stage.spec.settings.recording_settings.format = settings.RECORDING_FORMAT_NONE
    stage.spec.joined_timestamp_ms = 1_600_000_000_000
    stage.start()
    await stage.join()
    assert stage.link.listeners.situation().in_meeting_ms > 1_000_000


async def test_a_bot_without_server_and_without_people_leaves_in_the_end(stage: Stage) -> None:
    stage.patience = replace(stage.patience, forsaken_s=0.2)
    stage.start()
    await stage.join()
    stage.hears.people([])
    stage.link.away_s = 1000.0
    await stage.until_move("meeting_ended")
    await stage.end()
    assert stage.attendances[0].left or stage.browser.closed


async def test_a_bot_without_server_stays_with_people(stage: Stage) -> None:
    stage.patience = replace(stage.patience, forsaken_s=0.2)
    stage.start()
    await stage.join()
    stage.hears.people([PersonSeen("p1", "Grace")])
    stage.link.away_s = 1000.0
    await asyncio.sleep(1.3)
    assert stage.triggers() == ["joined_meeting", "recording_permission_granted"]


async def test_a_page_that_lost_its_connection_has_longer_to_find_back(stage: Stage) -> None:
    stage.patience = replace(stage.patience, back_s=0.01, lost_s=30)
    stage.start()
    await stage.join()
    stage.show(UiState.PAGE_LOST)
    await asyncio.sleep(0.1)  # ten times as long as for any other page
    stage.show(UiState.IN_MEETING)
    stage.leave()
    await stage.end()
    assert "rejoining" not in stage.codes()
    assert stage.triggers().count("joined_meeting") == 1


async def test_a_page_that_is_silent_is_told_as_that_and_nothing_else_comes_of_it(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.page.fall_silent(1.5)
    assert stage.codes()[-1] == "page_silent"
    stage.page.fall_silent(0.0)
    assert stage.codes()[-1] == "page_answers"
    stage.break_page(PageHungError("no answer"))
    await stage.until_entered(2)
    assert stage.codes().count("page_silent") == 1
