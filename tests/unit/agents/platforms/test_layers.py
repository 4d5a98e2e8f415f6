"""A few lines of a user over a built-in platform."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from agents.platforms.base import UiState
from agents.platforms.file_reader import BUILT_IN, load, parse, whole
from agents.platforms.platform_file import PlatformFile
from agents.platforms.registry import Registry
from agents.platforms.shown import lines_of


def meet(text: str) -> PlatformFile:
    platform, problems = parse(text, "platforms/google_meet.toml")
    assert [str(one) for one in problems] == []
    assert platform is not None
    return platform


def texts_of(platform: PlatformFile, state: UiState) -> tuple[str, ...]:
    element = dict(platform.evidence)[state][0].element
    assert element is not None
    return element.text


BASE = load(BUILT_IN / "google_meet" / "platform.toml")


def test_a_file_that_says_nothing_changes_nothing_but_its_path() -> None:
    platform = meet("")
    assert platform.name == "google_meet"
    assert platform.urls == BASE.urls
    assert [step.name for step in platform.join] == [step.name for step in BASE.join]
    assert texts_of(platform, UiState.DENIED) == texts_of(BASE, UiState.DENIED)


def test_a_text_is_put_before_those_that_were_there() -> None:
    platform = meet('[texts.en]\ndenied = ["Nobody wants you", "..."]\n')
    assert texts_of(platform, UiState.DENIED) == ("Nobody wants you", *texts_of(BASE, UiState.DENIED))


def test_what_a_key_says_replaces_what_it_said() -> None:
    platform = meet('[texts.en]\ndenied = "Nobody wants you"\n[evidence]\nlobby = ["#lobby"]\ncaptcha = []\n')
    assert "denied your request" not in texts_of(platform, UiState.DENIED)
    evidence = dict(platform.evidence)
    assert evidence[UiState.LOBBY][0].element is not None
    assert evidence[UiState.LOBBY][0].element.css == "#lobby"
    assert UiState.CAPTCHA not in evidence


def test_a_steps_name_that_is_nearly_one_is_no_new_step_at_the_end() -> None:
    text = '[[join]]\nname = "pres join"\nclick = "#new-join"\n'
    _, problems = parse(text, "platforms/google_meet.toml")
    assert [(one.line, one.key) for one in problems] == [(2, "name")]
    assert "did you mean 'press join'?" in str(problems[0])
    assert meet(text + 'after = "press join"\n').join[-1].name == "pres join"
    assert meet(text.replace("pres join", "look at the door")).join[-1].name == "look at the door"


def test_steps_are_known_by_their_names() -> None:
    platform = meet("""
[[join]]
name = "press join"
click = "#new-join"
[[join]]
name = "turn the camera on or off"
remove = true
[[join]]
name = "accept"
before = "press join"
click = "#accept"
[[dialog]]
name = "survey"
click = "#no-thanks"
""")
    names = [step.name for step in platform.join]
    assert names[-2:] == ["accept", "press join"]
    assert "turn the camera on or off" not in names
    press = platform.join[-1]
    assert press.targets[0].css == "#new-join"
    assert press.until == BASE.join[-1].until or press.until  # what was not said again stays
    assert [one.name for one in platform.dialogs][-1] == "survey"
    assert len(platform.dialogs) == len(BASE.dialogs) + 1


def test_another_action_takes_the_place_of_the_first() -> None:
    platform = meet('[[leave]]\nname = "leave the call"\njs = "leave()"\n')
    assert [(step.action, step.value) for step in platform.leave] == [("js", "leave()")]


def test_a_mistake_is_told_with_the_file_and_line_where_it_stands() -> None:
    _, problems = parse(
        '[evidence]\nlobby = ["..."]\nlobbby = [3]\n[[join]]\nname = "x"\nbefore = "y"\nclick = "#a"\n', "p/zoom.toml"
    )
    told = [str(one) for one in problems]
    assert any(one.startswith("p/zoom.toml:3: evidence.lobbby: this key is not known here") for one in told)
    assert any(one.startswith("p/zoom.toml:6: before: there is none named 'y'; there are: 'wait for") for one in told)
    assert len(told) == 2


def test_the_evidence_names_the_file_it_stands_in() -> None:
    platform = meet('[evidence]\nlobby = ["#lobby", "..."]\n')
    ours, theirs = dict(platform.evidence)[UiState.LOBBY]
    assert ours.where == "line 2"
    assert theirs.where.endswith("of google_meet/platform.toml")


def test_a_file_of_another_name_may_extend_a_platform(tmp_path: Path) -> None:
    (tmp_path / "our-jitsi.toml").write_text('extends = "jitsi"\n[match]\nurls = ["https://*.meet.example.org/*"]\n')
    platform = Registry(tmp_path).find("our-jitsi")
    assert platform.name == "our-jitsi"
    assert platform.file.urls == ("https://*.meet.example.org/*",)  # type: ignore[attr-defined]  # all are declarative here


def test_what_is_extended_must_be_there() -> None:
    _, problems = parse('extends = "jitzi"\n', "p/mine.toml")
    assert "p/mine.toml:1: extends: 'jitzi' is no built-in platform; did you mean 'jitsi'?" in [str(one) for one in problems]


@pytest.mark.parametrize(
    "first", ['[match]\nurls = ["https://a.example/*"]\n', 'extends = "nothing"\n[match]\nurls = ["https://a.example/*"]\n']
)
def test_a_file_that_says_whose_meetings_it_is_for_stands_alone(first: str) -> None:
    platform, problems = parse(first + '[evidence]\nin_meeting = ["#in"]\n', "p/zoom.toml")
    assert problems == []
    assert platform is not None
    assert platform.join == ()


def test_what_is_shown_is_the_same_platform_and_says_where_each_line_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "google_meet.toml"
    path.write_text('[texts.en]\ndenied = ["Nobody wants you", "..."]\n')
    shown = "\n".join(lines_of(whole(path)))
    assert tomllib.loads(shown) == whole(path).value
    line = next(line for line in shown.splitlines() if "Nobody wants you" in line)
    assert line.endswith(f"# {tmp_path.name}/google_meet.toml:2")
    assert sum("# google_meet/platform.toml:" in line for line in shown.splitlines()) > 100
