"""What hearing costs: the sound hook in a page with three incoming sound tracks, beside the same page alone.

`heard` is a bot that records nothing: speakers are listened to at the receivers, four times a second. `mixed` is one that is
about to record: all voices flow through one AudioContext. The page sends the tracks to itself, which both pay for. JavaScript
and all of the main thread's time are the browser's own count (CDP Performance.getMetrics); CPU is of all its processes, and as
unsteady as the machine.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agents.browser.api import BrowserOptions
from agents.browser.page import ChromiumPage
from agents.browser.session import ChromiumLauncher
from agents.capture.base import CaptureListeners, CaptureRequest, Format
from agents.capture.methods import make_capture
from benchmarks.harness import cpu_seconds

SECONDS = 15.0
SETTLE_SECONDS = 3.0
ROUNDS = 3
WAYS = ("the page alone", "heard", "mixed")
PAGE = """<!doctype html><title>three voices</title><script>
async function voice(hertz) {
  const [from, to] = [new RTCPeerConnection(), new RTCPeerConnection()];
  from.onicecandidate = ({ candidate }) => candidate && to.addIceCandidate(candidate);
  to.onicecandidate = ({ candidate }) => candidate && from.addIceCandidate(candidate);
  to.ontrack = ({ streams }) => {
    const player = document.body.appendChild(document.createElement('audio'));
    Object.assign(player, { srcObject: streams[0], autoplay: true });
  };
  const out = sound.createMediaStreamDestination();
  const tone = new OscillatorNode(sound, { frequency: hertz });
  tone.connect(new GainNode(sound, { gain: 0.2 })).connect(out);
  tone.start();
  from.addTrack(out.stream.getAudioTracks()[0], out.stream);
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription);
  kept.push(from, to);
}
const kept = [];
const sound = new AudioContext();
window.onload = async () => { for (const hertz of [220, 330, 440]) await voice(hertz); window.ready = true; };
</script><body>"""


@dataclass(frozen=True, slots=True)
class Run:
    """Percent of a core."""

    script: float
    thread: float
    cpu: float
    voices: int


async def main() -> str:
    """The table."""
    runs: dict[str, list[Run]] = {way: [] for way in WAYS}
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    with tempfile.TemporaryDirectory() as folder:
        async with server:
            for _ in range(ROUNDS):
                for way in WAYS:
                    runs[way].append(await _run(url, Path(folder), way))
    head = ("", "JavaScript, % of a core", "main thread, %", "CPU of the browser, %", "voices told")
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for way in WAYS:
        script, thread, cpu = (statistics.median(getattr(run, what) for run in runs[way]) for what in ("script", "thread", "cpu"))
        spread = f"{min(run.cpu for run in runs[way]):.1f} to {max(run.cpu for run in runs[way]):.1f}"
        lines.append(f"| {way} | {script:.2f} | {thread:.2f} | {cpu:.1f} ({spread}) | {runs[way][-1].voices} |")
    return "\n".join(lines)


async def _run(url: str, folder: Path, way: str) -> Run:
    voices: set[str] = set()
    capture = make_capture(CaptureRequest(Format.MP3, 1280, 720, folder / "bot", 1))
    options = capture.browser_options(BrowserOptions(flags=("--autoplay-policy=no-user-gesture-required",)))
    browser = await ChromiumLauncher().launch(options, profile_parent=folder)
    try:
        page = await browser.new_page()
        if way != WAYS[0]:
            heard = CaptureListeners(
                health=lambda _: None, speaking=lambda source, _: voices.add(source), failed=print, hearing=lambda _: None
            )
            await capture.prepare(page, heard)
        await page.open(url)
        if way == WAYS[2]:
            await capture.arm()
        async with asyncio.timeout(20):
            while not await page.evaluate("() => window.ready === true"):
                await asyncio.sleep(0.1)
        await asyncio.sleep(SETTLE_SECONDS)
        before, cpu = await _metrics(page), cpu_seconds(browser.pid)
        await asyncio.sleep(SECONDS)
        after, spent = await _metrics(page), cpu_seconds(browser.pid) - cpu
        if way != WAYS[0] and len(voices) != 3:
            raise RuntimeError(f"three voices were to be heard, and {len(voices)} were")
        script, thread = (100 * (after[name] - before[name]) / SECONDS for name in ("ScriptDuration", "TaskDuration"))
        return Run(script, thread, 100 * spent / SECONDS, len(voices))
    finally:
        await capture.stop()
        await browser.close()


async def _metrics(page: ChromiumPage) -> dict[str, float]:
    session = page._session  # noqa: SLF001 -- the product has no use for it
    await session.send("Performance.enable")
    return {one["name"]: one["value"] for one in (await session.send("Performance.getMetrics"))["metrics"]}


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    body = PAGE.encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n")
    writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()
