from __future__ import annotations

from tests.unit.agents.platforms.paper_page import PaperPage

MEETING = """
lobby = ["#lobby"]
host_absent = ["#no-host"]
in_meeting = [".tile"]
denied = [{ text = "not let in" }]
removed = [{ text = "removed" }, "#out"]
ended = ["#over"]
full = ["#full"]
"""


def joined(evidence: str = MEETING) -> PaperPage:
    page = PaperPage(evidence)
    assert page.shows(".tile") == ["in_meeting"]
    return page


def test_a_document_that_was_not_looked_at_yet_is_loading() -> None:
    page = PaperPage(MEETING)
    assert page.shows(ready=False) == ["loading"]
    assert page.shows() == ["pre_join"]


def test_lobby_and_meeting_are_told_at_once() -> None:
    page = PaperPage(MEETING)
    assert page.shows("#lobby") == ["lobby"]
    page.shows(".tile")
    assert page.after(0.3) == ["in_meeting"]


def test_the_lobby_wins_over_what_it_shares_with_the_meeting() -> None:
    page = PaperPage(MEETING)
    assert page.shows("#lobby", ".tile") == ["lobby"]
    assert page.after(60) == []


def test_an_empty_meeting_is_still_a_meeting() -> None:
    page = joined()
    assert page.shows() == []
    assert page.after(3600) == []


def test_a_text_of_removal_is_enough_when_it_stays_for_a_moment() -> None:
    page = joined()
    page.shows(".tile", "removed")
    assert page.after(0.6) == []
    assert page.after(0.2) == ["removed"]


def test_a_text_of_removal_that_only_flickers_is_none() -> None:
    page = joined()
    page.shows(".tile", "removed")
    page.after(0.4)
    page.shows(".tile")
    assert page.after(60) == []


def test_an_element_of_the_end_needs_the_evidence_of_being_in_to_be_gone() -> None:
    page = joined()
    page.shows(".tile", "#over")
    assert page.after(10) == []
    page.shows("#over")
    assert page.after(1) == ["ended"]


def test_an_element_of_the_end_proves_nothing_before_the_meeting() -> None:
    page = PaperPage(MEETING)
    assert page.shows("#over") == ["pre_join"]
    assert page.after(10) == []


def test_a_refusal_is_told_before_the_meeting_and_not_over_it() -> None:
    page = PaperPage(MEETING)
    page.shows("#full")
    assert page.after(1) == ["full"]
    page = joined()
    page.shows(".tile", "#full", "not let in")
    assert page.after(10) == []


def test_evidence_that_flickers_while_the_page_redraws_stays() -> None:
    page = PaperPage(MEETING)
    page.shows("#lobby")
    page.shows()
    page.after(0.1)
    page.shows("#lobby")
    assert page.after(60) == []
    assert [one.state.value for one in page.seen] == ["lobby"]


def test_one_may_be_sent_back_to_the_lobby() -> None:
    page = joined()
    page.shows("#lobby")
    page.after(0.3)
    assert page.after(3) == ["lobby"]
    page.shows(".tile")
    assert page.after(1) == ["in_meeting"]


def test_back_at_the_door_in_a_new_document_is_the_end() -> None:
    page = joined(MEETING + 'pre_join = ["#name"]\n')
    page.shows("#name", frame="top2")
    assert page.after(1.5) == []
    assert page.after(1) == ["ended"]


def test_a_new_document_without_any_evidence_is_unknown_after_a_while() -> None:
    page = joined()
    assert page.shows(frame="top2") == []
    assert page.after(6) == ["unknown"]


def test_after_the_join_nothing_known_is_said_so() -> None:
    page = PaperPage(MEETING)
    assert page.shows() == ["pre_join"]
    page.classifier.entered = True
    page.shows()
    assert page.after(6) == ["unknown"]


DOOR = MEETING + 'pre_join = ["#join"]\nname_asked = ["#name"]\n'


def test_a_strange_page_before_the_join_is_unknown_within_twenty_seconds_and_told_again_when_it_is_known() -> None:
    page = PaperPage(DOOR)
    assert page.shows() == []
    assert page.after(9) == []
    assert page.after(11) == ["unknown"]
    assert page.shows("#name", "#join") == ["name_asked"]
    assert page.shows("#join") == []
    assert page.after(1) == ["pre_join"]


def test_without_a_word_about_the_page_before_the_meeting_any_page_is_that() -> None:
    page = PaperPage(MEETING)
    assert page.shows() == ["pre_join"]
    assert page.after(60) == []


def test_a_lost_connection_is_told_when_it_lasts_and_so_is_its_return() -> None:
    page = joined(MEETING + 'page_lost = [{ text = "no network" }]\n')
    page.shows(".tile", "no network")
    assert page.after(1.9) == []
    assert page.after(0.2) == ["page_lost"]
    page.shows(".tile")
    assert page.after(1) == ["in_meeting"]


def test_an_empty_meeting_that_has_its_connection_again_is_a_meeting_still() -> None:
    page = joined(MEETING + 'page_lost = [{ text = "no network" }]\n')
    page.shows("no network")
    assert page.after(3) == ["page_lost"]
    page.shows()
    assert page.after(1) == ["in_meeting"]
    assert page.after(3600) == []


PEOPLE = """in_meeting = [{ others = 1 }]
[people]
item = ".tile"
name = ".name"
self_names = ["You"]
self_by_name = true
"""


def test_people_who_are_not_the_bot_are_counted() -> None:
    page = PaperPage(PEOPLE)
    page.people.bot_name = "Bot"
    bot, namesake = {"id": "1", "name": "Bot"}, {"id": "2", "name": "bot"}
    assert page.shows(people=[bot]) == ["pre_join"]
    assert page.shows(people=[{"id": "1", "name": "You"}]) == []
    assert page.shows(people=[bot, namesake]) == ["in_meeting"]


def test_the_files_own_patience_counts() -> None:
    page = PaperPage('in_meeting = [{ css = ".tile", for_seconds = 3 }]')
    assert page.shows(".tile") == ["pre_join"]
    assert page.after(2.9) == []
    assert page.after(0.2) == ["in_meeting"]


def test_evidence_may_be_spread_over_frames() -> None:
    page = PaperPage('in_meeting = [{ all = [".toolbar", { css = ".tile", at_least = 2 }], not = "#lobby" }]')
    assert page.shows(".toolbar", ".tile") == ["pre_join"]
    assert page.shows(".tile", frame="child") == ["in_meeting"]


def test_a_frame_that_says_goodbye_takes_its_evidence_along() -> None:
    page = PaperPage('in_meeting = [".tile"]\nended = ["#over"]')
    page.shows(frame="top1")
    page.shows(".tile", frame="child")
    page.facts.receive({"frame": "child", "gone": True}, page.now)
    page.shows("#over")
    assert page.after(2) == ["ended"]


def test_counters_and_their_least_number() -> None:
    page = PaperPage("in_meeting = [{ remote_tracks = 2 }]")
    assert page.shows("remote_tracks") == ["pre_join"]
    assert page.shows("remote_tracks", "remote_tracks") == ["in_meeting"]


def test_an_observation_says_which_rule_and_which_words() -> None:
    page = joined()
    page.shows("removed", texts={"removed": "You've been removed"})
    page.after(1)
    assert page.seen[-1].text == "You've been removed"
    assert page.seen[-1].evidence.startswith("removed: alternative 1, line ")


def test_what_a_page_reports_out_of_shape_is_dropped() -> None:
    page = PaperPage(MEETING)
    for bad in ({}, {"frame": 7}, {"frame": "x" * 41}, {"frame": ""}):
        assert not page.facts.receive(bad, 0)
    page.facts.receive({"frame": "a", "top": True, "ready": True, "atoms": ["x", True, None, -1, 1e9, [1], [1, 2, 3], {}]}, 0)
    page.facts.receive({"frame": "a", "top": True, "atoms": [1], "people": "x", "chat": [1, {}], "problems": [1, "p" * 999]}, 0)
    assert page.facts.people == []
    assert page.facts.chat == [{}]
    assert page.facts.problems == ["p" * 200]
    assert all(page.facts.count(n) == 0 for n in range(len(page.program.atoms)))


def test_frames_are_bounded_and_silent_ones_forgotten() -> None:
    page = PaperPage(MEETING)
    page.facts.receive({"frame": "t", "top": True}, 0)
    assert sum(page.facts.receive({"frame": f"f{n}"}, 0) for n in range(300)) == 199
    page.facts.receive({"frame": "t", "top": True}, 100)
    assert page.facts.receive({"frame": "new"}, 100)


ASKED = """
in_meeting = [".tile"]
wrong_passcode = [{ css = "#asked", not = { variable = "passcode" } }, { css = "#again", variable = "passcode", for_seconds = 0 }]
[variables]
passcode = 'pwd=([^&]+)'
"""


def test_a_condition_may_depend_on_what_the_meetings_url_holds() -> None:
    for values in ({}, {"passcode": ""}):
        page = PaperPage(ASKED)
        page.facts.values = values
        assert page.shows("#asked", "#again") == ["pre_join"]
        assert page.after(1) == ["wrong_passcode"]
    page = PaperPage(ASKED)
    page.facts.values = {"passcode": "s3cret"}
    assert page.shows("#asked") == ["pre_join"]
    assert page.after(60) == []
    assert page.shows("#asked", "#again") == ["wrong_passcode"]
