"""Handlers of BotService that change a bot itself, or take it away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from rollcall.v1 import bot_update_pb2 as pb
from rollcall.v1.bot_service_pb2 import CreateBotRequest
from rollcall.v1.bot_settings_pb2 import BotSettings
from server.domain.errors import Violation
from server.domain.meeting_url import MeetingPlaces, parse_meeting_url
from server.rpc.auth import Caller
from server.rpc.bot_settings import settings_of
from server.rpc.convert import bot_message, platform_number, time_us
from server.rpc.validation import Check
from server.store import BotChange, Store

_ONLY_SCHEDULED: Final = ("join_at", "meeting_url", "bot_name", "bot_image", "recording_settings")


@dataclass(slots=True)
class BotChanges:
    """Handlers for update and delete."""

    store: Store
    places: Callable[[], MeetingPlaces]

    async def update_bot(self, request: pb.UpdateBotRequest, caller: Caller) -> pb.UpdateBotResponse:
        """What is given replaces what was there, all or nothing. Raises NotFound, Changed, IllegalTransition."""
        change = self._change(request)
        record = await self.store.update_bot(caller.project_id, request.bot_id, change, etag=request.etag or None)
        return pb.UpdateBotResponse(bot=bot_message(record))

    def _change(self, request: pb.UpdateBotRequest) -> BotChange:
        meeting = None
        if request.HasField("meeting_url"):
            found = parse_meeting_url(request.meeting_url, self.places())
            meeting = (found.url, platform_number(found.platform), found.platform_name)
        return BotChange(
            metadata=dict(request.metadata) or None,
            bot_name=request.bot_name if request.HasField("bot_name") else None,
            meeting=meeting,
            join_at_us=time_us(request.join_at) if request.HasField("join_at") else None,
            settings=_settings(request).SerializeToString(),
            only_scheduled=tuple(name for name in _ONLY_SCHEDULED if request.HasField(name)),
        )

    async def delete_bot(self, request: pb.DeleteBotRequest, caller: Caller) -> pb.DeleteBotResponse:
        """Raises NotFound, Changed, IllegalTransition."""
        await self.store.delete_bot(caller.project_id, request.bot_id, etag=request.etag or None)
        return pb.DeleteBotResponse()


class UpdateChecks:
    """The checks of CreateBot, for what an update may change."""

    def __init__(self, checks: tuple[Check, ...], check_url: Check) -> None:
        """`checks` are CreateBot's, less the one of the meeting's URL, which an update need not give."""
        self._checks = checks
        self._check_url = check_url

    def __call__(self, request: pb.UpdateBotRequest) -> Iterator[Violation]:
        """All that is wrong."""
        made = _as_creation(request)
        for check in self._checks:
            yield from check(made)
        if request.HasField("meeting_url"):
            yield from self._check_url(made)


def _as_creation(request: pb.UpdateBotRequest) -> CreateBotRequest:
    given = {
        name: getattr(request, name)
        for name in ("bot_name", "meeting_url", "join_at", "bot_image", "recording_settings")
        if request.HasField(name)
    }
    return CreateBotRequest(metadata=request.metadata, **given)


def _settings(request: pb.UpdateBotRequest) -> BotSettings:
    """The settings that are given, as they are stored: defaults filled in."""
    whole, given = settings_of(_as_creation(request)), BotSettings()
    if request.HasField("bot_image"):
        given.bot_image.CopyFrom(whole.bot_image)
    if request.HasField("recording_settings"):
        given.recording_settings.CopyFrom(whole.recording_settings)
    return given
