from __future__ import annotations

import os
from pathlib import Path

import pytest

from agents.platforms.file_reader import PlatformFileError
from agents.platforms.registry import PlatformUnknownError, Registry
from tests.unit.agents.platforms.paper_page import MATCH

BUILT_IN_NAMES = ("google_meet", "jitsi", "rehearsal", "teams", "zoom")
"""As the server calls them in the contract's `Platform`."""
GOOD = MATCH + '[evidence]\nin_meeting = [".tile"]\n'


def test_the_built_in_platforms_are_there() -> None:
    assert [Registry().find(name).name for name in BUILT_IN_NAMES] == list(BUILT_IN_NAMES)


def test_a_users_file_is_found_by_its_file_name_and_comes_first(tmp_path: Path) -> None:
    (tmp_path / "rehearsal.toml").write_text(GOOD)
    (tmp_path / "ours.toml").write_text('name = "other"\n' + GOOD)
    registry = Registry(tmp_path)
    assert registry.find("rehearsal").file.path.endswith("rehearsal.toml")  # type: ignore[attr-defined]  # all are declarative here
    assert registry.find("ours").name == "other"
    assert registry.find("other").name == "other"
    assert registry.names() == ["google_meet", "jitsi", "other", "rehearsal", "teams", "zoom"]


def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    registry = Registry(tmp_path)
    with pytest.raises(PlatformUnknownError, match="known are: google_meet"):
        registry.find("ours")
    path.write_text("nonsense")
    with pytest.raises(PlatformFileError, match=r"ours\.toml:1"):
        registry.find("ours")
    assert len(registry.problems()) == 1
    path.write_text(GOOD)
    os.utime(path, ns=(1, 1))
    assert registry.find("ours").name == "ours"


def test_a_broken_file_hurts_no_other(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[")
    assert Registry(tmp_path).find("rehearsal").name == "rehearsal"


def test_a_file_that_only_looks_like_a_platform_is_told(tmp_path: Path) -> None:
    for name in ("meet.yaml", "MEET.TOML", "notes.txt"):
        (tmp_path / name).write_text(GOOD)
    registry = Registry(tmp_path)
    told = [str(problem) for error in registry.problems() for problem in error.problems]
    wrong = "is not read: a platform is one TOML file whose name ends in .toml"
    assert told == [f"{tmp_path / name}:1: {wrong}" for name in ("MEET.TOML", "meet.yaml")]
    assert "meet" not in registry.names()
