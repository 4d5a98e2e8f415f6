from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from agents.browser import profiles
from agents.browser.profiles import Profile, sweep

HOLD = """
import sys
from pathlib import Path
from agents.browser.profiles import Profile
profile = Profile.create(Path(sys.argv[1]))
(profile.folder / "Cookies").write_text("x")
print(profile.folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    return tmp_path / "profiles"


def hold(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that owns a profile."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_profile_is_for_its_owner_alone(parent: Path) -> None:
    profile = Profile.create(parent)
    assert profile.folder.parent == parent
    assert profile.folder.stat().st_mode & 0o777 == 0o700
    profile.remove()


def test_removing_leaves_nothing(parent: Path) -> None:
    profile = Profile.create(parent)
    (profile.folder / "Default").mkdir()
    (profile.folder / "Default" / "History").write_text("x")
    profile.remove()
    assert list(parent.iterdir()) == []


def test_a_sweep_leaves_the_living_alone(parent: Path) -> None:
    own = Profile.create(parent)
    process, folder = hold(parent)
    assert sweep(parent) == []
    assert folder.is_dir()
    assert own.folder.is_dir()
    kill(process)
    own.remove()


def test_a_sweep_removes_what_the_dead_left(parent: Path) -> None:
    process, folder = hold(parent)
    kill(process)
    assert sweep(parent) == [folder]
    assert list(parent.iterdir()) == []


def test_a_sweep_ends_what_still_runs_in_a_dead_owners_profile(parent: Path) -> None:
    process, folder = hold(parent)
    survivor = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", f"--user-data-dir={folder}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with survivor:
        try:
            # Popen returns before the kernel shows the new command line; what the program prints comes after it.
            assert survivor.stdout is not None
            survivor.stdout.readline()
            assert survivor.pid in profiles.users_of(folder)
            kill(process)
            sweep(parent)
            assert survivor.wait(5) < 0
        finally:
            survivor.kill()


def test_a_sweep_keeps_away_from_what_is_not_a_profile(parent: Path) -> None:
    parent.mkdir()
    (parent / "important").mkdir()
    (parent / "important.lock").write_text("")
    assert sweep(parent) == []
    assert sorted(entry.name for entry in parent.iterdir()) == ["important", "important.lock"]


def test_a_folder_that_is_not_there_has_nothing_to_sweep(tmp_path: Path) -> None:
    assert sweep(tmp_path / "nowhere") == []


def test_a_lock_that_never_got_its_folder_is_swept(parent: Path) -> None:
    parent.mkdir()
    (parent / "browser-0123.lock").write_text("")
    sweep(parent)
    assert list(parent.iterdir()) == []


def test_the_socket_folder_of_a_killed_chromium_goes_with_its_profile(parent: Path) -> None:
    profile = Profile.create(parent)
    sockets = Path(tempfile.mkdtemp(prefix="org.chromium.Chromium."))
    (profile.folder / "SingletonSocket").symlink_to(sockets / "SingletonSocket")
    profile.remove()
    assert not sockets.exists()


def test_a_link_to_elsewhere_is_not_followed(parent: Path, tmp_path: Path) -> None:
    profile = Profile.create(parent)
    (tmp_path / "chromium-documents").mkdir()
    (profile.folder / "SingletonSocket").symlink_to(tmp_path / "chromium-documents" / "x")
    profile.remove()
    assert (tmp_path / "chromium-documents").is_dir()


def test_we_are_never_among_the_users_of_a_profile(parent: Path) -> None:
    profile = Profile.create(parent)
    assert os.getpid() not in profiles.users_of(profile.folder)
    profile.remove()
