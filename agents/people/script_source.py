"""Typed reading of TOML and YAML that remembers lines, so that an error says where it is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from agents.platforms.toml_lines import key_lines, line_of

Path_ = tuple[str | int, ...]
"""Where a value is: ("people", 0, "says", 2, "at")."""

LONGEST_SECONDS = 24 * 3600.0


class ScriptError(Exception):
    """A script that cannot be used. `line` counts from 1; 0 where no line is known. The text says where and what is wrong."""

    def __init__(self, name: str, line: int, key: str, problem: str) -> None:
        where = f"{name}:{line}" if line else name
        super().__init__(f"{where}: `{key}` {problem}" if key else f"{where}: {problem}")
        self.line = line
        self.key = key


@dataclass(frozen=True, slots=True)
class Source:
    """One table of a script, with the lines of everything below it."""

    name: str
    lines: dict[Path_, int]
    path: Path_
    values: dict[str, Any]

    def error(self, key: str, problem: str) -> ScriptError:
        """An error about `key` in this table."""
        path = (*self.path, key)
        return ScriptError(self.name, line_of(self.lines, path), _dotted(path), problem)

    def only(self, *keys: str) -> None:
        """Raises on the first key that is not one of these."""
        for key in self.values:
            if key not in keys:
                raise self.error(key, f"is not known here; known: {', '.join(keys)}")

    def get(self, key: str) -> Any:
        """The bare value, or None."""
        return self.values.get(key)

    def text(self, key: str, *, most: int, default: str | None = None) -> str:
        """A string of at most `most` characters; needed where there is no default."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.error(key, "must be a string" if key in self.values else "is missing")
        if len(value) > most:
            raise self.error(key, f"is longer than {most} characters")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """A boolean."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return value

    def whole(self, key: str, least: int, most: int, default: int) -> int:
        """A whole number between two bounds."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.error(key, f"must be a whole number from {least} to {most}")
        return value

    def seconds(self, key: str) -> float | None:
        """A number of seconds, or None where it is absent."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_SECONDS:
            raise self.error(key, f"must be a number of seconds from 0 to {LONGEST_SECONDS:.0f}")
        return float(value)

    def needed_seconds(self, key: str) -> float:
        """A number of seconds that must be there."""
        value = self.seconds(key)
        if value is None:
            raise self.error(key, "is missing")
        return value

    def table(self, key: str) -> Source:
        """A table below this one."""
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise self.error(key, "must be a table")
        return Source(self.name, self.lines, (*self.path, key), value)

    def tables(self, key: str) -> list[Source]:
        """A list of tables below this one; empty where it is absent."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self.error(key, "must be a list of tables")
        return [Source(self.name, self.lines, (*self.path, key, n), entry) for n, entry in enumerate(value)]


def read_source(text: str, *, name: str, yaml: bool) -> Source:
    """Parses a script's text. Raises ScriptError with the line of a syntax error."""
    values, lines = _read_yaml(text, name) if yaml else _read_toml(text, name)
    if not isinstance(values, dict):
        raise ScriptError(name, 1, "", "must be a table of settings")
    return Source(name, lines, (), values)


def _dotted(path: Path_) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _read_toml(text: str, name: str) -> tuple[Any, dict[Path_, int]]:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))  # the only other place it names is the end of the document
        line = int(found[1]) if found else text.count("\n") + 1
        raise ScriptError(name, line, "", f"is not TOML: {error}") from error
    return values, {(): 1, **key_lines(text)}


def _read_yaml(text: str, name: str) -> tuple[Any, dict[Path_, int]]:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ScriptError(name, line, "", f"is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ScriptError(name, 0, "", "is not YAML") from error
    return values, dict(_yaml_lines(node, ())) if node is not None else {}


def _yaml_lines(node: yaml.Node, path: Path_) -> Iterator[tuple[Path_, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, str(key.value)), key.start_mark.line + 1
            yield from ((p, n) for p, n in _yaml_lines(value, (*path, str(key.value))) if p != (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _yaml_lines(value, (*path, index))
