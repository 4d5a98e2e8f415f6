"""Ids that the gateway gives: prefix and 16 letters or digits, as everywhere in Rollcall."""

from __future__ import annotations

import os
import string

_ALPHABET = (string.ascii_letters + string.digits).encode()
_LENGTH = 16
_REJECTED = bytes(range(248, 256))  # 248 is the last multiple of 62: without these each letter is equally likely
_TABLE = bytes(_ALPHABET[byte % 62] for byte in range(256))


def new_id(prefix: str) -> str:
    """`req_` -> `req_Zk3…`."""
    word = b""
    while len(word) < _LENGTH:
        word += os.urandom(_LENGTH + 4).translate(_TABLE, _REJECTED)
    return prefix + word[:_LENGTH].decode("ascii")
