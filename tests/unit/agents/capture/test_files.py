"""Segments on disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from agents.capture import files
from agents.capture.base import CaptureError
from agents.capture.files import SegmentWriter, check_room, list_segments, next_number

WEBM, MKV = "audio/webm;codecs=opus", "video/x-matroska;codecs=avc1,opus"


def test_what_was_written_is_in_the_file_at_once(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, 3, 2, mime=MKV, start_ms=5)
    writer.write(b"one")
    writer.write(b"two")
    assert (tmp_path / "segments" / "e3-2.mkv").read_bytes() == b"onetwo"
    assert writer.bytes_written == 6


async def test_it_can_be_brought_to_the_disk(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, 1, 1, mime=WEBM, start_ms=5)
    writer.write(b"one")
    await writer.sync()
    writer.close()
    await writer.sync()


def test_segments_are_found_in_the_order_in_which_they_were_recorded(tmp_path: Path) -> None:
    for epoch, number, start_ms in ((2, 1, 900), (1, 2, 1200), (1, 10, 1300), (1, 1, 1000)):
        writer = SegmentWriter(tmp_path, epoch, number, mime=WEBM, start_ms=start_ms, side=number == 10)
        writer.write(b"x")
        writer.close()
    (tmp_path / "segments" / "notes.txt").write_text("no segment")
    found = [(s.epoch, s.number, s.start_ms, s.side) for s in list_segments(tmp_path)]
    assert found == [(1, 1, 1000, False), (1, 2, 1200, False), (1, 10, 1300, True), (2, 1, 900, False)]
    assert next_number(tmp_path, 1) == 11
    assert next_number(tmp_path, 3) == 1


def test_a_segment_is_found_without_its_note(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, 1, 1, mime=WEBM, start_ms=1)
    writer.write(b"x")
    writer.path.with_suffix(".json").unlink()
    assert list_segments(tmp_path)[0].start_ms > 10**12


def test_no_segment_is_ever_written_over(tmp_path: Path) -> None:
    SegmentWriter(tmp_path, 1, 1, mime=WEBM, start_ms=1).write(b"kept")
    with pytest.raises(CaptureError):
        SegmentWriter(tmp_path, 1, 1, mime=WEBM, start_ms=2)
    assert (tmp_path / "segments" / "e1-1.webm").read_bytes() == b"kept"


def test_an_empty_segment_leaves_nothing(tmp_path: Path) -> None:
    SegmentWriter(tmp_path, 1, 1, mime=WEBM, start_ms=1).close()
    assert list((tmp_path / "segments").iterdir()) == []


def test_a_full_disk_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SegmentWriter(tmp_path, 1, 1, mime=WEBM, start_ms=1)

    def full(file: int, data: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "write", full)
    with pytest.raises(CaptureError, match="make room there, or set ROLLCALL_MEDIA_DIR"):
        writer.write(b"x")


def test_a_disk_that_is_nearly_full_is_told_before_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_room(tmp_path / "bot")
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: SimpleNamespace(free=10 << 20))
    with pytest.raises(CaptureError, match="10 MB are free, 200 MB are needed"):
        check_room(tmp_path / "bot")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CaptureError, match="media folder cannot be written"):
        check_room(tmp_path / "file" / "bot")
