"""Identifiers: a prefix that says of what, and 16 of `[A-Za-z0-9]` (95 bits) from the system's generator."""

from __future__ import annotations

import os

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LENGTH = 16
_REJECTED = bytes(range(248, 256))  # 248 is the last multiple of 62: without these each letter is equally likely
_TABLE = bytes(_ALPHABET[byte % 62] for byte in range(256))


def random_word(length: int = _LENGTH) -> str:
    """So many random letters and digits."""
    word = b""
    while len(word) < length:
        word += os.urandom(length + 4).translate(_TABLE, _REJECTED)
    return word[:length].decode("ascii")


def new_id(prefix: str) -> str:
    """A fresh id, as `bot_weIAju4OXNZkDTpZ` for the prefix `bot`."""
    return f"{prefix}_{random_word()}"
