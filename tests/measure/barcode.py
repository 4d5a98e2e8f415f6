"""Reads the frame counters that scripted people show (agents/people/synthetic_media.js), wherever they are in a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.measure.media import Picture

GUARD = (1, 0, 1, 0, 1, 0)
END = (1, 1, 0, 1)
PERSON_BITS, COUNTER_BITS, CHECK_BITS = 6, 20, 8
CELLS = len(GUARD) + PERSON_BITS + COUNTER_BITS + CHECK_BITS + len(END)
NARROWEST_CELL = 2.5  # pixels
UNEVEN = 0.35  # how far an edge of the guard may be from its place, in cells
ROW_STEP = 5


@dataclass(frozen=True)
class Code:
    """One counter as seen: whose, its value, and where its first row and column are."""

    person: int
    counter: int
    x: int
    y: int
    width: int


def read_codes(picture: Picture, *, rows: list[int] | None = None) -> list[Code]:
    """All counters in a picture, one a person; `rows` are looked at first, as those of the frame before."""
    found: dict[int, Code] = {}
    for y in [*(rows or []), *range(ROW_STEP, picture.shape[0], ROW_STEP)]:
        for code in _in_row(picture[y], y):
            found.setdefault(code.person, code)
        if rows and y == rows[-1] and len(found) >= len(rows):
            break  # the same counters as before, at the same places
    return list(found.values())


def crc8(value: int, bits: int) -> int:
    """The check value: polynomial x^8 + x^2 + x + 1, most significant bit first."""
    crc = 0
    for i in range(bits - 1, -1, -1):
        top = (crc >> 7) ^ (value >> i & 1)
        crc = (crc << 1) & 0xFF
        if top:
            crc ^= 0x07
    return crc


def _in_row(row: NDArray[np.uint8], y: int) -> Iterator[Code]:
    light = row > 127
    edges = np.flatnonzero(np.diff(light.astype(np.int8))) + 1
    for first in range(len(edges) - len(GUARD) + 1):
        start = int(edges[first])
        if not light[start]:
            continue
        guard = edges[first : first + len(GUARD)]
        cell = float(guard[-1] - start) / (len(GUARD) - 1)
        if cell < NARROWEST_CELL or np.abs(guard - start - cell * np.arange(len(GUARD))).max() > UNEVEN * cell:
            continue
        code = _decode(light, edges, start, cell, y)
        if code is not None:
            yield code


def _decode(light: NDArray[np.bool_], edges: NDArray[np.intp], start: int, cell: float, y: int) -> Code | None:
    expected = start + cell * CELLS
    end = int(edges[np.abs(edges - expected).argmin()])  # five cells give a rough width, the far end an exact one
    if abs(end - expected) > 2 * cell:
        return None
    cell = (end - start) / CELLS
    centres = (start + cell * (np.arange(CELLS) + 0.5)).astype(int)
    if centres[-1] >= len(light):
        return None
    bits = [int(bit) for bit in light[centres]]
    if tuple(bits[: len(GUARD)]) != GUARD or tuple(bits[-len(END) :]) != END:
        return None
    value = int("".join(map(str, bits[len(GUARD) : -len(END)])), 2)
    number, check = value >> CHECK_BITS, value & 0xFF
    if crc8(number, PERSON_BITS + COUNTER_BITS) != check:
        return None
    return Code(number >> COUNTER_BITS, number & ((1 << COUNTER_BITS) - 1), start, y, end - start)
