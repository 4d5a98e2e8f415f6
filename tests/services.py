"""Services that tests need, each started for the tests alone: on loopback, at a free port, in a temporary folder."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest

_PATIENCE_S = 60.0


def missing(what: str) -> NoReturn:
    """Skips on a laptop, fails in CI: a green run there means what it says."""
    message = f"{what} is not installed"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Postgres:
    """A PostgreSQL cluster that can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL does not run as root, as tests in a container do.
        self._user: str | None = "postgres" if os.geteuid() == 0 else None
        if self._user:
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, -1)
        subprocess.run(
            [programs / "initdb", "-D", self._data, "-U", "rollcall", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            user=self._user,
        )
        self.start()

    def url(self, database: str = "postgres") -> str:
        """Where a database is."""
        return f"postgresql://rollcall@127.0.0.1:{self._port}/{database}"

    def new_database(self, template: str = "template1") -> str:
        """The name of a new database."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def start(self) -> None:
        """Starts it and waits until it answers."""
        settings = {"port": self._port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._user,
            )
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """Stops it at once, as a crash would, but for the shared memory that it leaves tidy."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_PATIENCE_S)
            self._process = None


class Databases:
    """Databases copied from a template, emptied when they are given back, and used again."""

    def __init__(self, server: Postgres, template: str) -> None:
        self._server = server
        self._template = template
        self._free: list[str] = []

    def take(self) -> str:
        """The name of an empty one."""
        return self._free.pop() if self._free else self._server.new_database(self._template)

    def url(self, name: str) -> str:
        """Where it is."""
        return self._server.url(name)

    def give_back(self, name: str) -> None:
        """Ends whatever is still connected, and empties it."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            tables = ", ".join(f'"{row[0]}"' for row in rows if row[0] != "alembic_version")
            connection.execute(f"TRUNCATE {tables}")
        self._free.append(name)


@contextlib.contextmanager
def postgresql() -> Iterator[Postgres]:
    """A cluster with PostgreSQL's programs as Debian and others install them."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    programs = Path(on_path).parent if on_path else found[-1].parent if found else None
    if programs is None:
        missing("PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="rollcall-postgresql-"))
    server = None
    try:
        server = Postgres(programs, folder)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
