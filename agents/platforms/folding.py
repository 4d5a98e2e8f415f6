"""Texts as they are compared: case, white space, quotes and dashes do not matter. The same as `fold` in page/dom.js."""

from __future__ import annotations

import re
import unicodedata

_DROPPED = re.compile(
    "[\\s'\"\u00ad\u00b4\u0060\u2018-\u201f\u2032-\u2036\u2039\u203a\u00ab\u00bb\u02bc\u200b-\u200f\u2060\ufeff]+"
)
_DASHES = re.compile("[\u2010-\u2015\u2212]")


def fold(text: str) -> str:
    """A text, ready to be compared."""
    return _DASHES.sub("-", _DROPPED.sub("", unicodedata.normalize("NFKC", text).lower()))
