from __future__ import annotations

import pytest

from agents.platforms.folding import fold


@pytest.mark.parametrize(
    ("written", "looked_for"),
    [
        ("You’ve  been\nREMOVED", "you've been removed"),
        ("انضمّ الآن", "انضم الآن"),
        ("مرحبــا", "مرحبا"),
        ("שָׁלוֹם", "שלום"),
        ("\u2068Ada\u2069 \u202bleft\u202c", "Ada left"),
        ("ﾐｰﾃｨﾝｸﾞ", "ミーティング"),
        ("❤️", "❤"),
    ],
)
def test_the_same_words_are_the_same_however_they_are_written(written: str, looked_for: str) -> None:
    assert fold(written) == fold(looked_for)


def test_other_words_stay_other_words() -> None:
    assert len({fold(word) for word in ("أنا", "انا", "が", "か", "ö", "o")}) == 6
