"""How loud a recording is, and when it beeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.measure.media import SAMPLE_RATE, Samples, samples

NOTHING_DBFS = -120.0
WINDOW = SAMPLE_RATE // 100  # 10 ms
BEEP_SECONDS = 0.1
QUIETEST_BEEP = 0.01
PURE = 0.3  # share of the sound's energy at the beep's pitch; speech has less


def level_dbfs(sound: Samples) -> float:
    """Root mean square in dB of full scale; -120 for digital silence or nothing."""
    if not len(sound):
        return NOTHING_DBFS
    power = float(np.mean(np.square(sound, dtype=np.float64)))
    return max(NOTHING_DBFS, 10 * np.log10(power)) if power > 0 else NOTHING_DBFS


def levels_by_second(path: Path) -> list[float]:
    """The level of each second from the file's start on."""
    sound = samples(path)
    return [level_dbfs(sound[at : at + SAMPLE_RATE]) for at in range(0, len(sound), SAMPLE_RATE)]


def is_silent(path: Path, *, below_dbfs: float = -60.0) -> bool:
    """Whether no second is louder than that."""
    return all(level < below_dbfs for level in levels_by_second(path))


def beep_onsets(path: Path, *, hertz: float = 1000.0) -> list[float]:
    """When beeps of that pitch start, in seconds."""
    return find_beeps(samples(path), hertz=hertz)


def find_beeps(sound: Samples, *, hertz: float = 1000.0) -> list[float]:
    """As `beep_onsets`, in samples already read. Found where the envelope at the pitch passes half its height and stays there."""
    if len(sound) < WINDOW * 4:
        return []
    envelope, purity = _at_pitch(sound, hertz)
    height = float(envelope[purity > PURE].max(initial=0.0))
    if height < QUIETEST_BEEP:
        return []
    loud = (envelope > height / 2) & (purity > PURE)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(np.int8), [0]))))
    starts, ends = edges[::2], edges[1::2]
    long_enough = 0.6 * BEEP_SECONDS * SAMPLE_RATE
    onsets: list[float] = []
    for start, end in zip(starts, ends, strict=True):
        at = float(start) / SAMPLE_RATE
        if end - start >= long_enough and (not onsets or at - onsets[-1] > 2 * BEEP_SECONDS):
            onsets.append(at)
    return onsets


def _at_pitch(sound: Samples, hertz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The amplitude at a pitch and its share of the energy, for a window of 10 ms around each sample."""
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(sound)) / SAMPLE_RATE)
    envelope = 2 * np.abs(_mean(sound * turn))
    energy = _mean(np.square(sound, dtype=np.float64)).real
    return envelope, np.square(envelope) / 2 / np.maximum(energy, 1e-12)


def _mean(values: NDArray[np.complex128] | NDArray[np.float64]) -> NDArray[np.complex128]:
    """A centred moving mean of the same length."""
    padded = np.concatenate((np.zeros(WINDOW // 2 + 1), values, np.zeros(WINDOW // 2)))
    sums = np.cumsum(padded, dtype=np.complex128)
    return (sums[WINDOW:] - sums[:-WINDOW])[: len(values)] / WINDOW
