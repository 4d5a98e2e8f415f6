"""Films by URL: what a hostile or broken server can do with a worker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.media_devices import fetch as fetch_module
from agents.media_devices.fetch import fetch
from agents.media_devices.virtual_devices import DeviceError
from rollcall.outward import Policy

LOCAL = Policy(private=True)


@asynccontextmanager
async def serving(*pieces: bytes, holds: bool = False) -> AsyncIterator[str]:
    """A server that answers every request with these bytes; the URL of a film there. `holds`: it then says nothing more."""
    open_: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
        if not holds:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/film.mp4"
        for writer in open_:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def test_a_film_is_fetched(tmp_path: Path) -> None:
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfilm") as url:
        await fetch(url, tmp_path / "film.mp4", LOCAL)
    assert (tmp_path / "film.mp4").read_bytes() == b"film"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://127.0.0.1/film.mp4", "loopback"),
        ("https://2130706433/film.mp4", "loopback"),
        ("https://[::ffff:10.0.0.1]/film.mp4", "private"),
        ("https://localhost/film.mp4", "loopback"),
        ("http://93.184.215.14/film.mp4", "https://"),
        ("file:///etc/passwd", "https://"),
    ],
)
async def test_only_public_addresses_are_asked(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(DeviceError, match=words):
        await fetch(url, tmp_path / "film.mp4", Policy())
    assert not (tmp_path / "film.mp4").exists()


async def test_a_name_that_leads_to_this_machine_is_refused_when_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", 443))])
    with pytest.raises(DeviceError, match="loopback"):
        await fetch("https://films.example.com/film.mp4", tmp_path / "film.mp4", Policy())


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    async with serving(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n") as url:
        with pytest.raises(DeviceError, match="302"):
            await fetch(url, tmp_path / "film.mp4", LOCAL)


async def test_more_than_a_film_may_have_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "MOST_BYTES", 1 << 20)
    async with serving(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * (1 << 18)] * 8) as url:
        with pytest.raises(DeviceError, match="too large: at most 1 MiB"):
            await fetch(url, tmp_path / "film.mp4", LOCAL)
    assert (tmp_path / "film.mp4").stat().st_size <= 1 << 20


async def test_a_server_that_drips_or_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "MOST_SECONDS", 0.3)
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx", holds=True) as url:
        with pytest.raises(DeviceError, match="within"):
            await fetch(url, tmp_path / "film.mp4", LOCAL)


@pytest.mark.parametrize("said", [b"nonsense\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"])
async def test_a_server_that_breaks_off_is_said(tmp_path: Path, said: bytes) -> None:
    async with serving(said) as url:
        with pytest.raises(DeviceError, match="could not be fetched"):
            await fetch(url, tmp_path / "film.mp4", LOCAL)
