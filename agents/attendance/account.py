"""The account with which a bot signs in, where its owner wants it to: taken from the server, put into the browser, not kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agents.attendance.ports import LinkPort
from agents.browser.api import Cookie, Page, Stored
from agents.link_errors import ServerUnreachableError
from agents.platforms.base import UiState
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import bot_settings_pb2 as settings

_PATIENCE_S: Final = 30.0
_SAME_SITE: Final = {agent.SAME_SITE_NONE: "None", agent.SAME_SITE_LAX: "Lax", agent.SAME_SITE_STRICT: "Strict"}
_MOST_ACCOUNTS: Final = 5
_REFUSED: Final = "The platform asked the bot to sign in though it had the account's session: the session is over, or was ended."


class LoginError(Exception):
    """No account could be had; the text says why and what to do. Raised by `Account.sign_in`."""


class Account:
    """One bot's account over all its visits. `remark` tells the bot's log; never with a word of the session."""

    def __init__(self, spec: agent.BotSpec, link: LinkPort, remark: Callable[[str, str], None]) -> None:
        wishes: settings.GoogleMeetSettings | settings.TeamsSettings | None = None
        if spec.platform == bot.PLATFORM_GOOGLE_MEET:
            wishes = spec.settings.google_meet_settings
        elif spec.platform == bot.PLATFORM_TEAMS:
            wishes = spec.settings.teams_settings
        use_login = wishes is not None and wishes.use_login
        self._wanted = use_login and wishes is not None and wishes.login_mode != settings.LOGIN_MODE_ONLY_IF_REQUIRED
        self._allowed = use_login
        self._link = link
        self._remark = remark
        self._login_id = ""
        self._refused = 0

    @property
    def signed_in(self) -> bool:
        """Whether the present visit has an account's session."""
        return bool(self._login_id)

    async def sign_in(self, page: Page) -> None:
        """Puts the session into a page that is not opened yet, if the bot is to have one.

        Raises LoginError, and the browser's errors.
        """
        if not self._wanted:
            return
        try:
            given = await self._link.take_login(timeout_s=_PATIENCE_S)
        except ServerUnreachableError:
            raise LoginError("The server did not answer when the bot asked for its account; send the bot again.") from None
        if not given.login_id:
            raise LoginError(given.problem)
        self._login_id = given.login_id
        await page.restore(
            [_cookie(one) for one in given.state.cookies],
            {one.origin: Stored(dict(one.local_storage), dict(one.session_storage)) for one in given.state.origins},
        )
        self._remark("signing_in", f"The bot goes in with the account {given.login_id}.")

    def asked_for_by(self, state: UiState) -> bool:
        """Whether to come back with an account, or with another one. Who is signed in is not asked for a name."""
        guest = state is UiState.NAME_ASKED and self.signed_in
        return (guest or state is UiState.LOGIN_REQUIRED) and self._asked_for()

    def _asked_for(self) -> bool:
        """The page wants a login. True where that is worth another try."""
        if not self._allowed or self._refused == _MOST_ACCOUNTS:
            return False
        if self._login_id:
            self._refused += 1
            self._link.refuse_login(self._login_id, _REFUSED)
            self._remark("login_refused", f"The platform did not take the session of the account {self._login_id}.")
            self._login_id = ""
        else:
            self._remark("login_required", "The meeting lets nobody else in, so the bot signs in.")
        self._wanted = True
        return True


def _cookie(one: agent.BrowserCookie) -> Cookie:
    return Cookie(
        name=one.name,
        value=one.value,
        domain=one.domain,
        path=one.path,
        expires_s=one.expires_seconds,
        http_only=one.http_only,
        secure=one.secure,
        same_site=_SAME_SITE.get(one.same_site, ""),
    )
