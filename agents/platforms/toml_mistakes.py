"""What is wrong in a text that is no TOML, in the words of somebody who writes it for the first time.

`tomllib` says where it stopped, and what it would have liked there: "Invalid value". What was meant stands in that line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

_PAIR = re.compile(r"""^\s*(?P<key>[\w.-]+|"[^"]*"|'[^']*')\s*=\s*(?P<value>.*?)\s*$""")
_TABLE = re.compile(r"^\s*\[\[?\s*([^\[\]]+?)\s*\]")
_ITEM = re.compile(r"^\s*[\[{,]?\s*(?P<value>[^\s].*?)\s*,?\s*$")
_CURLY = re.compile("[\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb]")
_TRUE = frozenset({"True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_NONE = frozenset({"null", "None", "nil", "undefined", "~"})
_NEVER_ENDED = ("at end of document", "Unclosed")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at a line of a text that is no TOML."""

    line: int
    key: str
    """The key of that line, or ""."""
    message: str
    """What is wrong, and what would be right, as far as it can be told."""


@dataclass(frozen=True, slots=True)
class _Line:
    """The line at which reading stopped."""

    text: str
    key: str
    value: str
    said: str
    """By the reader."""
    is_item: bool = False
    """It is one of a list that was begun above it."""


def explained(text: str, line: int, said: str) -> Mistake:
    """The mistake at a line, from 1, where reading stopped; `said` is what the reader says of it."""
    lines = text.split("\n")
    begun = _left_open(lines[:line])
    if begun and any(words in said for words in _NEVER_ENDED):
        line = begun
    while line > 1 and not "".join(lines[line - 1 : line]).strip():
        line -= 1  # what is missed at the end is missing above
    here = _read(lines[line - 1] if line <= len(lines) else "", said)
    if begun and not here.key:
        here = replace(here, key=_read(lines[begun - 1], "").key, is_item=True)
    advice = next((words for advise in _ADVICE if (words := advise(here))), "")
    return Mistake(line, here.key, f"is no valid TOML: {said}{f'; {advice}' if advice else ''}")


def _read(text: str, said: str) -> _Line:
    pair = _PAIR.match(text)
    if pair:
        return _Line(text, pair["key"].strip("\"'"), pair["value"], said)
    table = _TABLE.match(text)
    item = _ITEM.match(text)
    return _Line(text, table[1] if table else "", item["value"] if item and not table else "", said)


def _left_open(lines: list[str]) -> int:
    """The last line that begins a list, a table or a text of several lines which nothing after it ends; 0 where there is none."""
    for number in range(len(lines), 0, -1):
        value = _read(lines[number - 1], "").value
        after = "\n".join((value, *lines[number:]))
        if any(value.count(one) > value.count(end) and after.count(one) > after.count(end) for one, end in ("[]", "{}")):
            return number
        if any(value.count(quotes) == 1 == after.count(quotes) for quotes in ('"""', "'''")):
            return number
    return 0


def _markup(here: _Line) -> str:
    start = here.text.lstrip()
    if start.startswith(("//", "/*", ";", "--")):
        return "a comment begins with #"
    return "this is HTML, no platform file: perhaps the page that offers it was saved" if start.startswith("<") else ""


def _colon(here: _Line) -> str:
    if re.match(r"""^\s*["']?[\w-]+["']?\s*:""", here.text) or here.text.strip() in {"{", "---"}:
        return "this looks like YAML or JSON; a platform file is TOML: tables begin with [name], and keys are written key = value"
    return ""


def _twice(here: _Line) -> str:
    if "Cannot overwrite" in here.said:
        return f"{here.key} stands twice in one table: delete one of them, or write both into one list" if here.key else ""
    if "Cannot declare" in here.said:
        return (
            f"[{here.key}] stands twice: put its keys together under one; a list of tables is begun with [[{here.key}]] each time"
        )
    return ""


def _quotes(here: _Line) -> str:
    if _CURLY.search(here.text):
        return "texts stand in straight quotes, \" or '"
    value = here.value.rstrip(",")
    if value.startswith('"') and re.search(r'[=(]"[^"]*"', value[1:]):
        return f"a text with quotes in it stands in single ones: {_pair(here, _single(value))}"
    if value[:1] in {'"', "'"} and value[-1:] in {'"', "'"} and value[0] != value[-1]:
        return f"what begins with {value[0]} ends with {value[0]}: {_pair(here, value[:-1] + value[0])}"
    if value.endswith(";"):
        return "no ; ends a line"
    if "Unescaped" in here.said and value.startswith('"'):
        return f"a text with \\ in it stands in single quotes: {_pair(here, _single(value))}"
    return ""


def _single(value: str) -> str:
    return "'" + value.strip('"') + "'"


def _word(here: _Line) -> str:
    value = re.sub(r"\s+#.*$", "", here.value).rstrip(",")
    if value in _TRUE:
        return f"write {_pair(here, 'true')}"
    if value in _FALSE:
        return f"write {_pair(here, 'false')}"
    if value in _NONE:
        return "there is no such value: leave the key out"
    if re.match(r"^[A-Za-z#./@_{(*]", value) and not value.startswith("{ ") and '"' not in value[:1]:
        return f"""a text stands in quotes: {_pair(here, '"' + value.replace('"', "'") + '"')}"""
    return f"a value is missing after {here.key} =" if here.key and not value else ""


def _lines(here: _Line) -> str:
    open_brace = here.value.count("{") > here.value.count("}")
    if open_brace:
        return "what stands in { } is written in one line"
    if here.value.count("[") > here.value.count("]"):
        return "the list that begins here is not ended by ]"
    if _NEVER_ENDED[0] in here.said and here.key:
        return "the text or list that begins here is not ended"
    return ""


def _equals(here: _Line) -> str:
    if "'='" in here.said and "=" not in here.text and (words := here.text.split(None, 1))[1:]:
        return f"write {words[0]} = {words[1].strip()}"
    return ""


def _pair(here: _Line, value: str) -> str:
    return f"{here.key} = {value}" if here.key and not here.is_item else value


_ADVICE: tuple[Callable[[_Line], str], ...] = (_markup, _twice, _quotes, _colon, _lines, _equals, _word)
