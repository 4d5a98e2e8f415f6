"""One Chromium process: started, watched, ended. Works in any thread's event loop, on Linux and macOS.

Nothing is left behind, whoever dies first. Chromium is started with `--remote-debugging-pipe` beside the port: it ends by
itself, with all its children, when the pipe closes, and the only writing end is ours. So a kill -9 of this process is enough
(measured: 0.05-0.2 s). A parent-death signal would fire when the *thread* that forked ends, and macOS has none; a guardian
process costs 10 MB a browser. Whatever that misses (a Chromium that was stopped), the sweep of profiles ends at the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections import deque
from pathlib import Path

import structlog

from agents.browser import executables, profiles, temporary
from agents.browser.api import BrowserOptions
from agents.browser.errors import ChromiumStartError
from agents.browser.switches import command_line, runs_without_sandbox

log = structlog.get_logger(__name__)

START_SECONDS = 20.0
POLITE_END_SECONDS = 1.5
LINES_KEPT = 30
LISTENING = re.compile(rb"DevTools listening on (ws://\S+)")
NOISE = (b"dbus/", b"Failed to connect to the bus")
"""What every Chromium without a desktop prints; it explains nothing."""

# Chromium reads its debugging pipe from descriptor 3, which only a shell can portably arrange between fork and exec.
WITH_LIFELINE = ("/bin/sh", "-c", 'exec "$@" 3<&0 4>/dev/null 0</dev/null', "chromium")

ENVIRONMENT_KEPT = re.compile(
    r"^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|DYLD_\w+|XDG_\w+|FONTCONFIG_\w+|DISPLAY|WAYLAND_DISPLAY"
    r"|PULSE_\w+|DBUS_\w+|SSL_CERT_\w+|(?i:https?_proxy|no_proxy|all_proxy))$"
)
"""The rest stays with us: a page's process must not find our tokens in its environment."""

HINTS = (
    (
        "error while loading shared libraries",
        "A system library is missing: install Chromium from the system's packages, which bring it along.",
    ),
    (
        "No usable sandbox",
        "Its sandbox needs help: apt-get install chromium-sandbox, or sysctl kernel.apparmor_restrict_unprivileged_userns=0.",
    ),
    ("Failed to move to new namespace", "The container forbids user namespaces: allow clone and unshare in its seccomp profile."),
    ("No space left on device", "The disk is full: free some space."),
    ("Read-only file system", "The profile's folder cannot be written: check ROLLCALL_DATA_DIR."),
    (
        "Permission denied",
        "Check the rights of the program and of the profile's folder.",
    ),
    ("Exec format error", "The program is for another kind of machine."),
)

QUARANTINED = (
    "macOS ends programs that nobody has signed, as Chromium from Homebrew: use Google Chrome, or trust this one by "
    "xattr -dr com.apple.quarantine /Applications/Chromium.app."
)
"""What a SIGKILL at the start means on a Mac (github.com/Homebrew/homebrew-cask/issues/139693)."""


class Chromium:
    """A running Chromium. Made by `start`."""

    def __init__(
        self, process: asyncio.subprocess.Process, profile: profiles.Profile, lifeline: int, *, is_headless_shell: bool
    ) -> None:
        self._process = process
        self._profile = profile
        self._lifeline = lifeline
        self._printed: deque[bytes] = deque(maxlen=LINES_KEPT)
        self._listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read())
        self._ending: asyncio.Task[None] | None = None
        self.is_headless_shell = is_headless_shell
        self.endpoint = ""
        """Where DevTools listen, as ws://127.0.0.1:…"""

    @property
    def pid(self) -> int:
        """The browser's process, which leads its process group."""
        return self._process.pid

    @property
    def profile(self) -> Path:
        """Its profile folder."""
        return self._profile.folder

    @property
    def output(self) -> str:
        """The last lines it printed."""
        return b"".join(self._printed).decode(errors="replace").strip()

    @classmethod
    async def start(cls, options: BrowserOptions, *, profile_parent: Path, executable: Path | None = None) -> Chromium:
        """Sweeps old profiles, starts Chromium in a new one. Raises ChromiumNotFoundError, ChromiumStartError."""
        # The headless shell knows no secure origins beyond https and this machine.
        program = executables.find(executable, whole_browser=options.tab_capture or bool(options.secure_origins))
        await asyncio.to_thread(profiles.sweep, profile_parent)
        try:
            return await cls._start_once(program, options, profile_parent)
        except _CrashedAtStartError:  # seen once in 1,000 starts, on a machine with 15 times the work it has cores for
            log.warning("browser.start_crashed", program=program.name)
            return await cls._start_once(program, options, profile_parent)

    @classmethod
    async def _start_once(cls, program: Path, options: BrowserOptions, profile_parent: Path) -> Chromium:
        try:
            profile = profiles.Profile.create(profile_parent)
        except OSError as error:
            hint = f"No profile folder could be made in {profile_parent}: {error.strerror}."
            raise ChromiumStartError("Chromium was not started", output="", hint=hint) from error
        try:
            chromium = await cls._spawn(program, options, profile)
        except BaseException:
            profile.remove()
            raise
        try:
            await chromium.wait_until_listening()
        except BaseException:
            await chromium.end()
            raise
        return chromium

    @classmethod
    async def _spawn(cls, program: Path, options: BrowserOptions, profile: profiles.Profile) -> Chromium:
        if runs_without_sandbox():
            _say_once_that_there_is_no_sandbox()
        shell = executables.is_headless_shell(program)
        arguments = command_line(options, headless_shell=shell, profile=profile.folder)
        environment = {name: value for name, value in os.environ.items() if ENVIRONMENT_KEPT.match(name)}
        reading, lifeline = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *WITH_LIFELINE,
                str(program),
                *arguments,
                stdin=reading,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env={**environment, **temporary.environment(), "LANGUAGE": "en_US", **options.extra_environment},
                start_new_session=True,  # a group of its own, and no Ctrl-C of the terminal
            )
        except BaseException as error:
            os.close(lifeline)
            if isinstance(error, OSError):
                raise ChromiumStartError("Chromium could not be started", output="", hint=f"{error.strerror}.") from error
            raise
        finally:
            os.close(reading)
        return cls(process, profile, lifeline, is_headless_shell=shell)

    async def wait(self) -> int:
        """Waits until the process is gone; returns its exit code."""
        return await self._process.wait()

    async def end(self, *, polite: bool = False) -> None:
        """Ends the whole process group and removes the profile. `polite` gives Chromium 1.5 s to end by itself. Never raises."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(polite=polite))
        await asyncio.shield(self._ending)

    async def _end(self, *, polite: bool) -> None:
        if polite:
            self._let_go()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), POLITE_END_SECONDS)
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:  # its id may be another's by now: go by the profile
            await asyncio.to_thread(profiles.kill_users_of, self._profile.folder)
        self._let_go()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 2)
        await asyncio.wait([self._reader], timeout=1)  # its pipe ends with the last process that holds it
        self._reader.cancel()
        await asyncio.wait([self._reader])
        self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 -- asyncio has no public way
        await asyncio.to_thread(self._profile.remove)

    def _let_go(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    async def wait_until_listening(self) -> None:
        """Returns when DevTools can be reached at `endpoint`. Raises ChromiumStartError."""
        try:
            async with asyncio.timeout(START_SECONDS):
                self.endpoint = await self._listening
        except EOFError:  # it closed its standard error, so it is ending
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), 1)
            code = self._process.returncode
            kind = _CrashedAtStartError if code is not None and code < 0 else ChromiumStartError
            raise kind(
                f"Chromium ended at once with exit code {code}", output=self.output, hint=_hint(self.output, code)
            ) from None
        except TimeoutError:
            message = f"Chromium did not get ready in {START_SECONDS:g} s"
            raise ChromiumStartError(message, output=self.output, hint=_hint(self.output)) from None

    async def _read(self) -> None:
        """Reads to the end: a full pipe would stop Chromium. Lets go of it when the loop ends and nobody has closed it."""
        try:
            await self._read_lines()
        finally:
            self._let_go()
            if not self._listening.done():
                self._listening.set_exception(EOFError())
                self._listening.exception()  # heard, also where the start was cancelled

    async def _read_lines(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # a line longer than the buffer, which is dropped
                continue
            if not line:
                return
            if not any(words in line for words in NOISE):
                self._printed.append(line[:500])
            found = LISTENING.search(line)
            if found and not self._listening.done():
                self._listening.set_result(found.group(1).decode())


class _CrashedAtStartError(ChromiumStartError):
    """A signal ended it, so it may be another time."""


def _hint(output: str, code: int | None = None) -> str:
    if sys.platform == "darwin" and code == -signal.SIGKILL:
        return QUARANTINED
    return next((hint for words, hint in HINTS if words in output), "")


_said: set[str] = set()


def _say_once_that_there_is_no_sandbox() -> None:
    if "sandbox" not in _said:
        _said.add("sandbox")
        log.warning("browser.without_sandbox", reason="running as root", advice="run workers as another user, or in a container")
