"""Runs what CI runs, group by group, and says at the end what came of each: `make test`; `make browser` runs one group.

All are run, whatever failed before: one run shows every failure. A test that failed is run once more, alone and after the rest of
its group: cores are shared, and a bad minute passes. One that fails then, too, fails the run, and which had to be run twice is
said. Exits with 0 if everything passed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools.outcomes import FAILED, PASSED, Outcome, read, summary

ROOT = Path(__file__).resolve().parent.parent
CHECKS = ("lint", "types", "imports", "generate-check")
"""The Makefile's targets that are part of it and run no tests."""
TWO = ("-n", "2", "--dist", "loadfile")
"""Two at a time, each file in one process: what keeps two cores busy."""
THREE = ("-n", "3", "--dist", "loadfile")
"""Of what waits for browsers more than it works."""
NOT_ALONE, ALONE = ("-m", "not alone"), ("-m", "alone")
"""All but what measures sync or counts on time, and that, one by one."""
ALL_PASSED, SOME_FAILED = 0, 1
"""How pytest exits; anything else means that it did not get through."""
BAD_MOMENT = 20
"""Where more tests failed, it was no bad moment of the machine, and none is run again."""


@dataclass(frozen=True, slots=True)
class Group:
    """Tests that are run by one name."""

    name: str
    folders: tuple[str, ...]
    calls: tuple[tuple[str, ...], ...] = (TWO,)
    """pytest's options, for each time that it is called."""


GROUPS = (
    Group("unit", ("tests/unit", "tests/measure")),
    Group("contract", ("tests/contract",)),
    Group("cli", ("tests/cli",)),
    Group("browser", ("tests/browser",), ((*THREE, *NOT_ALONE), ALONE)),
    Group("meetings", ("tests/meetings",), ((),)),
    Group("twins", ("tests/twins",), ((*TWO, *NOT_ALONE), ALONE)),
    Group("chaos", ("tests/chaos",), (("-n", "2", "--dist", "load"),)),  # nearly all of them are in one file
)


class Runner:
    """Runs groups of tests below a folder. What each test took and measured is in `build/tests` there, as JUnit files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._results = root / "build" / "tests"

    def run(self, group: Group) -> Outcome:
        """Runs the tests of a group, and those that failed once more."""
        outcome = Outcome(group.name)
        shutil.rmtree(self._results / group.name, ignore_errors=True)  # and with it, what pytest knows of earlier failures
        for number, options in enumerate(group.calls, 1):
            self._call(group, outcome, f"{number}", options)
        if outcome.failed and not outcome.fault and len(outcome.failed) <= BAD_MOMENT:
            failed = outcome.failed
            print(f"\n{len(failed)} of {group.name} failed and are run once more, alone.", flush=True)
            self._call(group, outcome, "again", ("--last-failed", "--last-failed-no-failures", "none"))
            outcome.twice = [test for test in failed if outcome.tests[test] == PASSED]
        return outcome

    def _call(self, group: Group, outcome: Outcome, number: str, options: Sequence[str]) -> None:
        folder = self._results / group.name
        junit = folder / f"{number}.xml"
        where = ("-o", f"cache_dir={folder / 'cache'}", "--junit-xml", str(junit))
        command = [sys.executable, "-m", "pytest", *where, *options, *group.folders]
        code = subprocess.run(command, cwd=self._root, check=False).returncode
        came = read(junit)
        outcome.tests |= came
        wanted = SOME_FAILED if FAILED in came.values() else ALL_PASSED
        if code != wanted or not came:  # a test that ends the process with 0 ends it without a result
            outcome.fault = f"pytest ended with {code}; {len(came)} tests are told of"


def check(target: str) -> Outcome:
    """Runs a target of the Makefile that is no group of tests."""
    code = subprocess.run(["make", "-s", target], cwd=ROOT, check=False).returncode
    return Outcome(target, fault=f"make ended with {code}" if code else "")


def timed(work: Callable[[], Outcome]) -> Outcome:
    """Does it and notes how long that took."""
    began = time.monotonic()
    outcome = work()
    outcome.seconds = time.monotonic() - began
    return outcome


def main(names: Sequence[str]) -> int:
    """Runs the groups of these names, or everything; what the process shall exit with."""
    groups = {group.name: group for group in GROUPS}
    if unknown := set(names) - set(groups):
        print(f"no group of tests is called {', '.join(sorted(unknown))}; there are {', '.join(groups)}", file=sys.stderr)
        return 2
    runner, outcomes = Runner(ROOT), list[Outcome]()
    try:
        for target in () if names else CHECKS:
            outcomes.append(timed(partial(check, target)))
        for name in names or groups:
            outcomes.append(timed(partial(runner.run, groups[name])))
    finally:  # Ctrl-C, too, leaves what is known by then
        print(f"\n{summary(outcomes)}", flush=True)
    return int(not all(outcome.passed for outcome in outcomes))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
