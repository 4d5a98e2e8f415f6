from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2

from gateway.app import Gateway
from gateway.media import Range, disposition, parse_range
from rollcall.fake_transport import FakeTransport
from rollcall.v1 import media_service_pb2 as pb
from tests.unit.gateway.served import served
from tests.unit.gateway.statuses import info, refused

READ = "/rollcall.v1.MediaService/ReadMedia"
FILE = bytes(range(256)) * 40


async def file(request: Message, _metadata: dict[str, str]) -> AsyncIterator[Message]:
    """As the server serves it."""
    assert isinstance(request, pb.ReadMediaRequest)
    if request.token != "good":
        raise refused(code_pb2.NOT_FOUND, "This link is not valid any more.")
    offset = request.offset if request.offset >= 0 else max(0, len(FILE) + request.offset)
    if offset >= len(FILE) and request.offset:
        raise refused(code_pb2.OUT_OF_RANGE, "The file ends before.", info("RANGE", size_bytes=str(len(FILE))))
    part = FILE[offset : offset + request.length] if request.HasField("length") else FILE[offset:]
    description = pb.MediaDescription(
        content_type="video/mp4", size_bytes=len(FILE), file_name='Ünïcode "x".mp4', etag="abc", offset=offset, length=len(part)
    )
    yield pb.ReadMediaResponse(description=description)
    for at in range(0, len(part), 1000):
        yield pb.ReadMediaResponse(data=part[at : at + 1000])


@pytest.fixture
async def media(app: Gateway, transport: FakeTransport) -> AsyncIterator[httpx.AsyncClient]:
    transport.feeds[READ] = file
    async with served(app) as client:
        yield client


async def test_the_whole_file(media: httpx.AsyncClient, transport: FakeTransport) -> None:
    answer = await media.get("/media/good")
    assert answer.status_code == 200
    assert answer.content == FILE
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == '"abc"'
    assert answer.headers["content-disposition"].startswith("inline; filename=")
    assert "authorization" not in transport.asked[0].metadata  # the token is the permission, and a key goes nowhere


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=10000-", 10000, 10239),
        ("bytes=-100", 10140, 10239),
        ("bytes=5-99999", 5, 10239),
    ],
)
async def test_a_range_is_206(media: httpx.AsyncClient, wanted: str, first: int, last: int) -> None:
    answer = await media.get("/media/good", headers={"Range": wanted})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/10240"
    assert answer.content == FILE[first : last + 1]


async def test_a_range_outside_the_file_is_416_with_its_size(media: httpx.AsyncClient) -> None:
    answer = await media.get("/media/good", headers={"Range": "bytes=10240-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */10240"


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,5-6", "bytes=9-1", "lines=1-2", "bytes=-0", "bytes=-", "x", "bytes=" + "9" * 30 + "-"]
)
async def test_what_is_no_single_range_is_answered_with_the_whole_file(media: httpx.AsyncClient, wanted: str) -> None:
    answer = await media.get("/media/good", headers={"Range": wanted})
    assert (answer.status_code, len(answer.content)) == (200, len(FILE))


async def test_head_tells_the_size_and_sends_nothing(media: httpx.AsyncClient) -> None:
    answer = await media.head("/media/good", headers={"Range": "bytes=0-5"})
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", str(len(FILE)))


async def test_if_range_with_another_etag_gets_the_whole_file(media: httpx.AsyncClient) -> None:
    wanted = {"Range": "bytes=1-2"}
    assert (await media.get("/media/good", headers={**wanted, "If-Range": '"abc"'})).status_code == 206
    answer = await media.get("/media/good", headers={**wanted, "If-Range": '"old"'})
    assert (answer.status_code, answer.content) == (200, FILE)


async def test_an_etag_that_is_known_is_304(media: httpx.AsyncClient) -> None:
    answer = await media.get("/media/good", headers={"If-None-Match": '"x", "abc"'})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_a_bad_token_is_refused_by_the_service(media: httpx.AsyncClient) -> None:
    answer = await media.get("/media/bad")
    assert (answer.status_code, answer.json()) == (404, {"error": "This link is not valid any more."})
    assert (await media.get("/media/")).status_code == 404
    assert (await media.get("/media/good/more")).status_code == 404
    assert (await media.post("/media/good")).status_code == 405


async def test_a_file_that_breaks_off_ends_the_connection_short(app: Gateway, transport: FakeTransport) -> None:
    async def half(request: Message, metadata: dict[str, str]) -> AsyncIterator[Message]:
        sent = 0
        async for message in file(request, metadata):
            yield message
            sent += 1
            if sent == 4:
                raise refused(code_pb2.UNAVAILABLE, "gone")

    transport.feeds[READ] = half
    async with served(app) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/media/good")


async def test_a_client_that_goes_away_ends_the_reading(app: Gateway, transport: FakeTransport) -> None:
    async def endless(_request: Message, _metadata: dict[str, str]) -> AsyncIterator[Message]:
        size = 1 << 40
        yield pb.ReadMediaResponse(description=pb.MediaDescription(content_type="video/mp4", size_bytes=size, length=size))
        while True:
            yield pb.ReadMediaResponse(data=bytes(100_000))

    transport.feeds[READ] = endless
    async with served(app) as client:
        async with client.stream("GET", "/media/good") as answer:
            assert answer.status_code == 200
        await asyncio.wait_for(transport.stream_ended.wait(), 2)


def test_ranges_are_read_as_the_service_takes_them() -> None:
    assert parse_range("bytes=5-9") == Range(5, 5)
    assert parse_range("bytes=-7") == Range(-7, None)
    assert parse_range("bytes=7-") == Range(7, None)


def test_a_hostile_file_name_cannot_leave_its_header() -> None:
    assert disposition('a"\r\nX: y/../é.mp4', download=True) == (
        'attachment; filename="a___X_ y_.._'.replace("X_ y", "X_ y")
        + "_.mp4\"; filename*=UTF-8''a%22%0D%0AX%3A%20y%2F..%2F%C3%A9.mp4"
    )
