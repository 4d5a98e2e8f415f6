"""Redis and RabbitMQ for tests: on loopback, at free ports, in a temporary folder, ended with the block."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.services import free_port, missing

_RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_PATIENCE_S = 60.0


def _until_listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.05)


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis; its URL."""
    program = shutil.which("redis-server") or missing("redis-server")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    with _ended(process):
        _until_listening(port, process, folder / "log")
        yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def rabbitmq(folder: Path) -> Iterator[str]:
    """A RabbitMQ with an Erlang name server of its own; its URL."""
    server = Path(found) if (found := shutil.which("rabbitmq-server")) and not _RABBITMQ.exists() else _RABBITMQ
    epmd = shutil.which("epmd")
    if not server.exists() or epmd is None:
        missing("RabbitMQ")
    port, names = free_port(), free_port()
    user = "rabbitmq" if os.geteuid() == 0 else None  # it does not run as root
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"rollcall{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
    }
    with (folder / "log").open("wb") as log:
        name_server = subprocess.Popen([epmd, "-port", str(names)], stdout=log, stderr=log, env=environment, user=user)
        with _ended(name_server):
            process = subprocess.Popen([server], stdout=log, stderr=log, cwd=folder, env=environment, user=user)
            with _ended(process):
                _until_listening(port, process, folder / "log")
                yield f"amqp://guest:guest@127.0.0.1:{port}"
