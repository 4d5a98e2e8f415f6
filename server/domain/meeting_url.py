"""What a meeting's URL means: which platform, and one spelling of it.

Pure, and linear in the length of its input: it looks at 2,048 characters at most, and no pattern here has a repetition within a
repetition. The known platforms are told apart by host name; everything else has to be listed by the operator (extra Jitsi hosts,
rehearsal origins, URL globs of platform files), so that no caller can send a bot to an address of their own choosing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from server.domain import meeting_hints as hints
from server.domain.defaults import MEETING_URL_MOST_CHARACTERS
from server.domain.pasted_links import pasted_links
from server.domain.teams_url import TEAMS_HOSTS, teams_url
from server.domain.url_glob import UrlGlob, parse_glob

GOOGLE_MEET: Final = "google_meet"
ZOOM: Final = "zoom"
TEAMS: Final = "teams"
JITSI: Final = "jitsi"
REHEARSAL: Final = "rehearsal"
DECLARATIVE: Final = "declarative"


class MeetingUrlError(ValueError):
    """Raised when a URL is not one of a meeting; its text is for the user."""


@dataclass(frozen=True, slots=True)
class MeetingUrl:
    """A meeting: the platform's word as in the contract, its URL in one spelling, the platform file's name if there is one."""

    platform: str
    url: str
    platform_name: str = ""


@dataclass(frozen=True, slots=True)
class MeetingPlaces:
    """What the operator allows besides the known platforms."""

    jitsi_hosts: frozenset[str] = frozenset()
    """Host names, with `:port` where it is not 443; `*.example.org` for all below example.org."""
    rehearsal_origins: frozenset[str] = frozenset()
    """As `http://127.0.0.1:8080`."""
    declarative: Mapping[str, tuple[UrlGlob, ...]] | None = None
    """The globs of each platform file, by the file's name."""


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20})://")
_SLASHES = re.compile(r"/{2,}")
_MEET = re.compile(r"(?:/_meet)?/([A-Za-z]{3}-[A-Za-z]{4}-[A-Za-z]{3})/?")
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
"""What programs make of a hyphen, so that lines break well."""
_ZOOM_PATH = re.compile(r"(/(?:j|w|s|wc/join)/[0-9]{1,20}|/wc/[0-9]{1,20}/(?:join|start))/?")
_ZOOM_VALUE = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")
_ROOM = re.compile(r"/rehearsal/([A-Za-z0-9_-]{1,64})/?")
_JITSI_PATH = re.compile(r"/[^/\s\"<>\\^`{|}]{1,255}(?:/[^/\s\"<>\\^`{|}]{1,255})?")
_JWT = re.compile(r"[A-Za-z0-9._-]{1,1536}")
_JITSI_PASSCODE_CHARACTERS = 128
_TRAILING = ">)]}\"',;."


def parse_meeting_url(text: str, places: MeetingPlaces | None = None) -> MeetingUrl:
    """The meeting that a URL means, or the first of a text. Raises MeetingUrlError with words for the user."""
    if len(text) > MEETING_URL_MOST_CHARACTERS:
        raise MeetingUrlError(hints.TOO_LONG)
    places = places or MeetingPlaces()
    why = hints.UNKNOWN
    for link in pasted_links(text):
        try:
            return _meeting(_split(link), places)
        except MeetingUrlError as error:
            why = str(error) if why == hints.UNKNOWN else why
    raise MeetingUrlError(why)


def _meeting(parts: SplitResult, places: MeetingPlaces) -> MeetingUrl:
    known = _known_platform(parts, places)
    if known is None:
        return _registered(parts, places)
    platform, spell, hint = known
    url = spell(parts)
    if url is None:
        raise MeetingUrlError(hint(parts))
    return MeetingUrl(platform, url)


def _split(url: str) -> SplitResult:
    scheme = _SCHEME.match(url)
    if scheme is None:
        url = "https://" + url
    elif scheme.group(1).lower() not in {"http", "https"}:
        raise MeetingUrlError(hints.NOT_HTTP)
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        raise MeetingUrlError(hints.UNKNOWN) from None
    if parts.username is not None or parts.password is not None:
        raise MeetingUrlError(hints.WITH_USER)
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (80 if parts.scheme == "http" else 443)


_Speller = Callable[[SplitResult], str | None]
_Hint = Callable[[SplitResult], str]


def _known_platform(parts: SplitResult, places: MeetingPlaces) -> tuple[str, _Speller, _Hint] | None:
    host, port = (parts.hostname or "").removesuffix("."), _port(parts)
    place = host if port in {80, 443} else f"{host}:{port}"
    if place == "meet.google.com":
        return GOOGLE_MEET, _google_meet, hints.google_meet
    if place in {"zoom.us", "zoom.com"} or place.endswith((".zoom.us", ".zoom.com")):
        return ZOOM, _zoom, hints.zoom
    if place in TEAMS_HOSTS:
        return TEAMS, teams_url, hints.teams
    if place == "meet.jit.si" or place in places.jitsi_hosts or _is_below_a_jitsi_domain(parts, places):
        return JITSI, _jitsi, hints.jitsi
    return None


def _is_below_a_jitsi_domain(parts: SplitResult, places: MeetingPlaces) -> bool:
    return any(parse_glob(pattern).matches(parts) for pattern in places.jitsi_hosts if pattern.startswith("*."))


def _google_meet(parts: SplitResult) -> str | None:
    code = _MEET.fullmatch(unquote(parts.path).translate(_HYPHENS))
    return f"https://meet.google.com/{code.group(1).lower()}" if code else None


def _zoom(parts: SplitResult) -> str | None:
    path = _ZOOM_PATH.fullmatch(_SLASHES.sub("/", parts.path))
    if path is None:
        return None
    host = (parts.hostname or "").removesuffix(".").removesuffix("zoom.com").removesuffix("zoom.us") + "zoom.us"
    asked = dict(parse_qsl(parts.query.replace("+", "%2B")))  # base64 has it, and no passcode has a blank
    kept = [f"{name}={quote(asked[name], safe='')}" for name in ("pwd", "tk") if _ZOOM_VALUE.fullmatch(asked.get(name, ""))]
    return f"https://{host}{path.group(1)}" + _query(kept)


def _jitsi(parts: SplitResult) -> str | None:
    path = parts.path.rstrip("/" + _TRAILING)
    if not _JITSI_PATH.fullmatch(path) or path.startswith(("/static", "/.")):
        return None
    asked = dict(parse_qsl(parts.query))
    token, passcode = asked.get("jwt", ""), asked.get("pwd", "")
    kept = [f"jwt={token}"] if _JWT.fullmatch(token) else []
    if 0 < len(passcode) <= _JITSI_PASSCODE_CHARACTERS:
        kept.append(f"pwd={quote(passcode, safe='', errors='replace')}")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}" + _query(kept)


def _query(kept: list[str]) -> str:
    """A query whose last full stop, which would be taken for the sentence's when the URL is read again, is written as `%2E`."""
    text = "?" + "&".join(kept) if kept else ""
    return text.removesuffix(".") + "%2E" if text.endswith(".") else text


def _registered(parts: SplitResult, places: MeetingPlaces) -> MeetingUrl:
    """A rehearsal, or a meeting of a platform file."""
    origin = f"{parts.scheme}://{parts.netloc.lower()}"
    if origin in places.rehearsal_origins and parts.path.startswith("/rehearsal"):
        room = _ROOM.fullmatch(parts.path)
        if room is None:
            raise MeetingUrlError(hints.REHEARSAL)
        return MeetingUrl(REHEARSAL, f"{origin}/rehearsal/{room.group(1)}")
    for name, globs in (places.declarative or {}).items():
        if any(glob.matches(parts) for glob in globs):
            return MeetingUrl(DECLARATIVE, parts._replace(netloc=parts.netloc.lower()).geturl(), name)
    raise MeetingUrlError(hints.about(parts))
