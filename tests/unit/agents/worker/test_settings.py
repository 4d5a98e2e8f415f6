from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from agents.settings import SettingError, WorkerSettings


def test_everything_has_a_default_below_the_data_folder(tmp_path: Path) -> None:
    settings = WorkerSettings(data_dir=tmp_path)
    assert (settings.media, settings.platforms, settings.profiles) == (
        tmp_path / "media",
        tmp_path / "platforms",
        tmp_path / "profiles",
    )
    assert settings.server == "127.0.0.1:50051"


def test_the_server_is_where_it_serves_unless_told_otherwise() -> None:
    assert WorkerSettings(grpc_address="127.0.0.1:7").server == "127.0.0.1:7"
    assert WorkerSettings(grpc_address="127.0.0.1:7", server_address="far:8").server == "far:8"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLCALL_WORKER_BOTS", "3")
    monkeypatch.setenv("ROLLCALL_SERVER_ADDRESS", "far:8")
    settings = WorkerSettings()
    assert (settings.worker_bots, settings.server) == (3, "far:8")


def test_switches_for_debugging_are_read_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    switch = "--host-resolver-rules=MAP a.example 127.0.0.1:1,MAP b.example 127.0.0.1:1"
    monkeypatch.setenv("ROLLCALL_CHROMIUM_SWITCHES", json.dumps([switch]))
    assert WorkerSettings().chromium_switches == (switch,)
    assert WorkerSettings.model_fields["chromium_switches"].default == ()


@pytest.mark.parametrize(
    "switch",
    ["--user-agent=Mozilla/5.0", "--disable-blink-features=AutomationControlled", "--load-extension=/x", "--lang=de", "v=1"],
)
def test_a_switch_that_could_hide_what_the_bot_is_is_refused(switch: str) -> None:
    with pytest.raises(ValidationError, match="is not one of: --enable-logging"):
        WorkerSettings(chromium_switches=(switch,))


def test_the_token_is_the_settings_or_else_the_files(tmp_path: Path) -> None:
    (tmp_path / "worker_token").write_text("of the file\n")
    assert WorkerSettings(data_dir=tmp_path).read_token() == "of the file"
    assert WorkerSettings(data_dir=tmp_path, worker_token=SecretStr("set")).read_token() == "set"


def test_without_a_token_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="ROLLCALL_WORKER_TOKEN"):
        WorkerSettings(data_dir=tmp_path).read_token()


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(WorkerSettings(worker_token=SecretStr("secret"), broker_url=SecretStr("redis://:secret@x")))
