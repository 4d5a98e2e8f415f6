"""What a recording costs a bot beyond being in the meeting: ours by format, beside Xvfb + PulseAudio + ffmpeg x11grab.

One browser sends two people of 640x360 at 20 frames a second and is not counted; the other receives and is, with all its
processes, its virtual display and its encoder. Python's own work for the chunks is in a column of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.server
import os
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from agents.browser.api import BrowserOptions
from agents.browser.page import ChromiumPage
from agents.browser.session import ChromiumLauncher
from agents.capture.base import CaptureListeners, CaptureRequest, Format, HealthSample
from agents.capture.methods import make_capture
from benchmarks.harness import cpu_seconds, pss_bytes

SECONDS = 20.0
SETTLE_SECONDS = 4.0
PEOPLE = 2
PAGES = Path(__file__).resolve().parent.parent / "tests/browser/capture/pages"


@dataclass(frozen=True, slots=True)
class Row:
    """One way to be there, as measured."""

    name: str
    cpu: float
    """Share of one core."""
    agent_cpu: float
    memory: int
    frames: float
    """Recorded frames a second."""
    kilobits: float


@dataclass(frozen=True, slots=True)
class Way:
    """One way to be there."""

    name: str
    beyond: str = ""
    """The way of which it is the dearer form."""
    format: Format | None = None
    size: tuple[int, int] = (1280, 720)
    methods: tuple[str, ...] = ("tab",)
    whole: bool = False
    """The whole Chromium, where sound alone would do with less."""
    outside: bool = False
    """Recorded from a virtual display, not from within."""


WAYS = (
    Way("in the meeting, chromium-headless-shell"),
    Way("+ sound (mp3)", "in the meeting, chromium-headless-shell", Format.MP3),
    Way("in the meeting, whole Chromium", whole=True),
    Way("+ 720p, the tab's picture (mp4)", "in the meeting, whole Chromium", Format.MP4),
    Way("+ 720p, the remote tracks side by side (mp4)", "in the meeting, whole Chromium", Format.MP4, methods=("tracks",)),
    Way("in the meeting, whole Chromium, 1080p", whole=True, size=(1920, 1080)),
    Way("+ 1080p, the tab's picture (mp4)", "in the meeting, whole Chromium, 1080p", Format.MP4, (1920, 1080)),
    Way("720p from outside: Xvfb, PulseAudio, ffmpeg x11grab", "in the meeting, whole Chromium", outside=True),
)


async def main() -> str:
    """The table."""
    rows: dict[str, Row] = {}
    with served() as site, tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            if way.outside and not (shutil.which("Xvfb") and shutil.which("pulseaudio")):
                continue
            rows[way.name] = await measured(way, site, Path(folder))
    lines = [
        "| | CPU, cores | beyond being there | agent's CPU | memory, MB (PSS) | frames/s | kbit/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for way in WAYS:
        if (row := rows.get(way.name)) is not None:
            more = f"{row.cpu - rows[way.beyond].cpu:+.2f}" if way.beyond else ""
            numbers = f"{row.agent_cpu:.3f} | {row.memory / 1e6:.0f} | {row.frames:.1f} | {row.kilobits:.0f}"
            lines.append(f"| {row.name} | {row.cpu:.2f} | {more} | {numbers} |")
    return "\n".join([*lines, "", f"Load of the machine at the end: {os.getloadavg()[0]:.1f}; {SECONDS:.0f} s a row."])


async def measured(way: Way, site: str, folder: Path) -> Row:
    """A row."""
    launcher = ChromiumLauncher()
    sender = await launcher.launch(BrowserOptions(), profile_parent=folder)
    try:
        people = await sender.new_page()
        await people.open(f"{site}/meeting.html")
        async with outside(folder) if way.outside else inside(way, folder) as bot:
            await bot.page.open(f"{site}/meeting.html")
            await introduce(people, bot.page)
            await bot.start()
            await asyncio.sleep(SETTLE_SECONDS)
            return await bot.watch(way.name)
    finally:
        await sender.close()


async def introduce(people: ChromiumPage, bot: ChromiumPage) -> None:
    """Connects the two pages: Python carries the session descriptions."""
    for n in range(PEOPLE):
        call = await people.evaluate("(hz, hue) => call(hz, hue)", 440 * (n + 1), n * 140, timeout_s=20)
        reply = await bot.evaluate("async (sdp) => (await answer(sdp)).sdp", call["sdp"], timeout_s=20)
        await people.evaluate("(index, sdp) => accept(index, sdp)", call["index"], reply)


class Inside:
    """A bot with our capture, or with none."""

    def __init__(self, page: ChromiumPage, pids: list[int], capture: object, health: list[HealthSample]) -> None:
        self.page = page
        self._pids = pids
        self._capture = capture
        self._health = health

    async def start(self) -> None:
        """Begins to record."""
        if self._capture is not None:
            await self._capture.arm()  # type: ignore[attr-defined]
            await self._capture.start()  # type: ignore[attr-defined]

    async def watch(self, name: str) -> Row:
        """Measures for a while."""
        before, own, began, seen = self._cpu(), time.process_time(), time.monotonic(), len(self._health)
        await asyncio.sleep(SECONDS)
        took = time.monotonic() - began
        cpu, agent = (self._cpu() - before) / took, (time.process_time() - own) / took
        samples = self._health[seen:]
        size = sum(s.bytes_written for s in samples) * 8 / 1000 / took
        return Row(name, cpu, agent, self._memory(), sum(s.video_frames for s in samples) / took, size)

    def _cpu(self) -> float:
        return sum(cpu_seconds(pid) for pid in self._pids)

    def _memory(self) -> int:
        return sum(pss_bytes(pid) for pid in self._pids)


@contextlib.asynccontextmanager
async def inside(way: Way, folder: Path) -> AsyncIterator[Inside]:
    """Our own browser with our own capture."""
    options = BrowserOptions(width=way.size[0], height=way.size[1], tab_capture=way.whole)
    health: list[HealthSample] = []
    capture = None
    if way.format is not None:
        capture = make_capture(CaptureRequest(way.format, *way.size, Path(tempfile.mkdtemp(dir=folder)), 1), methods=way.methods)
        options = capture.browser_options(options)
    browser = await ChromiumLauncher().launch(options, profile_parent=folder)
    try:
        page = await browser.new_page()
        if capture is not None:
            await capture.prepare(page, CaptureListeners(health.append, lambda *_: None, lambda why: print(f"failed: {why}")))
        yield Inside(page, [browser.pid], capture, health)
        if capture is not None:
            await capture.stop()
    finally:
        await browser.close()


class Outside(Inside):
    """A browser with a window on a virtual display, filmed by ffmpeg."""

    def __init__(self, page: ChromiumPage, pids: list[int], environment: dict[str, str], file: Path) -> None:
        super().__init__(page, pids, None, [])
        self._environment = environment
        self._file = file

    async def start(self) -> None:
        """Begins to film, 15 frames a second, as cheaply as x264 can."""
        grab = ["-f", "x11grab", "-framerate", "15", "-video_size", "1280x720", "-i", self._environment["DISPLAY"]]
        sound = ["-f", "pulse", "-i", "bot.monitor"]
        code = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60", "-c:a", "libopus", "-b:a", "48k"]
        self._ffmpeg = await asyncio.create_subprocess_exec(
            "ffmpeg",
            "-v",
            "error",
            "-nostdin",
            *grab,
            *sound,
            *code,
            "-y",
            str(self._file),
            env={**os.environ, **self._environment},
        )
        self._pids.append(self._ffmpeg.pid)

    async def watch(self, name: str) -> Row:
        """Measures for a while."""
        before = self._file.stat().st_size if self._file.exists() else 0
        row = await super().watch(name)
        size = (self._file.stat().st_size - before) * 8 / 1000 / SECONDS
        self._ffmpeg.terminate()
        await self._ffmpeg.wait()
        return Row(name, row.cpu, row.agent_cpu, row.memory, 15.0, size)


@contextlib.asynccontextmanager
async def outside(folder: Path) -> AsyncIterator[Outside]:
    """Xvfb, PulseAudio with one null sink, and Chromium with a window."""
    read, write = os.pipe()
    display = await asyncio.create_subprocess_exec(
        "Xvfb", "-displayfd", str(write), "-screen", "0", "1280x720x24", "-nolisten", "tcp", "-ac", pass_fds=[write],
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    number = (await asyncio.to_thread(os.read, read, 16)).decode().strip()
    os.close(read)
    home = Path(tempfile.mkdtemp(dir=folder))
    socket = home / "pulse"
    environment = {"DISPLAY": f":{number}", "PULSE_SERVER": f"unix:{socket}", "PULSE_RUNTIME_PATH": str(home), "HOME": str(home)}
    modules = ["-L", "module-null-sink sink_name=bot", "-L", f"module-native-protocol-unix auth-anonymous=1 socket={socket}"]
    sound = await asyncio.create_subprocess_exec(
        "pulseaudio", "-n", "--exit-idle-time=-1", "--disallow-exit", *modules, env={**os.environ, **environment},
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    program = home / "chromium-with-a-window"
    program.write_text(WITH_A_WINDOW)
    program.chmod(0o700)
    try:
        options = BrowserOptions(tab_capture=True, flags=("--kiosk", "--window-size=1280,720", "--window-position=0,0"))
        for name, value in environment.items():
            options.extra_environment[name] = value
        browser = await ChromiumLauncher(program).launch(options, profile_parent=folder)
        try:
            yield Outside(await browser.new_page(), [browser.pid, display.pid, sound.pid], environment, home / "film.mkv")
        finally:
            await browser.close()
    finally:
        for process in (sound, display):
            process.terminate()
            await process.wait()


WITH_A_WINDOW = """#!/bin/bash
kept=()
for switch in "$@"; do [[ "$switch" == --headless* || "$switch" == --mute-audio ]] || kept+=("$switch"); done
exec chromium "${kept[@]}"
"""


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The test meeting's address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=PAGES))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
