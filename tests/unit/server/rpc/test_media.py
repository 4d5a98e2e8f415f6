"""A recording is read by whoever holds a good token, in ranges, and nothing else of the disk is."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from rollcall.v1.media_service_pb2 import MediaDescription, ReadMediaRequest
from server.domain.errors import NotFound, OutOfRange, PermissionDenied
from server.rpc.auth import Caller
from server.rpc.media_service import BLOCK_BYTES, MediaService
from server.rpc.media_token import MediaTokens

DATA = bytes(range(256)) * 3_000


class Clock:
    now = 1_000_000.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(tmp_path: Path, clock: Clock) -> MediaService:
    (tmp_path / "media" / "bot_1").mkdir(parents=True)
    (tmp_path / "media" / "bot_1" / "recording.mp4").write_bytes(DATA)
    (tmp_path / "secret").write_text("secret")
    return MediaService(tmp_path / "media", MediaTokens("s3cret", 60, clock=lambda: clock.now))


async def read(service: MediaService, token: str, offset: int = 0, length: int | None = None) -> tuple[MediaDescription, bytes]:
    messages = [one async for one in service.read_media(ReadMediaRequest(token=token, offset=offset, length=length), Caller())]
    blocks = [one.data for one in messages[1:]]
    assert all(len(block) <= BLOCK_BYTES for block in blocks)
    return messages[0].description, b"".join(blocks)


async def test_a_token_opens_its_file(service: MediaService) -> None:
    description, data = await read(service, service.tokens.sign("bot_1", "bot_1/recording.mp4"))
    assert data == DATA
    assert (description.content_type, description.size_bytes) == ("video/mp4", len(DATA))
    assert description.file_name == "bot_1.mp4"
    assert (description.offset, description.length) == (0, len(DATA))
    assert description.etag


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, 10, DATA[:10]),
        (5, None, DATA[5:]),
        (300_000, 300_000, DATA[300_000:600_000]),
        (-10, None, DATA[-10:]),
        (-10, 4, DATA[-10:-6]),
        (-10_000_000, None, DATA),
        (len(DATA) - 1, 100, DATA[-1:]),
        (0, 0, b""),
    ],
)
async def test_a_range_is_what_was_asked_for(service: MediaService, offset: int, length: int | None, expected: bytes) -> None:
    description, data = await read(service, service.tokens.sign("bot_1", "bot_1/recording.mp4"), offset, length)
    assert data == expected
    assert description.length == len(expected)


async def test_a_range_beyond_the_file_says_how_long_it_is(service: MediaService) -> None:
    with pytest.raises(OutOfRange) as refused:
        await read(service, service.tokens.sign("bot_1", "bot_1/recording.mp4"), len(DATA))
    assert refused.value.metadata["size_bytes"] == str(len(DATA))


async def test_a_token_expires(service: MediaService, clock: Clock) -> None:
    token = service.tokens.sign("bot_1", "bot_1/recording.mp4")
    clock.now += 61
    with pytest.raises(PermissionDenied, match="expired"):
        await read(service, token)


@pytest.mark.parametrize("token", ["", "x", "AAAA", "ä", "!!!!", "A" * 1024, base64.urlsafe_b64encode(bytes(60)).decode()])
async def test_a_made_up_token_opens_nothing(service: MediaService, token: str) -> None:
    with pytest.raises(PermissionDenied, match="not valid"):
        await read(service, token)


async def test_a_token_that_was_changed_or_signed_by_another_opens_nothing(service: MediaService) -> None:
    token = service.tokens.sign("bot_1", "bot_1/recording.mp4")
    for index in range(0, len(token), 7):
        changed = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        with pytest.raises(PermissionDenied):
            await read(service, changed)
    with pytest.raises(PermissionDenied):
        await read(service, MediaTokens("other", 60).sign("bot_1", "bot_1/recording.mp4"))


@pytest.mark.parametrize("path", ["../secret", "bot_1/../../secret", "/etc/hostname", "bot_1", "bot_1/gone.mp4", "link"])
async def test_nothing_outside_of_the_folder_is_opened(service: MediaService, tmp_path: Path, path: str) -> None:
    (tmp_path / "media" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(NotFound):
        await read(service, service.tokens.sign("bot_1", path))


async def test_nothing_more_is_read_of_a_file_that_was_deleted_meanwhile(service: MediaService) -> None:
    token = service.tokens.sign("bot_1", "bot_1/recording.mp4")
    parts = service.read_media(ReadMediaRequest(token=token), Caller())
    await anext(parts)
    assert len((await anext(parts)).data) == BLOCK_BYTES  # type: ignore[union-attr]  # the first block
    (service.media_dir / "bot_1" / "recording.mp4").unlink()
    assert [part async for part in parts] == []
    with pytest.raises(NotFound):
        await read(service, token)


def test_a_token_can_stand_in_a_url() -> None:
    token = MediaTokens("s", 60).sign("bot_1", "bot_1/recording.mp4")
    assert token.replace("-", "").replace("_", "").isalnum()
    assert len(token) < 300
