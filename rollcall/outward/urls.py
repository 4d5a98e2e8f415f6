"""What can be said of a user's URL before anything is looked up."""

from __future__ import annotations

import re
import socket
from typing import Final

import httpx

from rollcall.outward.addresses import Policy, refusal

_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]")
_NUMBERS: Final = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]*|[0-9]+))*")
_FIRST_FREE_PORT: Final = 1024
_LAST_PORT: Final = 65_535
_WEB_PORTS: Final = frozenset({80, 443})


def problem_of(url: str, policy: Policy) -> str | None:
    """What is wrong with a URL that shall be called, as a sentence; None where nothing is.

    Whether its name leads to a public address is only known when it is called, and checked then, each time.
    """
    schemes = ("https://", "http://") if policy.private else ("https://",)
    if not url.lower().startswith(schemes):
        return f"Must start with {' or '.join(schemes)}."
    if _UNSAFE.search(url):
        return "May not contain spaces, control characters or backslashes."
    try:
        parsed = httpx.URL(url)
        host, port = parsed.host, parsed.port
    except (httpx.InvalidURL, ValueError):
        return "Is not a URL."
    if "@" in url.split("://", 1)[1].split("/", 1)[0]:
        return "May not contain a user name or password."
    if parsed.fragment:
        return "May not have a fragment (#…)."
    return _problem_of_place(host, port, policy)


def _problem_of_place(host: str, port: int | None, policy: Policy) -> str | None:
    if not host:
        return "Has no host."
    if port is not None and not 0 < port <= _LAST_PORT:
        return f"Port {port} does not exist: ports are 1 to {_LAST_PORT:,}."
    if policy.private:
        return None
    if port is not None and port < _FIRST_FREE_PORT and port not in _WEB_PORTS:
        return f"Port {port} is not one for the web: use 443, 80, or one from {_FIRST_FREE_PORT} on."
    word = _why_not(host.rstrip(".").lower())
    return None if word is None else f"The address is {word}; only public addresses may be called."


def _why_not(host: str) -> str | None:
    """As refusal, where the host is an address in any form; names are looked up when they are called."""
    if host == "localhost" or host.endswith(".localhost"):
        return "this machine's (loopback)"
    if ":" in host:
        return refusal(host.partition("%")[0])
    return _of_numbers(host) if _NUMBERS.fullmatch(host) else None


def _of_numbers(host: str) -> str | None:
    """For all forms that resolvers read as an IPv4 address: 127.1, 2130706433, 0x7f.0.0.1, 0177.0.0.1."""
    try:
        return refusal(socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:
        return "not an address"
