"""tools/run_tests.py on small tests of its own: nothing that failed is hidden, and a bad moment fails no run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import run_tests
from tools.outcomes import Outcome, read, summary
from tools.run_tests import Group, Runner

FIRST_TIME_ONLY = """
from pathlib import Path

def test_bad_moment():
    seen = Path(__file__).with_suffix(".seen")
    first = not seen.exists()
    seen.touch()
    assert not first
"""
ALWAYS = "def test_broken():\n    assert False\n"
FINE = "def test_fine():\n    pass\n"
SKIPPED = "import pytest\n\n@pytest.mark.skip\ndef test_elsewhere():\n    pass\n"
TEARDOWN = "import pytest\n\n@pytest.fixture\ndef it():\n    yield\n    assert False\n\ndef test_left_behind(it):\n    pass\n"
UNREADABLE = "import nothing_of_that_name\n"
DIES = "import os\n\ndef test_dies():\n    os._exit(0)\n"
TOGETHER = ("-n", "2", "--dist", "loadfile")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of a small pytest's time goes into plugins, of which we want one."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def run(folder: Path, *options: tuple[str, ...], **files: str) -> Outcome:
    """What came of a group with these files, whose pytest is called once with each of the options."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -q -p xdist -o junit_family=xunit1\n")
    for name, text in files.items():
        (folder / "tests" / "group").mkdir(parents=True, exist_ok=True)
        (folder / "tests" / "group" / f"test_{name}.py").write_text(text)
    return Runner(folder).run(Group("group", ("tests/group",), calls=options or ((),)))


def said(outcome: Outcome) -> str:
    return summary([outcome])


@pytest.mark.parametrize("options", [(), TOGETHER], ids=["alone", "together"])
def test_what_fails_once_passes_and_is_named_and_what_fails_twice_fails(tmp_path: Path, options: tuple[str, ...]) -> None:
    once = run(tmp_path, options, once=FIRST_TIME_ONLY, fine=FINE, elsewhere=SKIPPED)
    assert once.passed
    assert once.twice == ["tests/group/test_once.py::test_bad_moment"]
    assert sorted(once.tests.values()) == ["passed", "passed", "skipped"]
    assert "RUN TWICE tests/group/test_once.py::test_bad_moment" in said(once)
    assert re.search(r"group +2 +0 +1 +1 +0:\d\d  ok", said(once))

    twice = run(tmp_path, options, always=ALWAYS, left_behind=TEARDOWN)
    assert not twice.passed
    assert set(twice.failed) == {"tests/group/test_always.py::test_broken", "tests/group/test_left_behind.py::test_left_behind"}
    assert all(f"FAILED {test}" in said(twice) for test in twice.failed)
    assert re.search(r"group +2 +2 +1 +0 +0:\d\d  FAILED", said(twice))


def test_what_failed_in_any_call_of_a_group_is_run_again(tmp_path: Path) -> None:
    outcome = run(tmp_path, ("-k", "bad_moment"), ("-k", "fine"), once=FIRST_TIME_ONLY, fine=FINE)
    assert outcome.passed
    assert outcome.twice == ["tests/group/test_once.py::test_bad_moment"]


def test_many_failures_are_not_run_again(tmp_path: Path) -> None:
    many = "".join(f"def test_{number}():\n    assert False\n\n" for number in range(run_tests.BAD_MOMENT + 1))
    outcome = run(tmp_path, many=many, once=FIRST_TIME_ONLY)
    assert not outcome.passed
    assert "tests/group/test_once.py::test_bad_moment" in outcome.failed


@pytest.mark.parametrize(
    ("options", "files"),
    [((), {"unreadable": UNREADABLE}), (TOGETHER, {"unreadable": UNREADABLE}), ((), {"dies": DIES}), ((), {})],
    ids=["unreadable", "unreadable together", "dies", "nothing"],
)
def test_a_group_that_does_not_get_through_fails(tmp_path: Path, options: tuple[str, ...], files: dict[str, str]) -> None:
    (tmp_path / "tests" / "group").mkdir(parents=True)
    outcome = run(tmp_path, options, **files)
    assert not outcome.passed
    assert "FAILED group" in said(outcome)


def test_the_run_goes_on_after_a_failure_and_fails_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = tuple(Group(name, (f"tests/{name}",), calls=((),)) for name in ("broken", "fine"))
    for name, text in (("broken", ALWAYS), ("fine", FINE)):
        (tmp_path / "tests" / name).mkdir(parents=True)
        (tmp_path / "tests" / name / f"test_{name}.py").write_text(text)
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)
    monkeypatch.setattr(run_tests, "GROUPS", groups)
    assert run_tests.main(["broken", "fine"]) == 1
    assert run_tests.main(["fine"]) == 0
    assert run_tests.main(["fine", "nonsense"]) == 2
    printed = capsys.readouterr()
    assert "there are broken, fine" in printed.err
    assert re.search(r"fine +1 +0 +0 +0 +0:\d\d  ok", printed.out.partition("RUN TWICE")[0].partition("FAILED tests")[0])


def test_every_folder_of_tests_is_in_a_group() -> None:
    """So that a new one is not forgotten by CI."""
    tests = run_tests.ROOT / "tests"
    there = {path.relative_to(tests).parts[0] for path in tests.rglob("test_*.py")}
    assert there == {folder.removeprefix("tests/") for group in run_tests.GROUPS for folder in group.folders}


def test_a_file_of_results_that_is_not_whole_tells_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "results.xml"
    assert read(path) == {}
    path.write_text("<testsuites><testsuite><testcase ")
    assert read(path) == {}
