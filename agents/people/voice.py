"""Sounds for scripted people: words by espeak-ng, recordings by ffmpeg; made once and kept by content."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import shutil
import tempfile
from pathlib import Path

from agents.people.script import Say

WORDS_A_MINUTE = 150
LONGEST_RECORDING_SECONDS = 600
TIMEOUT_SECONDS = 120.0


class VoiceError(Exception):
    """A sound that could not be made; the text says what is missing or wrong and what to do."""


class Voices:
    """Makes sound files, cached in a folder. Every file is one that Chromium's decodeAudioData reads."""

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache or Path(tempfile.gettempdir()) / "rollcall-voices"

    async def sound(self, say: Say) -> Path:
        """The file for one thing to say. Raises VoiceError."""
        self._cache.mkdir(parents=True, exist_ok=True)
        if say.audio is not None:
            digest = await asyncio.to_thread(_digest, say.audio)
            return await self._make(digest, ".ogg", _recording(say.audio))
        digest = hashlib.sha256(f"{WORDS_A_MINUTE}\0{say.voice}\0{say.text}".encode()).hexdigest()
        return await self._make(digest, ".wav", _speech(say))

    async def _make(self, digest: str, suffix: str, command: list[str]) -> Path:
        path = self._cache / f"{digest[:32]}{suffix}"
        if path.exists():
            return path
        if shutil.which(command[0]) is None:
            raise VoiceError(f"{command[0]} is missing; people need it to speak (apt-get or brew install {command[0]}).")
        fresh = Path(f"{path}.{secrets.token_hex(4)}.new{suffix}")  # one's own: people may say the same thing at once
        process = await asyncio.create_subprocess_exec(
            *[str(fresh) if word == "OUTPUT" else word for word in command],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, problem = await asyncio.wait_for(process.communicate(), TIMEOUT_SECONDS)
        except (TimeoutError, asyncio.CancelledError):
            process.kill()
            await process.wait()
            fresh.unlink(missing_ok=True)
            raise
        if process.returncode != 0 or not fresh.exists():
            fresh.unlink(missing_ok=True)
            raise VoiceError(f"{command[0]} failed: {problem.decode(errors='replace').strip()[-300:]}")
        fresh.replace(path)  # whole or not there, also when two make it at once
        return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _speech(say: Say) -> list[str]:
    # The text goes after `--`, so that words which begin with a dash are words.
    return ["espeak-ng", "-v", say.voice, "-s", str(WORDS_A_MINUTE), "-w", "OUTPUT", "--", say.text]


def _recording(path: Path) -> list[str]:
    opus = ["-vn", "-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a", "64k", "-f", "ogg"]
    return [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-y",
        "-t",
        str(LONGEST_RECORDING_SECONDS),
        "-i",
        str(path.resolve()),
        *opus,
        "OUTPUT",
    ]
