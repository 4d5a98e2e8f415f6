"""What is kept of what a page showed, for whom, and how much of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agents.attendance.evidence import MOST_OF_A_KIND, Evidence
from agents.browser.fakes import FakePage
from agents.platforms.base import UiState
from rollcall.v1 import event_pb2 as event
from tests.unit.agents.runner.stage import Stage


async def test_what_a_page_showed_to_a_bot_that_it_did_not_let_in_is_kept_and_told(stage: Stage) -> None:
    stage.spec.meeting_url = "https://m/1?pwd=s3cret&x=ab"
    stage.start()
    await stage.until_entered()
    stage.page.address = "https://m/1/refused?pwd=s3cret#x"
    stage.page.visible_text = "You can't join with s3cret"
    stage.show(UiState.BLOCKED, text="You can't join with s3cret")
    await stage.end()
    (text,) = (stage.media_dir / stage.spec.bot_id / "debug").glob("*page_blocked.txt")
    assert text.read_text() == "You can't join with [secret]"
    assert not list(text.parent.glob("*.png"))  # it would show the passcode
    told = {r.log.code: dict(r.log.fields) for r in stage.of("log")}
    assert told["page_blocked"] == {"url": "https://m/1/refused", "text": "You can't join with [secret]"}
    assert told["evidence_kept"]["evidence"] == text.stem
    page = stage.of("transition")[-1].transition.page
    assert (page.url, page.text) == ("https://m/1/refused", "You can't join with [secret]")
    assert "s3cret" not in str(stage.link.reports)


async def test_the_log_says_what_a_page_showed_before_the_picture_of_it_is_made(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(UiState.DENIED, text="Not you")
    await stage.end()
    codes = [code for code in stage.codes() if code in {"page_denied", "evidence_kept"}]
    assert codes == ["page_denied", "evidence_kept"]
    assert list((stage.media_dir / stage.spec.bot_id / "debug").glob("*page_denied.png"))


async def test_of_a_meeting_nothing_is_kept_but_for_those_who_asked(stage: Stage) -> None:
    stage.start()
    await stage.join()
    stage.show(UiState.REMOVED, text="You've been removed")
    await stage.end()
    assert not (stage.media_dir / stage.spec.bot_id / "debug").exists()
    assert next(dict(r.log.fields) for r in stage.of("log") if r.log.code == "page_removed")["text"] == "You've been removed"


async def test_a_picture_that_is_made_while_the_bot_comes_in_is_not_kept(tmp_path: Path) -> None:
    class SlowPage(FakePage):
        async def screenshot(self, *, timeout_s: float = 5.0) -> bytes:
            evidence.enter_meeting()
            return b"somebody"

    told: list[str] = []
    evidence = Evidence(tmp_path, lambda code, _message, **_fields: told.append(code), epoch=1, asked=False, unasked=True)
    await evidence.tell(SlowPage(), "page_unknown")
    assert told == []
    assert list((tmp_path / "debug").glob("*")) == []


async def test_of_a_meeting_that_another_agent_was_in_nothing_is_kept_either(stage: Stage) -> None:
    stage.spec.joined_timestamp_ms = 1_700_000_000_000
    stage.start()
    await stage.until_entered()
    stage.show(UiState.UNKNOWN)
    stage.show(UiState.DENIED)
    await stage.end()
    assert not (stage.media_dir / stage.spec.bot_id / "debug").exists()


async def test_an_operator_may_have_nothing_kept_unasked(stage: Stage) -> None:
    stage.join_evidence = False
    stage.start()
    await stage.until_entered()
    stage.show(UiState.BLOCKED)
    await stage.end()
    assert not (stage.media_dir / stage.spec.bot_id).exists()


async def test_a_page_that_is_unknown_again_and_again_fills_no_disk(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    for _ in range(MOST_OF_A_KIND + 5):
        stage.show(UiState.UNKNOWN)
        stage.show(UiState.LOBBY)
    await stage.until(lambda: stage.codes().count("evidence_kept") == MOST_OF_A_KIND)
    stage.show(UiState.DENIED)
    await stage.end()
    kept = [path.name for path in (stage.media_dir / stage.spec.bot_id / "debug").glob("*.txt")]
    assert sum(name.endswith("page_unknown.txt") for name in kept) == MOST_OF_A_KIND
    assert any(name.endswith("page_denied.txt") for name in kept)


async def test_every_failure_is_a_remark_with_its_code(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    stage.show(UiState.DENIED)
    await stage.end()
    remark = next(r.log for r in stage.of("log") if r.log.code == "page_denied")
    assert remark.level == event.LOG_LEVEL_ERROR


async def test_an_unknown_page_is_kept_and_waited_on(stage: Stage) -> None:
    stage.spec.settings.debug_settings.create_debug_recording = True
    stage.on_attend = lambda attendance: setattr(attendance, "hang", True)  # its steps go on
    stage.start()
    await stage.until_entered()
    stage.show(UiState.UNKNOWN)
    await stage.until(lambda: "evidence_kept" in stage.codes())
    assert list((stage.media_dir / stage.spec.bot_id / "debug").glob("*page_unknown.png"))
    assert stage.triggers() == []
    stage.show(UiState.LOBBY)
    await stage.until_move("put_in_waiting_room")


async def test_an_unknown_page_after_asking_to_join_may_be_a_lobby_and_is_waited_on_as_long(stage: Stage) -> None:
    stage.spec.settings.automatic_leave_settings.waiting_room_timeout_seconds = 1
    stage.start()
    await stage.until_entered()
    stage.show(UiState.UNKNOWN)
    began = asyncio.get_running_loop().time()
    await stage.until(lambda: "join_step_failed" in stage.codes())
    assert asyncio.get_running_loop().time() - began >= 1 > stage.patience.evidence_s


@pytest.mark.parametrize("state", [UiState.REMOVED, UiState.ENDED])
async def test_what_the_page_showed_at_the_end_is_kept_for_those_who_asked(stage: Stage, state: UiState) -> None:
    stage.spec.settings.debug_settings.create_debug_recording = True
    stage.start()
    await stage.join()
    stage.show(state)
    await stage.end()
    assert list((stage.media_dir / stage.spec.bot_id / "debug").glob(f"*page_{state.value}.png"))
