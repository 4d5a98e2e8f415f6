"""The count of what is in a stream."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.capture.matroska import BlockCounter, holds_blocks

SECONDS = 3


@pytest.fixture(scope="module", params=["webm", "matroska"])
def stream(request: pytest.FixtureRequest) -> bytes:
    """As a browser writes it: clusters of unknown size, no lengths in the header."""
    video = ["libvpx", "-deadline", "realtime"] if request.param == "webm" else ["libx264", "-preset", "ultrafast"]
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc=size=160x120:rate=15:duration={SECONDS}"]
    command += ["-f", "lavfi", "-i", f"sine=duration={SECONDS}", "-c:v", *video, "-c:a", "libopus", "-frame_duration", "60"]
    command += ["-f", request.param, "-live", "1", "-flush_packets", "1", "-"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


@pytest.mark.parametrize("size", [1, 7, 1000, 10**9])
def test_frames_and_sound_are_counted_whatever_the_pieces(stream: bytes, size: int) -> None:
    counter = BlockCounter()
    for start in range(0, len(stream), size):
        counter.feed(stream[start : start + size])
    assert counter.counted.video_frames == 15 * SECONDS
    assert counter.counted.audio_packets == pytest.approx(SECONDS * 1000 / 60, abs=2)
    assert counter.counted.audio_end_ms == pytest.approx(SECONDS * 1000, abs=90)


def test_a_stream_that_is_cut_off_counts_up_to_there(stream: bytes) -> None:
    counter = BlockCounter()
    counter.feed(stream[: len(stream) // 2])
    assert 0 < counter.counted.video_frames < 15 * SECONDS


def test_a_header_alone_holds_nothing(stream: bytes, tmp_path: Path) -> None:
    (tmp_path / "head").write_bytes(stream[:300])
    (tmp_path / "all").write_bytes(stream)
    (tmp_path / "empty").write_bytes(b"")
    assert not holds_blocks(tmp_path / "head")
    assert not holds_blocks(tmp_path / "empty")
    assert holds_blocks(tmp_path / "all")


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_whatever_bytes_come_it_goes_on(pieces: list[bytes]) -> None:
    counter = BlockCounter()
    for piece in pieces:
        counter.feed(piece)
    assert counter.counted.video_frames >= 0
