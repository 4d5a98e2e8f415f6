"""Ids that the gateway gives: prefix and 16 letters or digits, as everywhere in Rollcall."""

from __future__ import annotations

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    """`req_` -> `req_Zk3…`."""
    number = secrets.randbits(96)
    letters = []
    for _ in range(16):
        number, at = divmod(number, 62)
        letters.append(_ALPHABET[at])
    return prefix + "".join(letters)
