"""Raw sockets that speak broken HTTP/2, and broken gRPC over sound HTTP/2: the port goes on serving, and nothing is kept."""

from __future__ import annotations

import contextlib
import resource
import socket
import struct
import sys
from collections.abc import Iterator

import grpc
import pytest

from rollcall.v1.bot_service_pb2 import GetBotRequest, GetBotResponse
from tests.contract.threaded import Threaded, threaded

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
GET_BOT = "/rollcall.v1.BotService/GetBot"
SILENCE_S = 0.1
"""A broken connection that says nothing more for so long is let go of."""


def frame(kind: int, flags: int, stream: int, body: bytes = b"", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return struct.pack(">I", size)[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + body


def literal(name: str, value: str | bytes) -> bytes:
    """A header without Huffman and without an index (RFC 7541, 6.2.2)."""
    text = value.encode() if isinstance(value, str) else value
    return b"\x00" + bytes((len(name),)) + name.encode() + bytes((len(text),)) + text


def head(path: str = GET_BOT, *more: tuple[str, str | bytes], kind: str = "application/grpc") -> bytes:
    fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "x"),
        ("te", "trailers"),
        ("content-type", kind),
    ]
    return b"".join(literal(name, value) for name, value in (*fields, *more))


def call(body: bytes, *more: tuple[str, str | bytes], path: str = GET_BOT, kind: str = "application/grpc") -> bytes:
    """A whole call on stream 1 with these bytes as its only data."""
    return OPEN + frame(HEADERS, END_HEADERS, 1, head(path, *more, kind=kind)) + frame(DATA, END_STREAM, 1, body)


def message(body: bytes, compressed: int = 0, length: int | None = None) -> bytes:
    return struct.pack(">BI", compressed, len(body) if length is None else length) + body


OPEN = PREFACE + frame(SETTINGS, 0, 0)
BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "noise": bytes(range(256)) * 64,
    "HTTP/1.1": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": bytes.fromhex("1603010200010001fc0303") + b"\x00" * 500,
    "half a preface": PREFACE[:10],
    "no settings": PREFACE + frame(PING, 0, 0, b"12345678"),
    "settings of an odd size": PREFACE + frame(SETTINGS, 0, 0, b"abc"),
    "settings of a stream": OPEN + frame(SETTINGS, 0, 1),
    "settings without sense": PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 2**32 - 1) + struct.pack(">HI", 5, 0)),
    "ten thousand settings": OPEN + frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 7)) * 10_000,
    "ten thousand pings": OPEN + frame(PING, 0, 0, b"12345678") * 10_000,
    "a frame beyond all": OPEN + frame(DATA, 0, 1, b"x", length=2**24 - 1),
    "data on a closed stream": OPEN + frame(DATA, 0, 5, b"x"),
    "a frame that nobody knows": OPEN + frame(200, 255, 1, b"x"),
    "headers that are none": OPEN + frame(HEADERS, END_HEADERS, 1, b"\xff" * 200),
    "headers of an even stream": OPEN + frame(HEADERS, END_HEADERS, 2, head()),
    "headers without an end": OPEN + frame(HEADERS, 0, 1, head()) + frame(CONTINUATION, 0, 1, literal("x", "y")) * 20_000,
    "a continuation of nothing": OPEN + frame(CONTINUATION, END_HEADERS, 1, head()),
    "streams begun and reset": OPEN
    + b"".join(frame(HEADERS, END_HEADERS, n, head()) + frame(RST_STREAM, 0, n, b"\0\0\0\x08") for n in range(1, 6000, 2)),
    "a window that overflows": OPEN + frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**31 - 1)) * 2,
    "a window of nothing": OPEN + frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\0"),
    "a promise": OPEN + frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\x02" + head()),
    "goodbye at once": OPEN + frame(GOAWAY, 0, 0, b"\0" * 8),
    "no method": OPEN + frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(":path", "/x")),
    "another kind": call(message(b""), kind="text/html"),
    "no such path": call(message(b""), path="/nope"),
    "a path that is a maze": call(message(b""), path="/../../../" + "a/" * 40),
    "no key": call(message(b"")),
    "a key of no encoding": call(message(b""), ("authorization", b"Token \xff\xfe\x80")),
    "a deadline of nothing": call(message(b""), ("grpc-timeout", "0n")),
    "a deadline that is none": call(message(b""), ("grpc-timeout", "soon")),
    "an unknown encoding": call(message(b"x", compressed=1), ("grpc-encoding", "middle-out")),
    "compressed and not said": call(message(b"x", compressed=1)),
    "compressed noise": call(message(b"noise" * 20, compressed=1), ("grpc-encoding", "gzip")),
    "a message beyond all": call(message(b"", length=2**32 - 1)),
    "a message cut off": call(message(b"abc", length=100)),
    "a message and a half": call(message(b"") + message(b"", length=5)),
    "two messages": call(message(b"") * 2),
    "no message": call(b""),
    "no protobuf": call(message(b"\xff" * 100)),
    "binary metadata that is none": call(message(b""), ("x-bin", "%%%")),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Threaded]:
    with threaded(tmp_path_factory.mktemp("raw")) as one:
        yield one


def exchange(served: Threaded, data: bytes) -> None:
    host, port = served.grpc.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as wire, contextlib.suppress(OSError):
        wire.sendall(data)
        wire.settimeout(SILENCE_S)
        while wire.recv(65_536):
            pass


def serves(served: Threaded) -> None:
    with grpc.insecure_channel(served.grpc) as channel:
        ask = channel.unary_unary(
            GET_BOT, request_serializer=GetBotRequest.SerializeToString, response_deserializer=GetBotResponse.FromString
        )
        metadata = (("authorization", f"Token {served.key}"),)
        for tries_left in (2, 1, 0):
            try:
                answer = ask(GetBotRequest(bot_id=served.bots[0]), metadata=metadata, timeout=20)
            except grpc.RpcError as error:  # gRPC itself sheds calls just after a storm of resets on a busy machine
                if not tries_left or error.code() is not grpc.StatusCode.CANCELLED:
                    raise
            else:
                assert answer.bot.id == served.bots[0]
                return


@pytest.mark.parametrize("name", BROKEN)
def test_the_port_goes_on_serving(served: Threaded, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    exchange(served, BROKEN[name])
    serves(served)
    written = capfd.readouterr()
    assert "Traceback" not in written.out + written.err
    assert "internal_error" not in written.out


def test_the_same_again_takes_no_more_room(served: Threaded) -> None:
    """Of the whole process, after all of it came once above."""
    short = [data for data in BROKEN.values() if len(data) < 300_000]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in short:
        exchange(served, data)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 64 << 20
    serves(served)
