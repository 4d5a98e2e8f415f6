from __future__ import annotations

import pytest

from gateway.rehearsal.actions import ACTIONS, OBSTACLES, ActionError, act, state
from gateway.rehearsal.limits import RateLimit, RehearsalSettings
from gateway.rehearsal.person import Place as Standing
from gateway.rehearsal.room import new_room_name
from gateway.rehearsal.rooms import ROOM_NAME, Rooms, TooManyRoomsError
from tests.unit.gateway.rehearsal.conftest import Clock, Place


def test_the_first_one_in_is_the_host_and_hands_it_on_when_they_leave(place: Place) -> None:
    ada, grace = place.join("Ada"), place.join("Grace")
    assert (ada.person.is_host, grace.person.is_host) == (True, False)
    place.room.leave(ada.person)
    assert grace.person.is_host
    assert grace.last("person_left") == {"type": "person_left", "id": ada.person.id, "hosts": grace.person.id}


def test_who_claims_to_be_the_host_takes_it_over(place: Place) -> None:
    bot, ada = place.join("Bot"), place.join("Ada", host=True)
    assert (bot.person.is_host, ada.person.is_host) == (False, True)
    assert bot.last("person_joined")["hosts"] == ada.person.id


def test_a_newcomer_is_told_who_is_there_and_they_are_told_of_the_newcomer(place: Place) -> None:
    ada, grace = place.join("Ada"), place.join("Grace")
    assert [p["name"] for p in grace.last("welcome")["people"]] == ["Ada"]
    assert ada.last("person_joined")["person"]["name"] == "Grace"


def test_names_are_cut_and_never_empty(place: Place) -> None:
    assert place.join("x" * 50).person.name == "x" * 10
    assert place.join("   ").person.name == "Guest"


def test_with_admission_even_the_first_waits_and_enters_as_host_when_admitted(place: Place) -> None:
    act(place.room, {"action": "require_admission"})
    bot = place.join("Bot")
    assert bot.view == "lobby"
    assert place.room.admit(bot.person)
    assert bot.view == "meeting"
    assert bot.person.is_host
    assert not place.room.admit(bot.person)


def test_the_host_hears_who_waits_and_who_gave_up(place: Place) -> None:
    host = place.join("Host")
    act(place.room, {"action": "require_admission"})
    bot = place.join("Bot")
    assert host.last("waiting")["people"] == [{"id": bot.person.id, "name": "Bot"}]
    place.room.leave(bot.person)
    assert host.last("waiting")["people"] == []


def test_the_denied_are_told_and_the_others_still_wait(place: Place) -> None:
    act(place.room, {"action": "require_admission"})
    bot, ada = place.join("Bot"), place.join("Ada")
    act(place.room, {"action": "deny", "person": "Bot"})
    assert (bot.view, ada.view) == ("denied", "lobby")
    act(place.room, {"action": "admit"})
    assert ada.view == "meeting"


def test_a_lobby_gives_up_when_it_is_told_to(place: Place) -> None:
    act(place.room, {"action": "require_admission"})
    act(place.room, {"action": "lobby_timeout", "seconds": 30})
    bot = place.join("Bot")
    place.clock.now += 29
    place.room.tick()
    assert bot.view == "lobby"
    place.clock.now += 1
    place.room.tick()
    assert bot.view == "lobby-gave-up"


def test_the_toolbar_is_in_the_lobby_only_when_asked_for(place: Place) -> None:
    act(place.room, {"action": "require_admission"})
    assert place.join("Bot").last("view")["toolbar"] is False
    act(place.room, {"action": "toolbar_in_lobby"})
    assert place.join("Bot").last("view")["toolbar"] is True


def test_without_the_host_all_wait_and_enter_together(place: Place) -> None:
    act(place.room, {"action": "host_absent"})
    bot = place.join("Bot")
    assert bot.view == "host-absent"
    host = place.join("Host", host=True)
    assert (host.view, bot.view) == ("meeting", "meeting")
    assert host.person.is_host
    late = place.join("Late")
    assert late.view == "meeting"


def test_host_absent_can_be_taken_back(place: Place) -> None:
    act(place.room, {"action": "host_absent"})
    bot = place.join("Bot")
    act(place.room, {"action": "host_absent", "on": False})
    assert bot.view == "meeting"


def test_a_full_room_and_a_locked_room_take_nobody(place: Place) -> None:
    for n in range(4):
        place.join(f"p{n}")
    assert place.join("five").view == "full"
    act(place.room, {"action": "lock"})
    assert place.join("six").view == "locked"


def test_an_ended_meeting_may_start_again_unless_it_was_closed(place: Place) -> None:
    ada = place.join("Ada")
    act(place.room, {"action": "end"})
    assert ada.view == "ended"
    assert place.join("Grace").view == "meeting"
    act(place.room, {"action": "end", "closed": True})
    assert place.join("Alan").view == "ended"


def test_ending_reaches_those_who_wait_and_forgets_what_was_said(place: Place) -> None:
    ada = place.join("Ada")
    place.room.say(ada.person, "secret", None)
    act(place.room, {"action": "require_admission"})
    bot = place.join("Bot")
    act(place.room, {"action": "end"})
    assert bot.view == "ended"
    assert state(place.room)["chat"] == []


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_an_obstacle_is_shown_instead_of_the_meeting(place: Place, obstacle: str) -> None:
    act(place.room, {"action": "obstacle", "view": obstacle})
    assert place.visit().view == obstacle
    act(place.room, {"action": "obstacle", "view": "none"})
    assert place.visit().view == "name"


def test_a_broken_connection_keeps_its_place_for_a_while(place: Place) -> None:
    ada, grace = place.join("Ada"), place.join("Grace")
    place.room.lost(ada.person)
    assert grace.last("person_changed")["person"]["connected"] is False
    place.clock.now += 9.9
    place.room.tick()
    again: list[dict[str, object]] = []
    returned = place.room.resume(ada.person.token, again.append)
    assert returned is ada.person
    assert again[0]["type"] == "welcome"
    assert grace.last("person_joined")["person"]["session"] == 2
    assert ada.person.is_host


def test_a_place_that_was_given_up_cannot_be_resumed(place: Place) -> None:
    ada, grace = place.join("Ada"), place.join("Grace")
    place.room.lost(ada.person)
    place.clock.now += 10
    place.room.tick()
    assert place.room.resume(ada.person.token, lambda _: None) is None
    assert grace.all("person_left")


def test_a_place_is_resumed_only_with_its_token_and_only_when_it_is_empty(place: Place) -> None:
    ada = place.join("Ada")
    assert place.room.resume(ada.person.token, lambda _: None) is None
    place.room.lost(ada.person)
    assert place.room.resume("guess", lambda _: None) is None


def test_chat_is_for_everyone_or_for_one(place: Place) -> None:
    ada, grace, alan = (place.join(name) for name in ("Ada", "Grace", "Alan"))
    place.room.say(ada.person, "all", None)
    place.room.say(ada.person, "one", grace.person.id)
    assert [m["text"] for m in ada.all("chat")] == ["all", "one"]
    assert [m["text"] for m in grace.all("chat")] == ["all", "one"]
    assert [m["text"] for m in alan.all("chat")] == ["all"]
    assert [m["text"] for m in place.join("Late").last("welcome")["chat"]] == ["all"]


def test_chat_is_bounded_and_needs_words_and_a_place_in_the_meeting(place: Place) -> None:
    ada, door = place.join("Ada"), place.visit()
    place.room.say(ada.person, "x" * 100, None)
    assert len(ada.last("chat")["text"]) == 20
    place.room.say(ada.person, " \n ", None)
    place.room.say(door.person, "hello", None)
    assert len(ada.all("chat")) == 1
    for n in range(10):
        place.room.say(ada.person, str(n), None)
    assert len(place.room.chat) == 5


def test_a_message_to_nobody_is_refused_to_its_sender(place: Place) -> None:
    ada = place.join("Ada")
    place.room.say(ada.person, "hello", "nobody")
    assert ada.last("chat_failed")
    assert not ada.all("chat")


def test_signals_pass_only_between_people_in_the_meeting(place: Place) -> None:
    ada, grace, door = place.join("Ada"), place.join("Grace"), place.visit()
    place.room.signal(ada.person, grace.person.id, {"a": 1})
    place.room.signal(door.person, grace.person.id, {"a": 2})
    place.room.signal(ada.person, door.person.id, {"a": 3})
    assert [m["data"] for m in grace.all("signal")] == [{"a": 1}]
    assert not door.all("signal")


def test_who_is_mute_does_not_speak(place: Place) -> None:
    ada, grace = place.join("Ada"), place.join("Grace")
    place.room.update(ada.person, microphone=False, camera=True, speaking=True)
    assert grace.last("person_changed")["person"]["speaking"] is False


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"action": "mute"}, {"type": "mute"}),
        ({"action": "drop_network", "seconds": 2}, {"type": "drop_network", "seconds": 2.0}),
        ({"action": "freeze"}, {"type": "freeze", "seconds": 3600.0}),
        ({"action": "go_silent"}, {"type": "source", "silent": True, "black": False}),
        ({"action": "black"}, {"type": "source", "silent": False, "black": True}),
        ({"action": "language", "language": "ja"}, {"type": "language", "language": "ja"}),
        ({"action": "consent"}, {"type": "consent"}),
        ({"action": "close_page"}, {"type": "close_page"}),
    ],
)
def test_an_action_reaches_the_one_it_is_for(place: Place, call: dict[str, object], told: dict[str, object]) -> None:
    ada, grace = place.join("Ada"), place.join("Grace")
    before = len(grace.told)
    act(place.room, {**call, "person": ada.person.id})
    assert ada.told[-1] == told
    assert len(grace.told) == before
    act(place.room, call)
    assert grace.told[-1] == told


def test_silence_and_consent_also_meet_those_who_come_later(place: Place) -> None:
    place.join("Ada")
    for call in ({"action": "go_silent"}, {"action": "black"}, {"action": "consent", "when": "join"}):
        act(place.room, call)
    late = place.join("Late")
    assert (late.last("welcome")["silent"], late.last("welcome")["black"]) == (True, True)
    assert late.person.consent == "asked"


@pytest.mark.parametrize(
    "call",
    [
        {},
        {"action": 1},
        {"action": "__init__"},
        {"action": "lock", "on": "yes"},
        {"action": "freeze", "seconds": -1},
        {"action": "freeze", "seconds": 1e9},
        {"action": "freeze", "seconds": True},
        {"action": "drop_network", "seconds": "5"},
        {"action": "language", "language": "xx"},
        {"action": "obstacle"},
        {"action": "obstacle", "view": "name"},
        {"action": "never_load", "visitors": 1.5},
        {"action": "never_load", "part": "all"},
        {"action": "kick", "person": 3},
        {"action": "consent", "when": "later"},
    ],
)
def test_a_wrong_call_is_refused_and_changes_nothing(place: Place, call: dict[str, object]) -> None:
    ada = place.join("Ada")
    before = state(place.room)
    with pytest.raises(ActionError):
        act(place.room, call)
    assert state(place.room) == before
    assert ada.view == "meeting"


def test_somebody_named_in_vain_is_an_error_and_nobody_at_all_is_not(place: Place) -> None:
    with pytest.raises(ActionError) as caught:
        act(place.room, {"action": "kick", "person": "Nobody"})
    assert caught.value.status == 404
    act(place.room, {"action": "kick"})


def test_a_person_may_be_meant_by_name(place: Place) -> None:
    place.join("Ada")
    bot = place.join("Bot")
    act(place.room, {"action": "kick", "person": "Bot"})
    assert bot.view == "removed"
    assert bot.person.place is Standing.GONE


def test_every_action_is_documented(request: pytest.FixtureRequest) -> None:
    text = (request.config.rootpath / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    assert [name for name in ACTIONS if f"`{name}`" not in text] == []


def test_rooms_are_made_on_a_visit_and_forgotten_when_empty(clock: Clock) -> None:
    rooms = Rooms(RehearsalSettings(empty_room_seconds=60), clock)
    room = rooms.get_or_make("a")
    assert rooms.get_or_make("a") is room
    clock.now += 59
    assert rooms.get("a") is room
    clock.now += 1
    assert rooms.get("a") is None


def test_a_room_that_visitors_come_to_in_vain_keeps_its_rules(clock: Clock) -> None:
    rooms = Rooms(RehearsalSettings(empty_room_seconds=60), clock)
    rooms.get_or_make("a").rules.never_load = -1
    for _ in range(3):
        clock.now += 31
        assert rooms.get_or_make("a").rules.never_load == -1
    clock.now += 60
    assert rooms.get("a") is None


def test_a_room_with_somebody_in_it_is_kept(clock: Clock) -> None:
    rooms = Rooms(RehearsalSettings(empty_room_seconds=60), clock)
    place = Place(rooms.get_or_make("a"), clock)
    guest = place.visit()
    clock.now += 600
    assert rooms.get("a") is place.room
    place.room.leave(guest.person)
    clock.now += 59
    assert rooms.get("a") is place.room
    clock.now += 1
    assert rooms.get("a") is None


def test_there_are_no_more_rooms_than_allowed(clock: Clock) -> None:
    rooms = Rooms(RehearsalSettings(rooms=2), clock)
    rooms.get_or_make("a")
    rooms.get_or_make("b")
    with pytest.raises(TooManyRoomsError, match="2 rooms"):
        rooms.get_or_make("c")


def test_a_new_rooms_name_is_a_rooms_name() -> None:
    assert ROOM_NAME.fullmatch(new_room_name())


def test_the_rate_limit_allows_a_burst_and_then_the_rate(clock: Clock) -> None:
    limit = RateLimit(per_second=2, burst=3, clock=clock)
    assert [limit.allow() for _ in range(4)] == [True, True, True, False]
    clock.now += 0.5
    assert [limit.allow() for _ in range(2)] == [True, False]
