"""What a recording shows: brightness, flashes, and which of the people's frames were kept."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

from tests.measure.barcode import Code, read_codes
from tests.measure.media import frames

WHITE = 225
SMALLEST_FLASH = 0.03  # share of the picture
SPARSE = 4  # every fourth pixel is enough to see a flash
BLACK = 20
LOOK_EVERYWHERE = 20  # every so many frames, people are looked for at new places too


@dataclass(frozen=True)
class FrameSeen:
    """One frame of a recording. `white` and `mean` are over the whole picture, 0 to 1 and 0 to 255."""

    time: float
    mean: float
    white: float
    codes: tuple[Code, ...]


@dataclass(frozen=True)
class FramesKept:
    """Which frames of one person a recording holds."""

    distinct: int
    first: int
    last: int
    seconds: float
    longest_gap: float
    """Seconds between two changes of the counter, at most."""

    @property
    def fps(self) -> float:
        """Distinct frames a second."""
        return (self.distinct - 1) / self.seconds if self.seconds > 0 else 0.0

    @property
    def share(self) -> float:
        """Distinct frames of all that were shown meanwhile."""
        return self.distinct / (self.last - self.first + 1)


def watch(path: Path, *, codes: bool = True) -> list[FrameSeen]:
    """Looks at every frame once."""
    seen = []
    rows: list[int] = []
    for number, (time, picture) in enumerate(frames(path)):
        known = rows if number % LOOK_EVERYWHERE else []
        found = tuple(read_codes(picture, rows=known)) if codes else ()
        rows = [code.y for code in found] or rows
        sparse = picture[::SPARSE, ::SPARSE]
        seen.append(FrameSeen(time, float(sparse.mean()), float((sparse > WHITE).mean()), found))
    return seen


def flash_onsets(seen: list[FrameSeen]) -> list[float]:
    """When flashes start, in seconds: the first frame of each in which much more is white than usual."""
    if not seen:
        return []
    usual = median(frame.white for frame in seen)
    largest = max(frame.white for frame in seen) - usual
    if largest < SMALLEST_FLASH:
        return []
    bright = [frame.white - usual > largest / 2 for frame in seen]
    return [seen[n].time for n, now in enumerate(bright) if now and (n == 0 or not bright[n - 1])]


def frames_kept(seen: list[FrameSeen], person: int) -> FramesKept | None:
    """Which frames of a person the recording holds, or None where it holds none."""
    shown = [(frame.time, code.counter) for frame in seen for code in frame.codes if code.person == person]
    if not shown:
        return None
    changes = [shown[0], *(b for a, b in pairwise(shown) if a[1] != b[1])]
    gaps = [b[0] - a[0] for a, b in pairwise(changes)]
    counters = {counter for _, counter in shown}
    return FramesKept(len(counters), min(counters), max(counters), changes[-1][0] - changes[0][0], max(gaps, default=0.0))


def people_seen(seen: list[FrameSeen]) -> set[int]:
    """The numbers of all people whose counters are in the recording."""
    return {code.person for frame in seen for code in frame.codes}


def is_black(seen: list[FrameSeen]) -> bool:
    """Whether there is no frame with anything to see."""
    return all(frame.mean < BLACK for frame in seen)


def black_share(seen: list[FrameSeen]) -> float:
    """The share of frames with nothing to see."""
    return float(np.mean([frame.mean < BLACK for frame in seen])) if seen else 1.0
