from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from agents.browser import temporary

ROOM_ON_A_MAC = 104
LONGEST_NAME = "com.google.chrome.for.testing.XXXXXX/SingletonSocket"


@pytest.fixture
def folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(tempfile, "tempdir", request.param)
    return str(request.param)


@pytest.mark.parametrize("folder", ["/tmp", "/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T"], indirect=True)
def test_a_systems_own_folder_is_left_as_it_is(folder: str) -> None:
    assert temporary.environment() == {}
    assert len(f"{folder}/{LONGEST_NAME}") < ROOM_ON_A_MAC


@pytest.mark.parametrize("folder", ["/" + "long" * 24, "/" + "ö" * 30], indirect=True)
def test_where_a_sockets_path_would_have_no_room_chromium_gets_a_short_folder(folder: str) -> None:
    assert temporary.environment() == {"TMPDIR": "/tmp"}


@pytest.mark.parametrize("folder", ["/" + "long" * 24], indirect=True)
def test_what_chromium_made_in_either_is_known_as_its_own_and_nothing_else(folder: str) -> None:
    assert temporary.is_chromiums(Path(folder, "org.chromium.Chromium.abcdef"))
    assert temporary.is_chromiums(Path("/tmp/com.google.Chrome.abcdef"))
    assert not temporary.is_chromiums(Path("/tmp/mine"))
    assert not temporary.is_chromiums(Path("/home/me/chromium-documents"))
