"""`rollcall projects`, `keys` and `audit` on a database of their own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rollcall.cli.app import app
from rollcall.cli.terminal import UserError, explain
from server.domain.limits import LIMIT_NAMES


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLCALL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ROLLCALL_DATABASE_URL", f"sqlite:///{tmp_path}/data/rollcall.db")


def run(*words: str) -> str:
    answer = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def complaint(*words: str) -> str:
    """What a person is told."""
    with pytest.raises(Exception) as failed:  # noqa: PT011 - what a person is told of it is looked at
        CliRunner().invoke(app, list(words), catch_exceptions=False)
    told = failed.value if isinstance(failed.value, UserError) else explain(failed.value)  # type: ignore[arg-type]
    assert told is not None
    return str(told)


def test_a_project_is_made_changed_and_shown_with_its_limits() -> None:
    made = run("projects", "create", "shop", "--limit", "active_bots=50", "--limit", "webhooks=2")
    assert re.search(r"active_bots +50 +\(its own; it has 0\)", made)
    assert re.search(r"metadata_characters +1,000 +\(default\)", made)
    changed = run("projects", "set", "shop", "--name", "store", "--limit", "webhooks=default", "--limit", "active_bots=7")
    assert re.search(r"active_bots +7 ", changed)
    assert re.search(r"webhooks +20 +\(default\)", changed)
    assert run("projects", "show", "store") == changed
    project_id = changed.split()[0]
    assert run("projects", "show", project_id) == changed
    assert project_id in run("projects", "list")


def test_a_key_can_end_by_itself_and_what_was_done_is_in_the_audit_log() -> None:
    secret, line = run("keys", "create", "--project", "shop", "--name", "laptop", "--expires-days", "30").splitlines()
    assert "It ends at" in line
    assert "until" in run("keys", "list", "--project", "shop")
    key_id = line.split()[1]
    run("keys", "revoke", key_id)
    assert "revoked" in run("keys", "list", "--project", "shop")
    told = run("audit", "--project", "shop").splitlines()
    assert [re.search(r"project_\w+|key_(?:created|revoked)", entry)[0] for entry in told] == [  # type: ignore[index]
        "key_revoked",
        "key_created",
        "project_created",
    ]
    assert all("command line (" in entry for entry in told)
    assert secret not in "".join(told)
    assert len(run("audit", "--most", "1").splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("projects", "create", "x", "--limit", "bots=1"), "the limits are active_bots"),
        (("projects", "create", "x", "--limit", "active_bots=-1"), "give a number"),
        (("projects", "create", "x", "--limit", "active_bots=99999999999"), "give a number"),
        (("projects", "create", "x", "--limit", "metadata_characters=10001"), "--limit metadata_characters"),
        (("projects", "create", "a\nb"), "control characters"),
        (("projects", "create", "proj_x"), "May not begin with proj_"),
        (("projects", "create", "x" * 101), "at most 100 characters"),
        (("projects", "set", "default"), "nothing to set"),
        (("projects", "show", "nobody"), "there is no project with the name or id nobody"),
        (("keys", "list", "--project", "nobody"), "there is no project with the name or id nobody"),
        (("keys", "create", "--project", "proj_0000000000000000"), "May not begin with proj_"),
        (("keys", "revoke", "key_0000000000000000"), "Key not found"),
        (("audit", "--project", "nobody"), "there is no project"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(words: tuple[str, ...], part: str) -> None:
    assert part in complaint(*words)


def test_a_name_is_taken_once() -> None:
    run("projects", "create", "shop")
    assert "exists already" in complaint("projects", "create", "shop")


def test_the_help_names_every_limit() -> None:
    text = CliRunner().invoke(app, ["projects", "create", "--help"], env={"COLUMNS": "300", "NO_COLOR": "1"}).output
    assert all(name in text for name in LIMIT_NAMES)
