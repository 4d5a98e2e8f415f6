"""Settings: read once from the environment, defaults in one place, secrets never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from server.app import Server
from server.dispatch import RecordingDispatcher
from server.domain.errors import BadSetting
from server.secrets import make_folder, read_or_make
from server.settings import ServerSettings, without_password


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in ServerSettings.model_fields:
        monkeypatch.delenv(f"ROLLCALL_{field.upper()}", raising=False)


def test_what_is_not_set_lies_in_the_data_folder() -> None:
    settings = ServerSettings(data_dir=Path("somewhere"))
    assert settings.database_url == "sqlite:///somewhere/rollcall.db"
    assert settings.media_dir == Path("somewhere/media")
    assert settings.platforms_dir == Path("somewhere/platforms")
    assert settings.public == "http://127.0.0.1:8080"


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLCALL_LEASE_SECONDS", "2.5")
    monkeypatch.setenv("ROLLCALL_JITSI_HOSTS", "Meet.example.org, jitsi.lan:8443")
    monkeypatch.setenv("ROLLCALL_PUBLIC_URL", "https://bots.example.org/")
    settings = ServerSettings()
    assert settings.lease_seconds == 2.5
    assert settings.jitsi_hosts == {"meet.example.org", "jitsi.lan:8443"}
    assert settings.public == "https://bots.example.org"
    assert settings.all_rehearsal_origins >= {"https://bots.example.org", "http://127.0.0.1:8080", "http://localhost:8080"}


@pytest.mark.parametrize("pattern", ["*", "*.org", "meet.*.org", "*.*.example.org", "*example.org"])
def test_a_pattern_of_jitsi_hosts_names_whose_they_are(pattern: str) -> None:
    assert ServerSettings(jitsi_hosts=frozenset({"*.meet.example.org"})).jitsi_hosts == {"*.meet.example.org"}
    with pytest.raises(ValidationError, match=r"is no pattern of hosts: write \*\.example\.org"):
        ServerSettings(jitsi_hosts=frozenset({pattern}))


def test_no_secret_is_shown() -> None:
    settings = ServerSettings(
        database_url="postgresql://user:hunter2@db/rollcall",
        broker_url="amqp://guest:hunter2@mq",
        worker_token="hunter2",
        media_url_secret="hunter2",
    )
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1/0", "redis://127.0.0.1/0"),
        ("redis://:pw@host/0", "redis://:********@host/0"),
        ("postgresql://u:p%40@h/d", "postgresql://u:********@h/d"),
        ("sqlite:///data/x.db", "sqlite:///data/x.db"),
    ],
)
def test_a_password_in_a_url_is_masked(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_a_secret_is_made_once_and_only_its_user_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "worker_token"
    secret = read_or_make(path)
    assert len(secret) > 40
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_or_make(path) == secret
    assert [file.name for file in tmp_path.iterdir()] == ["worker_token"]


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "worker_token").touch()
    with pytest.raises(BadSetting, match="empty"):
        read_or_make(tmp_path / "worker_token")


def test_a_folder_that_cannot_be_made_names_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadSetting, match="ROLLCALL_MEDIA_DIR"):
        make_folder(tmp_path / "file" / "media", "ROLLCALL_MEDIA_DIR")


def test_under_tls_the_gateways_own_urls_are_https() -> None:
    settings = ServerSettings(http_tls_cert=Path("x"))
    assert settings.public == "https://127.0.0.1:8080"
    assert {"https://127.0.0.1:8080", "https://localhost:8080"} <= settings.all_rehearsal_origins


@pytest.mark.parametrize("address", ["0.0.0.0:8080", "[::]:8080"])
async def test_listening_everywhere_needs_a_url_that_users_can_reach(tmp_path: Path, address: str) -> None:
    fields = {"data_dir": tmp_path, "grpc_address": "127.0.0.1:0", "http_address": address}
    with pytest.raises(BadSetting, match=r"ROLLCALL_PUBLIC_URL: has to be set"):
        await Server(ServerSettings(**fields), RecordingDispatcher()).start()  # type: ignore[arg-type]  # as from the environment
    server = Server(ServerSettings(**fields, public_url="http://rollcall.example"), RecordingDispatcher())  # type: ignore[arg-type]
    await server.start()
    await server.stop()
