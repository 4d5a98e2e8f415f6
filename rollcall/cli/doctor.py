"""`rollcall doctor`: checks what a bot needs on this machine; each failure says how to put it right."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rollcall.cli import open_files
from rollcall.cli.terminal import say

if TYPE_CHECKING:
    from server.settings import ServerSettings

MIN_FREE_BYTES = 2 * 1024**3
MAX_CLOCK_OFF_SECONDS = 30.0
MIN_OPEN_FILES = 1024
SET_CLOCK = f"set the clock: {'sudo sntp -sS time.apple.com' if sys.platform == 'darwin' else 'timedatectl set-ntp true'}"
_PROBE_S = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `fix` is empty where nothing is wrong."""

    found: str
    fix: str = ""


def doctor() -> None:
    """Check Chromium, ffmpeg, database, broker, ports, disk, open files and clock."""
    from server.settings import ServerSettings

    settings = ServerSettings()
    install = "brew install" if sys.platform == "darwin" else "apt-get install"
    checks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("Chromium", _chromium),
        ("ffmpeg", lambda: _program("ffmpeg", "-version", f"records cannot be finished without it: {install} ffmpeg")),
        ("ffprobe", lambda: _program("ffprobe", "-version", f"it comes with ffmpeg: {install} ffmpeg")),
        ("espeak-ng", lambda: _program("espeak-ng", "--version", f"only `rollcall rehearse` needs it: {install} espeak-ng")),
        ("Data folder", lambda: _folder(settings.data_dir)),
        ("Media folder", lambda: _folder(settings.media_dir)),
        ("Database", lambda: _database(settings)),
        ("Broker", lambda: _broker(settings.broker_url)),
        ("gRPC port", lambda: _port(settings.grpc_address, "ROLLCALL_GRPC_ADDRESS", _grpc_is_ours)),
        ("HTTP port", lambda: _port(settings.http_address, "ROLLCALL_HTTP_ADDRESS", _http_is_ours)),
        ("Open files", _open_files),
        ("Clock", _clock),
    )
    bad = 0
    for name, check in checks:
        finding = check()
        bad += bool(finding.fix)
        say(f"{'FAIL' if finding.fix else 'ok':4}  {name:12}  {finding.found}")
        if finding.fix:
            say(f"      {'':12}  fix: {finding.fix}")
    if bad:
        raise typer.Exit(1)


def _chromium() -> Finding:
    from agents.browser.api import BrowserOptions
    from agents.browser.errors import BrowserError
    from agents.browser.session import ChromiumLauncher
    from agents.settings import WorkerSettings

    async def start() -> Finding:
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            launcher = ChromiumLauncher(WorkerSettings().chromium)
            browser = await launcher.launch(BrowserOptions(tab_capture=True), profile_parent=Path(folder))
            took = time.monotonic() - began
            try:
                return Finding(f"started in {took:.1f} s")
            finally:
                await browser.close()

    try:
        return asyncio.run(start())
    except BrowserError as error:
        return Finding("does not start", str(error))


def _program(name: str, flag: str, fix: str) -> Finding:
    if not shutil.which(name):
        return Finding("not found", fix)
    answer = subprocess.run([name, flag], check=False, capture_output=True, text=True, timeout=10)
    first = (answer.stdout or answer.stderr).splitlines()[0][:80] if answer.stdout or answer.stderr else ""
    return Finding(first) if answer.returncode == 0 else Finding(f"fails: {first}", fix)


def _folder(path: Path) -> Finding:
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        return Finding(
            f"{path}: {error.strerror}", "make it writable, or choose another with ROLLCALL_DATA_DIR or ROLLCALL_MEDIA_DIR"
        )
    free = shutil.disk_usage(path).free
    found = f"{path}: {free / 1024**3:.1f} GiB free"
    return Finding(found) if free >= MIN_FREE_BYTES else Finding(found, "an hour of 1080p takes about 1 GiB: free some space")


def _database(settings: ServerSettings) -> Finding:
    from server.admin import check_database
    from server.domain.errors import DataFolderInUse, DomainError

    try:
        return Finding(asyncio.run(check_database(settings)))
    except DataFolderInUse:
        return Finding("in use by a running service (good, if that is yours)")
    except DomainError as error:
        return Finding("cannot be used", str(error))


def _broker(url: str) -> Finding:
    if url.startswith("embedded:"):
        return Finding("in the process itself")
    from server.dispatch import check_broker

    problem = check_broker(url)
    return Finding("cannot be reached", f"{problem}; start it, or correct ROLLCALL_BROKER_URL") if problem else Finding("answers")


def _port(address: str, setting: str, is_ours: Callable[[str], bool]) -> Finding:
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            if error.errno == errno.EADDRINUSE and is_ours(address):
                return Finding(f"{address}: a Rollcall answers (good, if that is yours)")
            return Finding(f"{address}: {os.strerror(error.errno or 0)}", f"choose another with {setting}")
    return Finding(f"{address} is free")


def _http_is_ours(address: str) -> bool:
    import httpx

    try:
        answer = httpx.get(f"http://{address}/healthz", timeout=_PROBE_S, trust_env=False)
        return bool(answer.json() == {"status": "ok"})
    except (httpx.HTTPError, ValueError):
        return False


def _grpc_is_ours(address: str) -> bool:
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(address) as channel:
        try:
            health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service="rollcall.v1.BotService"), timeout=_PROBE_S
            )
        except grpc.RpcError:
            return False
    return True


def _open_files() -> Finding:
    """Each stream, and each of a bot's connections, is one. The command line has raised the limit as far as it may by now."""
    allowed = open_files.allow_many()
    found = f"up to {allowed} at a time"
    return Finding(found) if allowed >= MIN_OPEN_FILES else Finding(found, f"raise the hard limit: ulimit -Hn {MIN_OPEN_FILES}")


def _clock() -> Finding:
    """Kernels say whether their clock is kept right; without a network nothing better can be asked."""
    now = time.time()
    newest = Path(__file__).stat().st_mtime
    if now + MAX_CLOCK_OFF_SECONDS < newest:
        return Finding("is behind the files of this installation", SET_CLOCK)
    synchronised = (
        shutil.which("timedatectl")
        and subprocess.run(
            ["timedatectl", "show", "-p", "NTPSynchronized", "--value"], check=False, capture_output=True, text=True, timeout=10
        ).stdout.strip()
    )
    return Finding(
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)) + (f", synchronised: {synchronised}" if synchronised else "")
    )
