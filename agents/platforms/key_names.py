"""The keys that a step may press, by the names of KeyboardEvent.key."""

from __future__ import annotations

import string

from agents.platforms.file_table import Table, one_of

NAMED_KEYS = (
    "Enter",
    "Escape",
    "Tab",
    "Backspace",
    "Delete",
    "Insert",
    "ArrowUp",
    "ArrowDown",
    "ArrowLeft",
    "ArrowRight",
    "Home",
    "End",
    "PageUp",
    "PageDown",
    *(f"F{number}" for number in range(1, 13)),
)
"""Keys that write nothing."""
_WRITING = frozenset(string.printable) - frozenset(string.whitespace) | {" "}


def key_name(table: Table, key: str, default: str = "") -> str:
    """A key: one of NAMED_KEYS, or a character that an American keyboard writes."""
    value = table.raw(key)
    if value == " ":
        return " "
    value = table.text(key, default, hint="Enter")
    if value == default or value in NAMED_KEYS or value in _WRITING:
        return value
    near = one_of(value, NAMED_KEYS)
    table.problem(key, f"{value!r} is no key; {near.rstrip('?')}, or one character. Words are written by a step with type")
    return default
