"""Who spoke when, in turns: what somebody said is divided where another began meanwhile."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Said(NamedTuple):
    """One utterance. `word_starts_ms` are the times at which its words begin, on the same clock as `start_ms`; may be empty."""

    speaker: str
    start_ms: int
    word_starts_ms: tuple[int, ...]


class Piece(NamedTuple):
    """Words `first` to `last` (exclusive) of the utterance at `place`; both 0 for a whole one whose words have no times."""

    place: int
    first: int
    last: int
    start_ms: int


def in_turns(said: Sequence[Said]) -> list[Piece]:
    """The pieces, in the order in which they were begun. Takes time in proportion to the words, whoever interrupts whom."""
    everybody = sorted(one.start_ms for one in said)
    by_speaker: dict[str, list[int]] = {}
    for one in said:
        by_speaker.setdefault(one.speaker, []).append(one.start_ms)
    for starts in by_speaker.values():
        starts.sort()
    pieces = [piece for place, one in enumerate(said) for piece in _pieces(place, one, (everybody, by_speaker[one.speaker]))]
    return sorted(pieces, key=lambda piece: (piece.start_ms, piece.place, piece.first))


def _pieces(place: int, one: Said, starts: tuple[list[int], list[int]]) -> Iterator[Piece]:
    words = one.word_starts_ms
    if not words:
        yield Piece(place, 0, 0, one.start_ms)
        return
    first = 0
    for at in range(1, len(words)):
        if _others_began(words[at - 1], words[at], starts):
            yield Piece(place, first, at, words[first])
            first = at
    yield Piece(place, first, len(words), words[first])


def _others_began(after_ms: int, until_ms: int, starts: tuple[list[int], list[int]]) -> bool:
    """Whether anybody but the speaker began after the one time, and not after the other."""
    everybody, own = (bisect_right(some, until_ms) - bisect_right(some, after_ms) for some in starts)
    return everybody > own
