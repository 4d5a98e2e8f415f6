"""From the meeting's URL to the one that is opened, and the variables that a platform file may use."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from agents.platforms.base import JoinRequest
from agents.platforms.file_steps import SECRET_VARIABLES, VARIABLE
from agents.platforms.platform_file import PlatformFile, Target

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def variables(file: PlatformFile, request: JoinRequest) -> dict[str, str]:
    """bot_name, the same as JSON, meeting_url, camera_off (`true` where the bot has no picture), and what the file finds in the
    meeting's URL; nothing found is an empty text.
    """
    name = request.bot_name
    found = {"bot_name": name, "bot_name_json": json.dumps(name, ensure_ascii=False), "meeting_url": request.meeting_url}
    found["camera_off"] = json.dumps(not request.camera)
    for name, pattern in file.variables:
        match = re.search(pattern, request.meeting_url)
        found[name] = unquote(match[1] or "") if match else ""
    return found


def filled(template: str, values: dict[str, str]) -> str:
    """A template with its {variables}, as they are."""
    return VARIABLE.sub(lambda match: values.get(match[1], match[0]), template)


def filled_target(target: Target, values: Mapping[str, str]) -> Target:
    """An element with its {variables}: in a selector they stand within quotes; of a text each line is an alternative."""
    if not VARIABLE.search(f"{target.css}{target.text}{target.text_is}{target.label}"):
        return target
    quoted = {name: re.sub(r'([\\"\'])', r"\\\1", value).replace("\n", " ") for name, value in values.items()}

    def texts(given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(line for text in given for line in filled(text, dict(values)).splitlines() if line)

    return replace(
        target, css=filled(target.css, quoted), text=texts(target.text), text_is=texts(target.text_is), label=texts(target.label)
    )


def open_url(file: PlatformFile, values: dict[str, str], secrets: Mapping[str, str] = _NONE) -> str:
    """The URL to open. Raises ValueError where the file's rules make none.

    `secrets` are for the query alone, each in place of a parameter of that name; a pair whose secret is not there is left out.
    """
    rules = file.url
    url = values["meeting_url"]
    for pattern, replacement in rules.rewrite:
        url = re.sub(pattern, _encoded(replacement, values), url)
    if rules.open != "{meeting_url}":
        url = _encoded(rules.open.replace("{meeting_url}", "\0"), values).replace("\0", url)
    base, hash_mark, fragment = url.partition("#")
    for pair in rules.query:
        needed = [name for name in VARIABLE.findall(pair[1]) if name in SECRET_VARIABLES]
        if not all(secrets.get(name) for name in needed):
            continue
        if needed:
            base = _without(base, pair[0])
        base += ("&" if "?" in base else "?") + _joined((pair,), {**values, **secrets})
    if rules.fragment:
        fragment += ("&" if fragment else "") + _joined(rules.fragment, values)
        hash_mark = "#"
    url = base + hash_mark + fragment
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError(f"the rules under [url] in {file.path} make no http(s) URL")
    return url


def _without(url: str, name: str) -> str:
    """The URL (without fragment) less the parameters of this name."""
    path, mark, query = url.partition("?")
    kept = "&".join(part for part in query.split("&") if unquote_plus(part.partition("=")[0]) != name)
    return path + mark + kept if kept else path


def _encoded(template: str, values: dict[str, str]) -> str:
    return filled(template, {name: value if name == "meeting_url" else quote(value, safe="") for name, value in values.items()})


def _joined(pairs: tuple[tuple[str, str], ...], values: dict[str, str]) -> str:
    return "&".join(f"{quote(name, safe='.-_')}={quote(filled(value, values), safe='')}" for name, value in pairs)
