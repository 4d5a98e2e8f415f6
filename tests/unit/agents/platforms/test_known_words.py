"""What is publicly known of the platforms' pages, in their own words, stands in their files: taking a line away is noticed here.

The tables in tests/data were written from what is known, not from the files: `platform_words.tsv` (platform, state, what the page
says; `-` for what proves nothing) and `platform_controls.tsv` (platform, what for, selector or text).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from agents.platforms.file_reader import BUILT_IN, load
from agents.platforms.findings import pieces
from agents.platforms.folding import fold
from agents.platforms.platform_file import Condition, PlatformFile

DATA = Path(__file__).parents[3] / "data"
KNOWN = ("google_meet", "zoom", "teams", "jitsi")


def table(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@cache
def file_of(name: str) -> PlatformFile:
    return load(BUILT_IN / name / "platform.toml")


def told_by(condition: Condition, words: str) -> bool:
    """Whether these words anywhere in a page's text are enough."""
    element = condition.element
    if any(told_by(part, words) for part in condition.none):
        return False
    if element and not element.css and any(fold(phrase) in fold(words) for phrase in element.text):
        return not condition.every
    return any(told_by(part, words) for part in condition.some)


def states_told(name: str, words: str) -> set[str]:
    return {state.value for state, conditions in file_of(name).evidence if any(told_by(one, words) for one in conditions)}


@cache
def phrases(name: str) -> list[tuple[str, str]]:
    """Each state's phrases that count wherever they stand."""
    return [
        (state.value, phrase)
        for state, conditions in file_of(name).evidence
        for condition in conditions
        if condition.element and not condition.element.css
        for phrase in condition.element.text
    ]


@pytest.mark.parametrize(("name", "state", "words"), table("platform_words.tsv"))
def test_what_a_page_says_is_evidence_of_its_state_and_of_no_other(name: str, state: str, words: str) -> None:
    assert states_told(name, words) == {state} - {"-"}


@pytest.mark.parametrize("name", KNOWN)
def test_the_words_of_one_state_tell_of_no_other(name: str) -> None:
    assert [(state, phrase) for state, phrase in phrases(name) if states_told(name, phrase) != {state}] == []


@pytest.mark.parametrize(("name", "kind", "control"), table("platform_controls.tsv"))
def test_a_control_that_is_known_is_looked_for(name: str, kind: str, control: str) -> None:
    elements = [piece.condition.element for piece in pieces(file_of(name)) if piece.kind == kind]
    assert any(
        control in element.css or control in {*element.text, *element.text_is, *element.label} for element in elements if element
    )
