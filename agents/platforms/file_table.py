"""Reads typed values out of a TOML table and collects what is wrong, each with its line and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from agents.platforms.layers import Places, place_of
from agents.platforms.toml_lines import Path

AT_THE_TOP = ("title", "version", "format", "ignore_text_in")
"""Keys of the whole file: TOML takes them for keys of the table above them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a platform file."""

    file: str
    line: int
    key: str
    message: str
    """What is wrong, and what would be right."""

    def __str__(self) -> str:
        """As a compiler would say it."""
        return f"{self.file}:{self.line}: {self.key + ': ' if self.key else ''}{self.message}"


@dataclass(slots=True)
class Source:
    """The document being read."""

    file: str
    places: Places = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The named texts of all languages, English first."""
    texts_used: set[str] = field(default_factory=set)
    variables: tuple[str, ...] = ()
    """Names of the file's [variables]."""

    def problem(self, path: Path, message: str) -> None:
        """Notes what is wrong at a path."""
        place = place_of(self.places, path, self.file)
        found = Problem(place.file, place.line, dotted(path), message)
        if found not in self.problems:
            self.problems.append(found)

    def where(self, path: Path) -> str:
        """Where a path stands, in words: `line 3`, and in which file where it is not the file being read."""
        place = place_of(self.places, path, self.file)
        return f"line {place.line}" + ("" if place.file == self.file else f" of {'/'.join(PurePath(place.file).parts[-2:])}")


def dotted(path: Path) -> str:
    """A path as people write it: `join[2].click`; indexes count from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


_TYPES = {str: "a text", bool: "true or false", int: "a whole number", float: "a number", dict: "a table", list: "a list"}


def kind(value: object) -> str:
    """What a TOML value is, in words."""
    return _TYPES.get(type(value), "a date or time")


class Table:
    """A table being read; `done()` reports the keys that nobody asked for."""

    def __init__(self, source: Source, value: dict[str, Any], path: Path) -> None:
        self.source = source
        self.value = value
        self.path = path
        self._known: list[str] = []

    @property
    def where(self) -> str:
        """Where the table begins, as Source.where."""
        return self.source.where(self.path)

    def has(self, key: str) -> bool:
        """Whether the file says this key."""
        return key in self.value

    def at(self, key: str) -> Path:
        """The path of a key."""
        return (*self.path, key)

    def problem(self, key: str, message: str) -> None:
        """Notes what is wrong with a key; with an empty key, with the table."""
        self.source.problem(self.at(key) if key else self.path, message)

    def raw(self, key: str) -> Any:
        """The value as tomllib gave it, or None."""
        if key not in self._known:
            self._known.append(key)
        return self.value.get(key)

    def text(self, key: str, default: str = "", *, required: bool = False, hint: str = "") -> str:
        """A text that is not blank; `hint` is an example of what would be right."""
        value = self.raw(key)
        example = f', as {key} = "{hint}"' if hint else ""
        if value is None:
            if required:
                self.problem("", f"{key} is missing{example}")
            return default
        if not isinstance(value, str) or not value.strip():
            self.problem(key, f"must be a text that is not blank{example}, not {kind(value)}")
            return default
        return value

    def number(self, key: str, default: float, *, low: float, high: float, whole: bool = False) -> float:
        """A number within limits."""
        value = self.raw(key)
        if value is None:
            return default
        right = "a whole number" if whole else "a number"
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            self.problem(key, f"must be {right} from {low:g} to {high:g}, not {kind(value)}")
            return default
        if not low <= value <= high:
            self.problem(key, f"must be {right} from {low:g} to {high:g}, not {value:g}")
            return default
        return value

    def whole(self, key: str, default: int, *, low: int, high: int) -> int:
        """A whole number within limits."""
        return int(self.number(key, default, low=low, high=high, whole=True))

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(key, f"must be true or false, without quotes, not {kind(value)}")
            return default
        return value

    def choice(self, key: str, default: str, choices: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.text(key, default)
        if value not in choices:
            self.problem(key, f"{value!r} is not known; {one_of(value, choices)}")
            return default
        return value

    def texts(self, key: str, *, named: bool = False) -> tuple[str, ...]:
        """A text or a list of them. With `named`, `@name` stands for the texts of that name in all languages."""
        value = self.raw(key)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        found: list[str] = []
        for index, item in enumerate(items):
            path = (*self.at(key), index) if isinstance(value, list) else self.at(key)
            if not isinstance(item, str) or not item.strip():
                self.source.problem(path, f"must be a text that is not blank, or a list of texts, not {kind(item)}")
            elif named and item.startswith("@"):
                found += self._named(item[1:], path)
            else:
                found.append(item)
        if isinstance(value, list) and not value:
            self.problem(key, "the list is empty: write at least one text, or leave the key out")
        return tuple(dict.fromkeys(found))

    def _named(self, name: str, path: Path) -> tuple[str, ...]:
        self.source.texts_used.add(name)
        if name not in self.source.texts:
            known = tuple(self.source.texts)
            self.source.problem(path, f"@{name} stands for texts.<language>.{name}, which is not there; {one_of(name, known)}")
        return self.source.texts.get(name, ())

    def table(self, key: str) -> Table | None:
        """A table below this one."""
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.problem(key, f"must be a table, as [{dotted(self.at(key))}], not {kind(value)}")
            return None
        return Table(self.source, value, self.at(key))

    def tables(self, key: str) -> Iterator[Table]:
        """The tables of a list `[[key]]`."""
        value = self.raw(key)
        if value is None:
            return
        if not isinstance(value, list) or any(not isinstance(item, dict) for item in value):
            self.problem(key, f"must be one or more tables, each begun with [[{dotted(self.at(key))}]]")
            return
        for index, item in enumerate(value):
            yield Table(self.source, item, (*self.at(key), index))

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """A table of texts."""
        table = self.table(key)
        if table is None:
            return ()
        return tuple((name, table.text(name)) for name in table.value)

    def done(self) -> None:
        """Reports every key that is not known, with the nearest that is."""
        for key in self.value:
            if self.path and key in AT_THE_TOP and key not in self._known:
                self.problem(key, "belongs to the whole file: write it at the top, above the first [table]")
            elif key not in self._known:
                self.problem(key, f"this key is not known here; {one_of(key, tuple(self._known))}")


def one_of(word: str, choices: tuple[str, ...]) -> str:
    """What a misspelt word may have meant, and else what there is."""
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known are: {', '.join(choices)}" if choices else "there are none"
