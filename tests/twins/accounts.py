"""Accounts of the platforms, as their sites know them: Google's is a cookie; Microsoft's a cookie at its login, and tokens that
Teams' client has from there.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from starlette.requests import HTTPConnection

from tests.twins.hosts import GOOGLE_MEET, TEAMS

LOGIN_HOSTS = {"login.microsoftonline.com": "ESTSAUTHPERSISTENT", "login.live.com": "__Host-MSAAUTHP"}
"""Microsoft's logins, for work and for life, and the cookie that holds a session there."""
TOKEN = "token of "
OVER = "expired"


def account_of(platform: str, connection: HTTPConnection) -> str | None:
    """Whose session or token a visitor shows; None without one, and for one that is over."""
    if platform == GOOGLE_MEET:
        return _named(connection.cookies.get("SID", ""))
    if platform == TEAMS:
        kind, _, name = connection.query_params.get("token", "").partition(TOKEN)
        return None if kind else _named(name)
    return None


def login_session(connection: HTTPConnection) -> str | None:
    """Whose session at Microsoft's login a visitor has."""
    return _named(connection.cookies.get(LOGIN_HOSTS.get(connection.url.hostname or "", ""), ""))


def cookie_of(name: str) -> str:
    """A cookie's value for an account."""
    return quote(name)


def _named(value: str) -> str | None:
    account = unquote(value)
    return None if account in {"", OVER} else account
