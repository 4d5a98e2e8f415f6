"""Opens a meeting's page and says what of a platform file is found in it; keeps what a maintainer needs to describe what is new.

The bundle: `report.txt` (what was found and missed), `log.txt` (what was seen, when), `dom-<n>.html` (each frame without texts
of people and tokens), `page.png` (as people see it: to be looked at before it is passed on), `platform.toml` (the file that was
used).
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from agents.browser.api import BrowserOptions, Page
from agents.browser.errors import BrowserError, without_secrets
from agents.browser.session import ChromiumLauncher
from agents.media_devices.virtual_devices import VirtualDevices
from agents.platforms.adapter import DeclarativeAdapter
from agents.platforms.base import JoinRequest, JoinStepError, Listeners, Observation
from agents.platforms.declarative import DeclarativeAttendance
from agents.platforms.file_reader import whole
from agents.platforms.findings import Piece, pieces
from agents.platforms.platform_file import PlatformFile, Reload
from agents.platforms.program import Formula
from agents.platforms.shown import lines_of

Say = Callable[[str], None]
_TELLING_LETTERS = 4
_TELLS_NOTHING = frozenset({"join", "meet", "start", "room", "rooms", "rehearsal", "meetup-join", "launch"})
"""Words of addresses that pages say as well."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What to look at."""

    file: PlatformFile
    url: str
    out: Path
    """A folder that does not exist yet."""
    name: str = "Rollcall probe"
    seconds: float = 20.0
    """How long to look after the page is open, or after having asked to join."""
    join: bool = False
    """Whether to go through the steps, as a bot would; else the page is opened and left alone."""
    chromium: Path | None = None
    switches: tuple[str, ...] = ()
    """More for Chromium, as WorkerSettings.chromium_switches."""


@dataclass(slots=True)
class _Notes:
    """What was seen: said at once and kept for the bundle, without names and words of people."""

    say: Say
    begun: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)

    def __call__(self, words: str, more: str = "") -> None:
        """`more` may hold what the page says: for the one who looks on, not for the bundle."""
        line = f"{time.monotonic() - self.begun:7.2f} s  {words}"
        self.lines.append(line)
        self.say(f"{line}: {more}" if more else line)

    def listeners(self) -> Listeners:
        return Listeners(
            ui_state=lambda seen: self(_state(seen)),
            people=lambda people: self(f"people     {len(people)}, of them the bot itself {sum(one.is_self for one in people)}"),
            speaking=lambda _uuid, on: self(f"speaking   somebody {'begins' if on else 'ends'}"),
            chat=lambda message: self(f"chat       a message of {len(message.text)} letters"),
            log=lambda code, text: self(f"remark     {code}", text),
        )


def _state(seen: Observation) -> str:
    return f"state      {seen.state.value}   ({seen.evidence})"


@dataclass(slots=True)
class _Examiner:
    """Notes which pieces were ever found."""

    attendance: DeclarativeAttendance
    looked_for: list[tuple[Piece, Formula]]
    found: set[int] = field(default_factory=set)

    async def look(self) -> None:
        """Until it is cancelled."""
        while True:
            self.note()
            await asyncio.sleep(0.2)

    def note(self) -> None:
        self.found.update(n for n, (_, formula) in enumerate(self.looked_for) if self.attendance.holds(formula))

    def report(self) -> Iterable[str]:
        for number, (piece, _) in enumerate(self.looked_for):
            mark = "found " if number in self.found else "missed"
            yield f"{mark}  {piece.kind:8}  {piece.name}" + (f"  ({piece.where})" if piece.where else "")


async def run(probe: Probe, say: Say = print) -> bool:
    """Opens, looks, keeps; whether the page could be opened. Raises OSError where the folder cannot be written."""
    probe.out.mkdir(parents=True)
    notes = _Notes(say)
    adapter = DeclarativeAdapter(probe.file)
    with tempfile.TemporaryDirectory(prefix="rollcall-probe-", ignore_cleanup_errors=True) as folder:
        try:
            options = adapter.browser_options(BrowserOptions())
            browser = await ChromiumLauncher(probe.chromium, switches=probe.switches).launch(options, profile_parent=Path(folder))
        except BrowserError as error:
            notes(f"no browser: {error}")
            return False
        try:
            return await _examine(probe, await browser.new_page(), notes)
        finally:
            await browser.close()


async def _examine(probe: Probe, page: Page, notes: _Notes) -> bool:
    left_alone = replace(probe.file, dialogs=(), after_join=(), reload=Reload())
    attendance = DeclarativeAdapter(probe.file if probe.join else left_alone).attend()
    wanted = list(pieces(probe.file))
    examiner = _Examiner(attendance, list(zip(wanted, attendance.watch([piece.condition for piece in wanted]), strict=True)))
    await VirtualDevices(page).prepare()
    await attendance.prepare(page, notes.listeners())
    opened = await _visit(probe, attendance, examiner, page, notes)
    report = list(examiner.report())
    for line in report:
        notes.say(line)
    if not page.failure.done():
        await _keep(probe, attendance, page, notes)
    (probe.out / "report.txt").write_text("\n".join(report) + "\n", encoding="utf-8")
    (probe.out / "log.txt").write_text("\n".join(notes.lines) + "\n", encoding="utf-8")
    (probe.out / "platform.toml").write_text("\n".join(lines_of(whole(Path(probe.file.path)))) + "\n", encoding="utf-8")
    await attendance.leave()
    return opened


async def _visit(probe: Probe, attendance: DeclarativeAttendance, examiner: _Examiner, page: Page, notes: _Notes) -> bool:
    looking = asyncio.create_task(examiner.look())  # also while the steps go on
    try:
        await attendance.enter(JoinRequest(probe.url, probe.name), steps=probe.join)
        address = without_secrets(await page.url())
        notes(f"open       {urlsplit(address).netloc}{', the steps are done' if probe.join else ''}", address)
        await asyncio.wait([page.failure], timeout=probe.seconds)
    except JoinStepError as error:
        notes(f"failed     {error.step}", str(error))
    except BrowserError as error:
        notes(f"failed     {type(error).__name__}", str(error).splitlines()[0])
        return False
    finally:
        looking.cancel()
        await asyncio.wait({looking})
        examiner.note()
    return True


async def _keep(probe: Probe, attendance: DeclarativeAttendance, page: Page, notes: _Notes) -> None:
    try:
        (probe.out / "page.png").write_bytes(await page.screenshot())
        for number, html in enumerate(await attendance.sanitised(names=[probe.name, *_of_this_meeting(probe.url)])):
            (probe.out / f"dom-{number}.html").write_text(html, encoding="utf-8")
    except BrowserError as error:
        notes(f"not kept   {type(error).__name__}")


def _of_this_meeting(url: str) -> list[str]:
    """What of an address says which meeting it is: whoever has it can come in."""
    parts = urlsplit(url)
    pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    return [unquote(one) for one in pieces if len(one) >= _TELLING_LETTERS and one.lower() not in _TELLS_NOTHING]
