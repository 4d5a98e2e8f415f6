"""What `make` and the scripts are written in: macOS has bash 3.2 and GNU make 3.81, of 2007 and 2006, and no newer ones ever.

There is no such bash or make to run here, so this reads for what they do not know. `make setup` of a fresh clone was tried by
hand besides, with BusyBox and Toybox in place of the GNU programs.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPTS = [*sorted((ROOT / "tools").glob("*.sh")), ROOT / ".ci/run"]
NEWER_BASH = {
    "mapfile or readarray (4.0)": r"\b(mapfile|readarray)\b",
    "associative arrays (4.0), name references (4.3)": r"\b(declare|local|typeset) -[a-zA-Z]*[An]",
    "changing case (4.0)": r"\$\{\w+(\[[^]]*\])?(\^|,)",
    "transformations (4.4)": r"\$\{\w+(\[[^]]*\])?@[A-Za-z]\}",
    "&>> and |& (4.0)": r"&>>|\|&",
    "coproc, globstar, lastpipe, inherit_errexit (4.0 and later)": r"\b(coproc|globstar|lastpipe|inherit_errexit)\b",
    "wait -n (4.3)": r"\bwait -[np]",
    "printf %(…)T, EPOCHSECONDS, BASHPID (4.0 to 5.0)": r"%\(|\bEPOCH(SECONDS|REALTIME)\b|\bBASHPID\b",
    "an empty array under set -u (an error until 4.4)": r"(?<!\+)\"\$\{\w+\[[@*]\]\}",
    "negative subscripts (4.2) and lengths (4.2)": r"\$\{\w+\[-|\$\{\w+:[^}]*:\s*-",
    "[[ -v x ]] (4.2)": r"\[\[ -v ",
}
OTHER_USERLAND = {
    "readlink -f, realpath": r"\breadlink -[a-z]*f|\brealpath\b",
    "sed -i without an ending, sed -r": r"\bsed -[a-z]*[ir]\b",
    "stat -c, date -d, date +%N": r"\bstat -c|\bdate (-d|--)|%N\b",
    "long options, xargs -r": r"^\s*(cp|mktemp|install|sort|head|tail|xargs) --\w|\bxargs -[a-z]*r\b",
    "grep -P, setsid, timeout, nproc, flock": r"\bgrep -[a-zA-Z]*P|^\s*(setsid|timeout|nproc|flock)\b|\$\((nproc|timeout)\b",
}
NEWER_MAKE = {
    ".ONESHELL, .SHELLFLAGS (3.82)": r"^\.(ONESHELL|SHELLFLAGS)",
    "!= and ::= (4.0)": r"^\s*\w+\s*(!=|::=)",
    "$(file …), $(let …) (4.0, 4.4)": r"\$\((file|let|intcmp|guile) ",
    "undefine, private, load (3.82 to 4.0)": r"^\s*(undefine|private|load|define \w+ =)\b",
    "grouped targets (4.3)": r"^[^#\t]*&:",
    "--output-sync, $(MAKEFLAGS:…) with long options": r"output-sync|\.EXTRA_PREREQS|\.WAIT",
}


def _code(path: Path) -> list[tuple[int, str]]:
    lines = enumerate(path.read_text().splitlines(), 1)
    return [(number, re.sub(r"(^|\s)# .*", "", line)) for number, line in lines]


def _uses(path: Path, constructs: dict[str, str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {what}"
        for number, line in _code(path)
        for what, pattern in constructs.items()
        if re.search(pattern, line)
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_written_for_bash_3_2_and_any_unix(script: Path) -> None:
    assert _uses(script, NEWER_BASH | OTHER_USERLAND) == []


def test_the_makefile_is_written_for_make_3_81() -> None:
    assert _uses(ROOT / "Makefile", NEWER_MAKE | OTHER_USERLAND) == []


def test_this_would_find_what_it_looks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    bad = tmp_path / "bad.sh"
    bad.write_text('mapfile -t a\ndeclare -A b\necho "${a[@]}" ${c,,}\nx &>>log\nreadlink -f .\nsed -i s/a/b/ c\nwait -n\n')
    assert len(_uses(bad, NEWER_BASH | OTHER_USERLAND)) == 8
    bad.write_text(".ONESHELL:\nX != date\nY := $(file <z)\n")
    assert len(_uses(bad, NEWER_MAKE)) == 3
