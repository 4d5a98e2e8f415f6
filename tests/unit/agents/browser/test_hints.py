from __future__ import annotations

import pytest

from agents.browser import chromium


def test_a_program_that_macos_kills_at_its_start_is_said_to_be_unsigned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert "com.apple.quarantine" in chromium._hint("", -9)
    assert chromium._hint("No usable sandbox!", 1).startswith("Its sandbox")
    monkeypatch.setattr("sys.platform", "linux")
    assert chromium._hint("", -9) == ""
