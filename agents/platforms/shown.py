"""A platform file as it counts, with what it extends, written down again: each line says where it comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from agents.platforms.layers import NAMED_LISTS, Layer, Place
from agents.platforms.toml_lines import Path

_BARE = re.compile(r"^[A-Za-z0-9_-]+$")
TABLE_LISTS = (*NAMED_LISTS, ("url", "rewrite"))
"""Written as [[tables]]; all other lists, as lists of conditions, inline."""
_COLUMN = 88
"""Where the places stand, unless a line is longer."""


def lines_of(layer: Layer) -> Iterator[str]:
    """The document as TOML that can be read again, with a comment at each line."""
    yield from _table(layer, layer.value, ())


def _table(layer: Layer, table: dict[str, Any], path: Path) -> Iterator[str]:
    inner = [(key, value) for key, value in table.items() if isinstance(value, dict)]
    lists = [(key, value) for key, value in table.items() if (*path, key) in TABLE_LISTS]
    for key, value in table.items():
        if not any(key == name for name, _ in (*inner, *lists)):
            yield from _pair(layer, key, value, (*path, key))
    for key, value in inner:
        at = (*path, key)
        yield ""
        yield _with_place(f"[{_dotted(at)}]", layer.place(at))
        yield from _table(layer, value, at)
    for key, value in lists:
        for index, one in enumerate(value):
            at = (*path, key, index)
            yield ""
            yield _with_place(f"[[{_dotted((*path, key))}]]", layer.place(at))
            for name, part in one.items():
                yield from _pair(layer, name, part, (*at, name))


def _pair(layer: Layer, key: str, value: Any, path: Path) -> Iterator[str]:
    if isinstance(value, list) and len(value) > 1:
        yield _with_place(f"{_key(key)} = [", layer.place(path))
        for index, item in enumerate(value):
            yield _with_place(f"  {_value(item)},", layer.place((*path, index)))
        yield "]"
    else:
        yield _with_place(f"{_key(key)} = {_value(value)}", layer.place(path))


def _with_place(text: str, place: Place) -> str:
    return f"{text:<{_COLUMN}}  # {'/'.join(PurePath(place.file).parts[-2:])}:{place.line}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)  # texts, numbers, true and false are written alike in JSON and TOML


def _key(key: str) -> str:
    return key if _BARE.match(key) else json.dumps(key, ensure_ascii=False)


def _dotted(path: Path) -> str:
    return ".".join(_key(str(part)) for part in path if not isinstance(part, int))
