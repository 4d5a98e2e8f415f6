"""What each platform's hosts answer: from an address to a page of the twin, with the headers that such a site sends."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import unquote

from starlette.requests import Request

from tests.twins.accounts import LOGIN_HOSTS
from tests.twins.hosts import GOOGLE_MEET, JITSI, TEAMS, ZOOM


@dataclass(frozen=True, slots=True)
class Place:
    """One page: which module draws it, and for which meeting."""

    platform: str
    code: str
    page: str
    """The name of the module, as `page` for google_meet/page.js."""
    title: str = ""


_MEET = re.compile(r"/([a-z]{3}-[a-z]{4}-[a-z]{3})")
_ZOOM = re.compile(r"/(?:(j|w|s)|wc/join|wc)/([0-9]+)(/join|/start|/frame)?")
_TEAMS_LONG = re.compile(r"/l/meetup-join/([^/]+)/[0-9]+")
_TEAMS_SHORT = re.compile(r"/meet/([0-9]+)")
_TEAMS_CLIENT = re.compile(r"/v2/([^/]+)")
_JITSI = re.compile(r"/([^/]+(?:/[^/]+)?)")


def place_of(platform: str, host: str, request: Request) -> Place | None:
    """The page at an address; None: there is none."""
    path = request.url.path.rstrip("/") or "/"
    if platform == GOOGLE_MEET:
        return _google_meet(host, path, request)
    if platform == ZOOM:
        return _zoom(path)
    if platform == TEAMS:
        return _teams(host, path, request)
    found = _JITSI.fullmatch(path)
    return Place(JITSI, unquote(found.group(1)).lower(), "page", "Jitsi Meet") if found else None


def _google_meet(host: str, path: str, request: Request) -> Place | None:
    if host == "accounts.google.com":
        return Place(GOOGLE_MEET, request.query_params.get("code", ""), "sign_in", "Sign in - Google Accounts")
    found = _MEET.fullmatch(path)
    return Place(GOOGLE_MEET, found.group(1), "page", "Meet") if found else None


def _zoom(path: str) -> Place | None:
    found = _ZOOM.fullmatch(path)
    if found is None:
        return None
    launcher, code, last = found.groups()
    if launcher:
        return Place(ZOOM, code, "launcher", "Launch Meeting - Zoom")
    return Place(ZOOM, code, "client" if last == "/frame" else "page", "Zoom")


def _teams(host: str, path: str, request: Request) -> Place | None:
    if host in LOGIN_HOSTS:
        return Place(TEAMS, request.query_params.get("code", ""), "sign_in", "Sign in to your account")
    if found := _TEAMS_LONG.fullmatch(path):
        return Place(TEAMS, thread(found.group(1)), "launcher", "Join conversation")
    if found := _TEAMS_SHORT.fullmatch(path):
        return Place(TEAMS, found.group(1), "launcher", "Join conversation")
    if found := _TEAMS_CLIENT.fullmatch(path):
        return Place(TEAMS, found.group(1), "page", "Microsoft Teams")
    return None


def thread(text: str) -> str:
    """The part of a thread's id that tells meetings apart: `19:meeting_abc@thread.v2` is `meeting_abc`."""
    return re.sub(r"^19:|@thread\.v2$", "", unquote(text))


def document(place: Place, about: Mapping[str, object]) -> tuple[str, dict[str, str]]:
    """The HTML and its headers. Everything is drawn by the script, as those clients do."""
    nonce = secrets.token_urlsafe(12)
    told = escape(json.dumps(about), quote=True)
    html = (
        f'<!doctype html><html lang="{about["language"]}"><head><meta charset="utf-8"><title>{escape(place.title)}</title>'
        f'<meta name="twin" content="{told}"><link rel="icon" href="data:,">'
        f'<script type="module" nonce="{nonce}" src="/_twin/{about["room"]}/{place.platform}/{place.page}.js"></script>'
        "</head><body></body></html>"
    )
    return html, {"Content-Security-Policy": policy(place.platform, nonce), **HEADERS}


HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "origin",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
}


def policy(platform: str, nonce: str) -> str:
    """As strict as such a site's is; Google's demands trusted types besides, so that no script may write HTML."""
    rules = (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; "
        "img-src 'self' data:; media-src 'self' blob: mediastream:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-src https://*.zoom.us https://*.zoom.com https://www.google.com https://newassets.hcaptcha.com"
    )
    return f"{rules}; require-trusted-types-for 'script'" if platform == GOOGLE_MEET else rules
