"""What a newcomer meets: `rollcall run`, the printed lines, the commands beside it, and what it says when it cannot start."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.commands import Shell, Started, said


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("newcomer"))


@pytest.fixture(scope="module")
def service(shell: Shell) -> Iterator[Started]:
    started = shell.start("run")
    try:
        started.until("Stop with Ctrl-C")
        yield started
    finally:
        started.kill()


def test_the_printed_curl_line_sends_a_bot_as_it_stands(service: Started) -> None:
    line = service.until(r"curl -s .*\\\n.*-d '.*'").group(0)
    answer = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30, check=True)
    bot = json.loads(answer.stdout)
    assert bot["state"] == "joining"
    assert [event["type"] for event in bot["events"]] == ["join_requested"]


def test_the_printed_pages_are_there(service: Started, shell: Shell) -> None:
    for url in re.findall(r"http://[^\s\"',]+", service.output()):
        if "/api/" not in url:
            assert httpx.get(url, trust_env=False).status_code == 200, url
    assert httpx.get(f"http://{shell.http}/api/v1/openapi.json", trust_env=False).json()["openapi"].startswith("3.1")


def test_the_key_is_readable_by_its_owner_alone_and_not_in_the_database(service: Started, shell: Shell) -> None:
    path = shell.folder / "data" / "api_key"
    key = path.read_text().strip()
    assert key in service.output()
    assert path.stat().st_mode & 0o077 == 0
    for file in (shell.folder / "data").glob("rollcall.db*"):
        assert key.encode() not in file.read_bytes()


def test_bots_are_made_shown_listed_and_told_to_leave(service: Started, shell: Shell) -> None:
    url = f"http://{shell.http}/rehearsal/commands"
    made = shell.run(
        "bots", "create", url, "--name", "From the command line", "--settings", '{"recording_settings": {"format": "none"}}'
    )
    assert made.returncode == 0, made.stderr
    bot = json.loads(made.stdout)["id"]
    shown = json.loads(shell.run("bots", "get", bot).stdout)
    assert shown["meeting_url"] == url
    assert shown["events"][0]["type"] == "join_requested", "words as REST has them"
    assert bot in shell.run("bots", "list").stdout
    watching = shell.start("bots", "watch", bot)
    watching.until("join_requested -> joining")
    watching.until("joined_meeting")
    assert shell.run("bots", "leave", bot).returncode == 0
    watching.until("post_processing_completed -> ended")
    assert watching.process.wait(20) == 0, "the watch of a bot that has ended ends"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bots", "get", "bot_nobody"), "Bot not found"),
        (("bots", "create", "https://example.com"), "meeting_url"),
        (("bots", "create", "file:///etc/passwd"), "meeting_url"),
        (("bots", "create", "http://192.168.1.1/meeting"), "meeting_url"),
        (("bots", "create", "https://zoom.us/j/1", "--settings", "{"), "--settings is not right"),
        (("bots", "create", "https://zoom.us/j/1", "--settings", '{"recording_settings": {"format": "avi"}}'), "format: "),
        (("bots", "leave", "bot_nobody", "--key", "nobodys"), "key"),
        (("bots", "list", "--address", "127.0.0.1:1"), "127.0.0.1:1"),
        (("keys", "revoke", "key_nobody"), "not found"),
        (("rehearse", "--script", "nothing.toml"), "nothing.toml"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(service: Started, shell: Shell, arguments: tuple[str, ...], words: str) -> None:
    assert words in said(shell.run(*arguments))


def test_a_gateway_apart_finds_the_service_by_its_setting(service: Started, shell: Shell) -> None:
    apart = Shell(shell.folder, ROLLCALL_SERVER_ADDRESS=shell.grpc)
    gateway = apart.start("gateway")
    try:
        gateway.until("gateway_started")
        assert httpx.get(f"http://{apart.http}/readyz", trust_env=False).status_code == 200
    finally:
        assert gateway.stop(signal.SIGTERM) == 0, gateway.output()


def test_the_doctor_knows_a_running_service(service: Started, shell: Shell) -> None:
    found = shell.run("doctor").stdout
    for name in ("Database", "gRPC port", "HTTP port"):
        assert re.search(rf"^ok +{name}.*if that is yours", found, re.MULTILINE), found


def test_keys_are_made_listed_and_revoked_beside_the_running_service(service: Started, shell: Shell) -> None:
    key, line = shell.run("keys", "create", "--name", "for a test").stdout.splitlines()
    key_id = line.split()[1]
    url = f"http://{shell.http}/api/v1/bots"
    assert httpx.get(url, headers={"Authorization": f"Token {key}"}, trust_env=False).status_code == 200
    assert "for a test" in shell.run("keys", "list").stdout
    assert shell.run("keys", "revoke", key_id).returncode == 0
    assert re.search(f"{key_id}.*revoked", shell.run("keys", "list").stdout)


def test_a_second_service_on_the_same_data_folder_is_refused(service: Started, shell: Shell) -> None:
    other = Shell(shell.folder)
    answer = said(other.run("run"))
    assert "another rollcall runs on the data folder" in answer.lower()
    assert "ROLLCALL_DATA_DIR" in answer


@pytest.mark.parametrize("setting", ["ROLLCALL_HTTP_ADDRESS", "ROLLCALL_GRPC_ADDRESS"])
def test_a_port_in_use_is_named_with_the_setting_that_changes_it(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        answer = said(Shell(tmp_path, **{setting: address}).run("run"))
    assert setting in answer
    assert address.rpartition(":")[2] in answer


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ROLLCALL_DATABASE_URL": "mysql://x/y"}, "ROLLCALL_DATABASE_URL"),
        ({"ROLLCALL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "correct ROLLCALL_DATABASE_URL"),
        ({"ROLLCALL_BROKER_URL": "kafka://x"}, "ROLLCALL_BROKER_URL: kafka://"),
        ({"ROLLCALL_LEASE_SECONDS": "soon"}, "ROLLCALL_LEASE_SECONDS"),
        ({"ROLLCALL_WORKER_BOTS": "-1"}, "ROLLCALL_WORKER_BOTS"),
        ({"ROLLCALL_DATA_DIR": "/proc/nothing"}, "/proc/nothing"),
    ],
)
def test_a_setting_that_cannot_work_is_named(tmp_path: Path, settings: dict[str, str], words: str) -> None:
    assert words in said(Shell(tmp_path, **settings).run("run"))


@pytest.mark.parametrize("command", ["server", "worker"])
def test_a_process_of_its_own_needs_a_broker(tmp_path: Path, command: str) -> None:
    assert "ROLLCALL_BROKER_URL" in said(Shell(tmp_path).run(command))


def test_settings_are_listed_and_secrets_masked(tmp_path: Path) -> None:
    secrets = {
        "ROLLCALL_WORKER_TOKEN": "hush-hush",
        "ROLLCALL_DATABASE_URL": "postgresql://user:pass-word@db/rollcall",
        "ROLLCALL_BROKER_URL": "redis://:pass-word@queue/0",
    }
    listed = Shell(tmp_path, **secrets).run("settings").stdout
    assert "hush-hush" not in listed
    assert "pass-word" not in listed
    assert "ROLLCALL_LEASE_SECONDS=10" in listed
    assert "ROLLCALL_JITSI_HOSTS=\n" in listed, "what is not set is empty, not a word of Python"


def test_the_doctor_finds_this_machine_well_and_says_what_to_do_where_not(tmp_path: Path) -> None:
    well = Shell(tmp_path).run("doctor")
    assert well.returncode == 0, well.stdout
    for name in ("Chromium", "ffmpeg", "Database", "Broker", "gRPC port", "HTTP port", "Clock"):
        assert re.search(rf"^ok +{name}", well.stdout, re.MULTILINE), well.stdout
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ill = Shell(tmp_path, PATH="/nowhere", ROLLCALL_GRPC_ADDRESS=address, ROLLCALL_BROKER_URL="redis://127.0.0.1:1/0").run(
            "doctor"
        )
    assert ill.returncode == 1
    for name in ("Chromium", "ffmpeg", "gRPC port", "Broker"):
        assert re.search(rf"^FAIL +{name}.*\n +fix: ", ill.stdout, re.MULTILINE), ill.stdout


def test_it_stops_in_good_order_and_starts_again_with_the_same_key(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    first = shell.start("run")
    key = first.until(r"Your key.*: (\S+)").group(1)
    first.until("Stop with Ctrl-C")
    assert first.stop(signal.SIGTERM) == 0, first.output()
    again = shell.start("run")
    assert again.until(r"Your key: (\S+)").group(1) == key
    again.until("Stop with Ctrl-C")
    again.kill()
    assert shlex.quote(key) == key, "a key needs no quoting in a shell"
