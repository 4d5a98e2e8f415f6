"""A bot that was sent ahead of its time: all is ready, and it goes in when the time has come."""

from __future__ import annotations

import asyncio
import time

import pytest

from agents.attendance.door import NEAR_S, Door
from agents.browser.errors import BrowserLostError
from agents.platforms.base import UiState
from rollcall.v1 import bot_pb2 as bot
from tests.unit.agents.runner.stage import Stage

A_LONG_TIME_MS = 3_600_000


async def test_all_is_ready_before_the_time_and_nobody_has_asked_to_join(stage: Stage) -> None:
    stage.spec.join_in_ms = A_LONG_TIME_MS
    stage.start()
    await stage.until(lambda: "prepare" in stage.calls)
    stage.runner.shut_down()
    await stage.end()
    assert "enter" not in stage.calls
    assert stage.link.released == [True], "handed over to another worker, who waits in its place"
    assert stage.triggers() == []
    assert stage.browser.closed


async def test_when_the_time_has_come_it_says_so_and_goes_in(stage: Stage) -> None:
    stage.spec.join_in_ms = 100
    began = time.monotonic()
    stage.start()
    await stage.join()
    assert time.monotonic() - began >= 0.1
    assert stage.triggers()[:2] == ["join_requested", "joined_meeting"]
    assert stage.calls[:2] == ["prepare", "enter"]
    assert len(stage.launcher.launched) == 1
    stage.leave()
    await stage.end()


async def test_a_browser_lost_at_the_door_is_replaced_before_the_time(stage: Stage) -> None:
    stage.spec.join_in_ms = A_LONG_TIME_MS
    stage.start()
    for times in (1, 2, 3):
        await stage.until(lambda times=times: stage.calls.count("prepare") == times)
        if times < 3:
            stage.break_page(BrowserLostError())
    assert stage.triggers() == []
    stage.runner.shut_down()
    await stage.end()


async def test_what_goes_wrong_at_the_door_is_told_only_when_the_time_has_come(stage: Stage) -> None:
    stage.no_adapter = True
    stage.spec.join_in_ms = 150
    began = time.monotonic()
    stage.start()
    await stage.end()
    assert time.monotonic() - began >= 0.15
    assert stage.triggers() == ["join_requested", "fatal_error"]
    assert stage.link.released == [False]


async def test_a_bot_that_could_not_get_ready_ahead_tries_again_when_its_time_has_come(stage: Stage) -> None:
    stage.launcher.error = BrowserLostError()
    stage.spec.join_in_ms = 400
    stage.start()
    await stage.until(lambda: len(stage.codes()) == 3)
    assert stage.triggers() == []
    stage.launcher.error = None
    await stage.join()
    assert len(stage.launcher.launched) == 1, "after three tries it waited for its time"
    assert stage.triggers()[:2] == ["join_requested", "joined_meeting"]
    stage.leave()
    await stage.end()


async def test_a_browser_that_never_starts_ends_the_bot_after_its_time(stage: Stage) -> None:
    stage.launcher.error = BrowserLostError()
    stage.spec.join_in_ms = 100
    stage.start()
    await stage.end()
    assert len(stage.triggers()) == 2
    assert stage.triggers()[0] == "join_requested"


async def test_a_bot_without_a_time_goes_in_at_once_and_reports_no_request(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(UiState.LOBBY)
    await stage.until_move("put_in_waiting_room")
    assert bot.BOT_EVENT_TYPE_JOIN_REQUESTED not in [r.transition.trigger for r in stage.of("transition")]
    stage.leave()
    await stage.end()


async def test_what_the_page_says_before_the_time_is_asked_again_when_it_has_come(stage: Stage) -> None:
    stage.spec.join_in_ms = 400
    stage.start()
    await stage.until(lambda: "prepare" in stage.calls)
    stage.show(UiState.NOT_FOUND)  # the host makes the meeting a moment later
    await stage.until(lambda: stage.browser.closed)
    assert stage.triggers() == []
    await stage.join()
    assert stage.triggers()[:2] == ["join_requested", "joined_meeting"]
    assert len(stage.launcher.launched) == 2
    stage.leave()
    await stage.end()


@pytest.mark.parametrize(("state", "told"), [(UiState.IN_MEETING, "joined_meeting"), (UiState.LOBBY, "put_in_waiting_room")])
async def test_a_page_that_lets_in_whoever_opens_it_is_not_denied(stage: Stage, state: UiState, told: str) -> None:
    stage.spec.join_in_ms = A_LONG_TIME_MS
    stage.start()
    await stage.until(lambda: "prepare" in stage.calls)
    stage.show(state)
    await stage.until_move(told)
    assert stage.triggers()[:2] == ["join_requested", told]
    stage.leave()
    await stage.end()


async def test_the_page_is_opened_only_when_the_time_is_near() -> None:
    went: list[str] = []
    far, near = Door(round((NEAR_S + 0.2) * 1000), lambda: went.append("far")), Door(100, lambda: went.append("near"))
    began = time.monotonic()
    later = asyncio.create_task(Door(round((NEAR_S + 60) * 1000), lambda: went.append("later")).come_near())
    await near.come_near()
    await far.come_near()
    assert not later.done()
    later.cancel()
    assert time.monotonic() - began >= 0.2
    assert went == []
    await near.go_through()
    assert went == ["near"]
