"""What the page's script says, read with distrust: a line of JSON after the token, then a chunk in base64."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import orjson

from agents.browser.api import Json

LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Hello:
    """A document began."""

    frame: str
    top: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A frame of another origin got its first voices and would record them."""

    frame: str


@dataclass(frozen=True, slots=True)
class Speaking:
    """A source is heard, or no longer."""

    source: str
    on: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """The next bytes of a segment."""

    segment: int
    sequence: int
    mime: str
    started_ms: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Sample:
    """A second as the page saw it. `brightness` and `light` (of the videos on the page) are -1 where they are not known."""

    segment: int
    window_ms: int
    level: float
    incoming: float
    tracks: int
    shown: int
    brightness: float
    light: float


@dataclass(frozen=True, slots=True)
class Lost:
    """A recorder ended by itself."""

    segment: int
    why: str


@dataclass(frozen=True, slots=True)
class Hearing:
    """What people say is heard in the page's own sound, or again in the tracks of its connections."""

    page: bool


@dataclass(frozen=True, slots=True)
class Remark:
    """Something for the log."""

    text: str


Message = Hello | Wanted | Speaking | Chunk | Sample | Lost | Hearing | Remark


def read(value: Json, token: str) -> Message | None:
    """The message, or None where it is none of ours."""
    if not isinstance(value, str) or not value.startswith(token):
        return None
    head, _, data = value[len(token) :].partition("\n")
    try:
        return _message(orjson.loads(head), data)
    except (ValueError, KeyError, TypeError, OverflowError, binascii.Error):
        return None


def _message(said: dict[str, Any], data: str) -> Message | None:  # noqa: PLR0911 -- one return a message
    match said["type"]:
        case "chunk":
            return Chunk(
                segment=int(said["segment"]),
                sequence=int(said["sequence"]),
                mime=str(said["mime"])[:LONGEST_TEXT],
                started_ms=int(said["started_ms"]),
                data=base64.b64decode(data, validate=True),
            )
        case "sample":
            return Sample(
                segment=int(said["segment"]),
                window_ms=int(said["window_ms"]),
                level=float(said["level"]),
                incoming=float(said["incoming"]),
                tracks=int(said["tracks"]),
                shown=int(said["shown"]),
                brightness=float(said["brightness"]),
                light=float(said.get("light", -1)),
            )
        case "speaking":
            return Speaking(source=str(said["id"])[:LONGEST_TEXT], on=bool(said["on"]))
        case "hello":
            return Hello(frame=str(said["frame"]), top=bool(said["top"]))
        case "wanted":
            return Wanted(frame=str(said["frame"]))
        case "lost":
            return Lost(segment=int(said["segment"]), why=str(said["why"])[:LONGEST_TEXT])
        case "hearing":
            return Hearing(page=bool(said["page"]))
        case "remark":
            return Remark(text=str(said["text"])[:LONGEST_TEXT])
        case _:
            return None
