"""What a newcomer writes that is no TOML: each mistake is told by file, line and key, with what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.platforms.file_reader import check

GOOD = '[match]\nurls = ["https://meet.example.org/*"]\n\n[[join]]\nclick = "#go"\n\n[evidence]\nin_meeting = [".tile"]\n'

MISTAKES = {
    "a capital": ("optional = True", ":6: optional: ", "write optional = true"),
    "a word of YAML": ("optional = yes  # it may be", ":6: optional: ", "write optional = true"),
    "another word of YAML": ("optional = off", ":6: optional: ", "write optional = false"),
    "null": ("timeout_seconds = null", ":6: timeout_seconds: ", "leave the key out"),
    "no quotes": ("name = press join", ":6: name: ", 'a text stands in quotes: name = "press join"'),
    "no quotes at a selector": ("until = .lobby", ":6: until: ", 'a text stands in quotes: until = ".lobby"'),
    "no quotes in a list": ("until = [\n  .lobby,\n]", ":7: until: ", 'a text stands in quotes: ".lobby"'),
    "nothing": ("until =", ":6: until: ", "a value is missing after until ="),
    "curly quotes": ("until = “.lobby”", ":6: until: ", "texts stand in straight quotes"),
    "quotes within quotes": ('until = "input[name="nick"]"', ":6: until: ", """until = 'input[name="nick"]'"""),
    "a backslash": ('until = { url = "*/\\d" }', ":6: until: ", "Unescaped"),
    "an expression": ('if_variable = "\\d+"', ":6: if_variable: ", "if_variable = '\\d+'"),
    "two kinds of quotes": ("until = \".lobby'", ":6: until: ", 'what begins with " ends with ": until = ".lobby"'),
    "a semicolon": ('until = "#in";', ":6: until: ", "no ; ends a line"),
    "a colon": ('until: "#in"', ":6: ", "this looks like YAML or JSON; a platform file is TOML"),
    "no equals sign": ('until "#in"', ":6: ", 'write until = "#in"'),
    "a comment of another language": ("// the lobby", ":6: ", "a comment begins with #"),
    "a page": ("<!doctype html>", ":6: ", "this is HTML"),
    "a table of many lines": ('until = {\n  css = "#in",\n}', ":6: until: ", "what stands in { } is written in one line"),
    "a key twice": ('click = "#other"', ":6: click: ", "click stands twice in one table"),
    "a table twice": ("[match]", ":6: match: ", "[match] stands twice: put its keys together under one"),
    "an open list": ('until = ["#in"', ":6: until: ", "the list that begins here is not ended by ]"),
    "an open text": ('until = """#in', ":6: until: ", "the text or list that begins here is not ended"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_writing_is_told_by_file_line_and_key_with_what_would_be_right(tmp_path: Path, name: str) -> None:
    written, place, right = MISTAKES[name]
    file = tmp_path / "meet.toml"
    file.write_text(GOOD.replace('click = "#go"\n', f'click = "#go"\n{written}\n'), encoding="utf-8")
    (problem,) = check(file)
    assert str(problem).startswith(f"{file}{place}is no valid TOML: ")
    assert right in problem.message


@pytest.mark.parametrize(
    "data",
    [GOOD.encode("utf-8-sig"), GOOD.replace("\n", "\r\n").encode(), GOOD.replace("click", "\tclick").encode()],
    ids=["with a mark at the beginning", "of Windows", "with tabs"],
)
def test_what_an_editor_adds_is_no_mistake(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "meet.toml"
    file.write_bytes(data)
    assert check(file) == []


@pytest.mark.parametrize(("encoding", "line"), [("latin-1", 9), ("utf-16", 1)])
def test_a_file_in_another_encoding_says_where_and_what_to_do(tmp_path: Path, encoding: str, line: int) -> None:
    file = tmp_path / "meet.toml"
    file.write_bytes((GOOD + "# réunion\n").encode(encoding))
    assert [str(problem) for problem in check(file)] == [f"{file}:{line}: is not UTF-8; save it as UTF-8"]


def test_a_file_of_another_format_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    file = tmp_path / "meet.yaml"
    file.write_text("match:\n  urls: x\n", encoding="utf-8")
    (problem,) = check(file)
    assert str(problem) == f"{file}:1: is not read: a platform is one TOML file whose name ends in .toml"
