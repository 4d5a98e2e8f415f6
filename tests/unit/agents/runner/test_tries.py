"""What is tried again and what is not: all that a page can show, all that a browser can do; docs/platforms.md has the table."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from agents.attendance.account import LoginError
from agents.attendance.endings import ending_of, worth_another_try
from agents.attendance.zoom_tokens import ZoomTokensError
from agents.browser import errors
from agents.browser.errors import LoadFailure, PageHungError, PageLoadError
from agents.capture.base import CaptureError
from agents.platforms.base import JoinStepError, NotSupportedError, UiState
from tests.unit.agents.runner.stage import Stage, StoryAttendance

URL = "https://m.example/1"
REFUSALS = {
    UiState.DENIED,
    UiState.NOT_FOUND,
    UiState.WRONG_PASSCODE,
    UiState.LOGIN_REQUIRED,
    UiState.CAPTCHA,
    UiState.BLOCKED,
    UiState.ENCRYPTED,
    UiState.FULL,
    UiState.REMOVED,
    UiState.ENDED,
}
WAITED_ON = {
    UiState.LOADING: "unable_to_connect_to_meeting",
    UiState.PRE_JOIN: "ui_element_not_found",
    UiState.NAME_ASKED: "ui_element_not_found",
    UiState.PAGE_LOST: "unable_to_connect_to_meeting",
    UiState.UNKNOWN: "ui_element_not_found",
}
"""What is no answer: waited on, tried again when its time is over, and what it is called after the last try."""
AT_THE_MEETING = {UiState.LOBBY, UiState.HOST_ABSENT, UiState.IN_MEETING}
BY_ITSELF = {UiState.LOBBY_GAVE_UP, UiState.CONSENT}
"""Asked again on the same page; answered."""
FAULTS: list[Exception] = [
    errors.ChromiumStartError("It ended", output="", hint=""),
    errors.BrowserLostError("gone"),
    errors.PageCrashedError("gone"),
    errors.PageClosedError("gone"),
    errors.PageHungError("no answer"),
    errors.PageFloodError("too much"),
    errors.PageScriptError("threw"),
    errors.PageNavigatedError("went on"),
    *(PageLoadError(kind, URL) for kind in LoadFailure if kind not in {LoadFailure.NOT_ALLOWED, LoadFailure.HTTP}),
    *(PageLoadError(LoadFailure.HTTP, URL, status=status) for status in (408, 421, 425, 429, 500, 502, 503, 504)),
    JoinStepError("press join", "not there in 10 s"),
    CaptureError("not ready"),
]
FINAL: list[Exception] = [
    errors.ChromiumNotFoundError("Install it."),
    PageLoadError(LoadFailure.NOT_ALLOWED, URL),
    *(PageLoadError(LoadFailure.HTTP, URL, status=status) for status in (400, 401, 403, 404, 410, 451)),
    NotSupportedError("no adapter"),
    LoginError("none"),
    ZoomTokensError("none"),
]


def failing(stage: Stage, *faults: Exception) -> None:
    """The first visits fail so, the others do not."""

    def fail(attendance: StoryAttendance) -> None:
        nth = len(stage.attendances)
        attendance.enter_error = faults[nth - 1] if nth <= len(faults) else None

    stage.on_attend = fail


def tries(stage: Stage) -> list[tuple[str, str]]:
    """Each failed try of the log: its number and its reason."""
    return [(r.log.fields["try_number"], r.log.code) for r in stage.of("log") if "try_number" in r.log.fields]


def name(error: Exception) -> str:
    return f"{type(error).__name__} {getattr(error, 'kind', '')} {getattr(error, 'status', '') or ''}".strip()


def test_every_state_and_every_error_has_its_place_in_the_table() -> None:
    groups = [REFUSALS, set(WAITED_ON), AT_THE_MEETING, BY_ITSELF]
    assert set(UiState) == set().union(*groups)
    assert len(UiState) == sum(map(len, groups))
    kinds = {type(error) for error in (*FAULTS, *FINAL)}
    roots = {errors.BrowserError, errors.PageError}  # never raised themselves
    everything = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.BrowserError)}
    assert everything - roots == {kind for kind in kinds if issubclass(kind, errors.BrowserError)}
    assert {error.kind for error in (*FAULTS, *FINAL) if isinstance(error, PageLoadError)} == set(LoadFailure)


def test_a_refusal_ends_the_bot_and_nothing_else_does() -> None:
    assert {state for state in UiState if ending_of(state, joined=False) is not None} == REFUSALS


@pytest.mark.parametrize("error", FAULTS, ids=name)
def test_a_fault_is_worth_another_try(error: Exception) -> None:
    assert worth_another_try(error)


@pytest.mark.parametrize("error", FINAL, ids=name)
def test_a_refusal_is_not_worth_another_try(error: Exception) -> None:
    assert not worth_another_try(error)


@pytest.mark.parametrize("state", sorted(REFUSALS))
async def test_what_the_page_refuses_is_not_tried_again(stage: Stage, state: UiState) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(state)
    await stage.end()
    assert len(stage.launcher.launched) == 1
    assert tries(stage) == []


@pytest.mark.parametrize("state", sorted(WAITED_ON))
async def test_what_is_no_answer_is_tried_three_times_and_told_as_what_it_is(stage: Stage, state: UiState) -> None:
    stage.patience = replace(stage.patience, evidence_s=0.05)
    stage.start()
    for attempt in (1, 2, 3):
        await stage.until_entered(attempt)
        if state is not UiState.LOADING:
            stage.show(state)
    await stage.end()
    assert stage.moves()[-1][1] == WAITED_ON[state]
    assert [number for number, _ in tries(stage)] == ["1", "2", "3"]


async def test_the_log_shows_each_try_with_its_number_and_its_reason(stage: Stage) -> None:
    failing(stage, PageLoadError(LoadFailure.DNS, URL), PageHungError("no answer"))
    stage.start()
    await stage.until_entered(3)
    stage.show(UiState.IN_MEETING)
    await stage.until_move("joined_meeting")
    assert tries(stage) == [("1", "page_not_loaded"), ("2", "page_hung")]


async def test_the_old_page_has_left_and_is_closed_before_the_next_one_comes(stage: Stage) -> None:
    failing(stage, JoinStepError("press join", "no answer in 10 s"), PageHungError("no answer"))
    closed: list[list[bool]] = []
    fails = stage.on_attend

    def look(attendance: StoryAttendance) -> None:
        closed.append([browser.closed for _, browser in stage.launcher.launched])
        fails(attendance)

    stage.on_attend = look
    stage.start()
    await stage.until_entered(3)
    assert [call for call in stage.calls if call in {"enter", "leave"}] == ["enter", "leave", "enter", "leave", "enter"]
    assert closed == [[], [True], [True, True]]


async def test_a_page_that_can_not_be_talked_to_is_not_asked_to_leave(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(UiState.LOBBY)
    stage.break_page(PageHungError("no answer"))
    await stage.until_entered(2)
    assert "leave" not in stage.calls
    assert stage.launcher.launched[0][1].closed


async def test_a_page_that_shows_the_meeting_no_more_is_left_before_the_bot_comes_again(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.show(UiState.UNKNOWN)
    await stage.until_entered(2)
    assert stage.calls.index("leave") > stage.calls.index("enter")
    assert stage.attendances[0].left


async def test_time_in_a_lobby_is_no_time_of_failing(stage: Stage) -> None:
    stage.patience = replace(stage.patience, join_s=0.2)
    stage.start()
    await stage.until_entered()
    stage.show(UiState.LOBBY)
    await asyncio.sleep(0.3)
    stage.break_page(PageHungError("no answer"))
    await stage.until_entered(2)
    assert tries(stage) == [("1", "page_hung")]
