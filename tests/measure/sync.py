"""How far sound and picture of a recording are apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.measure.picture import FrameSeen, flash_onsets, watch
from tests.measure.sound import beep_onsets

FURTHEST_SECONDS = 0.6


@dataclass(frozen=True)
class Sync:
    """Offsets in milliseconds, positive where the sound comes after the picture."""

    median_ms: float
    least_ms: float
    most_ms: float
    pairs: int


def av_offset(path: Path, *, hertz: float = 1000.0, seen: list[FrameSeen] | None = None) -> Sync | None:
    """Compares each flash with the nearest beep; None where there is no pair."""
    flashes = flash_onsets(seen if seen is not None else watch(path, codes=False))
    beeps = beep_onsets(path, hertz=hertz)
    offsets = []
    for flash in flashes:
        beep = min(beeps, key=lambda at: abs(at - flash), default=None)
        if beep is not None and abs(beep - flash) < FURTHEST_SECONDS:
            offsets.append((beep - flash) * 1000)
    return Sync(median(offsets), min(offsets), max(offsets), len(offsets)) if offsets else None
