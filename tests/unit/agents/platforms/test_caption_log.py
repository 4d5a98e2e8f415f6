from __future__ import annotations

from agents.platforms.caption_log import CaptionLog


def line(text: str, speaker: str = "Ada", element: str = "e1") -> dict[str, object]:
    return {"element": element, "speaker": speaker, "text": text}


class Page:
    """What a page shows from moment to moment, and all that was made of it."""

    def __init__(self, *, merge: bool = False) -> None:
        self.log = CaptionLog(merge=merge)
        self.now = 0.0
        self.shown: list[dict[str, object]] = []
        self.final: list[tuple[str, str]] = []
        self.keys: dict[str, list[str]] = {}

    def show(self, *lines: dict[str, object], after: float = 0.3) -> None:
        self.now += after
        self.shown = list(lines)
        self._take()

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += 0.5
            self._take()

    def _take(self) -> None:
        told, _ = self.log.update(self.shown, self.now)
        for one in told:
            self.keys.setdefault(one.key, []).append(one.text)
            if one.final:
                self.final.append((one.speaker_name, one.text))


def test_a_line_that_grows_is_one_utterance_and_final_when_it_has_settled() -> None:
    page = Page()
    for text in ("We", "We begin", "We begin now"):
        page.show(line(text))
    assert page.final == []
    page.wait(3)
    assert page.final == [("Ada", "We begin now")]
    assert list(page.keys.values()) == [["We", "We begin", "We begin now", "We begin now"]]


def test_what_follows_in_the_same_block_is_an_utterance_of_its_own() -> None:
    page = Page()
    page.show(line("We begin now."))
    page.wait(3)
    page.show(line("We begin now. Is everybody here?"))
    page.wait(3)
    assert page.final == [("Ada", "We begin now."), ("Ada", "Is everybody here?")]


def test_words_that_are_put_right_after_they_were_final_are_not_said_again() -> None:
    page = Page()
    page.show(line("the bare said hello to all of us"))
    page.wait(3)
    page.show(line("The bear said hello to all of us. Then it left."))
    page.wait(3)
    assert page.final[1] == ("Ada", "Then it left.")


def test_the_beginning_of_a_long_block_may_scroll_away() -> None:
    page = Page()
    page.show(line("one two three four five six seven eight"))
    page.wait(3)
    page.show(line("three four five six seven eight nine ten"))
    page.wait(3)
    assert page.final[1] == ("Ada", "nine ten")


def test_the_next_line_in_the_same_place_is_another_utterance() -> None:
    page = Page()
    page.show(line("I think we should go"))
    page.show(line("I"), after=2)
    page.show(line("I am not so sure"))
    page.wait(3)
    assert page.final == [("Ada", "I think we should go"), ("Ada", "I am not so sure")]


def test_a_line_that_is_drawn_anew_goes_on() -> None:
    page = Page()
    page.show(line("Shall we", element="e1"))
    page.show(line("Shall we begin", element="e2"))
    page.show(after=0.1)
    page.show(line("Shall we begin with the plan", element="e3"), after=0.2)
    page.wait(3)
    assert page.final == [("Ada", "Shall we begin with the plan")]


def test_a_line_that_has_gone_is_final_and_its_words_may_be_said_again() -> None:
    page = Page()
    page.show(line("yes", element="e1"))
    page.show()
    page.wait(2)
    page.show(line("yes", element="e2"))
    page.show(after=2)
    page.wait(2)
    assert page.final == [("Ada", "yes"), ("Ada", "yes")]


def test_people_who_talk_at_once_are_kept_apart() -> None:
    page = Page()
    page.show(line("I begin", "Ada", "a"), line("No me", "Bob", "b"))
    page.show(line("I begin with this", "Ada", "a"), line("No me first", "Bob", "b"))
    page.wait(3)
    assert sorted(page.final) == [("Ada", "I begin with this"), ("Bob", "No me first")]


def test_merged_captions_of_one_speaker_are_one_utterance_until_another_speaks() -> None:
    page = Page(merge=True)
    page.show(line("We begin now."))
    page.wait(4)
    page.show(line("Is everybody here?", element="e2"), line("We begin now."))
    page.show(line("Yes.", "Bob", "e3"), line("Is everybody here?", element="e2"), after=1)
    assert page.final == [("Ada", "We begin now. Is everybody here?")]
    page.wait(11)
    assert page.final[1:] == [("Bob", "Yes.")]


def test_an_utterance_without_an_end_is_ended_with_a_sentence_and_loses_no_word() -> None:
    page = Page()
    words: list[str] = []
    for number in range(300):
        words.append(f"word{number}" + ("." if number % 10 == 9 else ""))
        page.show(line(" ".join(words)), after=0.2)
    page.wait(3)
    assert len(page.final) > 2
    assert " ".join(text for _, text in page.final) == " ".join(words)
    assert all(text.endswith(".") for _, text in page.final)


def test_a_meeting_that_ends_makes_what_was_begun_final() -> None:
    page = Page()
    page.show(line("And then"))
    assert [(one.text, one.final) for one in page.log.finish(page.now)] == [("And then", True)]


def test_nothing_a_page_says_is_a_fault() -> None:
    page = Page()
    page.show({"text": 5}, {"element": None, "text": "  "}, {"speaker": ["x"], "text": "x"}, {}, line(""), line("\u3000"))
    page.wait(3)
    assert [text for _, text in page.final] == ["x"]
