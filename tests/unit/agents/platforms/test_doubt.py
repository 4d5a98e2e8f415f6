from __future__ import annotations

from agents.platforms.doubt import FIRST_LOOK_SECONDS, NEXT_LOOK_SECONDS, Doubt
from agents.platforms.file_reader import parse, read_text
from agents.platforms.platform_file import DoubtRules
from tests.unit.agents.platforms.paper_page import MATCH, PaperPage

MEETING = """
lobby = ["#lobby"]
in_meeting = ["#listed"]
pre_join = ["#join"]
[doubt]
when = "#people"
[[doubt.look]]
click = "#people"
"""


class DoubtingPage(PaperPage):
    """A page on paper, and the doubt about it."""

    def __init__(self) -> None:
        super().__init__(MEETING)
        self.doubt = Doubt(self.program.file.doubt, (), self.program)
        self.facts.atoms = len(self.program.atoms)
        self.classifier.entered = True

    def looks(self) -> bool:
        look, _ = self.doubt.due(self.facts, self.now, nothing_known=self.classifier.nothing_known)
        return look


def test_controls_that_stand_there_alone_for_a_moment_are_looked_into_and_again_after_a_while() -> None:
    page = DoubtingPage()
    page.shows("#people")
    assert not page.looks()
    page.after(FIRST_LOOK_SECONDS)
    assert page.looks()
    assert not page.looks()
    page.after(NEXT_LOOK_SECONDS - 0.1)
    assert not page.looks()
    page.after(0.1)
    assert page.looks()


def test_a_bot_that_a_list_has_shown_is_in_until_the_page_shows_another_document() -> None:
    page = PaperPage('in_meeting = [{ css = "#bar", listed = 1 }]\nlobby = ["#lobby"]\npre_join = ["#join"]')
    assert page.shows("#bar") == []
    page.facts.bot_listed = True
    assert page.shows("#bar") == ["in_meeting"]
    assert page.shows("#bar", frame="top2") == []


def test_nothing_is_pressed_while_anything_is_known() -> None:
    for shown in ("#lobby", "#listed", "#join"):
        page = DoubtingPage()
        page.shows("#people", shown)
        page.after(60)
        assert not page.looks(), shown


def test_nothing_is_pressed_before_the_bot_has_asked_to_join() -> None:
    page = DoubtingPage()
    page.classifier.entered = False
    page.shows("#people")
    page.after(60)
    assert not page.looks()


def test_a_page_that_shows_other_things_meanwhile_is_waited_for_anew() -> None:
    page = DoubtingPage()
    page.shows("#people")
    assert not page.looks()
    page.after(FIRST_LOOK_SECONDS / 2)
    page.shows()
    page.after(1)
    assert not page.looks()
    page.shows("#people")
    assert not page.looks()
    page.after(FIRST_LOOK_SECONDS)
    assert page.looks()


def test_a_doubt_without_a_way_to_look_is_a_mistake_in_the_file() -> None:
    _, problems = parse(f'{MATCH}[evidence]\nin_meeting = ["#in"]\n[doubt]\n', "x.toml")
    assert [problem.key for problem in problems] == ["doubt", "doubt"]
    file = read_text(
        f'{MATCH}[evidence]\nin_meeting = ["#in"]\n[people]\nitem = ".p"\n[[people.look]]\nclick = "#p"\n[doubt]\nwhen = "#p"\n'
    )
    assert file.doubt != DoubtRules()
    assert file.doubt.look == ()
