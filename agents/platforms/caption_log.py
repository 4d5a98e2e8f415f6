"""Makes utterances out of the captions that a page shows: lines that grow, are put right, scroll away or are replaced.

No clock: time comes in. What is told of one utterance has one key; the last time it is told, it is final.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.platforms.base import CaptionSeen
from agents.platforms.folding import fold

SETTLED_SECONDS = 2.5
"""Words that have not changed for so long are final: recognisers put the last few right within about a second."""
MERGED_SECONDS = 10.0
"""The same, where consecutive captions of one speaker are one utterance."""
GONE_SECONDS = 1.0
"""A line that is drawn anew has not gone."""
REMEMBERED_SECONDS = 60.0
"""How long the words of a line that is gone are known again."""
LONGEST, LONGEST_MERGED = 600, 3000
"""Characters of an utterance that goes on and on; it is ended with a sentence."""
YOUNG_SECONDS, YOUNG_WORDS = 1.5, 2
"""The first words of a line may turn into quite others."""
SAME_BY_CHANCE_WORDS = 3
"""So few words somebody may well say again."""
_ENDS = ".?!。？！"


@dataclass(slots=True)
class _Utterance:
    number: int
    speaker: str
    speaker_id: str
    began: float
    changed: float
    parts: dict[str, str] = field(default_factory=dict)
    """The words by the line that they stand in; in order."""
    told: str = ""

    @property
    def text(self) -> str:
        return " ".join(part for part in self.parts.values() if part)


@dataclass(slots=True)
class _Line:
    key: str
    speaker: str
    text: str = ""
    done: str = ""
    """Words at its beginning that are final already."""
    utterance: _Utterance | None = None
    missing: float | None = None


@dataclass(slots=True)
class CaptionLog:
    """The captions of one meeting. `merge`: what one speaker says, until another one does, is one utterance."""

    merge: bool = False
    _lines: dict[str, _Line] = field(default_factory=dict)
    _open: list[_Utterance] = field(default_factory=list)
    _numbers: int = 0

    def update(self, seen: Sequence[dict[str, Any]], now: float) -> tuple[list[CaptionSeen], float | None]:
        """What is new in the lines that the page shows now, and when to look again though nothing may have been reported."""
        told: list[CaptionSeen] = []
        lines = [(_key(one), one) for one in seen if _text(one, "text")]
        shown = {key for key, _ in lines}
        for key, one in lines:
            self._take(self._line(key, one, shown, now), one, now, told)
        wakes = [
            wake for key in list(self._lines) if key not in shown and (wake := self._miss(self._lines[key], now)) is not None
        ]
        for utterance in list(self._open):
            due = self._due(utterance)
            if due <= now:
                self._end(utterance, told, now)
            else:
                wakes.append(due)
                self._tell(utterance, told, now, final=False)
        return told, min(wakes, default=None)

    def finish(self, now: float) -> list[CaptionSeen]:
        """What was begun is final as it stands."""
        told: list[CaptionSeen] = []
        for utterance in list(self._open):
            self._end(utterance, told, now)
        return told

    def _line(self, key: str, one: dict[str, Any], shown: set[str], now: float) -> _Line:
        """The line with that key, or one that the page has drawn anew."""
        if key in self._lines:
            return self._lines[key]
        speaker, text = _text(one, "speaker"), _text(one, "text")
        for old in reversed(self._lines.values()):
            if old.key not in shown and old.speaker == speaker and _is_redrawn(old, text, now):
                return self._rename(old, key)
        return self._lines.setdefault(key, _Line(key, speaker))

    def _rename(self, line: _Line, key: str) -> _Line:
        del self._lines[line.key]
        if line.utterance is not None and line.key in line.utterance.parts:
            line.utterance.parts[key] = line.utterance.parts.pop(line.key)
        line.key = key
        self._lines[key] = line
        return line

    def _take(self, line: _Line, one: dict[str, Any], now: float, told: list[CaptionSeen]) -> None:
        line.missing = None
        text = _text(one, "text")
        if text == line.text:
            return
        utterance = line.utterance
        young = utterance is not None and now - utterance.began < YOUNG_SECONDS and len(line.text.split()) <= YOUNG_WORDS
        if not (young or _related(line.text, text)):
            if utterance is not None and not self.merge:
                self._end(utterance, told, now)
            self._keep_part(line)
            line.done, line.utterance = "", None
        line.text = text
        fresh = after(line.done, text)
        if line.utterance is None:
            if not fresh:
                return
            line.utterance = self._begin(line, one, now, told)
        utterance = line.utterance
        if utterance.parts.get(line.key) != fresh:
            utterance.parts[line.key] = fresh
            utterance.changed = now
        if one.get("final") is True:
            self._end(utterance, told, now)
        else:
            self._cut(line, utterance, told, now)

    def _keep_part(self, line: _Line) -> None:
        """Another text in the same place: what was said there before stays in its utterance."""
        if line.utterance is not None and line.key in line.utterance.parts:
            self._numbers += 1
            line.utterance.parts[f"{line.key} {self._numbers}"] = line.utterance.parts.pop(line.key)

    def _begin(self, line: _Line, one: dict[str, Any], now: float, told: list[CaptionSeen]) -> _Utterance:
        if self.merge and self._open:
            last = self._open[-1]
            if last.speaker == line.speaker:
                return last
            self._end(last, told, now)
        self._numbers += 1
        utterance = _Utterance(self._numbers, line.speaker, _text(one, "speaker_id"), now, now)
        self._open.append(utterance)
        return utterance

    def _cut(self, line: _Line, utterance: _Utterance, told: list[CaptionSeen], now: float) -> None:
        """Ends an utterance that goes on and on with its last whole sentence, or with the words that are there."""
        text, longest = utterance.text, LONGEST_MERGED if self.merge else LONGEST
        if len(text) <= longest:
            return
        part = utterance.parts[line.key]
        end = max((part.rfind(mark, 0, len(part) - 80) for mark in _ENDS), default=-1) + 1
        first, rest = (part[:end], part[end:].strip()) if end else (part, "")
        utterance.parts[line.key] = first
        self._end(utterance, told, now)
        line.done = line.text[: len(line.text) - len(rest)].rstrip() if rest else line.text
        if rest:
            following = line.utterance = self._begin(line, {"speaker_id": utterance.speaker_id}, now, told)
            following.parts[line.key] = rest

    def _due(self, utterance: _Utterance) -> float:
        mine = [line for line in self._lines.values() if line.utterance is utterance]
        settled = utterance.changed + (MERGED_SECONDS if self.merge else SETTLED_SECONDS)
        if self.merge or any(line.missing is None for line in mine):
            return settled
        return min(settled, max((line.missing for line in mine if line.missing is not None), default=0.0) + GONE_SECONDS)

    def _miss(self, line: _Line, now: float) -> float | None:
        line.missing = now if line.missing is None else line.missing
        if now - line.missing >= REMEMBERED_SECONDS:
            del self._lines[line.key]
            return None
        return line.missing + GONE_SECONDS if line.missing + GONE_SECONDS > now else None

    def _end(self, utterance: _Utterance, told: list[CaptionSeen], now: float) -> None:
        self._open.remove(utterance)
        for line in self._lines.values():
            if line.utterance is utterance:
                line.utterance, line.done = None, line.text
        self._tell(utterance, told, now, final=True)

    def _tell(self, utterance: _Utterance, told: list[CaptionSeen], now: float, *, final: bool) -> None:
        text = utterance.text
        if not text or (text == utterance.told and not final):
            return
        utterance.told = text
        told.append(
            CaptionSeen(
                key=str(utterance.number),
                text=text,
                speaker_name=utterance.speaker,
                speaker_uuid=utterance.speaker_id,
                final=final,
                began_seconds_ago=max(0.0, now - utterance.began),
                lasted_seconds=max(0.0, utterance.changed - utterance.began),
            )
        )


def _is_redrawn(old: _Line, text: str, now: float) -> bool:
    """Whether a line that has just gone is back in another element, or one that scrolled away is shown again, word for word."""
    if old.missing is not None and now - old.missing > GONE_SECONDS:
        return old.text == text and len(text.split()) > SAME_BY_CHANCE_WORDS
    return _related(old.text, text)


def _related(before: str, now: str) -> bool:
    """Whether the second text is the first one, gone on or put right; a beginning that scrolled away does not matter."""
    one, other = fold(before), fold(now)
    if not one or other.startswith(one):
        return True
    mine, theirs = _folded(before.split()), _folded(now.split())
    if len(theirs) * 2 < len(mine):
        return False
    return _matching(mine, theirs) * 2 >= min(len(mine), len(theirs))


def _matching(one: list[str], other: list[str]) -> int:
    return sum(block.size for block in difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks())


def after(done: str, text: str) -> str:
    """What stands in a text after words that are final already, though these may have been put right since."""
    if not done:
        return text
    if text.startswith(done):
        return text[len(done) :].strip()
    words = text.split()
    blocks = difflib.SequenceMatcher(None, _folded(done.split()), _folded(words), autojunk=False).get_matching_blocks()
    return " ".join(words[max((block.b + block.size for block in blocks if block.size), default=0) :])


def _folded(words: Iterable[str]) -> list[str]:
    return [fold(word).strip(",.;:?!") for word in words]


def _key(one: dict[str, Any]) -> str:
    return _text(one, "id") or _text(one, "element")


def _text(one: dict[str, Any], key: str) -> str:
    value = one.get(key)
    return value.strip() if isinstance(value, str) else ""
