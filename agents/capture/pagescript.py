"""Puts the page's script together: one function that every document of every frame runs first."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import orjson

PARTS = (
    "primordials.js",
    "hook.js",
    "mix.js",
    "own.js",
    "playing.js",
    "elements.js",
    "lag.js",
    "picture.js",
    "recorder.js",
    "command.js",
)
FOLDER = Path(__file__).parent / "scripts"


def _secret() -> str:
    return "_" + secrets.token_hex(12)


@dataclass(frozen=True, slots=True)
class PageSettings:
    """What the script is told. Names and token are new for each bot, so that a page can neither guess nor forge them."""

    timeslice_ms: int = 500
    """Chunks leave this often. A tab that stands still gives a frame a second, and sound waits for it: together under 2 s."""
    binding: str = field(default_factory=_secret)
    command: str = field(default_factory=_secret)
    token: str = field(default_factory=_secret)


def page_script(settings: PageSettings) -> str:
    """The source for `Page.add_script`. The binding must have been bound before."""
    told = orjson.dumps(asdict(settings)).decode()
    guard = 'if (globalThis[SETTINGS.command] || typeof globalThis[SETTINGS.binding] !== "function") return;'
    return f'(() => {{ "use strict";\nconst SETTINGS = {told};\n{guard}\n{_parts()}\n}})();'


@cache
def _parts() -> str:
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in PARTS)
