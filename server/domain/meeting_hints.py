"""What is said of a link that is no meeting's: what would be right instead."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult

from server.domain.defaults import MEETING_URL_MOST_CHARACTERS

TOO_LONG: Final = f"A meeting URL has at most {MEETING_URL_MOST_CHARACTERS:,} characters; send the link alone."
UNKNOWN: Final = (
    "Not a meeting that this server can join. Use the invitation link of a Google Meet, Zoom, Teams or Jitsi meeting "
    "(a Jitsi host of your own has to be named by the operator, in ROLLCALL_JITSI_HOSTS), "
    "of a meeting described by a platform file, or of the rehearsal (…/rehearsal/<room>)."
)
NOT_HTTP: Final = "A meeting URL starts with https://."
WITH_USER: Final = "A meeting URL holds no user name or password."
MEET: Final = "A Google Meet link looks like https://meet.google.com/abc-defg-hij."
ZOOM: Final = "A Zoom link looks like https://zoom.us/j/84315220467?pwd=…; recordings and personal names are no meetings."
TEAMS: Final = (
    "A Teams link looks like https://teams.microsoft.com/l/meetup-join/…/0?context=…, "
    "or https://teams.microsoft.com/meet/123?p=… with its passcode."
)
JITSI: Final = "A Jitsi link looks like https://meet.jit.si/RoomName."
REHEARSAL: Final = "A rehearsal is at …/rehearsal/<room>; a room's name has up to 64 letters, digits, - and _."

_NICKNAME = f"Nicknames are only for people of one organisation: open it in a browser and use the link that it leads to. {MEET}"
_PHONE = f"That link is for joining by telephone. {MEET}"
_NO_LINK = f"That is a meeting's code, not its link. {MEET}"
_PERSONAL = f"That is a personal link: open it in a browser and use the link with a meeting's number that it leads to. {ZOOM}"
_REGISTER = f"That link is for registering: use the one that you get after having registered. {ZOOM}"
_RECORDING = f"That is a recording. {ZOOM}"
_ZOOM_APART = f"Zoom for Government (zoomgov.com) and Zoom in China (zoom.com.cn) are clouds of their own, not supported. {ZOOM}"
_TEAMS_APART = (
    "Teams for the US government (teams.microsoft.us) and in China (teams.microsoftonline.cn) are clouds of their own, not "
    f"supported. {TEAMS}"
)
_NO_PASSCODE = f"The passcode is missing (p=…), and a guest cannot join without it: copy the invitation's whole link. {TEAMS}"
_HIDDEN = "That link does not say where it leads. Open it in a browser and use the meeting's link that it leads to."

_SHORTENERS = frozenset({"bit.ly", "tinyurl.com", "t.co", "lnkd.in", "aka.ms", "t.ly", "rb.gy", "goo.gl", "is.gd"})
_ELSEWHERE = {
    "tel.meet": _PHONE,
    "zoomgov.com": _ZOOM_APART,
    "zoom.com.cn": _ZOOM_APART,
    "teams.microsoft.us": _TEAMS_APART,
    "teams.microsoftonline.cn": _TEAMS_APART,
    "mimecast.com": _HIDDEN,
    "mimecastprotect.com": _HIDDEN,
}
"""By domain; what is below it counts, too."""
_CODE = re.compile(r"[A-Za-z]{3}-[A-Za-z]{4}-[A-Za-z]{3}")
_MEETING_OF_TEAMS = re.compile(r"/meet/[0-9]{1,32}/?")


def about(parts: SplitResult) -> str:
    """What to say of a link to a host that is no known platform's."""
    host = parts.hostname or ""
    if host == "g.co" and parts.path.startswith("/meet/"):
        return _NICKNAME
    if _CODE.fullmatch(host):
        return _NO_LINK
    if host in _SHORTENERS:
        return _HIDDEN
    return next((words for domain, words in _ELSEWHERE.items() if host == domain or host.endswith("." + domain)), UNKNOWN)


def google_meet(parts: SplitResult) -> str:
    """What to say of a link to Google Meet that is no meeting's."""
    if parts.path.startswith("/lookup/"):
        return _NICKNAME
    return _PHONE if parts.path.startswith("/tel/") else MEET


def zoom(parts: SplitResult) -> str:
    """What to say of a link to Zoom that is no meeting's."""
    if parts.path.startswith("/my/"):
        return _PERSONAL
    if parts.path.startswith(("/meeting/register/", "/webinar/register/")):
        return _REGISTER
    return _RECORDING if parts.path.startswith("/rec/") else ZOOM


def teams(parts: SplitResult) -> str:
    """What to say of a link to Teams that is no meeting's."""
    return _NO_PASSCODE if _MEETING_OF_TEAMS.fullmatch(parts.path) else TEAMS


def jitsi(_: SplitResult) -> str:
    """What to say of a link to a Jitsi host that names no room."""
    return JITSI
