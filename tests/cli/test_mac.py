"""`rollcall` in a place that behaves as a Mac as far as Linux can.

tests/mac/place.py says what that place is, and what it is not: nothing here ran on macOS.
"""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

from tests.mac.place import OPEN_FILES, TEMPORARY_BYTES, Mac
from tests.mac.typeshed import only_on_linux

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ASK = """
import os, pathlib, platform, resource, sys, tempfile
print(sys.platform, platform.system(), platform.machine(), hasattr(os, "sched_getaffinity"), hasattr(os, "fdatasync"))
print(list(pathlib.Path("/proc").iterdir()), list(pathlib.Path("/sys").iterdir()))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], len(tempfile.gettempdir()))
"""


@pytest.fixture
def mac(tmp_path: Path) -> Mac:
    return Mac(tmp_path)


def users_of(folder: Path) -> set[int]:
    """Processes of any browser whose profile is in the folder."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes()
        except OSError:  # it ended while we looked
            continue
        if f"--user-data-dir={folder}/".encode() in command:
            found.add(int(file.parent.name))
    return found


def until(what: object, *, seconds: float = 60) -> None:
    """Waits until a callable gives something true."""
    assert callable(what)
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_the_stubs_know_what_a_mac_lacks() -> None:
    lacking = only_on_linux()
    assert {"sched_getaffinity", "fdatasync", "pidfd_open", "memfd_create"} <= set(lacking["os"])
    assert "epoll" in lacking["select"]
    assert "prlimit" in lacking["resource"]
    assert not {"kill", "killpg", "fork", "pipe", "sendfile"} & set(lacking["os"]), "a Mac has these"
    assert not {"poll", "kqueue"} & set(lacking["select"])


def test_a_mac_is_found_well_by_the_doctor_or_told_what_to_brew(mac: Mac) -> None:
    place = mac.run_python("-c", ASK)
    temporary = max(TEMPORARY_BYTES, len(str(mac.folder / "tmp")) + 2)
    assert place.stdout == f"darwin Darwin arm64 False False\n[] []\n{OPEN_FILES} {temporary}\n", place.stderr
    well = mac.run("doctor")
    assert well.returncode == 0, well.stdout + well.stderr
    assert int(re.search(r"^ok +Open files +up to (\d+)", well.stdout, re.MULTILINE)[1]) > OPEN_FILES
    assert well.stderr == ""
    ill = mac.run("doctor", PATH="/nowhere", HOME="/nowhere")
    assert ill.returncode == 1
    for name, fix in (("Chromium", "brew install --cask google-chrome"), ("ffmpeg", "brew install ffmpeg")):
        assert re.search(rf"^FAIL +{name}.*\n +fix: .*{fix}", ill.stdout, re.MULTILINE), ill.stdout


def test_a_meeting_is_recorded_on_a_mac(mac: Mac) -> None:
    shown = mac.run("demo", "--seconds", "15", "--folder", str(mac.folder / "demo"), seconds=240)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stderr == ""
    for move in ("joined_meeting", "meeting_ended", "post_processing_completed"):
        assert f'"type": "{move}"' in shown.stdout
    assert re.search(r'chat +\{.*"text": "Agenda: numbers, then lunch"', shown.stdout)
    assert re.search(r"codec_name=h264\|codec_type=video\|width=1920\|height=1080", shown.stdout)
    assert re.search(r"codec_name=aac\|codec_type=audio", shown.stdout)
    assert float(re.search(r"^ *format\|.*duration=([\d.]+)", shown.stdout, re.MULTILINE)[1]) > 5
    assert list((mac.folder / "tmp").glob("*/*chrom*")) == []


def test_no_browser_is_left_when_a_worker_on_a_mac_is_killed(mac: Mac) -> None:
    service = mac.start("run")
    try:
        service.until("Stop with Ctrl-C")
        assert "WARNING" not in service.output()
        made = mac.run("bots", "create", f"http://{mac.http}/rehearsal/mac", "--name", "Soon alone")
        assert made.returncode == 0, made.stderr
        profiles = mac.folder / "data"
        until(lambda: len(users_of(profiles)) > 2)
        service.process.send_signal(signal.SIGKILL)
        assert service.process.wait(20) == -signal.SIGKILL
        until(lambda: not users_of(profiles))
    finally:
        service.kill()
