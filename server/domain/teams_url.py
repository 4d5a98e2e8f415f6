"""The many links of one Teams meeting, and the one spelling of each kind."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

TEAMS_HOSTS: Final = frozenset({"teams.microsoft.com", "teams.live.com", "teams.cloud.microsoft"})
"""The third is the first one's new address; the first goes on leading to the same meetings."""
_MEET = re.compile(r"/meet/([0-9]{1,32})/?")
_PASSCODE = re.compile(r"[A-Za-z0-9]{1,64}")
_JOIN = re.compile(r"/l/meetup-join/([^/]{1,512})/[0-9]{1,20}/?")
_THREAD = re.compile(r"19:[A-Za-z0-9_.@-]{1,400}")
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def teams_url(parts: SplitResult) -> str | None:
    """The one spelling; None if it is no meeting's link. The host is one of TEAMS_HOSTS."""
    host = "teams.live.com" if (parts.hostname or "").startswith("teams.live.com") else "teams.microsoft.com"
    if parts.fragment.startswith("/"):
        # teams.microsoft.com/v2/?meetingjoin=true#/l/meetup-join/… and teams.live.com/dl/launcher/launcher.html?url=/_#/meet/…
        inner = _split(parts.fragment)
        return _link(host, inner.path, inner.query)
    if parts.path.rstrip("/") == "/light-meetings/launch":
        return _light(_query(parts.query).get("coords", ""))
    if parts.path.startswith("/dl/launcher/"):
        inner = _split(_query(parts.query).get("url", "").removeprefix("/_#"))
        return _link(host, inner.path, inner.query)
    return _link(host, parts.path, parts.query)


def _split(text: str) -> SplitResult:
    """What is inside a link; nothing where it cannot be a URL."""
    try:
        return urlsplit(text)
    except ValueError:  # as of an address in brackets that is none
        return SplitResult("", "", "", "", "")


def _query(query: str) -> dict[str, str]:
    return dict(parse_qsl(query))


def _link(host: str, path: str, query: str) -> str | None:
    meet = _MEET.fullmatch(path)
    if meet:
        passcode = _query(query).get("p", "")
        return f"https://{host}/meet/{meet.group(1)}?p={passcode}" if _PASSCODE.fullmatch(passcode) else None
    join = _JOIN.fullmatch(path)
    if join is None:
        return None
    context = _object(_query(query).get("context", ""))
    return _long(unquote(join.group(1)), context.get("Tid"), context.get("Oid"))


def _light(coords: str) -> str | None:
    try:
        place = _object(base64.b64decode(coords + "=" * (-len(coords) % 4), validate=True).decode())
    except (binascii.Error, ValueError):
        return None
    return _long(place.get("conversationId"), place.get("tenantId"), place.get("organizerId"))


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _long(thread: object, tenant: object, organizer: object) -> str | None:
    if not (isinstance(thread, str) and isinstance(tenant, str) and isinstance(organizer, str)):
        return None
    if not (_THREAD.fullmatch(thread) and _ID.fullmatch(tenant) and _ID.fullmatch(organizer)):
        return None
    context = json.dumps({"Tid": tenant, "Oid": organizer}, separators=(",", ":"))
    return f"https://teams.microsoft.com/l/meetup-join/{thread}/0?context={context}"
