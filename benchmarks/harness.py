"""What every measurement uses: processes with their CPU, a load of HTTP requests, percentiles, tables."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """A process and all its descendants."""
    found, queue = [], [pid]
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    while queue:
        one = queue.pop()
        found.append(one)
        queue += parents.get(one, [])
    return found


def cpu_seconds(pid: int, *, tree: bool = True) -> float:
    """CPU that a process (and its living descendants) used, in seconds."""
    total = 0
    for one in children(pid) if tree else [pid]:
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])
    return total / TICKS


def pss_bytes(pid: int) -> int:
    """Memory of a process and its descendants, shared pages counted once (PSS)."""
    total = 0
    for one in children(pid):
        try:
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except OSError:
            continue
    return total


@dataclass(frozen=True, slots=True)
class Load:
    """What a load measured: seconds for each answer, and CPU seconds of the server for all of them."""

    latencies: list[float]
    wall: float
    cpu: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.wall

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of the server's CPU a request."""
        return 1000 * self.cpu / len(self.latencies)

    def percentile(self, percent: int) -> float:
        """A latency in milliseconds."""
        return 1000 * statistics.quantiles(self.latencies, n=100)[percent - 1]


class HttpConnection:
    """One keep-alive connection that sends prepared bytes and reads one answer: as little client work as can be."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self._address)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        lower = head.lower()
        at = lower.find(b"content-length:")
        if at < 0:
            raise RuntimeError(f"answer without a length: {head!r}")
        length = int(lower[at + 15 : lower.index(b"\r\n", at)])
        return status, await self._reader.readexactly(length)


def http_request(method: str, path: str, key: str, body: bytes = b"") -> bytes:
    """A request as bytes."""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Token {key}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def measure(
    send: Sequence[Callable[[int], Awaitable[None]]], count: int, pids: Sequence[int], *, warm_up: int = 200
) -> Load:
    """Runs `count` requests over as many workers as there are senders, and the CPU of `pids` meanwhile.

    A sender raises on a wrong answer, and the measurement fails with it.
    """
    for index in range(warm_up):
        await send[index % len(send)](-1 - index)
    latencies: list[float] = []
    numbers = iter(range(count))

    async def work(one: Callable[[int], Awaitable[None]]) -> None:
        for number in numbers:
            began = time.perf_counter()
            await one(number)
            latencies.append(time.perf_counter() - began)

    cpu = sum(cpu_seconds(pid) for pid in pids)
    began = time.perf_counter()
    await asyncio.gather(*(work(one) for one in send))
    wall = time.perf_counter() - began
    return Load(latencies, wall, sum(cpu_seconds(pid) for pid in pids) - cpu)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
