"""The init script that gives a page a synthetic camera and microphone, wherever the page calls getUserMedia."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

MARK = "const options = __OPTIONS__;"


@dataclass(frozen=True, slots=True)
class Camera:
    """The picture, in pixels and frames a second; the defaults are what meetings send for a small tile."""

    width: int = 640
    height: int = 360
    fps: int = 20


@dataclass(frozen=True, slots=True)
class SyntheticMedia:
    """What one page's devices are. A camera or microphone that is None or False does not exist for the page."""

    name: str
    number: int = 0
    """0 to 63: colours the picture and stands in its machine-readable frame counter."""
    camera: Camera | None = field(default_factory=Camera)
    microphone: bool = True
    beep_hertz: float = 1000.0
    beep_lead_seconds: float = 0.0
    """Added to a beep's start, to make up for what the browser's audio path is ahead of or behind its video path."""


@cache
def _source() -> str:
    return (Path(__file__).parent / "synthetic_media.js").read_text(encoding="utf-8")


def synthetic_media_script(media: SyntheticMedia) -> str:
    """JavaScript for `Page.add_script`, before the page is opened. It is commanded through `window.rollcallPerson`."""
    options = {
        "name": media.name,
        "number": media.number,
        "camera": asdict(media.camera) if media.camera else None,
        "microphone": media.microphone,
        "beepHertz": media.beep_hertz,
        "beepLeadSeconds": media.beep_lead_seconds,
    }
    text = json.dumps(options).replace("<", "\\u003c")  # a name stays data, also where the script is written into a page
    return _source().replace(MARK, f"const options = {text};")
