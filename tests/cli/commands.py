"""`rollcall` as a person types it: processes of their own, on a data folder of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.services import free_port

REPOSITORY = Path(__file__).parents[2]


class Shell:
    """A folder and an environment to run `rollcall` in."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.program: tuple[str, ...] = (sys.executable,)
        self.http, self.grpc = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")},
            "ROLLCALL_DATA_DIR": str(folder / "data"),
            "ROLLCALL_HTTP_ADDRESS": self.http,
            "ROLLCALL_GRPC_ADDRESS": self.grpc,
            "ROLLCALL_SERVER_ADDRESS": self.grpc,
            "PYTHONPATH": str(REPOSITORY),
            "NO_COLOR": "1",
            "COLUMNS": "200",
            **settings,
        }

    def run(self, *arguments: str, seconds: float = 60, **settings: str) -> subprocess.CompletedProcess[str]:
        """The finished command."""
        return self.run_python("-m", "rollcall", *arguments, seconds=seconds, **settings)

    def run_python(self, *arguments: str, seconds: float = 60, **settings: str) -> subprocess.CompletedProcess[str]:
        """The finished program."""
        return subprocess.run(
            [*self.program, *arguments],
            cwd=self.folder,
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def start(self, *arguments: str, **settings: str) -> Started:
        """A command that goes on."""
        return Started(self, arguments, settings)


class Started:
    """A running command; what it printed so far is in `output()`."""

    def __init__(self, shell: Shell, arguments: tuple[str, ...], settings: dict[str, str]) -> None:
        self._path = shell.folder / f"{arguments[0]}-{free_port()}.log"
        with self._path.open("wb") as log:
            self.process = subprocess.Popen(
                [*shell.program, "-m", "rollcall", *arguments],
                cwd=shell.folder,
                env={**shell.environment, **settings},
                stdout=log,
                stderr=log,
            )

    def output(self) -> str:
        return self._path.read_text(errors="replace")

    def until(self, pattern: str, *, seconds: float = 60) -> re.Match[str]:
        """Waits until the output has it."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.output())):
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.05)
        return found

    def stop(self, number: int = signal.SIGINT, *, seconds: float = 40) -> int:
        """Sends a signal and waits; gives the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def said(answer: subprocess.CompletedProcess[str]) -> str:
    """What a failed command told the person: one line, no traceback."""
    assert answer.returncode != 0, answer.stdout
    assert "Traceback" not in answer.stderr + answer.stdout, answer.stderr
    return answer.stderr.strip()
