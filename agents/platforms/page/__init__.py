"""The scripts that an adapter puts into every document of a page."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_OBSERVER = ("dom.js", "labels.js", "text.js", "media.js", "act.js", "sanitise.js", "observer.js")


@cache
def _source(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def observer(program: dict[str, Any], *, token: str, handle: str, channel: str) -> str:
    """The observer for one attendance: `program` as program.py makes it.

    Reports go to `window[channel]`, acts come by `window[handle]`; both carry the token.
    """
    constants = {"PROGRAM": program, "TOKEN": token, "HANDLE": handle, "CHANNEL": channel}
    return _closed(constants, *(_source(name) for name in _OBSERVER))


def no_devices(*, microphone: bool, camera: bool) -> str:
    """Takes away the devices that the page shall not find."""
    return _closed({"DEVICES": {"microphone": microphone, "camera": camera}}, _source("no_devices.js"))


def registration(expression: str, identifier: str, *, token: str, handle: str) -> str:
    """One expression of a platform file, in a script of its own: a mistake in it stops nothing else."""
    name, key, secret = json.dumps(handle), json.dumps(identifier), json.dumps(token)
    return f"window[{name}] && window[{name}]({secret}, 'register', {{id: {key}, run: (vars) => ({expression}\n)}});"


def _closed(constants: dict[str, Any], *sources: str) -> str:
    lines = [f"const {name} = {json.dumps(value)};" for name, value in constants.items()]
    return "(() => {\n'use strict';\n" + "\n".join((*lines, *sources)) + "\n})();"
