from __future__ import annotations

from agents.platforms.people_list import PeopleList
from agents.platforms.platform_file import Hosts, People

ADA: dict[str, object] = {"id": "1", "name": "Ada"}
BOB: dict[str, object] = {"id": "2", "name": "Bob"}


def names(people: PeopleList, seen: list[dict[str, object]], now: float) -> list[str] | None:
    change = people.update(seen, now)
    return None if change.people is None else [one.name for one in change.people]


def test_people_come_and_go_with_a_moment_of_patience() -> None:
    people = PeopleList(People())
    assert names(people, [], 0) is None
    assert names(people, [ADA, BOB], 1) == ["Ada", "Bob"]
    assert names(people, [ADA, BOB], 2) is None
    change = people.update([ADA], 3)
    assert change.people is None
    assert change.wake == 4
    assert names(people, [ADA], 4) == ["Ada"]
    assert names(people, [ADA, BOB], 5) == ["Ada", "Bob"]


def test_a_tile_that_is_redrawn_is_no_coming_and_going() -> None:
    people = PeopleList(People())
    assert names(people, [{"name": "Ada", "element": "1"}], 0) == ["Ada"]
    assert names(people, [], 0.5) is None
    assert names(people, [{"name": "Ada", "element": "9"}], 0.8) is None


def test_two_of_the_same_name_are_two() -> None:
    people = PeopleList(People())
    found = people.update([{"name": "Ada"}, {"name": "Ada"}], 0).people
    assert found is not None
    assert len({one.uuid for one in found}) == 2


def test_two_tiles_of_one_id_are_one_person() -> None:
    people = PeopleList(People())
    assert names(people, [ADA, {**ADA, "name": "Ada (presenting)"}], 0) == ["Ada"]


def test_the_nameless_are_numbered_and_keep_their_number() -> None:
    people = PeopleList(People())
    assert names(people, [{"id": "a"}, {"id": "b"}], 0) == ["Participant 1", "Participant 2"]
    people.update([{"id": "b"}], 1)
    assert names(people, [{"id": "b"}], 2) == ["Participant 2"]


def test_names_are_cut_out_of_what_the_page_says() -> None:
    people = PeopleList(People(name_pattern="Video of (.+)", name_strip=("(You)",)), bot_name="the bot")
    assert names(people, [{"id": "1", "name": "Video of  Ada  (you)"}], 0) == ["Ada"]


def test_the_bot_may_know_itself_by_its_name() -> None:
    people = PeopleList(People(self_by_name=True), bot_name="The Bot")
    found = people.update([{"id": "1", "name": "the bot"}, ADA | {"id": "3"}], 0).people
    assert found is not None
    assert [one.is_self for one in found] == [True, False]


def test_of_those_who_bear_the_bots_name_one_is_the_bot_and_stays_so() -> None:
    people = PeopleList(People(self_by_name=True), bot_name="Bot")
    first, second = {"id": "1", "name": "Bot"}, {"id": "2", "name": "bot"}
    found = people.update([first, second], 0).people
    assert found is not None
    assert [one.is_self for one in found] == [True, False]
    assert people.others([second, first]) == 1
    found = people.update([second, first, ADA | {"id": "3"}], 1).people
    assert found is not None
    assert [one.uuid for one in found if one.is_self] == ["1"]


def test_a_page_that_marks_the_bot_is_believed_before_names() -> None:
    people = PeopleList(People(self_by_name=True, self_names=("You",)), bot_name="Bot")
    found = people.update([{"id": "1", "name": "Bot"}, {"id": "2", "name": "you"}], 0).people
    assert found is not None
    assert [one.uuid for one in found if one.is_self] == ["2"]


def test_speech_begins_at_once_and_ends_after_a_pause() -> None:
    people = PeopleList(People())
    assert people.update([ADA | {"speaking": True}], 0).speaking == [("1", True)]
    assert people.update([ADA], 0.1).speaking == []
    assert people.update([ADA | {"speaking": True}], 0.4).speaking == []
    change = people.update([ADA], 1)
    assert change.wake == 1.6
    assert people.update([ADA], 1.7).speaking == [("1", False)]


def test_who_leaves_while_speaking_has_stopped() -> None:
    people = PeopleList(People(gone_after_seconds=0))
    people.update([ADA | {"speaking": True}], 0)
    assert people.update([], 1).speaking == [("1", False)]


def test_hostile_people_are_harmless() -> None:
    people = PeopleList(People())
    found = people.update([{"id": "x" * 5000, "name": "n" * 5000, "user_id": 7, "self": "yes"}, {"name": None}, {}], 0).people
    assert found is not None
    assert all(len(one.uuid) <= 100 and len(one.name) <= 255 and not one.is_self for one in found)


def at(*names_in_order: str) -> list[dict[str, object]]:
    return [{"name": name, "place": str(number)} for number, name in enumerate(names_in_order)]


def test_a_new_name_in_the_place_of_one_who_is_gone_is_the_same_person() -> None:
    people = PeopleList(People(gone_after_seconds=3))
    before = people.update(at("Bot", "Ada", "Grace"), 0).people
    after = people.update(at("Bot", "Ada King", "Grace"), 1).people
    assert names(people, [{"name": "Bot"}, {"name": "Ada King"}, {"name": "Grace"}], 1.5) is None, "not all are shown"
    again = people.update(at("Bot", "Countess", "Grace"), 2).people
    assert before
    assert after
    assert again
    assert [one.name for one in again] == ["Bot", "Countess", "Grace"]
    assert [one.uuid for one in before] == [one.uuid for one in after] == [one.uuid for one in again]


def test_who_comes_by_a_name_that_another_had_is_somebody_else() -> None:
    people = PeopleList(People())
    people.update(at("Ada"), 0)
    renamed = people.update(at("Ada King"), 1).people
    found = people.update(at("Ada King", "Ada"), 2).people
    assert renamed
    assert found
    assert [one.name for one in found] == ["Ada King", "Ada"]
    assert found[0].uuid == renamed[0].uuid != found[1].uuid
    assert names(people, at("Ada King", "Ada", "Bob"), 3) == ["Ada King", "Ada", "Bob"]


def test_who_takes_the_place_of_one_who_left_before_is_somebody_else() -> None:
    people = PeopleList(People(gone_after_seconds=3))
    people.update(at("Bot", "Ada"), 0)
    people.update(at("Bot"), 1)
    assert names(people, at("Bot", "Carol"), 2) == ["Bot", "Ada", "Carol"]
    assert names(people, at("Bot", "Carol"), 4) == ["Bot", "Carol"]


def test_without_a_place_another_name_is_another_person() -> None:
    people = PeopleList(People(gone_after_seconds=0))
    people.update([{"name": "Ada"}], 0)
    assert names(people, [{"name": "Bob"}], 1) == ["Bob"]


def hosts(people: PeopleList, rows: list[dict[str, object]], now: float) -> list[str]:
    people.update([ADA, BOB], now, rows)
    found = people.update([ADA, BOB, {"id": str(now), "name": "Carol"}], now + 1).people
    assert found is not None
    people.update([ADA, BOB], now + 2)
    people.update([ADA, BOB], now + 4)
    return [one.name for one in found if one.is_host]


def test_who_is_host_stands_in_a_list_and_is_remembered_until_it_is_shown_again() -> None:
    people = PeopleList(People(hosts=Hosts(".row", text=("Host",))))
    assert hosts(people, [{"name": "Ada", "host": True}, {"name": "Bob"}], 10) == ["Ada"]
    assert hosts(people, [], 20) == ["Ada"], "the list is closed"
    assert hosts(people, [{"id": "1", "name": "?"}, {"id": "2", "name": "?", "host": True}], 30) == ["Bob"]
    assert hosts(people, [{"name": "Ada"}, {"name": "Bob"}], 40) == []


def test_a_name_that_two_bear_makes_neither_of_them_host() -> None:
    people = PeopleList(People(hosts=Hosts(".row", text=("Host",))))
    change = people.update([ADA, {"id": "4", "name": "Ada"}], 0, [{"name": "Ada", "host": True}, {"name": "Ada"}])
    assert change.people is not None
    assert not any(one.is_host for one in change.people)


def test_who_is_not_shown_while_the_page_counts_them_has_not_left() -> None:
    people = PeopleList(People(self_names=("Bot",)))
    bot, carol = {"id": "0", "name": "Bot"}, {"id": "3", "name": "Carol"}
    everybody = [bot, ADA, BOB, carol]
    people.update(everybody, 0, (), 4)
    assert names(people, [ADA], 1) is None
    for second in range(2, 30):
        assert people.update([ADA], second, (), 4).people is None
    change = people.update([ADA], 30, (), 3)
    assert change.unsure, "Bob or Carol has left"
    assert change.people is None
    change = people.update([bot, ADA, carol], 31, (), 3)
    assert not change.unsure
    assert change.people is not None
    assert [one.name for one in change.people] == ["Bot", "Ada", "Carol"]
    people.update([], 40, (), 1)
    alone = people.update([], 41, (), 1).people or people.update([], 60, (), 1).people
    assert alone is not None
    assert [one.name for one in alone] == ["Bot"]


def test_who_is_not_in_the_list_of_all_has_left_however_many_the_page_counts() -> None:
    people = PeopleList(People(hosts=Hosts(".row", text=("Host",))))
    people.update([ADA, BOB], 0, (), 9)
    assert people.update([ADA], 1, (), 9).people is None
    people.update([ADA], 100, [{"name": "Ada"}], 9)
    assert names(people, [ADA], 101) == ["Ada"]
