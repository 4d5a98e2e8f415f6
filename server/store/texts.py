"""Texts from outside, made such that both databases take them."""

from __future__ import annotations

import hashlib
from typing import Final

_NUL: Final = "\x00"
_MOST_IN_A_KEY: Final = 255


def storable(text: str) -> str:
    """The text, with U+FFFD for the one character that PostgreSQL cannot store."""
    return text.replace(_NUL, "\N{REPLACEMENT CHARACTER}") if _NUL in text else text


def indexable(text: str) -> str:
    """As `storable`, and short enough for an index (PostgreSQL: 2,704 bytes); what pages call an id may be of any length."""
    return storable(text) if len(text) <= _MOST_IN_A_KEY else hashlib.sha256(text.encode()).hexdigest()


def is_id(text: str) -> bool:
    """False for what no row can have as its id, and a database might refuse to look for."""
    return _NUL not in text and len(text) <= _MOST_IN_A_KEY


def meeting_hash(url: str) -> str:
    """What an index compares of a meeting's URL, which may be longer than PostgreSQL's indexes take."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def key_hash(key: str | None) -> str | None:
    """What the unique index compares of a deduplication key."""
    return None if key is None else hashlib.sha256(key.encode()).hexdigest()
