"""Finished files, from segments that ffmpeg makes as a browser would."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agents.capture import ffmpeg as ffmpeg_module
from agents.capture import finish as finish_module
from agents.capture.base import Format
from agents.capture.ffmpeg import Probed
from agents.capture.files import SegmentWriter, list_segments
from agents.capture.finish import FinishError, finish
from agents.capture.join import LATE_SOUND_MS
from tests.measure.media import frame_times, probe, samples
from tests.measure.sound import beep_onsets

pytestmark = pytest.mark.timeout(180)


def stream(
    *,
    hertz: int = 440,
    seconds: float = 4.0,
    size: str = "320x180",
    video: tuple[str, ...] = (),
    level: float = 0.1,
    black: bool = False,
) -> bytes:
    """A live stream, with a picture where `video` names an encoder."""
    command = ["ffmpeg", "-v", "error"]
    if video:
        source = f"color=black:size={size}:rate=15" if black else f"testsrc=size={size}:rate=15"
        command += ["-f", "lavfi", "-i", f"{source}:duration={seconds}"]
    command += ["-f", "lavfi", "-i", f"aevalsrc={level}*sin({hertz}*2*PI*t):s=48000:d={seconds}"]
    command += [
        *(("-c:v", *video, "-pix_fmt", "yuv420p") if video else ()),
        "-c:a",
        "libopus",
        "-f",
        "matroska",
        "-live",
        "1",
        "-",
    ]
    return made(command)


def made(command: list[str]) -> bytes:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


H264 = ("libx264", "-preset", "ultrafast", "-g", "30", "-bf", "0")


def put(folder: Path, number: int, data: bytes, *, epoch: int = 1, start_ms: int | None = None, side: bool = False) -> None:
    mime = "video/x-matroska"
    writer = SegmentWriter(folder, epoch, number, mime=mime, start_ms=number * 1000 if start_ms is None else start_ms, side=side)
    writer.write(data)
    writer.close()


def tone(path: Path, hertz: int, second: float) -> float:
    """The amplitude of a pitch in the tenth of a second that begins there."""
    sound = samples(path)[int(second * 48000) :][:4800]
    return float(2 * abs(np.mean(sound * np.exp(-2j * np.pi * hertz * np.arange(len(sound)) / 48000))))


async def test_sound_becomes_an_mp3(tmp_path: Path) -> None:
    put(tmp_path, 1, stream())
    file = await finish(tmp_path, Format.MP3)
    assert file.path == tmp_path / "recording.mp3"
    assert file.content_type == "audio/mpeg"
    assert file.size_bytes == file.path.stat().st_size
    assert file.duration_ms == pytest.approx(4000, abs=100)
    assert not file.impaired
    assert tone(file.path, 440, 2) == pytest.approx(0.1, rel=0.1)


async def test_picture_and_sound_become_a_film_that_can_be_sought_and_is_not_encoded_again(tmp_path: Path) -> None:
    put(tmp_path, 1, stream(video=H264))
    file = await finish(tmp_path, Format.MP4)
    streams = {s.kind: s for s in probe(file.path).streams}
    assert (streams["video"].codec, streams["audio"].codec) == ("h264", "aac")
    assert len(frame_times(file.path)) == 60
    data = file.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "players on the web read the table first"
    assert file.duration_ms == pytest.approx(4000, abs=150)


@pytest.mark.parametrize("share", [0.97, 0.6, 0.3])
async def test_a_segment_that_was_cut_off_keeps_all_up_to_there(tmp_path: Path, share: float) -> None:
    data = stream(video=H264, seconds=6)
    put(tmp_path, 1, data[: int(len(data) * share)])
    file = await finish(tmp_path, Format.MP4)
    assert file.duration_ms == pytest.approx(6000 * share, abs=1200)
    assert tone(file.path, 440, 0.5) == pytest.approx(0.1, rel=0.1)


async def test_segments_of_several_epochs_follow_each_other(tmp_path: Path) -> None:
    put(tmp_path, 1, stream(hertz=440, video=H264)[:-500])
    put(tmp_path, 1, stream(hertz=880, video=H264), epoch=2, start_ms=60_000)
    put(tmp_path, 2, b"", epoch=2, start_ms=90_000)
    file = await finish(tmp_path, Format.MP4)
    assert file.duration_ms == pytest.approx(8000, abs=400)
    assert len(frame_times(file.path)) == pytest.approx(120, abs=2)
    assert tone(file.path, 440, 2) > 0.08
    assert tone(file.path, 880, 6) > 0.08
    assert tone(file.path, 440, 6) < 0.01


async def test_sound_that_is_shorter_than_its_picture_moves_nothing_at_the_joints(tmp_path: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=15:duration=2"]
    command += ["-f", "lavfi", "-i", "aevalsrc=0.3*sin(1000*2*PI*t)*between(t\\,0.5\\,0.6):s=48000:d=1.94"]
    command += ["-c:v", *H264, "-pix_fmt", "yuv420p", "-c:a", "libopus", "-f", "matroska", "-live", "1", "-"]
    piece = made(command)
    for number in range(1, 7):
        put(tmp_path, number, piece)
    file = await finish(tmp_path, Format.MP4)
    onsets = beep_onsets(file.path)
    begins = frame_times(file.path)[::30]
    assert len(onsets) == len(begins) == 6
    for onset, begin in zip(onsets, begins, strict=True):
        assert onset - begin == pytest.approx(0.5 - LATE_SOUND_MS / 1000, abs=0.02)


async def test_a_piece_without_sound_is_silent_and_keeps_its_place(tmp_path: Path) -> None:
    put(tmp_path, 1, stream(video=H264, seconds=2))
    mute = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=15:duration=2", "-c:v", *H264]
    mute += ["-pix_fmt", "yuv420p", "-f", "matroska", "-live", "1", "-"]
    put(tmp_path, 2, made(mute))
    put(tmp_path, 3, stream(hertz=880, video=H264, seconds=2))
    file = await finish(tmp_path, Format.MP4)
    assert file.duration_ms == pytest.approx(6000, abs=200)
    assert [tone(file.path, 440, second) > 0.05 for second in (1.0, 3.0, 5.0)] == [True, False, False]
    assert tone(file.path, 880, 5.0) > 0.05


async def test_pieces_that_differ_in_their_level_alone_are_copied(tmp_path: Path) -> None:
    put(tmp_path, 1, stream(video=(*H264, "-level", "3.1")))
    put(tmp_path, 2, stream(video=(*H264, "-level", "4.0")))
    file = await finish(tmp_path, Format.MP4)
    assert _level(file.path) == "Constrained Baseline,42"
    assert len(frame_times(file.path)) == 120


@pytest.mark.parametrize(
    "other", [{"size": "160x120", "video": H264}, {"video": ("libvpx", "-deadline", "realtime", "-b:v", "300k")}]
)
async def test_pieces_of_other_size_or_codec_are_made_alike(tmp_path: Path, other: dict[str, object]) -> None:
    put(tmp_path, 1, stream(video=H264, seconds=4))
    put(tmp_path, 2, stream(hertz=880, seconds=2, **other))  # type: ignore[arg-type]
    file = await finish(tmp_path, Format.MP4)
    video = probe(file.path).of("video")
    assert video is not None
    assert (video.codec, video.width, video.height) == ("h264", 320, 180)
    assert file.duration_ms == pytest.approx(6000, abs=300)
    assert tone(file.path, 880, 5) > 0.08


async def test_the_sound_of_a_frame_beside_is_mixed_in_where_it_was_heard(tmp_path: Path) -> None:
    put(tmp_path, 1, stream(video=H264), start_ms=10_000)
    put(tmp_path, 2, stream(hertz=880, seconds=2), start_ms=11_500, side=True)
    file = await finish(tmp_path, Format.MP4)
    assert file.duration_ms == pytest.approx(4000, abs=150)
    assert tone(file.path, 440, 2.5) == pytest.approx(0.1, rel=0.15)
    assert [tone(file.path, 880, second) > 0.05 for second in (0.5, 1.3, 1.8, 3.2, 3.7)] == [False, False, True, True, False]


def stamped(shift: str) -> bytes:
    """Sound in packets of 60 ms whose times are shifted, in milliseconds; `N` is the packet's number."""
    sound = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "aevalsrc=0.1*sin(440*2*PI*t):s=48000:d=4", "-c:a", "libopus"]
    sound += ["-frame_duration", "60", "-f", "matroska", "-live", "1", "-"]
    # In a second step: while it encodes, ffmpeg 5 counts a filter's times in milliseconds and ffmpeg 7 in samples.
    shifted = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        "-",
        "-c",
        "copy",
        "-bsf:a",
        f"setts=ts=PTS+{shift}",
        "-f",
        "matroska",
        "-live",
        "1",
        "-",
    ]
    made = subprocess.run(sound, check=True, stdout=subprocess.PIPE).stdout
    return subprocess.run(shifted, check=True, input=made, stdout=subprocess.PIPE).stdout


async def test_a_hole_in_the_sound_is_silence(tmp_path: Path) -> None:
    put(tmp_path, 1, stamped("if(gte(N\\,25)\\,1000\\,0)"))
    file = await finish(tmp_path, Format.MP3)
    assert file.duration_ms == pytest.approx(5000, abs=150)
    assert [tone(file.path, 440, second) > 0.05 for second in (1.2, 1.9, 2.2, 2.8)] == [True, False, False, True]


async def test_packets_that_are_stamped_early_and_late_are_not_stretched(tmp_path: Path) -> None:
    put(tmp_path, 1, stamped("mod(N*7\\,5)*8"))
    file = await finish(tmp_path, Format.MP3)
    for second in np.arange(0.3, 3.5, 0.1):
        assert tone(file.path, 440, float(second)) == pytest.approx(0.1, rel=0.1)


async def test_a_silent_and_black_recording_is_impaired(tmp_path: Path) -> None:
    put(tmp_path, 1, stream(video=H264, level=0.0, black=True))
    file = await finish(tmp_path, Format.MP4)
    assert file.impaired
    assert file.detail == "There is no sound in the whole recording. The picture is black in the whole recording."


async def test_nothing_recorded_is_a_clear_failure(tmp_path: Path) -> None:
    with pytest.raises(FinishError, match="Nothing was recorded"):
        await finish(tmp_path, Format.MP3)
    put(tmp_path, 1, stream()[:200])
    with pytest.raises(FinishError, match="Nothing was recorded"):
        await finish(tmp_path, Format.MP3)


async def test_a_missing_ffmpeg_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, 1, stream())
    monkeypatch.setattr(ffmpeg_module.shutil, "which", lambda _: None)
    with pytest.raises(FinishError, match="install the package ffmpeg"):
        await finish(tmp_path, Format.MP3)


async def test_a_second_run_gives_the_same_and_works_nothing_again(tmp_path: Path) -> None:
    put(tmp_path, 1, stream())
    first = await finish(tmp_path, Format.MP3)
    made = first.path.stat().st_mtime_ns
    assert not (tmp_path / "segments").exists(), "what is in the finished file takes no room twice"
    assert await finish(tmp_path, Format.MP3) == first
    assert first.path.stat().st_mtime_ns == made


async def test_segments_stay_where_that_is_asked_for(tmp_path: Path) -> None:
    put(tmp_path, 1, stream())
    first = await finish(tmp_path, Format.MP3, keep_segments=True)
    assert len(list_segments(tmp_path)) == 1
    assert await finish(tmp_path, Format.MP3, keep_segments=True) == first


async def test_segments_stay_where_one_of_them_is_not_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, 1, stream())
    put(tmp_path, 2, stream())
    probe_of = finish_module.probe

    async def blind(path: Path) -> Probed | None:
        return None if path.name == "1.mkv" else await probe_of(path)

    monkeypatch.setattr(finish_module, "probe", blind)
    assert (await finish(tmp_path, Format.MP3)).duration_ms == pytest.approx(4000, abs=150)
    assert len(list_segments(tmp_path)) == 2


async def test_what_each_moment_of_the_file_was_by_the_clock_is_noted(tmp_path: Path) -> None:
    put(tmp_path, 1, stream(seconds=2), start_ms=10_000)
    put(tmp_path, 2, stream(seconds=3), start_ms=70_000)
    await finish(tmp_path, Format.MP3)
    pieces = json.loads((tmp_path / "recording.mp3.json").read_text())["pieces"]
    assert [piece["start_ms"] for piece in pieces] == [10_000, 70_000]
    assert [piece["duration_ms"] for piece in pieces] == pytest.approx([2000, 3000], abs=50)


@pytest.mark.parametrize("where", ["work", "note"])
async def test_a_disk_that_is_full_at_the_very_end_is_said_as_that_and_the_segments_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    put(tmp_path, 1, stream())

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(finish_module, "_write_whole" if where == "note" else "_sweep", full)
    with pytest.raises(FinishError, match="disk of the media folder is full"):
        await finish(tmp_path, Format.MP3)
    assert len(list_segments(tmp_path)) == 1


async def test_segments_that_came_meanwhile_are_taken_in(tmp_path: Path) -> None:
    put(tmp_path, 1, stream())
    first = await finish(tmp_path, Format.MP3, keep_segments=True)
    put(tmp_path, 2, stream())
    second = await finish(tmp_path, Format.MP3)
    assert second.duration_ms == pytest.approx(first.duration_ms * 2, abs=200)


async def test_a_kill_in_the_middle_costs_nothing_and_leaves_no_process(tmp_path: Path) -> None:
    put(tmp_path, 1, stream(seconds=600, video=H264, size="160x120"))
    put(tmp_path, 2, stream(seconds=600, size="320x180", video=H264))
    script = (
        "import asyncio; from pathlib import Path; "
        "from agents.capture.base import Format; from agents.capture.finish import finish; "
        f"asyncio.run(finish(Path({str(tmp_path)!r}), Format.MP4))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
    async with asyncio.timeout(30):
        while not (children := _children(process.pid)):  # noqa: ASYNC110 -- it happens in other processes
            await asyncio.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    if sys.platform == "linux":
        async with asyncio.timeout(10):
            while any(_runs(child) for child in children):  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.02)
    assert not (tmp_path / "recording.mp4").exists()
    (tmp_path / "segments" / "e1-2.mkv").unlink()
    (tmp_path / "segments" / "e1-2.json").unlink()
    file = await finish(tmp_path, Format.MP4)
    assert file.duration_ms == pytest.approx(600_000, abs=500)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["recording.mp4", "recording.mp4.json"]


def _level(path: Path) -> str:
    show = ["-show_entries", "stream=profile,level", "-select_streams", "v", "-of", "csv=p=0"]
    return subprocess.run(["ffprobe", "-v", "error", *show, path], check=True, capture_output=True, text=True).stdout.strip()


def _children(pid: int) -> list[int]:
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], check=False, capture_output=True, text=True).stdout
    return [int(word) for word in out.split()]


def _runs(pid: int) -> bool:
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True).stdout.strip()
    return bool(status) and not status.startswith("Z")
