"""An exported browser session: the JSON that browser tools write as `{"cookies": […], "origins": […]}`, read strictly.

The shape is Playwright's `storageState`, which other tools write too. What a session holds opens somebody's account, so that no
message here repeats any of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

MOST_COOKIES: Final = 2_000
MOST_ORIGINS: Final = 200
MOST_COOKIE_BYTES: Final = 8_192
SAME_SITES: Final = ("None", "Lax", "Strict")
_HOST: Final = re.compile(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class BrowserStateError(ValueError):
    """A text that is no usable session. The message names the place, and what would be right."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie. `expires_s`: seconds since the Unix epoch, 0 for one that ends with the browser."""

    name: str
    value: str = field(repr=False)
    domain: str
    path: str
    expires_s: float
    http_only: bool
    secure: bool
    same_site: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What pages of one origin had stored, by name."""

    origin: str
    local: dict[str, str] = field(repr=False)
    session: dict[str, str] = field(repr=False)
    """The tab's own. Playwright's export has none; docs/logins.md says how to add it."""


@dataclass(frozen=True, slots=True)
class BrowserState:
    """A session."""

    cookies: tuple[Cookie, ...]
    origins: tuple[Stored, ...] = field(repr=False)

    @property
    def expires_s(self) -> float:
        """When the first of the cookies that have a date ends; 0 where none has."""
        return min((cookie.expires_s for cookie in self.cookies if cookie.expires_s), default=0.0)


def parse_browser_state(text: str, now_s: float) -> BrowserState:
    """The session in a text, without cookies that are over. `now_s` in seconds since the Unix epoch. Raises BrowserStateError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BrowserStateError("Must be the text of a JSON object, as browser tools export a session.") from None
    if not isinstance(data, dict) or not isinstance(data.get("cookies"), list):
        raise BrowserStateError('Must be a JSON object with a list "cookies", and a list "origins" where pages stored something.')
    cookies = data["cookies"]
    if len(cookies) > MOST_COOKIES:
        raise BrowserStateError(f"May hold at most {MOST_COOKIES:,} cookies; it holds {len(cookies):,}.")
    read = [_cookie(one, f"cookies[{number}]") for number, one in enumerate(cookies)]
    kept = tuple(one for one in read if not one.expires_s or one.expires_s > now_s)
    origins = tuple(_origins(data.get("origins") or []))
    if not kept and not origins:
        raise BrowserStateError(
            "All its cookies are over; sign in again and export the session anew."
            if read
            else "It holds no cookies; export it from a browser that is signed in."
        )
    return BrowserState(kept, origins)


def _cookie(value: Any, place: str) -> Cookie:
    if not isinstance(value, dict):
        raise BrowserStateError(f"{place} must be an object.")
    domain = _text(value, "domain", place)
    if not _HOST.fullmatch(domain) or len(domain) > 255:
        raise BrowserStateError(f"{place}.domain must be a host, as .example.com.")
    path = value.get("path", "/")
    if not isinstance(path, str) or not path.startswith("/"):
        raise BrowserStateError(f"{place}.path must begin with a slash.")
    expires = value.get("expires", -1)
    if isinstance(expires, bool) or not isinstance(expires, int | float) or not expires < 1e12:
        raise BrowserStateError(f"{place}.expires must be a number of seconds since 1970, or -1.")
    same_site = value.get("sameSite") or ""
    if same_site and same_site not in SAME_SITES:
        raise BrowserStateError(f"{place}.sameSite must be None, Lax or Strict.")
    cookie = Cookie(
        name=_text(value, "name", place),
        value=_text(value, "value", place, empty=True),
        domain=domain,
        path=path,
        expires_s=max(float(expires), 0.0),
        http_only=_flag(value, "httpOnly", place),
        secure=_flag(value, "secure", place),
        same_site=same_site,
    )
    if len((cookie.name + cookie.value + path).encode(errors="replace")) > MOST_COOKIE_BYTES:
        raise BrowserStateError(f"{place} has more than {MOST_COOKIE_BYTES:,} bytes.")
    return cookie


def _origins(value: Any) -> Iterator[Stored]:
    if not isinstance(value, list) or len(value) > MOST_ORIGINS:
        raise BrowserStateError(f"origins must be a list of at most {MOST_ORIGINS} objects.")
    for number, one in enumerate(value):
        place = f"origins[{number}]"
        if not isinstance(one, dict):
            raise BrowserStateError(f"{place} must be an object.")
        origin = _text(one, "origin", place)
        if not _is_origin(origin):
            raise BrowserStateError(f"{place}.origin must be an origin with https, as https://accounts.example.com.")
        local, session = (_items(one.get(name) or [], f"{place}.{name}") for name in ("localStorage", "sessionStorage"))
        yield Stored(origin, local, session)


def _items(value: Any, place: str) -> dict[str, str]:
    if not isinstance(value, list):
        raise BrowserStateError(f"{place} must be a list of objects with name and value.")
    stored = {}
    for index, item in enumerate(value):
        inner = f"{place}[{index}]"
        if not isinstance(item, dict):
            raise BrowserStateError(f"{inner} must be an object with name and value.")
        stored[_text(item, "name", inner, empty=True)] = _text(item, "value", inner, empty=True)
    return stored


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    whole = f"https://{parts.hostname or ''}{f':{port}' if port else ''}"
    return text.lower() == whole and bool(parts.hostname) and bool(_HOST.fullmatch(parts.hostname or ""))


def _text(value: dict[str, Any], name: str, place: str, *, empty: bool = False) -> str:
    text = value.get(name)
    if not isinstance(text, str) or (not text and not empty):
        raise BrowserStateError(f"{place}.{name} must be a text{'' if empty else ' that is not empty'}.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BrowserStateError(f"{place}.{name} must be text in UTF-8; it holds half a character.") from None
    return text


def _flag(value: dict[str, Any], name: str, place: str) -> bool:
    flag = value.get(name, False)
    if not isinstance(flag, bool):
        raise BrowserStateError(f"{place}.{name} must be true or false.")
    return flag
