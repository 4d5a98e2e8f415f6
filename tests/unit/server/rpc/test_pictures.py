from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rollcall.v1 import bot_settings_pb2
from server.rpc.checks import picture_problem
from server.rpc.pictures import size_of


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big")


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg"])
def test_the_size_of_real_files_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=1234x567", "-frames:v", "1", "-update", "1", path],
        check=True,
    )
    assert size_of(path.read_bytes()) == (1234, 567)


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd8\xff\xe0\0\0" * 1000, b"\xff\xd8" + b"\xff" * 5000]
)
def test_what_says_no_size_has_none(data: bytes) -> None:
    assert size_of(data) is None


def test_a_few_bytes_that_stand_for_gigabytes_are_refused_with_the_limit() -> None:
    large = bot_settings_pb2.BotImage(type=bot_settings_pb2.IMAGE_TYPE_PNG, data=png(20_000, 20_000))
    assert picture_problem(large) == "The image has 20,000 × 20,000 pixels: at most 40,000,000 can be shown."
    small = bot_settings_pb2.BotImage(type=bot_settings_pb2.IMAGE_TYPE_PNG, data=png(4000, 3000))
    assert picture_problem(small) is None
