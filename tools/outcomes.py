"""What came of tests, read from pytest's JUnit files and told in one screen; for run_tests.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
KINDS = {"failure": FAILED, "error": FAILED, "skipped": SKIPPED}
"""What stands in a test's element where it did not pass."""


@dataclass(slots=True)
class Outcome:
    """What came of a group of tests, or of a check that is no test."""

    name: str
    tests: dict[str, str] = field(default_factory=dict)
    """Each test and whether it passed, failed or was skipped, in the end."""
    twice: list[str] = field(default_factory=list)
    """Those that passed when they were run again."""
    fault: str = ""
    """What went wrong apart from any test."""
    seconds: float = 0.0

    @property
    def failed(self) -> list[str]:
        """The tests that failed, in the end."""
        return [test for test, came in self.tests.items() if came == FAILED]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.fault and not self.failed


def read(path: Path) -> dict[str, str]:
    """Each test of a JUnit file, named as pytest does, and what came of it: the worst, where it is there for its teardown, too.

    Nothing, where there is no such file or pytest died while it wrote it.
    """
    found: dict[str, str] = {}
    try:
        root = ET.parse(path).getroot()
    except (OSError, ET.ParseError):
        return found
    for case in root.iter("testcase"):
        name = _name(case)
        came = next((KINDS[child.tag] for child in case if child.tag in KINDS), PASSED)
        found[name] = FAILED if FAILED in (came, found.get(name)) else came
    return found


def _name(case: ET.Element) -> str:
    """As in `tests/unit/test_it.py::TestClass::test_name[case]`; a file that could not be read has no `file`."""
    file, name, within = case.get("file", ""), case.get("name", ""), case.get("classname", "")
    if not file:
        return "::".join(part for part in (within, name) if part)
    classes = within.removeprefix(file.removesuffix(".py").replace("/", ".")).strip(".")
    return "::".join([file, *filter(None, classes.split(".")), name])


def summary(outcomes: Iterable[Outcome]) -> str:
    """A line for each, and every test that failed or was run twice by its name."""
    return "\n".join(_lines(list(outcomes)))


def _lines(outcomes: list[Outcome]) -> Iterator[str]:
    yield f"{'':16}{'passed':>8}{'failed':>8}{'skipped':>9}{'twice':>7}{'min:s':>8}"
    for one in outcomes:
        counts = Counter(one.tests.values())
        numbers = f"{counts[PASSED]:8}{counts[FAILED]:8}{counts[SKIPPED]:9}{len(one.twice):7}" if one.tests else " " * 32
        yield f"{one.name:16}{numbers}{clock(one.seconds):>8}  {'ok' if one.passed else 'FAILED'}"
    yield f"{'':48}{clock(sum(one.seconds for one in outcomes)):>8}"
    for one in outcomes:
        yield from (f"RUN TWICE {test}" for test in one.twice)
    for one in outcomes:
        if one.fault:
            yield f"FAILED {one.name}: {one.fault}"
        yield from (f"FAILED {test}" for test in one.failed)


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
