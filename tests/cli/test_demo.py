"""`make demo`: the main job, unattended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.commands import Shell

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_the_demo_does_the_main_job_and_shows_it(tmp_path: Path) -> None:
    shown = Shell(tmp_path).run("demo", "--seconds", "20", "--folder", str(tmp_path / "demo"), seconds=200)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    lines = shown.stdout
    assert re.search(r"POST /api/v1/bots -> 201 .*\"state\": \"joining\"", lines)
    events = [int(number) for number in re.findall(r"^ +(\d+) \w+ +\{", lines, re.MULTILINE)]
    assert events == list(range(1, len(events) + 1)), "the stream shows every event once, in order"
    for move in (
        "join_requested",
        "joined_meeting",
        "recording_permission_granted",
        "meeting_ended",
        "post_processing_completed",
    ):
        assert f'"type": "{move}"' in lines
    assert re.search(r'chat +\{.*"text": "Agenda: numbers, then lunch"', lines)
    assert re.search(r"codec_name=h264\|codec_type=video\|width=1920\|height=1080", lines)
    assert re.search(r"codec_name=aac\|codec_type=audio", lines)
    assert (tmp_path / "demo" / "demo.mp4").stat().st_size > 50_000
    assert "Traceback" not in shown.stderr
