"""A network namespace with a veth pair: a network that is not loopback, on a machine that has no other. Needs root and Linux."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ADDRESS = "10.77.0.1"
PREFIX = "rollcall-"
_NAMES = Path("/run/netns")
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET


class NamespaceError(Exception):
    """No namespace can be made here; the text says what to do."""


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NamespaceError(f"ip {' '.join(arguments)}: {done.stderr.strip()}; it needs root, and iproute2")


@contextlib.contextmanager
def namespace() -> Iterator[str]:
    """The name of a namespace where ADDRESS is a network of its own, and loopback works; gone afterwards."""
    if shutil.which("ip") is None:
        raise NamespaceError("ip is not installed: apt-get install iproute2")
    _sweep()
    name = f"{PREFIX}{os.getpid()}"
    _ip("netns", "add", name)
    try:
        _ip("-n", name, "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
        _ip("-n", name, "addr", "add", f"{ADDRESS}/24", "dev", "veth0")
        for device in ("lo", "veth0", "veth1"):
            _ip("-n", name, "link", "set", device, "up")
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _sweep() -> None:
    """Takes away the namespaces of processes that were killed."""
    for path in _NAMES.glob(f"{PREFIX}*") if _NAMES.is_dir() else ():
        pid = path.name.removeprefix(PREFIX)
        if pid.isdigit() and not Path("/proc", pid).exists():
            subprocess.run(["ip", "netns", "del", path.name], capture_output=True, check=False)


@contextlib.contextmanager
def entered(name: str) -> Iterator[None]:
    """Moves the calling thread in, and the processes and threads that it starts: a test's own browser, too."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as before, (_NAMES / name).open() as inside:
        _set(libc, inside.fileno())
        try:
            yield
        finally:
            _set(libc, before.fileno())


def _set(libc: ctypes.CDLL, file: int) -> None:
    if libc.setns(file, _NEW_NETWORK):
        raise NamespaceError(f"setns: {os.strerror(ctypes.get_errno())}; it needs root")


def inside(name: str, *command: str) -> list[str]:
    """A command line that runs a command in the namespace, and ends it with whoever started it."""
    return ["ip", "netns", "exec", name, "setpriv", "--pdeathsig", "KILL", *command]
