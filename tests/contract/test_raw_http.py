"""Raw sockets that speak broken HTTP/1.1: nothing is a 500 or a fault in the log, nobody else waits, and nothing is kept."""

from __future__ import annotations

import contextlib
import re
import resource
import socket
import sys
from collections.abc import Iterator

import httpx
import pytest

from gateway import guard, http
from tests.contract.threaded import Threaded, threaded

PATIENCE_S = 20.0
CREATE = b"POST /api/v1/bots HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
GET = b"GET /api/v1/bots HTTP/1.1\r\nHost: x\r\n"

BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "line ends": b"\r\n" * 1000,
    "noise": bytes(range(256)) * 64,
    "TLS": bytes.fromhex("1603010200010001fc0303") + b"\x00" * 500,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "no version": b"GET /\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "no such method": b"FLY / HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "a whole URL": b"GET http://a.example/api/v1/bots HTTP/1.1\r\nHost: x\r\n\r\n",
    "a URL without a path": b"GET http://a.example HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path of no encoding": b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path in UTF-8": "GET /ä HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "a path with a zero": b"GET /api/v1/bots/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path that is bare percent": b"GET /%%%25%2 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long path": b"GET /" + b"a/" * 500_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long query": b"GET /api/v1/bots?" + b"a=b&" * 250_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long header": GET + b"X: " + b"a" * 2_000_000 + b"\r\n\r\n",
    "many headers": GET + b"X: a\r\n" * 200_000 + b"\r\n",
    "a header without a name": GET + b": a\r\n\r\n",
    "a header without a colon": GET + b"abc\r\n\r\n",
    "a folded header": GET + b"X: a\r\n b\r\n\r\n",
    "a header with a zero": GET + b"X: a\x00b\r\n\r\n",
    "a key of no encoding": GET + b"Authorization: Token \xff\xfe\r\n\r\n",
    "two lengths": CREATE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a length below zero": CREATE + b"Content-Length: -1\r\n\r\n",
    "a length that is none": CREATE + b"Content-Length: 1e3\r\n\r\n",
    "a length beyond all": CREATE + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "a body cut off": CREATE + b"Content-Length: 1000\r\n\r\n{",
    "a length and chunks": CREATE + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks of no size": CREATE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "chunks below zero": CREATE + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "chunks beyond all": CREATE + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}",
    "chunks without an end": CREATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
    "chunks cut off": CREATE + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "chunks with long extensions": CREATE + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"x" * 200_000 + b"\r\n{}\r\n0\r\n\r\n",
    "chunks with trailers": CREATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n",
    "an unknown encoding": CREATE + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "many small chunks": CREATE + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 50_000 + b"0\r\n\r\n",
    "continue, and then nothing": CREATE + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    "an upgrade to nowhere": GET + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    "a socket that is none": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "a rehearsal's socket without its key": (
        b"GET /rehearsal/x/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    ),
    "a hundred at once": (GET + b"\r\n") * 100,
    "a hundred at once, the last one broken": (GET + b"\r\n") * 99 + b"GET\r\n\r\n",
    "a body for GET": GET + b"Content-Length: 5\r\n\r\nhello",
    "a deep body": CREATE + b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000,
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Threaded]:
    with threaded(tmp_path_factory.mktemp("raw")) as one:
        yield one


@pytest.fixture(autouse=True)
def sound_log(served: Threaded, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a client sends is a fault of ours."""
    yield
    written = capfd.readouterr()
    said = written.out + written.err + caplog.text
    assert "Traceback" not in said, said
    assert "request_failed" not in said
    assert "internal_error" not in said
    assert "data_received" not in said


def connect(served: Threaded) -> socket.socket:
    host, port = served.http.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_S)


def exchange(served: Threaded, data: bytes) -> bytes:
    """Sends it, says that no more comes, and reads until the other side has ended too."""
    heard = b""
    with connect(served) as wire, contextlib.suppress(OSError):  # who is refused in the midst of it may be cut off
        wire.sendall(data)
        wire.shutdown(socket.SHUT_WR)
        while part := wire.recv(65_536):
            heard += part
    return heard


def statuses(heard: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", heard)]


def serves(served: Threaded) -> None:
    key = {"Authorization": f"Token {served.key}"}
    assert httpx.get(f"{served.http}/api/v1/bots/{served.bots[0]}", headers=key, timeout=PATIENCE_S).status_code == 200


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_the_clients_fault(served: Threaded, name: str) -> None:
    found = statuses(exchange(served, BROKEN[name]))
    assert all(100 <= status < 500 for status in found), found
    serves(served)


def test_answers_to_what_came_at_once_come_in_order(served: Threaded) -> None:
    head = f"Host: x\r\nAuthorization: Token {served.key}\r\n"
    paths = [f"/api/v1/bots/{bot_id}" for bot_id in served.bots] + ["/api/v1/nope", "/healthz"]
    requests = [f"GET {path} HTTP/1.1\r\n{head}" for path in paths]
    requests[-1] += "Connection: close\r\n"
    heard = b""
    with connect(served) as wire:
        wire.sendall("".join(f"{one}\r\n" for one in requests).encode())
        while part := wire.recv(65_536):
            heard += part
    assert statuses(heard) == [200, 200, 200, 404, 200]
    at = [heard.index(bot_id.encode()) for bot_id in served.bots]
    assert at == sorted(at)


def test_a_client_that_goes_in_the_midst_of_its_body_leaves_nothing(served: Threaded) -> None:
    for _ in range(50):
        with connect(served) as wire:
            wire.sendall(CREATE + b"Content-Length: 1000000\r\n\r\n{" + b" " * 10_000)
    serves(served)


def test_who_drips_holds_nobody_up_and_is_sent_away(served: Threaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(http, "BODY_WAIT_S", 1.0)
    body = CREATE + f"Authorization: Token {served.key}\r\nContent-Length: 5\r\n\r\n".encode()
    beginnings = [b"", b"GET", GET, GET + b"X: ", b"\r\n", body, body + b"{"]
    drips = [(beginning, connect(served)) for beginning in beginnings for _ in range(20)]
    try:
        for beginning, wire in drips:
            wire.sendall(beginning)
        serves(served)
        for beginning, wire in drips:
            heard = b""
            while part := wire.recv(65_536):
                heard += part
            assert statuses(heard) == [408], (beginning, heard)
    finally:
        for _, wire in drips:
            wire.close()


@pytest.mark.parametrize(
    ("beginning", "more"),
    [
        (GET, b"X-Long: " + b"a" * 60_000 + b"\r\n"),
        (GET + b"X-Long: ", b"a" * 60_000),
        (CREATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X-Trailer: " + b"a" * 60_000 + b"\r\n"),
        (CREATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: ", b"a" * 60_000),
        (CREATE + b"Transfer-Encoding: chunked\r\n\r\n2;x=", b"a" * 60_000),
    ],
    ids=["headers", "a header", "trailers", "a trailer", "an extension"],
)
def test_what_has_no_end_is_cut_off(served: Threaded, beginning: bytes, more: bytes) -> None:
    key = f"Authorization: Token {served.key}\r\n".encode()
    sent = 0
    with connect(served) as wire, contextlib.suppress(OSError):
        wire.sendall(beginning.replace(b"Host: x\r\n", b"Host: x\r\n" + key))
        while sent < 500_000_000:
            sent += wire.send(more)
    assert sent < 50_000_000, "what lies in the buffers between, and no more"
    serves(served)


def test_a_thousand_broken_requests_leave_nothing_behind(served: Threaded) -> None:
    """Of the whole process, in which the tests run too: the same again takes no more room."""
    for _ in range(2):
        for data in BROKEN.values():
            exchange(served, data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(20):
        for data in BROKEN.values():
            exchange(served, data)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 64 << 20
