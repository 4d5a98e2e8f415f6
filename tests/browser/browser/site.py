"""A web server for tests: pages by path, and every way in which a server can be slow or wrong."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Handler = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Site:
    """Serves `pages` at `url`; the same at `other_url`, which is another site to a browser."""

    def __init__(self) -> None:
        self.pages: dict[str, Handler] = {}
        self.port = 0
        self.asked: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def other_url(self) -> str:
        return f"http://localhost:{self.port}"

    def page(self, path: str, html: str, *, status: str = "200 OK", headers: str = "", content_type: str = "text/html") -> str:
        """A page; returns its URL."""
        body = html.encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        head += f"Connection: close\r\n{headers}\r\n"

        async def answer(writer: asyncio.StreamWriter) -> None:
            writer.write(head.encode() + body)

        return self.handle(path, answer)

    def handle(self, path: str, handler: Handler) -> str:
        """Whatever the handler does to the connection; returns the URL."""
        self.pages[path] = handler
        return self.url + path

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                first = await reader.readexactly(1)
                if first == b"\x16":  # a TLS greeting, to which this server speaks plainly
                    await not_found(writer)
                    return
                request = first + await reader.readuntil(b"\r\n\r\n")
                path = request.split(b" ")[1].decode()
                self.asked.append(path)
                await self.pages.get(path.partition("?")[0], not_found)(writer)
                await writer.drain()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=2)


async def not_found(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone")


async def never(writer: asyncio.StreamWriter) -> None:
    """No answer at all."""
    await asyncio.sleep(60)


def after(seconds: float, handler: Handler) -> Handler:
    """The same, later."""

    async def late(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await handler(writer)

    return late


async def never_ending(writer: asyncio.StreamWriter) -> None:
    """A document whose text never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>hello")
    while True:
        writer.write(b"<p>more")
        await writer.drain()
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def running_site(tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    site = Site()
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        await site.stop()
        await server.wait_closed()
