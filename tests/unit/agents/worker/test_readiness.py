"""A worker says at its start what it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.readiness import shortcomings
from agents.settings import WorkerSettings


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("chromium", "ffmpeg", "ffprobe"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_a_worker_that_has_what_it_needs_says_nothing(programs: Path, tmp_path: Path) -> None:
    del programs
    assert shortcomings(WorkerSettings(data_dir=tmp_path)) == []


def test_each_missing_program_is_named_with_how_to_get_it(programs: Path, tmp_path: Path) -> None:
    for name in ("ffmpeg", "ffprobe"):
        (programs / name).unlink()
    no_chromium = tmp_path / "nowhere" / "chromium"
    browser, recorder = shortcomings(WorkerSettings(data_dir=tmp_path, chromium=no_chromium))
    assert f"The configured Chromium, {no_chromium}, does not exist." in browser
    assert "set ROLLCALL_CHROMIUM" in browser
    assert "ffmpeg and ffprobe not found. Install ffmpeg" in recorder


def test_a_platform_file_with_a_mistake_is_named_with_its_line(programs: Path, tmp_path: Path) -> None:
    del programs
    file = tmp_path / "platforms" / "mine.toml"
    file.parent.mkdir()
    file.write_text('[match]\nurls = ["https://a.example/*"]\n[evidence]\nin_meeting = ["#a"]\nlobbby = ["#b"]\n')
    (said,) = shortcomings(WorkerSettings(data_dir=tmp_path))
    assert f"{file}:5: evidence.lobbby: this key is not known here; did you mean 'lobby'?" in said
