"""Texts as they are compared: case, white space, quotes, dashes and vowel signs do not matter. As `fold` in page/dom.js."""

from __future__ import annotations

import re
import unicodedata

_DROPPED = re.compile(
    "[\\s'\"\u00ad\u00b4\u0060\u2018-\u201f\u2032-\u2036\u2039\u203a\u00ab\u00bb\u02bc\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069"
    "\ufe0e\ufe0f\ufeff\u0640\u064b-\u065f\u0670\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]+"
)
_DASHES = re.compile("[\u2010-\u2015\u2212]")


def fold(text: str) -> str:
    """A text, ready to be compared."""
    return _DASHES.sub("-", _DROPPED.sub("", unicodedata.normalize("NFKC", text).lower()))
