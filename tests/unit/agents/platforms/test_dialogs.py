from __future__ import annotations

from agents.platforms.dialogs import Dialogs
from tests.unit.agents.platforms.paper_page import PaperPage

ASKING = """
in_meeting = ["#in"]
[variables]
passcode = 'pwd=([^&]+)'
[[dialog]]
name = "passcode"
if_variable = "passcode"
when = "#asked"
js = "(client.join(vars.passcode), true)"
at_most_times = 1
"""


class AskingPage(PaperPage):
    """A page on paper that asks for a passcode."""

    def __init__(self, **values: str) -> None:
        super().__init__(ASKING)
        self.dialogs = Dialogs(self.program.file.dialogs, self.program)
        self.dialogs.values = values
        self.facts.atoms = len(self.program.atoms)


def test_a_dialog_that_a_script_answers_is_due_when_its_condition_holds_and_as_often_as_it_may() -> None:
    page = AskingPage(passcode="s3cret")
    page.shows("#in")
    assert page.dialogs.due(page.facts, page.now) is None
    page.shows("#in", "#asked")
    assert page.dialogs.due(page.facts, page.now) == 0
    assert page.dialogs.due(page.facts, page.now + 60) is None


def test_a_dialog_for_a_variable_that_is_not_there_is_left_alone() -> None:
    for values in ({}, {"passcode": ""}):
        page = AskingPage(**values)
        page.shows("#asked")
        assert page.dialogs.due(page.facts, page.now) is None
