"""What is said, by the page's captions: from what the page shows to utterances, with whoever said them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Protocol

from agents.attendance.clock import Clock
from agents.attendance.reports import Reporter
from agents.attendance.situation import SituationTracker
from agents.platforms.base import CaptionSeen, PersonSeen
from agents.platforms.caption_log import after
from agents.platforms.folding import fold
from rollcall.v1 import bot_pb2 as bot

PARTIAL_EVERY_S = 1.0
"""Captions grow word by word; each telling is an event that is kept for good."""
_SOURCE = "captions"
_LETTERS = string.ascii_letters + string.digits
_MOST_OPEN = 100
CAPTION_LAG_S = 1.5
"""A recogniser shows the first word so long after it was said."""


class WhoSpoke(Protocol):
    """As Speakers.who_spoke."""

    def __call__(self, began: float, ended: float, *, among: Collection[str] | None = None) -> str:
        """The participant's id."""
        ...


def _new_id() -> str:
    return "utt_" + "".join(secrets.choice(_LETTERS) for _ in range(16))


@dataclass(slots=True)
class _Open:
    """An utterance that is not final."""

    began_ms: int
    caption: CaptionSeen
    identifier: str = field(default_factory=_new_id)
    told_at: float = -PARTIAL_EVERY_S
    told: str = ""


class Spoken:
    """The captions of one bot's meeting. `asked_for`: whether the bot's owner is told, in so many words, where there are none."""

    def __init__(
        self,
        reporter: Reporter,
        situation: SituationTracker,
        clock: Clock,
        *,
        asked_for: bool,
        find: Callable[[str], PersonSeen | None],
        people: Callable[[], list[PersonSeen]],
        who_spoke: WhoSpoke,
        may_tell: Callable[[], bool],
    ) -> None:
        """`find` gives a participant by id, `who_spoke` says whom by when something was said;
        `may_tell` takes one from what the page may tell, and is False beyond that.
        """
        self._reporter = reporter
        self._situation = situation
        self._clock = clock
        self._asked_for = asked_for
        self._find = find
        self._people = people
        self._who_spoke = who_spoke
        self._may_tell = may_tell
        self._open: dict[str, _Open] = {}
        self._unkept: dict[str, str] = {}
        """Captions that were shown while nothing was kept, and their last words of then."""
        self._problem = ""
        self._state = bot.TRANSCRIPTION_STATE_UNSPECIFIED
        self._kept = True
        self._kept_since = -CAPTION_LAG_S
        if asked_for:
            situation.want_captions()

    def switched(self, on: bool, why: str) -> None:  # noqa: FBT001 - a listener
        """Captions are on, or not; `why` is for the bot's owner."""
        self._situation.show_captions(on=on)
        if on:
            self._problem = ""
            self._change(bot.TRANSCRIPTION_STATE_IN_PROGRESS, "Captions are on, and are read.")
        elif why != self._problem and self._asked_for:
            self._problem = why
            self._reporter.remark("captions_not_on", why)
        if not on and self._asked_for and self._state == bot.TRANSCRIPTION_STATE_UNSPECIFIED:
            self._change(bot.TRANSCRIPTION_STATE_FAILED, f"Captions are not on: {why}")

    def _change(self, state: bot.TranscriptionState.ValueType, detail: str) -> None:
        if state != self._state:
            self._state = state
            self._reporter.transcription(state, detail)

    def keep(self, kept: bool) -> None:  # noqa: FBT001 - one wish
        """Whether what is said from now on is told: not while the recording is paused."""
        if not kept:
            self.finish()
        elif not self._kept:
            self._kept_since = self._clock.monotonic()
        self._kept = kept

    def read(self, caption: CaptionSeen) -> None:
        """Takes a piece of what somebody says; told at most once a second until it is final."""
        if not self._kept or self._clock.monotonic() < self._kept_since + CAPTION_LAG_S:
            if caption.final:
                self._unkept.pop(caption.key, None)
            else:
                self._unkept[caption.key] = caption.text  # what is shown just after a pause was said in it
            return
        if (unkept := self._unkept.pop(caption.key, None) if caption.final else self._unkept.get(caption.key)) is not None:
            caption = replace(caption, text=after(unkept, caption.text), began_seconds_ago=0.0)
            if not caption.text:
                return
        if caption.key not in self._open and len(self._open) >= _MOST_OPEN:
            return
        began_ms = self._clock.unix_ms() - round(caption.began_seconds_ago * 1000)
        utterance = self._open.setdefault(caption.key, _Open(began_ms, caption))
        utterance.caption = caption
        if caption.final:
            self._tell(utterance, final=True)
            del self._open[caption.key]
        else:
            self._tell_if_due(utterance)
        self._situation.hear(_SOURCE, speaking=bool(self._open))

    def tick(self) -> None:
        """Time has passed: the last words of what grew are told, too, though it may be long until it is final."""
        for utterance in self._open.values():
            self._tell_if_due(utterance)

    def _tell_if_due(self, one: _Open) -> None:
        now = self._clock.monotonic()
        if now - one.told_at >= PARTIAL_EVERY_S and one.told != one.caption.text:
            one.told_at, one.told = now, one.caption.text
            self._tell(one, final=False)

    def finish(self) -> None:
        """What was begun is final as it stands: the page is gone, or the recording pauses."""
        for utterance in self._open.values():
            self._tell(utterance, final=True)
        self._unkept.update({key: one.caption.text for key, one in self._open.items()})
        self._open.clear()
        self._situation.hear(_SOURCE, speaking=False)

    def end(self, *, joined: bool) -> None:
        """The attendance is over. Captions that were counted on and never came are a failure, however soon that was."""
        self.finish()
        if joined and self._asked_for and self._state == bot.TRANSCRIPTION_STATE_UNSPECIFIED:
            self._change(bot.TRANSCRIPTION_STATE_FAILED, "Captions were never on.")

    def leave_page(self) -> None:
        """Another page counts its captions anew, and has to switch them on again."""
        self.finish()
        self._unkept.clear()
        self._situation.show_captions(on=False)

    def _tell(self, one: _Open, *, final: bool) -> None:
        if self._may_tell():
            speaker = self._speaker(one.caption)
            self._reporter.utterance(one.identifier, one.caption, speaker=speaker, began_ms=one.began_ms, final=final)

    def _speaker(self, caption: CaptionSeen) -> PersonSeen | None:
        """By the page's own word, else by name; where several bear it, or none is given, by who was heard then."""
        if caption.speaker_uuid and (person := self._find(caption.speaker_uuid)) is not None:
            return person
        wanted = fold(caption.speaker_name)
        named = [person for person in self._people() if wanted and fold(person.name) == wanted]
        if len(named) == 1:
            return named[0]
        if wanted and not named:
            return None  # somebody whom the page does not show, as who has just left
        began = self._clock.monotonic() - caption.began_seconds_ago
        ended = began + max(caption.lasted_seconds, 0.5)
        among = {person.uuid for person in named} if named else None
        return self._find(self._who_spoke(began - CAPTION_LAG_S, ended, among=among))
