"""What is told before what is wrong with a request's fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.message import Message

from rollcall.v1 import bot_output_pb2, bot_update_pb2
from server.domain.wishes import Wish, require
from server.rpc.auth import Caller
from server.store import Store

_STATE_FIRST: Final[Mapping[type[Message], Wish]] = {
    bot_output_pb2.OutputImageRequest: Wish.OUTPUT_IMAGE,
    bot_update_pb2.UpdateVoiceAgentSettingsRequest: Wish.UPDATE_VOICE_AGENT_SETTINGS,
    bot_update_pb2.UpdateTranscriptionSettingsRequest: Wish.UPDATE_TRANSCRIPTION_SETTINGS,
}
"""Where callers know it so that the bot's state is told before what is wrong with the fields."""


class TellFirst:
    """Of a request that cannot be right by itself: that its bot is not there, or cannot do such a thing where it is."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, request: Any, caller: Caller) -> None:
        """Raises NotFound, IllegalTransition."""
        field = request.DESCRIPTOR.fields_by_name.get("bot_id")
        if field is None or (field.has_presence and not request.HasField("bot_id")):
            return
        bot = await self._store.get_bot(caller.project_id, request.bot_id)
        wish = _STATE_FIRST.get(type(request))
        if wish is not None:
            require(bot.state, wish)
