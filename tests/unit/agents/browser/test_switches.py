from __future__ import annotations

from pathlib import Path

import pytest

from agents.browser import switches
from agents.browser.api import BrowserOptions
from agents.browser.chromium import Chromium
from agents.browser.errors import ChromiumStartError
from agents.browser.session import ChromiumLauncher

PROFILE = Path("/profiles/browser-1")


def line(options: BrowserOptions, *, headless_shell: bool = False) -> list[str]:
    return switches.command_line(options, headless_shell=headless_shell, profile=PROFILE)


def values(command: list[str], name: str) -> list[str]:
    return [switch.partition("=")[2] for switch in command if switch.partition("=")[0] == name]


def test_a_repeated_switch_keeps_the_last() -> None:
    command = line(BrowserOptions(flags=("--lang=de", "--autoplay-policy=no-user-gesture-required", "--lang=ja")))
    assert values(command, "--lang") == ["ja"]
    assert len({switch.partition("=")[0] for switch in command}) == len(command)


def test_feature_lists_are_united() -> None:
    options = BrowserOptions(
        flags=("--disable-features=One,Two", "--enable-features=Three"),
        disabled_features=frozenset({"Four"}),
        enabled_features=frozenset({"Five"}),
    )
    (disabled,) = values(line(options), "--disable-features")
    (enabled,) = values(line(options), "--enable-features")
    assert {"One", "Two", "Four", "site-per-process", "IsolateOrigins"} <= set(disabled.split(","))
    assert set(enabled.split(",")) == {"Three", "Five"}


def test_an_enabled_feature_wins() -> None:
    (disabled,) = values(line(BrowserOptions(enabled_features=frozenset({"Translate"}))), "--disable-features")
    assert "Translate" not in disabled.split(",")


def test_only_a_captured_tab_has_sound() -> None:
    assert "--mute-audio" in line(BrowserOptions())
    assert "--mute-audio" not in line(BrowserOptions(tab_capture=True))


def test_a_captured_tab_has_no_fake_devices() -> None:
    """With --use-fake-ui-for-media-stream, getDisplayMedia fails, or records the fake device."""
    assert not [switch for switch in line(BrowserOptions(tab_capture=True)) if "fake" in switch]


def test_the_headless_shell_is_not_told_to_be_headless() -> None:
    assert "--headless=new" in line(BrowserOptions(tab_capture=True))
    assert not values(line(BrowserOptions(), headless_shell=True), "--headless")


def test_the_window_of_the_whole_browser_has_room_for_its_frame() -> None:
    options = BrowserOptions(width=1920, height=1080)
    assert values(line(options, headless_shell=True), "--window-size") == ["1920,1080"]
    assert values(line(options), "--window-size") == [f"1920,{1080 + switches.WINDOW_FRAME_HEIGHT}"]
    assert values(line(options.merged(tab_capture=True)), "--window-size") == ["1920,1280"]


def test_secure_origins_are_one_switch() -> None:
    command = line(BrowserOptions(secure_origins=("http://a", "http://b:1")))
    assert values(command, "--unsafely-treat-insecure-origin-as-secure") == ["http://a,http://b:1"]


@pytest.mark.parametrize(("user", "given"), [(0, True), (1000, False)])
def test_the_sandbox_is_left_off_for_root_alone(monkeypatch: pytest.MonkeyPatch, user: int, given: bool) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("sys.platform", "linux")
    assert ("--no-sandbox" in line(BrowserOptions())) == given


def test_nobody_but_us_sets_where_it_listens_and_lives() -> None:
    command = line(BrowserOptions(flags=("--user-data-dir=/elsewhere",)))
    assert command[-4:] == [f"--user-data-dir={PROFILE}", "--remote-debugging-port=0", "--remote-debugging-pipe", "about:blank"]


async def test_switches_of_a_launcher_are_added_to_each_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[BrowserOptions] = []

    async def start(options: BrowserOptions, **_more: object) -> Chromium:
        given.append(options)
        raise ChromiumStartError("not in this test", output="", hint="")

    monkeypatch.setattr(Chromium, "start", start)
    with pytest.raises(ChromiumStartError):
        await ChromiumLauncher(switches=("--v=1",)).launch(BrowserOptions(flags=("--lang=de",)), profile_parent=PROFILE)
    assert given[0].flags == ("--lang=de", "--v=1")


def test_options_merge_as_their_users_add() -> None:
    options = BrowserOptions(flags=("--lang=de",), grants=("audioCapture",))
    merged = options.merged(tab_capture=True, size=(1920, 1080), flags=["--lang=ja"], grants=["audioCapture", "videoCapture"])
    assert merged == BrowserOptions(
        tab_capture=True, width=1920, height=1080, flags=("--lang=ja",), grants=("audioCapture", "videoCapture")
    )
