"""The tokens with which a bot goes into a Zoom meeting, where its owner gives some: asked of the server anew for each visit, and
kept for that visit alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from agents.attendance.ports import LinkPort
from agents.link_errors import ServerUnreachableError
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot

_PATIENCE_S: Final = 30.0
"""For the server, which itself gives the callback 10 s."""
_NO_SERVER: Final = "The server did not answer when the bot asked for its Zoom tokens; send the bot again."


class ZoomTokensError(Exception):
    """There are no tokens, though the bot's owner said where they are; the text says why. Raised by `ZoomTokens.fetch`."""


class ZoomTokens:
    """One bot's tokens. `remark` tells the bot's log, `hide` keeps a text out of evidence; no token is in any remark or error."""

    def __init__(
        self, spec: agent.BotSpec, link: LinkPort, *, remark: Callable[[str, str], None], hide: Callable[[str], None]
    ) -> None:
        self._wanted = spec.platform == bot.PLATFORM_ZOOM and bool(spec.settings.callback_settings.zoom_tokens_url)
        self._link = link
        self._remark = remark
        self._hide = hide
        self.in_use = False
        """Whether the present visit has any."""

    async def fetch(self) -> Mapping[str, str]:
        """The values of a platform file's secret variables, for one visit; nothing for a bot without a callback.

        Raises ZoomTokensError.
        """
        self.in_use = False
        if not self._wanted:
            return {}
        try:
            given = await self._link.take_zoom_tokens(timeout_s=_PATIENCE_S)
        except ServerUnreachableError:
            raise ZoomTokensError(_NO_SERVER) from None
        if given.problem:
            raise ZoomTokensError(given.problem)
        names = {"zak_token": given.zak_token, "join_token": given.join_token}
        for token in filter(None, names.values()):
            self._hide(token)
        self.in_use = any(names.values())
        which = " and ".join(name for name, token in names.items() if token) or "no token that a browser has a use for"
        self._remark("zoom_tokens_taken", f"callback_settings.zoom_tokens_url gave {which}.")
        return {"zoom_zak": given.zak_token, "zoom_join_token": given.join_token}
