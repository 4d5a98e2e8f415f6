"""`rollcall platforms` list, check and show; probe is tried in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from agents.platforms.file_reader import PlatformFileError
from agents.platforms.trial import Trial
from rollcall.cli.app import app
from rollcall.cli.terminal import UserError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROLLCALL_PLATFORMS_DIR", str(tmp_path))
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["platforms", *words], catch_exceptions=False)


def test_the_list_names_each_platform_with_its_version_and_file(folder: Path) -> None:
    (folder / "zoom.toml").write_text('version = "ours"\n')
    answer = run("list")
    assert answer.exit_code == 0
    lines = {line.split()[0]: line for line in answer.stdout.splitlines()}
    assert set(lines) == {"google_meet", "jitsi", "rehearsal", "teams", "zoom"}
    assert lines["zoom"].endswith(f"version ours       {folder / 'zoom.toml'}")
    assert lines["teams"].endswith("teams/platform.toml")


def test_a_file_that_cannot_be_used_is_listed_with_what_is_wrong(folder: Path) -> None:
    (folder / "zoom.toml").write_text("[evidence]\nlobbby = [3]\n")
    answer = run("list")
    assert answer.exit_code == 1
    assert f"{folder}/zoom.toml:2: evidence.lobbby: this key is not known here; did you mean 'lobby'?" in answer.stdout


def test_check_says_nothing_where_all_is_well(folder: Path) -> None:
    answer = run("check")
    assert (answer.exit_code, answer.stdout) == (0, "")
    bad = folder / "bad.toml"
    bad.write_text("a = [\n")
    assert run("check", str(bad)).exit_code == 1
    assert f"{bad}:1: a: is no valid TOML" in run("check").stdout


def test_what_counts_is_shown_with_where_it_comes_from(folder: Path) -> None:
    (folder / "zoom.toml").write_text('[texts.en]\nremoved = ["Out with you", "..."]\n')
    answer = run("show", "zoom")
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    ours = next(n for n, line in enumerate(lines) if "Out with you" in line)
    assert lines[ours].endswith(f"# {folder.name}/zoom.toml:2")
    assert "# zoom/platform.toml:" in lines[ours + 1]


def test_what_is_not_there_is_said_in_a_sentence(folder: Path) -> None:
    with pytest.raises(UserError, match="no platform is named 'webex'; known are: google_meet"):
        run("show", "webex")
    with pytest.raises(UserError, match="With --platform, any URL is opened"):
        run("probe", "https://example.org/room")
    (folder / "zoom.toml").write_text("[evidence]\nlobbby = [3]\n")
    with pytest.raises(PlatformFileError, match="lobbby"):
        run("show", "zoom")


MINE = '[match]\nurls = ["http://localhost:*/room/*"]\n[evidence]\nin_meeting = ["#a"]\n'


@pytest.mark.parametrize("url", ["room/1", "file:///etc/passwd", "http://", "http://localhost:x/room/1"])
def test_a_trial_of_what_is_no_meetings_url_starts_no_browser(folder: Path, url: str) -> None:
    (folder / "mine.toml").write_text(MINE)
    with pytest.raises(UserError, match="is no meeting's URL"):
        run("try", str(folder / "mine.toml"), url)


def test_a_trial_says_when_the_service_would_not_use_the_file_for_that_url(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mine.toml").write_text(MINE)
    tried: list[Trial] = []

    async def note(trial: Trial, say: object) -> bool:
        del say
        tried.append(trial)
        return True

    monkeypatch.setattr("agents.platforms.trial.run", note)
    monkeypatch.setenv("ROLLCALL_CHROMIUM", "/opt/chromium")
    assert (
        "note: [match] urls does not have this URL (http://localhost:*/room/*)"
        in run("try", str(folder / "mine.toml"), "http://127.0.0.1:80/room/1").stdout
    )
    assert "note:" not in run("try", str(folder / "mine.toml"), "http://localhost:81/room/1").stdout
    with pytest.raises(UserError, match="--screenshot: there is no folder"):
        run("try", str(folder / "mine.toml"), "http://localhost:81/room/1", "--screenshot", str(folder / "none" / "a.png"))
    assert [one.chromium for one in tried] == [Path("/opt/chromium")] * 2
