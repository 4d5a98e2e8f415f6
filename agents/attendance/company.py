"""Who is there, who speaks and what is written in the chat: from what the page shows to reports and to the situation."""

from __future__ import annotations

from collections.abc import Callable

from agents.attendance.clock import Clock
from agents.attendance.flood import Allowance
from agents.attendance.people import Change, Roster
from agents.attendance.reports import Reporter
from agents.attendance.situation import SituationTracker
from agents.attendance.speakers import Speakers
from agents.attendance.spoken import Spoken
from agents.platforms.base import ChatSeen, PersonSeen

_MOST_CHAT_KEYS = 20_000
_MOST_SOURCES = 500


class Company:
    """The company that the bot is in. What is shown before the bot is in is kept and told when it is.

    `flooded` is called once a page tells more than any meeting has (flood.py); nothing of that page is told any more.
    `report_speech`: whether speech starts and stops are events; they count for the silence in any case.
    """

    def __init__(
        self,
        reporter: Reporter,
        situation: SituationTracker,
        *,
        flooded: Callable[[], None],
        report_speech: bool,
        clock: Clock,
        captions_asked_for: bool,
    ) -> None:
        self._reporter = reporter
        self._situation = situation
        self._allowance = Allowance(clock)
        self._flooded = flooded
        self._too_much = False
        self._report_speech = report_speech
        self._roster = Roster()
        self._shown: list[PersonSeen] | None = None
        self._in_meeting = False
        self._speakers = Speakers(clock, self._roster.in_track, self._tell_speech)
        self._tracks: set[str] = set()
        self._chat_keys: dict[str, None] = {}
        self._chat_is_kept = True
        self.spoken = Spoken(
            reporter,
            situation,
            clock,
            asked_for=captions_asked_for,
            find=self._roster.find,
            people=lambda: self._roster.people,
            who_spoke=self._speakers.who_spoke,
            may_tell=lambda: self._in_meeting and self._may_tell(),
        )
        """What is said, by captions."""

    @property
    def people(self) -> list[PersonSeen]:
        """Everybody in the meeting but the bot."""
        return self._roster.people

    def keep(self, *, chat: bool, words: bool) -> None:
        """Whether what is written and said from now on is told: not all of it is while the recording is paused."""
        self._chat_is_kept = chat
        self.spoken.keep(words)

    def enter_meeting(self) -> None:
        """From now on people and words are those of the meeting."""
        self._in_meeting = True
        if self._shown is not None:
            self.see(self._shown)

    def leave_page(self) -> None:
        """The page is gone; its people are not thought to have left, for the next page tells."""
        self.spoken.leave_page()
        self._in_meeting = False
        self._shown = None
        self._too_much = False
        self._allowance.refill()
        self._speakers.leave_page()
        self._tracks.clear()
        self._situation.forget_page()

    def see(self, people: list[PersonSeen]) -> None:
        """Takes the whole list."""
        if not self._in_meeting:
            self._shown = people
            return
        if self._too_much:
            return
        changes = list(self._roster.update(people))
        self._spend(len(changes))
        for change in changes:
            self._reporter.person(change)
        for change in changes:
            if change.kind is Change.LEAVE:
                self._speakers.forget(change.person.uuid)
        self._speakers.refresh()
        self._situation.see(self._roster.people)

    def speak(self, uuid: str, *, speaking: bool) -> None:
        """A participant is marked as speaking, or no longer; the bot itself is not listened to."""
        if (person := self._roster.find(uuid)) is not None:
            self._speakers.mark(person.uuid, on=speaking)

    def tick(self) -> None:
        """Time has passed: a mark may count by now, and words may be due."""
        self._speakers.refresh()
        self.spoken.tick()

    def _tell_speech(self, uuid: str, speaking: bool) -> None:  # noqa: FBT001 - a listener
        self._situation.hear(f"person {uuid}", speaking=speaking)
        person = self._roster.find(uuid)
        if person is not None and self._report_speech and not self._too_much:
            self._spend(1)
            self._reporter.speech(person, speaking=speaking)

    def _spend(self, count: int) -> None:
        """A page that tells more than any meeting has is given up: each of these is kept for good, in a log that others share."""
        if not self._allowance.spend(count) and not self._too_much:
            self._too_much = True
            self._flooded()

    def _may_tell(self) -> bool:
        self._spend(1)
        return not self._too_much

    def hear(self, track: str, *, speaking: bool) -> None:
        """Sound is heard from a track, or no longer: for the silence, and, where the page says whose it is, for who speaks."""
        if speaking and len(self._tracks) < _MOST_SOURCES:
            self._tracks.add(track)
        elif track in self._tracks:
            self._tracks.discard(track)
        else:
            return
        self._speakers.hear(track.partition(":")[2], on=speaking)
        self._situation.hear(f"track {track}", speaking=speaking)

    def read(self, message: ChatSeen) -> None:
        """Takes a chat message: each is told once, and the bot's own never."""
        if message.is_self or message.key in self._chat_keys or self._too_much:
            return
        self._chat_keys[message.key] = None  # also in a pause: the page may show it again afterwards
        if len(self._chat_keys) > _MOST_CHAT_KEYS:
            del self._chat_keys[next(iter(self._chat_keys))]
        if self._chat_is_kept:
            self._spend(1)
            self._reporter.chat(message, self._roster.find(message.sender_uuid))
