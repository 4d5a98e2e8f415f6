"""The text of a position in a project's log: `start`, or `c` and the position in base 36. Opaque to everybody else."""

from __future__ import annotations

from typing import Final

from server.domain.errors import InvalidCursor

START: Final = "start"
"""Before the first event."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MOST_CHARACTERS = 13
_MOST = 2**63 - 1


def format_cursor(position: int) -> str:
    """The text for a position; 0 is `start`."""
    if position == 0:
        return START
    text = ""
    while position:
        position, digit = divmod(position, 36)
        text = _DIGITS[digit] + text
    return "c" + text


def parse_cursor(cursor: str) -> int:
    """The position that a text stands for. Raises InvalidCursor."""
    if cursor == START:
        return 0
    digits = cursor[1:]
    if cursor[:1] != "c" or not 1 <= len(digits) <= _MOST_CHARACTERS or digits.strip(_DIGITS) or digits[0] == "0":
        raise InvalidCursor
    position = int(digits, 36)
    if position > _MOST:
        raise InvalidCursor
    return position
