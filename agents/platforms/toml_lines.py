"""Where each key of a TOML document stands. `tomllib` gives values without lines, and an error without a line helps nobody.

The text has been accepted by tomllib before it comes here, so this scanner only has to find its way, not to judge.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""Keys and list indexes from the top, as `("join", 2, "click")`."""

_BARE_END = frozenset(",]}\n\r#")
_KEY_END = frozenset(" \t.=]\n")


def key_lines(text: str) -> dict[Path, int]:
    """The line, from 1, of every key, table and list item of a valid TOML document."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of a path, or of the nearest thing around it that has one; 1 for the document."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


@dataclass(slots=True)
class _Scanner:
    text: str
    at: int = 0
    lines: dict[Path, int] = field(default_factory=dict)
    tables_seen: dict[Path, int] = field(default_factory=dict)
    """How many `[[tables]]` of each path there have been."""

    def document(self) -> None:
        base: Path = ()
        while self._skip():
            base = self._header() if self.text[self.at] == "[" else self._pair(base)

    def _header(self) -> Path:
        many = self.text.startswith("[[", self.at)
        start = self.at
        self.at += 2 if many else 1
        keys = self._keys()
        self.at += 2 if many else 1
        path: Path = ()
        for number, key in enumerate(keys):
            path += (key,)
            if path in self.tables_seen and not (many and number == len(keys) - 1):
                path += (self.tables_seen[path] - 1,)
        if many:
            self.tables_seen[path] = self.tables_seen.get(path, 0) + 1
            path += (self.tables_seen[path] - 1,)
        self._note(path, start)
        return path

    def _pair(self, base: Path) -> Path:
        start = self.at
        path = base
        for key in self._keys():
            path += (key,)
            self._note(path, start)
        self.at += 1  # the =
        self._value(path)
        return base

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._blanks()
            keys.append(self._key())
            self._blanks()
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _key(self) -> str:
        if self.text[self.at] in "\"'":
            return self._string()
        start = self.at
        while self.text[self.at] not in _KEY_END:
            self.at += 1
        return self.text[start : self.at]

    def _value(self, path: Path) -> None:
        self._blanks()
        self._note(path, self.at)
        char = self.text[self.at]
        if char in "\"'":
            self._string()
        elif char == "[":
            self._list(path)
        elif char == "{":
            self._inline_table(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in _BARE_END:
                self.at += 1

    def _list(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self._skip() and self.text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._value((*path, index))
            index += 1
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self._skip() and self.text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._pair(path)
        self.at += 1

    def _string(self) -> str:
        quote = self.text[self.at]
        fence = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        start = self.at + len(fence)
        end = start
        while not self.text.startswith(fence, end):
            end += 2 if quote == '"' and self.text[end] == "\\" else 1
        while len(fence) == 3 and self.text.startswith(quote, end + 3):  # a fence may be preceded by quotes of the text
            end += 1
        self.at = end + len(fence)
        raw = self.text[start:end]
        return _unescaped(raw) if quote == '"' and "\\" in raw else raw

    def _note(self, path: Path, at: int) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, at) + 1)

    def _blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def _skip(self) -> bool:
        """Goes over white space, line ends and comments; whether anything is left."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at] in " \t\r\n":
                self.at += 1
            else:
                return True
        return False


def _unescaped(raw: str) -> str:
    try:
        return str(json.loads(f'"{raw}"'))  # TOML's escapes are JSON's, \U and \e apart, which no key needs
    except ValueError:
        return raw
