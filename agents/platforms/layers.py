"""Platform files with the place of each value, and one laid over another: what a user's few lines do to a built-in platform.

Tables are merged key by key; what a key says replaces what it said before. In a list, "..." stands for what was there. Steps and
dialogs are known by their names: one of the same name is merged, one of a new name is put in.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from agents.platforms.platform_file import VIEWS
from agents.platforms.toml_lines import Path, key_lines

DEVICES = ("microphone", "camera")
_TABLES = ("match", "browser", "variables", "url", "evidence", "doubt", "people", "chat", "captions", "reload", "timeouts")
MERGED_TABLES = (
    *((name,) for name in (*_TABLES, *DEVICES)),
    ("url", "query"),
    ("url", "fragment"),
    ("captions", "languages"),
    ("view",),
    ("texts",),
)
"""Tables whose keys are merged; so is each language below `texts`. Any other value is replaced as a whole."""
_OF_CHAT = (("chat", "open"), ("chat", "person"), ("chat", "everyone"))
_OF_CAPTIONS = (("captions", "on"), ("captions", "language"))
_OF_PEOPLE = (("people", "look"), ("doubt", "look"))
_OF_VIEWS = tuple(("view", name) for name in VIEWS)
_OF_DEVICES = tuple((device, turn) for device in DEVICES for turn in ("turn_on", "turn_off"))
_OF_MEETING = (*_OF_PEOPLE, *_OF_CHAT, *_OF_CAPTIONS, *_OF_DEVICES, *_OF_VIEWS)
NAMED_LISTS = (("join",), ("after_join",), ("leave",), ("dialog",), *_OF_MEETING)
ACTIONS = (
    "click",
    "fill",
    "press",
    "type",
    "choose",
    "check",
    "uncheck",
    "scroll",
    "wait_for",
    "wait_seconds",
    "js",
    "open",
    "switch",
)
WHAT_WAS_THERE = "..."


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file, and a line in it from 1."""

    file: str
    line: int


Places = dict[Path, Place]


@dataclass(slots=True)
class Layer:
    """A document and where each part of it stands."""

    file: str
    value: dict[str, Any]
    places: Places

    def place(self, path: Path) -> Place:
        """The place of a path, or of the nearest thing around it that has one."""
        return place_of(self.places, path, self.file)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with laying one file over another."""

    place: Place
    key: str
    message: str


def place_of(places: Places, path: Path, file: str) -> Place:
    """The place of a path, or of the nearest thing around it that has one; the file's first line for the document."""
    while path and path not in places:
        path = path[:-1]
    return places.get(path, Place(file, 1))


def read_layer(text: str, file: str) -> Layer:
    """A document's text. Raises tomllib.TOMLDecodeError."""
    return Layer(file, tomllib.loads(text), {path: Place(file, line) for path, line in key_lines(text).items()})


def laid_over(base: Layer, over: Layer) -> tuple[Layer, list[Fault]]:
    """The base with what `over` says instead; `over.file` is the file of the result."""
    merger = _Merger(base, over)
    value = merger.table(base.value, over.value, ())
    return Layer(over.file, value, merger.places), merger.faults


@dataclass(slots=True)
class _Merger:
    base: Layer
    over: Layer
    places: Places = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def table(self, base: dict[str, Any], over: dict[str, Any], path: Path) -> dict[str, Any]:
        self._note(self.over if path in self.over.places else self.base, path, path)
        merged = {}
        for key in (*base, *(key for key in over if key not in base)):
            at = (*path, key)
            if key not in over:
                merged[key] = self._take(self.base, base[key], at, at)
            elif key not in base:
                merged[key] = self._added(over[key], at)
            elif over[key] != []:  # an empty list takes away what was there
                merged[key] = self._both(base[key], over[key], at)
        return merged

    def _both(self, base: Any, over: Any, at: Path) -> Any:
        if isinstance(base, dict) and isinstance(over, dict) and (at in MERGED_TABLES or at[:-1] == ("texts",)):
            return self.table(base, over, at)
        if isinstance(base, list) and at in NAMED_LISTS and _are_tables(over):
            return self._steps(base, over, at)
        if isinstance(over, list) and WHAT_WAS_THERE in over:
            return self._list(base if isinstance(base, list) else [base], over, at)
        return self._take(self.over, over, at, at)

    def _added(self, over: Any, at: Path) -> Any:
        if at in NAMED_LISTS and _are_tables(over):
            return self._steps([], over, at)
        return (
            self._list([], over, at) if isinstance(over, list) and WHAT_WAS_THERE in over else self._take(self.over, over, at, at)
        )

    def _list(self, base: list[Any], over: list[Any], at: Path) -> list[Any]:
        self._note(self.over, at, at)
        merged: list[Any] = []
        for index, item in enumerate(over):
            items = [(self.base, one, (*at, n)) for n, one in enumerate(base)]
            for layer, one, origin in items if item == WHAT_WAS_THERE else [(self.over, item, (*at, index))]:
                merged.append(self._take(layer, one, origin, (*at, len(merged))))
        return merged

    def _steps(self, base: list[Any], over: list[Any], at: Path) -> list[Any]:
        """Steps or dialogs; each is (what it is, in which layer, at which path), until their order is known."""
        found: list[tuple[dict[str, Any], dict[str, Any], Path, Path]] = [(one, {}, (*at, n), ()) for n, one in enumerate(base)]
        for index, one in enumerate(over):
            origin = (*at, index)
            names = [dict(first | second).get("name") for first, second, _, _ in found]
            said = {key: value for key, value in one.items() if key not in {"remove", "before", "after"}}
            name = one.get("name")
            where = names.index(name) if name is not None and name in names else None
            if one.get("remove") is True:
                self._remove(found, where, one, origin)
            elif where is not None and found[where][0]:
                first, _, first_origin, _ = found[where]
                found[where] = (_without_action(first, said), said, first_origin, origin)
            else:
                found.insert(self._position(names, one, origin), ({}, said, (), origin))
        return [self._step(step, (*at, n)) for n, step in enumerate(found)]

    def _step(self, step: tuple[dict[str, Any], dict[str, Any], Path, Path], at: Path) -> dict[str, Any]:
        first, second, first_origin, second_origin = step
        self._note(self.over if second else self.base, second_origin or first_origin, at)
        merged = {
            key: self._take(self.base, value, (*first_origin, key), (*at, key))
            for key, value in first.items()
            if key not in second
        }
        return merged | {key: self._take(self.over, value, (*second_origin, key), (*at, key)) for key, value in second.items()}

    def _remove(self, found: list[Any], where: int | None, one: dict[str, Any], origin: Path) -> None:
        if where is None:
            self._fault(origin, "remove", f"there is none named {one.get('name')!r} to remove")
        else:
            del found[where]

    def _position(self, names: list[Any], one: dict[str, Any], origin: Path) -> int:
        for key, offset in (("before", 0), ("after", 1)):
            if key in one:
                if one[key] in names:
                    return names.index(one[key]) + offset
                known = ", ".join(repr(name) for name in names if name) or "none"
                self._fault((*origin, key), key, f"there is none named {one[key]!r}; there are: {known}")
        if not {"before", "after"} & one.keys() and (meant := _nearly(one.get("name"), names)):
            self._fault(
                (*origin, "name"),
                "name",
                f"there is none named {one['name']!r}; did you mean {meant!r}? A step of your own says before or after which",
            )
        return len(names)

    def _fault(self, path: Path, key: str, message: str) -> None:
        self.faults.append(Fault(self.over.place(path), key, message))

    def _take(self, layer: Layer, value: Any, origin: Path, at: Path) -> Any:
        """A value as it is, with its places."""
        self._note(layer, origin, at)
        if isinstance(value, dict):
            return {key: self._take(layer, one, (*origin, key), (*at, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self._take(layer, one, (*origin, n), (*at, n)) for n, one in enumerate(value)]
        return value

    def _note(self, layer: Layer, origin: Path, at: Path) -> None:
        self.places[at] = layer.place(origin)


def _nearly(name: Any, names: list[Any]) -> str:
    """The name that was meant by one that is nearly the same; empty where there is none."""
    return next(iter(get_close_matches(name, [one for one in names if one], 1, 0.8)), "") if isinstance(name, str) else ""


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _without_action(step: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """A step does one thing: where another is said, the first is forgotten."""
    another = any(action in said for action in ACTIONS)
    return {key: value for key, value in step.items() if not (another and key in ACTIONS)}
