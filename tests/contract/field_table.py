"""The table of recorded create fields (tests/data/create_bot_fields.tsv): paths, types and rules, and bodies around a value."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"
LANGUAGES: dict[str, list[str]] = json.loads((DATA / "caption_languages.json").read_text())
SPEECH = "(speech) "
"""Rows that belong to another path than POST /bots."""

VALUES: dict[str, Any] = {"string": "x", "boolean": True, "integer": 7, "array": [], "object": {}, "null": None}
"""One value of each JSON type."""


@dataclass(frozen=True)
class Row:
    """One row."""

    path: str
    type: str
    rules: str

    @cached_property
    def types(self) -> set[str]:
        """The JSON types that the row takes. `chunking_strategy` alone has no type: it is a text or an object."""
        return set(self.type.split(" or ")) if self.type else {"string", "object"}

    @cached_property
    def _rules(self) -> list[str]:
        return self.rules.split("; ")

    @cached_property
    def words(self) -> list[Any] | None:
        """The values that it takes, where they are listed."""
        said = next((rule.removeprefix("one of ") for rule in self._rules if rule.startswith("one of ")), None)
        if said is None:
            return None
        if "caption_languages.json" in said:
            return list(LANGUAGES[self.path])
        return [int(word) if self.type == "integer" else word for word in said.split(", ")]

    @property
    def required(self) -> bool:
        """Whether it is required where the object around it is given."""
        return "required" in self._rules

    @property
    def closed(self) -> bool:
        """Whether it takes no other keys."""
        return "no other keys" in self._rules

    @property
    def default(self) -> Any:
        """Its default; a LookupError where the table gives none."""
        return json.loads(next(rule.removeprefix("default ") for rule in self._rules if rule.startswith("default ")))

    @property
    def has_default(self) -> bool:
        """Whether the table gives one."""
        return any(rule.startswith("default ") for rule in self._rules)

    @property
    def top(self) -> str:
        """The field of the request."""
        return self.path.partition(".")[0].removesuffix("[]")

    @property
    def outer(self) -> str:
        """The path of the object or list that it is in; empty at the top."""
        return self.path.removesuffix("[]") if self.path.endswith("[]") else self.path.rpartition(".")[0]

    def example(self) -> Any:
        """A right value of it, with what is required inside."""
        if self.path in SELF_SAID:
            return SELF_SAID[self.path]
        if self.words is not None:
            return self.words[0]
        if "array" in self.types:
            item = BY_PATH.get(self.path + "[]")
            return [item.example()] if item is not None else []
        if self.type == "object":
            return {row.path.rpartition(".")[2]: row.example() for row in ROWS if row.outer == self.path and row.required}
        return next((url for end, url in URLS.items() if self.path.endswith(end)), VALUES[self.type.partition(" ")[0]])


def _read() -> list[Row]:
    with (DATA / "create_bot_fields.tsv").open(newline="", encoding="utf-8") as file:
        lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Row(line["path"], line["type"], line["rules"] or "") for line in lines]


URLS = {
    "audio.url": "wss://a.example/x",
    "video.url": "wss://a.example/x",
    "destination_url": "rtmp://a.example/x",
    "url": "https://a.example/x",
}
"""Examples of addresses, by the end of their path."""
SELF_SAID = {
    "recording_settings.format": "mp4",
    "recording_settings.view": "speaker_view",
    "transcription_settings.openai.chunking_strategy": "auto",
}
"""Examples where the table has no list of words but the contract does."""
ROWS = _read()
BY_PATH = {row.path: row for row in ROWS}
CREATE_ROWS = [row for row in ROWS if not row.path.startswith(SPEECH)]


def around(path: str, value: Any) -> dict[str, Any]:
    """The settings of a request that is right but for `value` at `path`: what the objects on the way require is there."""
    row = BY_PATH[path]
    while row.outer:
        outer = BY_PATH.get(row.outer)
        if row.path.endswith("[]"):
            value = [value]
        else:
            assert outer is not None, row.path
            value = {**outer.example(), row.path.rpartition(".")[2]: value} if outer.type == "object" else value
        row = outer if outer is not None else BY_PATH[row.outer]
    return {row.path: value}


def without(path: str) -> dict[str, Any]:
    """As `around`, with nothing at `path`."""
    row = BY_PATH[path]
    outer = BY_PATH[row.outer]
    bare = {name: value for name, value in outer.example().items() if name != row.path.rpartition(".")[2]}
    return around(outer.path, bare) if outer.outer else {outer.path: bare}
