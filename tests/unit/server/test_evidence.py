"""What pages showed is kept for the days that were said, and not a file else is touched."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from server.domain.limits import EVIDENCE_DAYS
from server.evidence import EvidenceRetention
from tests.unit.server.store.story import Story

DAY_S = 86_400


def keep(story: Story, folder: Path, bot_id: str, name: str, days_old: float) -> Path:
    """A file of a bot, written so many days ago by the story's clock."""
    path = folder / bot_id / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("A door")
    written_s = story.clock.now_us() / 1e6 - days_old * DAY_S
    os.utime(path, (written_s, written_s))
    return path


def retention(story: Story, folder: Path, days: int = EVIDENCE_DAYS) -> EvidenceRetention:
    return EvidenceRetention(story.store, folder, days, clock=story.clock)


async def test_what_is_old_enough_goes_and_what_is_younger_stays(story: Story, tmp_path: Path) -> None:
    refused, waiting = (await story.bot()).id, (await story.bot()).id
    old = [keep(story, tmp_path, refused, f"debug/e1-1-denied.{end}", 30.1) for end in ("png", "txt", "url")]
    old.append(keep(story, tmp_path, waiting, "debug/e1-1-unknown_page.txt", 31))
    young = keep(story, tmp_path, waiting, "debug/e1-2-unknown_page.txt", 29.9)
    assert await retention(story, tmp_path).sweep() == 4
    assert [path for path in old if path.exists()] == []
    assert young.exists()
    assert not (tmp_path / refused / "debug").exists(), "nothing is left in it"
    story.clock.advance(0.2 * DAY_S)
    assert await retention(story, tmp_path).sweep() == 1
    assert await retention(story, tmp_path).sweep() == 0


async def test_a_project_may_have_days_of_its_own_more_or_fewer(story: Story, tmp_path: Path) -> None:
    kept: dict[str, Path] = {}
    for name, own in (("short", {"evidence_days": 2}), ("long", {"evidence_days": 90}), ("default", {})):
        project = await story.store.projects.create(name, own_limits=own)
        bot = await story.bot(project_id=project.id)
        kept[name] = keep(story, tmp_path, bot.id, "debug/e1-1-denied.txt", 1.9)
    for days, left in ((0.0, {"short", "long", "default"}), (0.2, {"long", "default"}), (28.0, {"long"}), (60.1, set())):
        story.clock.advance(days * DAY_S)
        await retention(story, tmp_path).sweep()
        assert {name for name, path in kept.items() if path.exists()} == left


async def test_nothing_else_in_the_media_folder_is_touched(story: Story, tmp_path: Path) -> None:
    media, outside = tmp_path / "media", tmp_path / "outside"
    bot_id, linked = (await story.bot()).id, (await story.bot()).id
    others = [
        keep(story, media, bot_id, "recording.mp4", 400),
        keep(story, media, bot_id, "segments/e1-1.webm", 400),
        keep(story, media, bot_id, "debug/folder/inner.txt", 400),
        keep(story, media, "somebody", "debug/notes.txt", 400),
        keep(story, tmp_path, "outside", "letter.txt", 400),
    ]
    (media / "bot_0000000000000000").symlink_to(media / bot_id)
    (media / linked).mkdir()
    (media / linked / "debug").symlink_to(outside)
    evidence = keep(story, media, bot_id, "debug/e1-1-denied.txt", 400)
    assert await retention(story, media).sweep() == 1
    assert not evidence.exists()
    assert [path for path in others if not path.exists()] == []


async def test_what_a_bot_left_that_nobody_knows_goes_after_the_days_of_the_service(story: Story, tmp_path: Path) -> None:
    path = keep(story, tmp_path, "bot_unknownUnknown00", "debug/e1-1-denied.txt", 30.1)
    await story.store.projects.update(story.project_id, own_limits={"evidence_days": 1})
    assert await retention(story, tmp_path).sweep() == 1
    assert not path.exists()


async def test_a_folder_that_is_not_there_and_a_file_that_cannot_be_deleted_keep_no_other_waiting(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await retention(story, tmp_path / "none").sweep() == 0
    bots = [(await story.bot()).id for _ in range(3)]
    paths = [keep(story, tmp_path, bot_id, "debug/e1-1-denied.txt", 31) for bot_id in bots]
    unlink = Path.unlink

    def refuses(path: Path, *, missing_ok: bool = False) -> None:
        if path == paths[0]:
            raise OSError(30, "Read-only file system")
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuses)
        assert await retention(story, tmp_path).sweep() == 2
    assert [path.exists() for path in paths] == [True, False, False]
    assert await retention(story, tmp_path).sweep() == 1


async def test_the_server_looks_by_itself(story: Story, tmp_path: Path) -> None:
    path = keep(story, tmp_path, (await story.bot()).id, "debug/e1-1-denied.txt", 31)
    one = retention(story, tmp_path)
    await one.start()
    try:
        await _until_gone(path)
    finally:
        await one.stop()


async def _until_gone(path: Path) -> None:
    async with asyncio.timeout(60):
        while path.exists():  # noqa: ASYNC110 - another thread's work
            await asyncio.sleep(0.01)
