"""Links that mail filters and calendars put around another one: what is inside, where the address itself says it.

Nothing is fetched. What is inside is judged as if it had been pasted, so that wrapping a link gives it no rights.
Sources: Microsoft's and Barracuda's links say it in a parameter; Proofpoint has published how its own are read (v2 and v3).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

_MOST_LAYERS: Final = 4
_V3: Final = re.compile(r"/v3/__(.+?)__;([A-Za-z0-9_-]*=*)(?:!|$)")
_HOLE: Final = re.compile(r"\*(?:\*([A-Za-z0-9_-]))?")
_RUNS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_ONE_SLASH: Final = re.compile(r"^(https?:)/(?!/)", re.IGNORECASE)


def unwrapped(link: str) -> str:
    """What a link is wrapped around, through a few layers; the link itself where nothing is known to be around it."""
    for _ in range(_MOST_LAYERS):
        inside = _inside(link)
        if not inside:
            return link
        link = inside
    return link


def _inside(link: str) -> str:
    for around, open_it in _WRAPPERS:
        if around.match(link):
            try:
                return open_it(urlsplit(link))
            except ValueError:  # as of an address in brackets that is none
                return ""
    return ""


def _parameter(*names: str) -> Callable[[SplitResult], str]:
    def read(parts: SplitResult) -> str:
        asked = dict(parse_qsl(parts.query))
        return next((asked[name] for name in names if asked.get(name)), "")

    return read


def _proofpoint_v2(parts: SplitResult) -> str:
    return unquote(_parameter("u")(parts).replace("-", "%").replace("_", "/"))


def _proofpoint_v3(parts: SplitResult) -> str:
    """The characters that it took out stand after the link, in base64; a `*` is one of them, `**X` several."""
    found = _V3.match(parts.path + ("?" + parts.query if parts.query else "") + ("#" + parts.fragment if parts.fragment else ""))
    if found is None:
        return ""
    taken_out = found[2].rstrip("=")
    try:
        letters = iter(base64.urlsafe_b64decode(taken_out + "=" * (-len(taken_out) % 4)).decode())
    except (binascii.Error, ValueError):
        return ""

    def put_back(hole: re.Match[str]) -> str:
        count = _RUNS.index(hole[1]) + 2 if hole[1] else 1
        return "".join(next(letters, "") for _ in range(count))

    return _ONE_SLASH.sub(r"\1//", _HOLE.sub(put_back, found[1]))


def _zoom_program(parts: SplitResult) -> str:
    """`zoommtg://zoom.us/join?confno=…&pwd=…`, which opens the desktop program."""
    asked = dict(parse_qsl(parts.query))
    kept = urlencode({name: asked[name] for name in ("pwd", "tk") if asked.get(name)})
    return f"https://{parts.netloc}/j/{asked['confno']}" + ("?" + kept if kept else "") if asked.get("confno") else ""


def _teams_program(parts: SplitResult) -> str:
    return parts._replace(scheme="https").geturl()


def _around(start: str) -> re.Pattern[str]:
    return re.compile(start, re.IGNORECASE)


_WRAPPERS: Final[tuple[tuple[re.Pattern[str], Callable[[SplitResult], str]], ...]] = (
    (_around(r"https?://[a-z0-9-]+\.safelinks\.protection\.outlook\.com/"), _parameter("url")),
    (_around(r"https?://statics\.teams\.cdn\.office\.net/[a-z0-9/-]{0,80}safelinks"), _parameter("url")),
    (_around(r"https?://(?:www\.)?google\.com/url\?"), _parameter("q", "url")),
    (_around(r"https?://urldefense\.proofpoint\.com/v2/"), _proofpoint_v2),
    (_around(r"https?://urldefense\.(?:com|us)/v3/"), _proofpoint_v3),
    (_around(r"https?://linkprotect\.cudasvc\.com/url\?"), _parameter("a")),
    (_around(r"zoom(?:mtg|us)://(?:[a-z0-9.-]+\.)?zoom\.(?:us|com)/"), _zoom_program),
    (_around(r"msteams://teams\."), _teams_program),
)
