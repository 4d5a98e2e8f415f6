"""Scenarios are data: `scenarios.toml` says what a twin does at which moment; this reads it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

MOMENTS = ("door", "lobby", "host-absent", "meeting")
FILE = Path(__file__).parent / "scenarios.toml"


@dataclass(frozen=True, slots=True)
class Cue:
    """Something the twin does `after` seconds from the moment its visitor stands somewhere."""

    at: str
    after: float
    call: Mapping[str, Any]
    """As for the rehearsal's control API, or one of the twin's own actions (director.py)."""
    visits: int
    """Only in the first so many visits; 0: in all."""


@dataclass(frozen=True, slots=True)
class Load:
    """How the site delivers its page."""

    page_seconds: float = 0.0
    script_seconds: float = 0.0
    """The page is there before its scripts are."""
    fails: int = 0
    """So many visits get an error of the server (status 502) first."""
    hangs: int = 0
    """So many visits get a page that never ends; -1: all."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way for a meeting to go."""

    name: str
    says: str
    before: tuple[Mapping[str, Any], ...] = ()
    cues: tuple[Cue, ...] = ()
    load: Load = field(default_factory=Load)
    guests: tuple[str, ...] = ("Ada Lovelace",)
    """People without a browser who are in the meeting from the start; the first is its host."""
    passcode: str | None = None
    """Opens the door, and the lobby; None: there is none that does."""
    page: Mapping[str, Any] = field(default_factory=dict)
    """What the page itself has to know, as `late_controls_seconds`."""


@cache
def scenarios() -> Mapping[str, Scenario]:
    """All of them, by name. Raises ValueError with the name where the table is wrong."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: _scenario(name, table) for name, table in found.items()}


def _scenario(name: str, table: dict[str, Any]) -> Scenario:
    known = {"says", "before", "then", "load", "guests", "page", "passcode"}
    if unknown := set(table) - known:
        raise ValueError(f"scenario {name!r}: {sorted(unknown)} is none of {sorted(known)}")
    made = Scenario(
        name=name,
        says=table["says"],
        before=tuple(table.get("before", ())),
        cues=tuple(_cue(name, cue) for cue in table.get("then", ())),
        load=Load(**table.get("load", {})),
        passcode=table.get("passcode"),
        page=table.get("page", {}),
    )
    return made if "guests" not in table else replace(made, guests=tuple(table["guests"]))


def _cue(name: str, table: dict[str, Any]) -> Cue:
    given = dict(table)
    at = given.pop("at")
    if at not in MOMENTS or "action" not in given:
        raise ValueError(f"scenario {name!r}: a cue needs `action`, and `at` that is one of {MOMENTS}")
    return Cue(at, float(given.pop("after", 0.0)), visits=int(given.pop("visits", 0)), call=given)
