"""Globs of URLs, as platform files have them: `https://meet.example.org/room/*`.

Scheme, host, port and path are compared part by part, so that a `*` in a host never reaches into the path. Without a scheme both
http and https match; without a `?` or `#` the query and the fragment of a URL do not matter.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult

_OWN_NETWORK = frozenset({"localhost", "local", "internal", "lan", "intranet", "home", "corp"})
"""Last parts of names that no public name ends in."""


@dataclass(frozen=True, slots=True)
class UrlGlob:
    """One glob, taken apart. `parse_glob` makes one."""

    schemes: frozenset[str]
    host: str
    port: str
    path: str

    def matches(self, parts: SplitResult) -> bool:
        """Whether a split URL matches."""
        host = (parts.hostname or "").lower()
        if parts.scheme not in self.schemes or not self._host_matches(host):
            return False
        port = str(parts.port or ("80" if parts.scheme == "http" else "443"))
        if not wildcard(self.port or ("80" if parts.scheme == "http" else "443"), port):
            return False
        return wildcard(self.path, self._compared_path(parts))

    def _host_matches(self, host: str) -> bool:
        if self.host.startswith("*") and _is_internal(host):
            return False  # a file for the world's meetings must not become a door to the worker's own network
        return wildcard(self.host, host)

    def _compared_path(self, parts: SplitResult) -> str:
        path = parts.path or "/"
        if "?" in self.path and parts.query:
            path += "?" + parts.query
        if "#" in self.path and parts.fragment:
            path += "#" + parts.fragment
        return path


def parse_glob(text: str) -> UrlGlob:
    """Takes a glob apart. Raises ValueError, with words for whoever wrote the file."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "", text
    if scheme not in {"", "http", "https", "*", "http*"}:
        raise ValueError(f"{text!r}: a meeting's URL starts with http:// or https://")
    schemes = frozenset({scheme} if scheme in {"http", "https"} else {"http", "https"})
    authority, slash, path = rest.partition("/")
    if not authority:
        raise ValueError(f"{text!r}: the host is missing, as in https://meet.example.org/*")
    host, _, port = authority.rpartition(":") if ":" in authority and not authority.endswith("]") else (authority, "", "")
    return UrlGlob(schemes, host.strip("[]").lower(), port, slash + path if slash else "/*")


def wildcard(pattern: str, text: str) -> bool:
    """Whether text matches a pattern in which `*` stands for any characters. Linear: each piece is looked for once."""
    pieces = pattern.split("*")
    if len(pieces) == 1:
        return pattern == text
    first, *middle, last = pieces
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _is_internal(host: str) -> bool:
    """Whether a host's name alone says that it is in the worker's own network, or could be an address in disguise."""
    host = host.rstrip(".")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        first, _, last = host.rpartition(".")
    # Browsers read a name whose last part is a number as an address: 2130706433, 0x7f.1 and 127.1 are all this machine.
    is_number = last.isdigit() or last.startswith("0x")
    return not first or is_number or last in _OWN_NETWORK
