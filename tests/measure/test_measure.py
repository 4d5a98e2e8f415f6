"""The measuring helpers, on files whose content is known."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from agents.people.script import Say
from agents.people.voice import Voices
from tests.measure import barcode
from tests.measure.barcode import CELLS, COUNTER_BITS, END, GUARD, crc8, read_codes
from tests.measure.media import Picture, frame_times, frames, probe, samples
from tests.measure.picture import black_share, flash_onsets, frames_kept, is_black, people_seen, watch
from tests.measure.sound import beep_onsets, is_silent, levels_by_second
from tests.measure.sync import av_offset
from tests.measure.words import LINES, heard, hit_ratio, share_kept

WIDTH, HEIGHT = 640, 360
FLASH = "drawbox=color=white:t=fill:enable='gte(t,1)*lt(mod(t,2),0.1)'"


def make(path: Path, *arguments: str) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(path)], check=True)
    return path


def beeping(path: Path, late_ms: int, *codecs: str) -> Path:
    late = late_ms / 1000
    beep = f"0.4*sin(2*PI*1000*t)*gte(t,1)*lt(mod(t-({late})+2,2),0.1)"
    video = f"color=0x203040:s=320x180:r=20:d=9,{FLASH}"
    return make(path, "-f", "lavfi", "-i", video, "-f", "lavfi", "-i", f"aevalsrc='{beep}':s=48000:d=9", *codecs)


def coded(person: int, counter: int, *, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A picture with a counter, drawn independently of the page's script."""
    number = person << COUNTER_BITS | counter
    bits = [int(b) for b in f"{number << 8 | crc8(number, 26):034b}"]
    cell = width // (CELLS + 2)
    picture = np.full((height, width), 60, np.uint8)
    band = height // 7
    picture[:band] = 0
    left = (width - cell * CELLS) // 2
    for i, bit in enumerate([*GUARD, *bits, *END]):
        if bit:
            picture[band // 8 : band * 7 // 8, left + i * cell : left + (i + 1) * cell] = 255
    return picture


def film(path: Path, pictures: list[Picture], *, fps: int = 20, scale: str = "iw:ih", codec: tuple[str, ...] = ()) -> Path:
    height, width = pictures[0].shape
    raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-r", str(fps), "-i", "-"]
    command = ["ffmpeg", "-v", "error", "-y", *raw, "-vf", f"scale={scale}", "-pix_fmt", "yuv420p", *codec, str(path)]
    subprocess.run(command, check=True, input=b"".join(p.tobytes() for p in pictures))
    return path


def test_a_file_is_described_by_its_streams(tmp_path: Path) -> None:
    path = beeping(tmp_path / "a.mp4", 0, "-c:v", "libx264", "-c:a", "aac")
    info = probe(path)
    video, audio = info.of("video"), info.of("audio")
    assert info.duration == pytest.approx(9, abs=0.1)
    assert video is not None
    assert (video.codec, video.width, video.height, video.fps) == ("h264", 320, 180, 20)
    assert audio is not None
    assert (audio.codec, audio.sample_rate) == ("aac", 48_000)


@pytest.mark.parametrize("late_ms", [-80, 0, 40, 130])
@pytest.mark.parametrize("kind", ["webm", "mp4"])
def test_the_offset_between_flash_and_beep_is_found(tmp_path: Path, late_ms: int, kind: str) -> None:
    codecs = (
        ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus") if kind == "webm" else ("-c:v", "libx264", "-c:a", "aac")
    )
    sync = av_offset(beeping(tmp_path / f"a.{kind}", late_ms, *codecs))
    assert sync is not None
    assert sync.pairs == 4
    assert sync.median_ms == pytest.approx(late_ms, abs=8)


def test_beeps_start_when_they_start_also_below_speech(tmp_path: Path) -> None:
    speech = tmp_path / "speech.wav"
    subprocess.run(
        ["espeak-ng", "-w", str(speech), "One two three four five six seven eight nine ten eleven twelve."], check=True
    )
    beep = "aevalsrc='0.5*sin(2*PI*1000*t)*gte(t,0.5)*lt(mod(t,1),0.1)':s=48000:d=4"
    mix = "[0]aresample=48000,volume=0.1[a];[1][a]amix=duration=first:normalize=0"
    path = make(tmp_path / "a.wav", "-i", str(speech), "-f", "lavfi", "-i", beep, "-filter_complex", mix)
    assert beep_onsets(path) == pytest.approx([1, 2, 3], abs=0.005)


def test_speech_alone_holds_no_beep(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    subprocess.run(
        ["espeak-ng", "-w", str(path), "Nothing in this sentence is a beep, however long it takes to say."], check=True
    )
    assert beep_onsets(path) == []


def test_levels_are_told_for_each_second(tmp_path: Path) -> None:
    tone = "aevalsrc='0.1*sin(2*PI*440*t)*gte(t,2)':s=48000:d=4"
    path = make(tmp_path / "a.wav", "-f", "lavfi", "-i", tone)
    assert levels_by_second(path) == pytest.approx([-120, -120, -23, -23], abs=0.1)
    assert not is_silent(path)


def test_silence_is_silent(tmp_path: Path) -> None:
    assert is_silent(make(tmp_path / "a.wav", "-f", "lavfi", "-i", "anullsrc=r=48000", "-t", "2"))


def test_sound_that_starts_late_is_preceded_by_silence(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "-f", "lavfi", "-i", "sine=1000:r=48000:d=1")
    colour = "color=gray:s=64x64:r=10:d=3"
    path = make(tmp_path / "a.mkv", "-f", "lavfi", "-i", colour, "-itsoffset", "1.5", "-i", str(tone), "-c:a", "pcm_s16le")
    assert len(samples(path)) / 48_000 == pytest.approx(2.5, abs=0.03)
    assert levels_by_second(path)[0] < -100


def test_a_black_picture_is_black_and_another_is_not(tmp_path: Path) -> None:
    black = watch(make(tmp_path / "a.mp4", "-f", "lavfi", "-i", "color=black:s=64x64:r=10:d=1"))
    grey = watch(make(tmp_path / "b.mp4", "-f", "lavfi", "-i", "color=gray:s=64x64:r=10:d=1"))
    assert is_black(black)
    assert black_share(black) == 1.0
    assert not is_black(grey)
    assert flash_onsets(grey) == []


@pytest.mark.parametrize("scale", ["640:360", "416:234", "1280:720"])
def test_counters_are_read_at_any_size_through_a_lossy_codec(tmp_path: Path, scale: str) -> None:
    pictures = [coded(5, 1000 + n) for n in range(40)]
    seen = watch(
        film(tmp_path / "a.webm", pictures, scale=scale, codec=("-c:v", "libvpx", "-b:v", "800k", "-deadline", "realtime"))
    )
    kept = frames_kept(seen, 5)
    assert kept is not None
    assert (kept.distinct, kept.first, kept.last) == (40, 1000, 1039)
    assert kept.fps == pytest.approx(20, rel=0.02)
    assert kept.share == 1.0


def test_dropped_and_repeated_frames_are_counted_as_such(tmp_path: Path) -> None:
    numbers = [0, 1, 2, 2, 2, 6, 7, 8]
    kept = frames_kept(watch(film(tmp_path / "a.mp4", [coded(1, n) for n in numbers])), 1)
    assert kept is not None
    assert (kept.distinct, kept.last) == (6, 8)
    assert kept.share == pytest.approx(6 / 9)
    assert kept.longest_gap == pytest.approx(0.15, abs=0.001)


def test_two_people_in_one_picture_are_told_apart(tmp_path: Path) -> None:
    def both(n: int) -> Picture:
        whole = np.full((720, 1280), 30, np.uint8)
        whole[150:510, :] = np.hstack([coded(1, n), coded(2, 500 + n)])
        return whole

    seen = watch(film(tmp_path / "a.mp4", [both(n) for n in range(25)]))
    assert people_seen(seen) == {1, 2}
    assert [kept.distinct for kept in (frames_kept(seen, 1), frames_kept(seen, 2)) if kept] == [25, 25]


def test_a_counter_with_a_wrong_bit_is_no_counter() -> None:
    picture = coded(3, 77)
    cell = WIDTH // (CELLS + 2)
    left = (WIDTH - cell * CELLS) // 2
    at = left + (len(GUARD) + 12) * cell
    picture[:, at : at + cell] = 255 - picture[:, at : at + cell]
    assert read_codes(coded(3, 77))[0].counter == 77
    assert read_codes(picture) == []


def test_noise_holds_no_counter() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (360, 640), np.uint8)
    stripes = np.tile(np.repeat(np.array([0, 255], np.uint8), 10), (360, 32))
    assert read_codes(noise) == []
    assert read_codes(stripes) == []
    assert barcode.crc8(0b1, 1) == 0x07


def test_frames_come_with_their_times(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mkv", "-f", "lavfi", "-i", "color=gray:s=64x48:r=10:d=1", "-output_ts_offset", "3")
    assert frame_times(path) == pytest.approx([n / 10 for n in range(10)], abs=0.002)
    assert [picture.shape for _, picture in frames(path, width=32)] == [(24, 32)] * 10


def test_most_spoken_words_are_heard(tmp_path: Path) -> None:
    said = "Good morning everybody. The first part is done, and the second part is being tested now."
    path = tmp_path / "speech.wav"
    subprocess.run(["espeak-ng", "-s", "150", "-w", str(path), said], check=True)
    assert hit_ratio(said, heard(path)) >= 0.8


def test_the_hit_ratio_counts_words_in_order() -> None:
    assert hit_ratio("one two three four", "One, two; four!") == 0.75
    assert hit_ratio("one two", "nothing") == 0.0
    assert hit_ratio("", "anything") == 1.0


async def test_words_are_measured_against_what_is_heard_in_the_clean_original() -> None:
    clean = [heard(await Voices().sound(Say(at=0, text=line))) for line in LINES]
    assert await share_kept(LINES, " ".join(clean)) >= 0.95
    assert await share_kept(LINES, " ".join(clean[:2])) <= 0.6
    hard = "Then we can show it to the others on Friday afternoon"
    misheard = heard(await Voices().sound(Say(at=0, text=hard)))
    assert hit_ratio(hard, misheard) < 0.9, "the recogniser does not know it, whatever the recording does"
    assert await share_kept([hard], misheard) == 1.0


@pytest.mark.parametrize("program", ["ffmpeg", "ffprobe", "espeak-ng"])
def test_what_the_helpers_run_is_installed(program: str) -> None:
    assert shutil.which(program), f"{program} is needed by these tests"
