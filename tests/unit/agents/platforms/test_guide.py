"""docs/writing-an-adapter.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from agents.platforms.base import UiState
from agents.platforms.file_reader import parse
from agents.platforms.file_steps import ACTIONS
from agents.platforms.platform_file import COUNTERS, PEOPLE_SOURCES

GUIDE = Path("docs/writing-an-adapter.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)


def test_the_file_that_the_guide_builds_step_by_step_is_good() -> None:
    hour = [block for block in BLOCKS if "@denied" not in block and "[texts." not in block]
    first, steps, ways, rest = hour
    in_order = first + ways + steps + rest
    assert [str(problem) for problem in parse(in_order, "guide.toml")[1]] == []


def test_the_guide_names_every_state_action_counter_and_source() -> None:
    states = {state.value for state in UiState} - {"loading", "unknown"}
    for word in (*states, *ACTIONS, *COUNTERS, *PEOPLE_SOURCES):
        assert f"`{word}`" in GUIDE, word


def test_every_key_that_can_be_mistaken_is_in_the_guide() -> None:
    """The reader knows its keys; it is asked for them with a key that is none."""
    tables = "[match]\nurls = ['https://a.example/*']\nzz = 1\n[browser]\nzz = 1\n[url]\nzz = 1\n[people]\nitem = '.a'\nzz = 1\n"
    tables += "[chat]\ninput = '#a'\nzz = 1\n[reload]\nzz = 1\n[[dialog]]\nname = 'a'\nclick = 'b'\nzz = 1\n"
    tables += "[doubt]\nwhen = '#a'\nzz = 1\n"
    tables += "[captions]\nregion = '.a'\nzz = 1\n[camera]\nbutton = '#a'\nis_on = '.a'\nzz = 1\n"
    tables += "[[join]]\nfill = '#a'\nwith = 'b'\nzz = 1\n[evidence]\nzz = 1\nin_meeting = [{ css = 'a', zz = 1 }]\n"
    problems = [problem.message for problem in parse(tables, "x")[1] if "known are: " in problem.message]
    assert len(problems) == 13
    for message in problems:
        for key in message.partition("known are: ")[2].split(", "):
            assert re.search(rf"[`.{{ ]{re.escape(key)}[`=\] ]", GUIDE), key
