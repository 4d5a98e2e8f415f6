"""tools/system_packages.sh on machines that are not this one: the commands it looks for and runs are stood in for on its PATH."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[3] / "tools"
SCRIPT = TOOLS / "system_packages.sh"
REAL = ("bash", "env", "mktemp", "tail", "rm", "cat")
ALL_THERE = ("python3", "chromium", "ffmpeg", "espeak-ng", "chromium-headless-shell")


class Machine:
    """What is on the PATH, and what was run. `archive`: the packages that its distribution has."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.home = folder / "home"
        self.ran = folder / "ran"
        self.archive = folder / "archive"
        self.bin.mkdir()
        self.archive.write_text("")
        for name in REAL:
            (self.bin / name).symlink_to(str(shutil.which(name)))

    def has(self, *names: str) -> None:
        for name in names:
            self.answers(name, "exit 0")

    def answers(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def has_python(self, name: str, version: tuple[int, int]) -> None:
        """One that knows of its version what the real one here says of that number, and has a venv."""
        told = f"import sys; sys.version_info = {(*version, 0)}; exec(sys.argv[1])"
        self.answers(name, f"""[ "$1" = -c ] || exit 1; exec {sys.executable} -I -c '{told}' "$2" """)

    def has_application(self, name: str) -> None:
        program = self.home / f"Applications/{name}.app/Contents/MacOS/{name}"
        program.parent.mkdir(parents=True)
        program.write_text("")
        program.chmod(0o755)

    def is_(self, system: str, *, root: bool, processor: str = "arm64") -> None:
        self.answers("uname", f'[ "${{1:-}}" = -m ] && echo {processor} || echo {system}')
        self.answers("id", f"echo {0 if root else 1000}")

    def debian(self, *packages: str) -> None:
        self.archive.write_text(" ".join(packages))
        self.answers("apt-get", f'echo "apt-get $@" >>{self.ran}')
        known = '*" $2 "*) echo "Package: $2";; *" mentions:$2 "*) ;;'  # a name that is only mentioned has nothing to show
        self.answers("apt-cache", f'case " $(cat {self.archive}) " in {known} *) exit 1;; esac')

    def run(self, for_what: str = "run", **environment: str) -> subprocess.CompletedProcess[str]:
        return self._run(SCRIPT, for_what, **environment)

    def python(self, **environment: str) -> str:
        """The Python that would be used."""
        return self._run(TOOLS / "find_python.sh", **environment).stdout.strip()

    def _run(self, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.bin), "HOME": str(self.home), "LC_ALL": "C", **environment}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)

    @property
    def commands(self) -> list[str]:
        return self.ran.read_text().splitlines() if self.ran.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_where_all_is_there_nothing_is_installed_or_said(machine: Machine) -> None:
    machine.is_("Linux", root=True)
    machine.debian()
    machine.has(*ALL_THERE)
    done = machine.run()
    assert (done.returncode, done.stdout, done.stderr, machine.commands) == (0, "", "", [])


def test_a_bare_debian_gets_python_with_its_venv(machine: Machine) -> None:
    machine.is_("Linux", root=True)
    machine.debian("chromium-headless-shell")
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert machine.commands[0] == "apt-get update"
    wanted = "python3 python3-venv chromium ffmpeg espeak-ng chromium-headless-shell"
    assert machine.commands[1] == f"apt-get install -y --no-install-recommends {wanted}"


def test_an_ordinary_user_installs_by_sudo_and_gets_chromiums_sandbox(machine: Machine) -> None:
    machine.is_("Linux", root=False)
    machine.debian("chromium-sandbox")
    machine.has("python3", "ffmpeg", "espeak-ng", "chromium-headless-shell")
    machine.answers("sudo", f'echo "sudo $1" >>{machine.ran}; exec "$@"')
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert machine.commands[0] == "sudo apt-get"
    installed = machine.commands[-1].removeprefix("apt-get install -y --no-install-recommends ").split()
    sandbox = Path("/usr/lib/chromium/chrome-sandbox")  # of the machine that the tests run on, which cannot be stood in for
    has_one = sandbox.exists() and bool(sandbox.stat().st_mode & stat.S_ISUID)
    assert installed == ["chromium", *([] if has_one else ["chromium-sandbox"])]


def test_without_root_and_sudo_it_says_what_to_install(machine: Machine) -> None:
    machine.is_("Linux", root=False)
    machine.debian()
    machine.has("python3", "chromium", "espeak-ng")
    done = machine.run()
    assert done.returncode == 1
    assert "run 'apt-get install ffmpeg" in done.stderr
    assert machine.commands == []


def test_a_mac_is_told_what_to_brew(machine: Machine) -> None:
    machine.is_("Darwin", root=False)
    machine.has("python3")
    done = machine.run()
    assert done.returncode == 1
    assert "ffmpeg espeak-ng" in done.stdout
    assert "brew install" in done.stderr
    assert "--cask google-chrome" in done.stderr


@pytest.mark.parametrize("application", ["Chromium", "Google Chrome", "Google Chrome for Testing"])
def test_a_mac_with_all_of_it_needs_nothing(machine: Machine, application: str) -> None:
    machine.is_("Darwin", root=False)
    machine.has("python3", "ffmpeg", "espeak-ng")
    machine.has_application(application)
    done = machine.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(sys.platform == "darwin", reason="/Applications of the machine that the tests run on cannot be stood in for")
def test_a_mac_without_chromium_is_told_so_before_anything_is_set_up(machine: Machine) -> None:
    machine.is_("Darwin", root=False)
    machine.has("python3", "ffmpeg", "espeak-ng")
    done = machine.run()
    assert (done.returncode, done.stdout) == (1, "Rollcall needs: chromium\n")
    own = machine.bin / "my-browser"
    machine.has("my-browser")
    assert machine.run(ROLLCALL_CHROMIUM=str(own)).returncode == 0, "one that is named will do"


def test_a_mac_with_an_intel_processor_is_told_that_it_has_to_build(machine: Machine) -> None:
    machine.is_("Darwin", root=False, processor="x86_64")
    machine.has("python3", "ffmpeg", "espeak-ng")
    machine.has_application("Google Chrome")
    done = machine.run()
    assert (done.returncode, done.stdout) == (1, "Rollcall needs: cargo\n")
    assert "espeak-ng rust &&" in done.stderr


def test_a_macs_own_python_is_too_old_and_homebrews_is_taken(machine: Machine) -> None:
    machine.is_("Darwin", root=False)
    machine.has("ffmpeg", "espeak-ng")
    machine.has_application("Google Chrome")
    machine.has_python("python3", (3, 9))
    assert machine.python() == ""
    assert "Python 3.11 or newer" in machine.run().stdout
    machine.has_python("python3.12", (3, 12))
    assert machine.python() == "python3.12"
    assert machine.run().returncode == 0


@pytest.mark.parametrize(
    ("there", "asked", "taken"),
    [
        ({"python3": (3, 13)}, "", "python3"),
        ({"python3": (3, 14), "python3.12": (3, 12)}, "", "python3.12"),
        ({"python3": (3, 14)}, "", "python3"),
        ({"python3": (3, 9), "python3.11": (3, 11), "python3.13": (3, 13)}, "", "python3.13"),
        ({"python3": (3, 12), "mine": (3, 14)}, "mine", "mine"),
        ({"python3": (3, 12), "mine": (3, 10)}, "mine", "python3"),
    ],
)
def test_the_python_taken_is_one_whose_packages_need_no_compiler_unless_another_is_asked_for(
    machine: Machine, there: dict[str, tuple[int, int]], asked: str, taken: str
) -> None:
    for name, version in there.items():
        machine.has_python(name, version)
    assert machine.python(**({"PYTHON": asked} if asked else {})) == taken


def test_another_linux_is_told_that_it_is_on_its_own(machine: Machine) -> None:
    machine.is_("Linux", root=True)
    machine.has("python3", "chromium", "espeak-ng")
    done = machine.run()
    assert done.returncode == 1
    assert "ffmpeg" in done.stdout
    assert "not Debian or Ubuntu" in done.stderr


def test_what_apt_says_of_its_failure_is_shown(machine: Machine) -> None:
    machine.is_("Linux", root=True)
    machine.debian()
    machine.answers("apt-get", "echo 'E: no network'; exit 100")
    done = machine.run()
    assert done.returncode == 1
    assert "E: no network" in done.stderr
    assert "run make again" in done.stderr


SERVICES = ("initdb", "redis-server", "rabbitmq-server", "node", "ip")


def test_a_debian_without_janus_is_set_up_for_the_tests_all_the_same(machine: Machine) -> None:
    machine.is_("Linux", root=True)
    machine.debian("redis-server", "mentions:janus")
    machine.has(*ALL_THERE, *(name for name in SERVICES if name != "redis-server"))
    done = machine.run("test")
    assert done.returncode == 0, done.stderr
    assert machine.commands[-1] == "apt-get install -y --no-install-recommends redis-server"


def test_a_debian_with_janus_gets_it_for_the_tests(machine: Machine) -> None:
    machine.is_("Linux", root=True)
    machine.debian("janus", "janus-demos", "libjs-janus-gateway")
    machine.has(*ALL_THERE, *SERVICES)
    assert machine.run("test").returncode == 0
    assert machine.commands[-1] == "apt-get install -y --no-install-recommends janus janus-demos libjs-janus-gateway"


def test_ci_does_without_nothing(machine: Machine) -> None:
    machine.is_("Linux", root=True)
    machine.debian()
    machine.has(*ALL_THERE, *SERVICES)
    assert machine.run("test", CI="true").returncode == 0
    assert machine.commands[-1] == "apt-get install -y --no-install-recommends janus janus-demos libjs-janus-gateway"


def test_a_mac_needs_no_linux_for_the_tests(machine: Machine) -> None:
    machine.is_("Darwin", root=False)
    machine.has("python3", "ffmpeg", "espeak-ng", "initdb", "redis-server", "rabbitmq-server")
    machine.has_application("Google Chrome")
    done = machine.run("test")
    assert done.returncode == 1
    assert "Rollcall needs: node\n" in done.stdout
    assert "redis rabbitmq node" in done.stderr
    machine.has("node")
    assert machine.run("test").returncode == 0
