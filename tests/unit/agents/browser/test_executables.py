from __future__ import annotations

from pathlib import Path

import pytest

from agents.browser import executables
from agents.browser.errors import ChromiumNotFoundError


def install(folder: Path, name: str, content: bytes = b"\x7fELF") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any Chromium."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(executables, "LIBRARY_FOLDERS", (tmp_path / "lib",))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def test_the_small_one_is_preferred_where_it_will_do(machine: Path) -> None:
    shell = install(machine / "bin", "chromium-headless-shell")
    whole = install(machine / "bin", "chromium")
    assert executables.find(None, whole_browser=False) == shell
    assert executables.find(None, whole_browser=True) == whole
    assert executables.is_headless_shell(shell)
    assert not executables.is_headless_shell(whole)


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_any_of_the_known_names_will_do(machine: Path, name: str) -> None:
    program = install(machine / "bin", name)
    assert executables.find(None, whole_browser=False) == program


def test_the_program_behind_a_script_is_taken(machine: Path) -> None:
    install(machine / "bin", "chromium", b"#!/bin/sh\nexec something")
    program = install(machine / "lib", "chromium")
    assert executables.find(None, whole_browser=True) == program


def test_a_script_with_nothing_known_behind_it_is_taken_itself(machine: Path) -> None:
    script = install(machine / "bin", "chromium", b"#!/bin/sh\nexec something")
    assert executables.find(None, whole_browser=True) == script


def test_a_configured_program_is_taken_as_it_is(machine: Path) -> None:
    install(machine / "bin", "chromium")
    own = install(machine / "own", "browser", b"#!/bin/sh\n")
    assert executables.find(own, whole_browser=True) == own


@pytest.mark.parametrize("kind", ["missing", "folder", "text"])
def test_a_configured_path_that_is_no_program_is_refused(machine: Path, kind: str) -> None:
    path = machine / "own"
    if kind == "folder":
        path.mkdir()
    if kind == "text":
        path.write_text("hello")
    with pytest.raises(ChromiumNotFoundError, match="ROLLCALL_CHROMIUM"):
        executables.find(path, whole_browser=False)


def test_none_at_all_says_what_was_looked_for_and_what_to_do() -> None:
    with pytest.raises(ChromiumNotFoundError, match=r"looked for chromium, .*apt-get install"):
        executables.find(None, whole_browser=True)


def test_applications_are_found_on_a_mac(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("pathlib.Path.home", lambda: machine)
    application = install(machine / "Applications" / "Google Chrome.app" / "Contents" / "MacOS", "Google Chrome")
    assert executables.find(None, whole_browser=True) == application
