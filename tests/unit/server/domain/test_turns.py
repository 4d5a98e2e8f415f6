from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.domain.turns import Piece, Said, in_turns


def test_an_utterance_is_divided_where_another_began() -> None:
    ada = Said("ada", 0, (0, 500, 1000, 2000, 2500))
    ben = Said("ben", 900, (900, 1100))
    assert in_turns([ada, ben]) == [Piece(0, 0, 2, 0), Piece(1, 0, 2, 900), Piece(0, 2, 5, 1000)]


def test_nobody_interrupts_themselves() -> None:
    assert in_turns([Said("ada", 0, (0, 1000)), Said("ada", 500, (500,))]) == [Piece(0, 0, 2, 0), Piece(1, 0, 1, 500)]


def test_words_without_times_stay_whole() -> None:
    assert in_turns([Said("ada", 0, ()), Said("ben", 5, (5,))]) == [Piece(0, 0, 0, 0), Piece(1, 0, 1, 5)]


said = st.builds(
    lambda speaker, start, steps: Said(speaker, start, tuple(start + sum(steps[: at + 1]) for at in range(len(steps)))),
    st.sampled_from("abc"),
    st.integers(0, 1000),
    st.lists(st.integers(0, 100), max_size=20),
)


@given(st.lists(said, max_size=12))
def test_no_word_is_lost_or_doubled_and_the_pieces_are_in_order(every: list[Said]) -> None:
    pieces = in_turns(every)
    for place, one in enumerate(every):
        own = [piece for piece in pieces if piece.place == place]
        words = [at for piece in own for at in range(piece.first, piece.last)]
        assert words == list(range(len(one.word_starts_ms)))
        assert len(own) >= 1
    assert [piece.start_ms for piece in pieces] == sorted(piece.start_ms for piece in pieces)
