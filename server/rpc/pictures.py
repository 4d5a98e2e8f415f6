"""How large a picture is, read from its first bytes: a few can stand for gigabytes of pixels in the browser that shows it."""

from __future__ import annotations

from typing import Final

MOST_PIXELS: Final = 40_000_000

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8"
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
"""JPEG's markers of a frame header (ITU-T T.81, table B.1)."""
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Those without a length."""


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG in pixels, as its header says; None where there is none."""
    if data.startswith(_PNG):
        if data[12:16] != b"IHDR" or len(data) < 24:
            return None
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return _size_of_jpeg(data) if data.startswith(_JPEG) else None


def _size_of_jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return None
