from __future__ import annotations

from agents.platforms.chat_log import ChatLog


def said(*texts: str, sender: str = "Ada") -> list[dict[str, object]]:
    return [{"text": text, "sender": sender} for text in texts]


def new(log: ChatLog, seen: list[dict[str, object]], now: float = 0) -> list[str]:
    return [one.text for one in log.update(seen, now)]


def test_numbered_messages_are_told_once_each() -> None:
    log = ChatLog()
    one: dict[str, object] = {"id": "1", "text": "a"}
    two: dict[str, object] = {"id": "2", "text": "a"}
    assert new(log, [one]) == ["a"]
    assert new(log, [one, two]) == ["a"]
    assert new(log, []) == []
    assert new(log, [one, two]) == []


def test_without_numbers_what_was_appended_is_new() -> None:
    log = ChatLog()
    assert new(log, said("a", "b")) == ["a", "b"]
    assert new(log, said("a", "b")) == []
    assert new(log, said("a", "b", "b")) == ["b"]
    assert new(log, said("b", "b", "c")) == ["c"]


def test_older_messages_that_scroll_in_were_not_said_now() -> None:
    log = ChatLog()
    assert new(log, said("c", "d")) == ["c", "d"]
    assert new(log, said("a", "b", "c", "d", "e")) == ["e"]


def test_a_message_that_has_gone_and_is_said_again_is_new() -> None:
    log = ChatLog()
    assert new(log, said("hi")) == ["hi"]
    assert new(log, []) == []
    assert new(log, said("hi")) == ["hi"]


def test_a_sender_who_is_renamed_and_a_message_that_is_edited_say_nothing_new() -> None:
    log = ChatLog()
    assert new(log, said("a", "b", "c")) == ["a", "b", "c"]
    assert new(log, said("a", "b", "c", sender="somebody who left")) == []
    assert new(log, said("a", "b (edited)", "c", "d")) == ["d"]


def test_keys_of_equal_messages_differ_and_stay() -> None:
    log = ChatLog()
    keys = [one.key for one in log.update(said("a", "a"), 0)]
    assert len(set(keys)) == 2


def test_the_bots_own_words_are_its_own() -> None:
    log = ChatLog(own_names=("You",), bot_name="The bot")
    log.sent("Hello  people", 0)
    found = log.update([*said("hello people", sender=""), *said("x", sender="you"), *said("hello people", sender="Ada")], 1)
    assert [one.is_self for one in found] == [True, True, False]
    log.update([], 2)
    assert not log.update(said("hello people", sender="The bot"), 100)[-1].is_self


def test_empty_and_misshapen_messages_are_dropped() -> None:
    assert new(ChatLog(), [{"text": " "}, {"text": 7}, {}, {"text": "ok", "sender": 3, "id": None}]) == ["ok"]


def test_what_the_page_itself_writes_is_said_by_nobody() -> None:
    log = ChatLog(ignore_names=("[System]",))
    notice = {"text": "Ada has joined", "sender": "[system]"}
    said = {"text": "hello", "sender": "Ada"}
    assert new(log, [notice, said]) == ["hello"]
    assert new(log, [notice, said, notice]) == []
    assert new(log, [notice, said, notice, said]) == ["hello"]
