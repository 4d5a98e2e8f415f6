"""What watching a page costs: the in-page observer with each platform's program, beside the same page alone.

The page has 5,000 nodes and changes 50 times a second, each time a text, an attribute and a node that comes and goes: more than
any meeting does. Captions are on: twenty turns are shown as that platform shows them, and the last one grows by five words a
second. The observer's own time is taken in the page, by the clock: what other processes take meanwhile is in it, so it
is never too little, but for the callbacks of 150 changes a second. The CPU of all the browser's processes, beside the page alone,
is true, and as unsteady as the machine.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from agents.browser.api import BrowserOptions
from agents.browser.session import ChromiumLauncher
from agents.platforms.adapter import DeclarativeAdapter
from agents.platforms.base import CaptionWish, JoinRequest, Listeners
from agents.platforms.file_reader import BUILT_IN, load
from agents.platforms.platform_file import UrlRules
from benchmarks.harness import cpu_seconds

PLATFORMS = ("google_meet", "zoom", "teams", "jitsi")
SECONDS = 20.0
ROUNDS = 3
PAGE = """<!doctype html><title>5,000 nodes</title><body><script>
const words = 'Ada shares her screen with everybody who is here today and nobody minds at all'.split(' ');
for (let i = 0; i < 1250; i++) {
  const row = document.createElement('div');
  row.className = 'row r' + i;
  row.innerHTML = `<span data-n="${i}"></span><button aria-label="More of ${i}">${words[(i + 3) % words.length]}</button><i></i>`;
  row.firstChild.textContent = words[i % words.length] + ' ' + i;
  document.body.append(row);
}
const rows = document.querySelectorAll('.row');
let n = 0;
setInterval(() => {
  const row = rows[(n * 7) % rows.length];
  row.firstChild.textContent = words[n % words.length] + ' ' + n;
  row.dataset.turn = n;
  if (row.lastChild.nodeName === 'B') row.lastChild.remove();
  else row.append(document.createElement('b'));
  n++;
}, 20);
</script>"""


CAPTIONS = """
const shown = [];
function captions(make, words) {
  for (let i = 0; i < 20; i++) shown.push(make(i % 2 ? 'Ada Lovelace' : 'Grace Hopper', 'what was said in turn ' + i));
  let said = 0;
  setInterval(() => {
    said += 1;
    if (said % 40 === 0) shown.push(make(said % 80 ? 'Ada Lovelace' : 'Grace Hopper', ''));
    words(shown[shown.length - 1], ' word' + said);
  }, 200);
}
const element = (html, into) => {
  into.insertAdjacentHTML('beforeend', html);
  return into.lastElementChild;
};
"""
CAPTIONS_OF = {
    "google_meet": """
const region = element('<div role="region" aria-label="Captions"></div>', document.body);
captions(
  (who, said) => element(`<div><div><img alt=""><div><span>${who}</span></div></div><div>${said}</div></div>`, region),
  (line, more) => { line.lastElementChild.textContent += more; },
);""",
    "zoom": """
const region = element('<div class="live-transcription-subtitle__box"></div>', document.body);
captions(
  (who, said) => {
    const words = `<span class="live-transcription-subtitle__text">${said}</span>`;
    return element(`<div class="live-transcription-subtitle__item"><img alt="${who}">${words}</div>`, region);
  },
  (line, more) => { line.lastElementChild.textContent += more; },
);""",
    "teams": """
const region = element('<div data-tid="closed-caption-renderer-wrapper"></div>', document.body);
captions(
  (who, said) => {
    const words = `<span data-tid="author">${who}</span><span data-tid="closed-caption-text">${said}</span>`;
    return element(`<div class="fui-ChatMessageCompact">${words}</div>`, region);
  },
  (line, more) => { line.lastElementChild.textContent += more; },
);""",
    "jitsi": """
const messages = new Map();
const state = {
  'features/subtitles': { _requestingSubtitles: true, _transcriptMessages: messages },
  'features/base/conference': {}, 'features/lobby': {}, 'features/chat': { messages: [] }, 'features/base/tracks': [],
  'features/base/participants': { local: { id: 'me', name: 'Bot', local: true }, remote: new Map() },
};
window.APP = { conference: { isJoined: () => true, isConnectionInterrupted: () => false }, store: { getState: () => state } };
captions(
  (who, said) => {
    const message = { participant: { id: who, name: who }, stable: said, unstable: '' };
    messages.set(String(messages.size), message);
    return message;
  },
  (message, more) => { message.stable += more; },
);""",
}


async def main() -> str:
    """The table."""
    head = (
        "the observer with the program of",
        "own time, % of a core",
        "a look, ms",
        "looks a second",
        "CPU more than the page alone, %",
    )
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    bare: list[float] = []
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    with tempfile.TemporaryDirectory() as folder:
        async with server:
            for name in PLATFORMS:
                runs = []
                for _ in range(ROUNDS):  # in turn, so that a machine that changes its mind changes it for both
                    bare.append((await _run(f"{url}{name}", Path(folder), "")).cpu_percent)
                    runs.append(await _run(f"{url}{name}", Path(folder), name))
                own = statistics.median(run.own_percent for run in runs)
                look = statistics.median(run.look_ms for run in runs)
                looks = statistics.median(run.looks_a_second for run in runs)
                more = ", ".join(f"{run.cpu_percent - alone:.1f}" for run, alone in zip(runs, bare[-ROUNDS:], strict=True))
                lines.append(f"| {name} | {own:.2f} | {look:.1f} | {looks:.1f} | {more} |")
    lines.append(f"\nThe page alone takes {statistics.median(bare):.1f} % ({min(bare):.1f} to {max(bare):.1f}).")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Run:
    """One run's figures."""

    cpu_percent: float
    own_percent: float = 0.0
    look_ms: float = 0.0
    looks_a_second: float = 0.0


async def _run(url: str, folder: Path, name: str) -> Run:
    """Without a name, the page alone."""
    browser = await ChromiumLauncher().launch(BrowserOptions(), profile_parent=folder)
    try:
        page = await browser.new_page()
        attendance = None
        if name:
            rules = replace(load(BUILT_IN / name / "platform.toml"), url=UrlRules(), join=(), after_join=())
            attendance = DeclarativeAdapter(rules).attend()
            await attendance.prepare(page, Listeners(*([lambda *_: None] * 5)))
            await attendance.enter(JoinRequest(url, "Bot", captions=CaptionWish()))
        else:
            await page.open(url)
        await asyncio.sleep(4)  # it is still busy with its start
        looks, ms = await attendance.cost() if attendance else (0, 0.0)
        cpu = cpu_seconds(browser.pid)
        await asyncio.sleep(SECONDS)
        percent = 100 * (cpu_seconds(browser.pid) - cpu) / SECONDS
        if attendance is None:
            return Run(percent)
        now_looks, now_ms = await attendance.cost()
        if attendance.captions_shown < 20:
            raise RuntimeError(f"{name}: captions were to be read, and {attendance.captions_shown} lines were")
        looks, ms = now_looks - looks, now_ms - ms
        return Run(percent, ms / SECONDS / 10, ms / max(looks, 1), looks / SECONDS)
    finally:
        await browser.close()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
    body = PAGE.replace("</script>", f"{CAPTIONS}{CAPTIONS_OF.get(path[1:], '')}</script>").encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n")
    writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()
