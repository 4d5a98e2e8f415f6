from __future__ import annotations

import asyncio
import stat
import wave
from pathlib import Path

import pytest

from agents.people.script import Say
from agents.people.voice import VoiceError, Voices


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH to put programs on."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


async def test_words_become_a_sound_once(tmp_path: Path) -> None:
    voices = Voices(tmp_path / "cache")
    path = await voices.sound(Say(at=0, text="Hello there."))
    with wave.open(str(path)) as sound:
        assert sound.getnframes() / sound.getframerate() > 0.3
    made = path.stat().st_mtime_ns
    assert await Voices(tmp_path / "cache").sound(Say(at=9, text="Hello there.")) == path
    assert path.stat().st_mtime_ns == made
    assert await voices.sound(Say(at=0, text="Hello there.", voice="en-gb")) != path


async def test_the_same_words_may_be_wanted_at_once(tmp_path: Path) -> None:
    voices = Voices(tmp_path)
    paths = await asyncio.gather(*(voices.sound(Say(at=at, text="Hello there.")) for at in range(4)))
    assert list(tmp_path.iterdir()) == [paths[0]]


async def test_words_that_look_like_switches_are_words(tmp_path: Path) -> None:
    path = await Voices(tmp_path).sound(Say(at=0, text="--version"))
    assert path.stat().st_size > 1000


async def test_a_recording_becomes_what_chromium_can_decode(tmp_path: Path) -> None:
    spoken = await Voices(tmp_path / "a").sound(Say(at=0, text="One two three."))
    path = await Voices(tmp_path / "b").sound(Say(at=0, audio=spoken))
    assert path.read_bytes()[:4] == b"OggS"


async def test_what_is_no_recording_is_a_clear_error(tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_text("nonsense")
    with pytest.raises(VoiceError, match="ffmpeg failed"):
        await Voices(tmp_path / "cache").sound(Say(at=0, audio=bad))
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.usefixtures("programs")
async def test_without_the_synthesiser_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match=r"apt-get or brew install espeak-ng"):
        await Voices(tmp_path / "cache").sound(Say(at=0, text="Hello"))


async def test_a_synthesiser_that_fails_leaves_nothing_behind(tmp_path: Path, programs: Path) -> None:
    program(programs / "espeak-ng", "echo no such voice >&2; exit 1")
    with pytest.raises(VoiceError, match="no such voice"):
        await Voices(tmp_path / "cache").sound(Say(at=0, text="Hello", voice="xx"))
    assert list((tmp_path / "cache").iterdir()) == []
