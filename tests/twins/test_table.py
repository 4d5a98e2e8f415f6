"""The twins themselves, without a browser: the table of scenarios, the addresses, the texts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from server.domain.meeting_url import parse_meeting_url
from tests.services import missing
from tests.twins.attending import Twins, address
from tests.twins.cases import CASES
from tests.twins.hosts import PLATFORMS
from tests.twins.scenarios import scenarios
from tests.twins.server import SCRIPTS

HERE = Path(__file__).parent
AS_USERS_SAY = {
    "normal", "slow join", "admitted late", "denied", "ignored in the lobby", "host comes late", "kicked", "ended",
    "everyone leaves", "silence", "crash", "network lost and back", "signed-in only", "wrong passcode", "captcha",
    "duplicate name",
}  # fmt: skip


ELSEWHERE = {
    "alone": "test_languages.py",
    "devices refused": "test_devices.py",
    "no captions": "test_in_meeting.py",
    "strange lobby without a list": "test_languages.py",
}
"""Scenarios that are no case of the table, and the file that plays them."""


def test_every_scenario_is_played_somewhere() -> None:
    assert set(scenarios()) >= AS_USERS_SAY
    assert set(scenarios()) == {case.scenario for case in CASES} | set(ELSEWHERE)
    for scenario, file in ELSEWHERE.items():
        assert f'"{scenario}"' in (HERE / file).read_text()


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_links_are_such_that_the_service_takes_them(platform: str) -> None:
    assert parse_meeting_url(address(platform)[1]).platform == platform
    assert parse_meeting_url(address("teams", live=True)[1]).platform == "teams"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_text_is_there_in_every_language(platform: str) -> None:
    node = shutil.which("node") or missing("node")
    program = f"import {{ TEXTS }} from {json.dumps(str(HERE / platform / 'texts.js'))}; console.log(JSON.stringify(TEXTS));"
    printed = subprocess.run([node, "--input-type=module", "-e", program], check=True, capture_output=True).stdout
    texts = json.loads(printed)
    assert set(texts) == {"en", "de", "ja"}
    assert texts["en"].keys() == texts["de"].keys() == texts["ja"].keys()
    source = "".join(path.read_text() for (folder, name), path in SCRIPTS.items() if folder == platform and name != "texts")
    used = set(re.findall(r"\bt\.([a-z_]+)", source))
    assert used <= texts["en"].keys()


def test_what_is_wrong_with_a_wish_is_said(twins: Twins) -> None:
    answer = httpx.post(f"{twins.plain}/twins/zoom/1", json={"scenario": "no such"}, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("scenario must be one of: normal, slow join")
