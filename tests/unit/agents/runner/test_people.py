from __future__ import annotations

from agents.attendance.people import Change, Roster
from agents.platforms.base import PersonSeen


def kinds(roster: Roster, *people: PersonSeen) -> list[tuple[Change, str, dict[str, str]]]:
    return [(change.kind, change.person.name, change.data) for change in roster.update(people)]


def test_who_came_who_left_and_who_changed() -> None:
    roster = Roster()
    assert kinds(roster, PersonSeen("1", "Ada"), PersonSeen("2", "Bob")) == [(Change.JOIN, "Ada", {}), (Change.JOIN, "Bob", {})]
    assert kinds(roster, PersonSeen("2", "Bob", is_host=True), PersonSeen("3", "Eve")) == [
        (Change.LEAVE, "Ada", {}),
        (Change.UPDATE, "Bob", {"is_host": "true"}),
        (Change.JOIN, "Eve", {}),
    ]


def test_the_same_list_again_is_no_news() -> None:
    roster = Roster()
    kinds(roster, PersonSeen("1", "Ada"))
    assert kinds(roster, PersonSeen("1", "Ada")) == []


def test_the_bot_itself_is_nobody() -> None:
    assert kinds(Roster(), PersonSeen("1", "Rollcall", is_self=True)) == []


def test_a_new_name_is_an_update() -> None:
    roster = Roster()
    kinds(roster, PersonSeen("1", "Ada"))
    assert kinds(roster, PersonSeen("1", "Ada L.")) == [(Change.UPDATE, "Ada L.", {"name": "Ada L."})]


def test_somebody_without_id_is_known_by_name() -> None:
    roster = Roster()
    kinds(roster, PersonSeen("", "Ada"))
    assert kinds(roster) == [(Change.LEAVE, "Ada", {})]


def test_hostile_names_are_made_fit_to_be_stored() -> None:
    roster = Roster()
    ((_, name, _),) = kinds(roster, PersonSeen("1", "A\x00\ud800" + "x" * 1000))
    assert len(name) <= 255
    name.encode()
    assert "\x00" not in name


def test_a_page_that_shows_a_million_people_is_not_believed() -> None:
    roster = Roster()
    roster.update(PersonSeen(str(n), "x") for n in range(6000))
    assert len(roster.people) == 5000
