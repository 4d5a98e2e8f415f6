from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agents.browser import evidence
from agents.browser.errors import PageCrashedError
from agents.browser.fakes import FakePage


class HangingPage(FakePage):
    async def screenshot(self, *, timeout_s: float = 5.0) -> bytes:
        await asyncio.Event().wait()
        return b""


async def test_picture_text_and_address_are_saved(tmp_path: Path) -> None:
    page = FakePage(visible_text="Let me in", address="https://h/j/1?pwd=secret")
    saved = await evidence.collect(page, tmp_path / "debug", "join")
    assert [path.name for path in saved] == ["join.png", "join.txt", "join.url"]
    assert (tmp_path / "debug" / "join.txt").read_text() == "Let me in"
    assert (tmp_path / "debug" / "join.url").read_text() == "https://h/j/1"


async def test_a_page_that_failed_leaves_no_evidence_and_no_error(tmp_path: Path) -> None:
    page = FakePage()
    page.fail(PageCrashedError("crashed"))
    assert await evidence.collect(page, tmp_path, "x") == []


async def test_a_part_that_never_comes_does_not_keep_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "SECONDS_EACH", 0.05)
    assert [path.name for path in await evidence.collect(HangingPage(), tmp_path, "x")] == ["x.txt", "x.url"]


async def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert await evidence.collect(FakePage(), tmp_path / "file" / "debug", "x") == []


async def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    saved = await evidence.collect(FakePage(), tmp_path, "../../etc/passwd")
    assert {path.parent for path in saved} == {tmp_path}
