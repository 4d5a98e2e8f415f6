"""BotService: bots made, read, steered. Everything is answered within the caller's project."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from rollcall.v1 import agent_service_pb2, bot_pb2
from rollcall.v1 import bot_service_pb2 as pb
from server.dispatch import Dispatcher
from server.domain.errors import NotFound, Unfulfilled
from server.domain.meeting_url import MeetingPlaces, MeetingUrlError, parse_meeting_url
from server.domain.state import BotState
from server.domain.wishes import Wish
from server.rpc.auth import Caller
from server.rpc.bot_settings import settings_of
from server.rpc.convert import STATE_WORDS, bot_message, participant_message, platform_number, time_us
from server.store import BotFilter, BotRecord, NewBot, OwnWebhooks, Store, Wished


@dataclass(slots=True)
class BotService:
    """Handlers of BotService. `recording_url` signs a URL for a bot's file, `own_webhooks` reads the webhooks of a request."""

    store: Store
    dispatcher: Dispatcher
    places: Callable[[], MeetingPlaces]
    recording_url: Callable[[str, str], str]
    own_webhooks: Callable[[pb.CreateBotRequest, str], OwnWebhooks | None]

    async def create_bot(self, request: pb.CreateBotRequest, caller: Caller) -> pb.CreateBotResponse:
        """Stores the bot, then hints the broker. Raises Unfulfilled, DuplicateKey, QuotaExceeded."""
        if request.HasField("calendar_event_id"):
            raise _no_such_event(request.calendar_event_id)
        record = await self.store.create_bot(self._new_bot(request, caller), caller.once(_created))
        if record.state is BotState.JOINING:
            self.dispatcher.send(record.id)
        return _created(record)

    def _new_bot(self, request: pb.CreateBotRequest, caller: Caller) -> NewBot:
        meeting = parse_meeting_url(request.meeting_url, self.places())
        settings = settings_of(request)
        return NewBot(
            project_id=caller.project_id,
            bot_name=request.bot_name,
            meeting_url=meeting.url,
            platform=platform_number(meeting.platform),
            platform_name=meeting.platform_name,
            settings=settings.SerializeToString(),
            record_speech_events=settings.recording_settings.record_participant_speech_start_stop_events,
            record_chat_when_paused=settings.recording_settings.record_chat_messages_when_paused,
            webhooks=self.own_webhooks(request, caller.project_id),
            metadata=dict(request.metadata) or None,
            join_at_us=time_us(request.join_at) if request.HasField("join_at") else None,
            deduplication_key=request.deduplication_key if request.HasField("deduplication_key") else None,
            most_active=caller.limits.active_bots,
        )

    async def get_bot(self, request: pb.GetBotRequest, caller: Caller) -> pb.GetBotResponse:
        """Raises NotFound."""
        return pb.GetBotResponse(bot=bot_message(await self._bot(request.bot_id, caller)))

    async def list_bots(self, request: pb.ListBotsRequest, caller: Caller) -> pb.ListBotsResponse:
        """Raises InvalidCursor."""
        filters = BotFilter(
            meeting_url=self._one_spelling(request.meeting_url) if request.HasField("meeting_url") else None,
            deduplication_key=request.deduplication_key if request.HasField("deduplication_key") else None,
            states=tuple(STATE_WORDS[state] for state in request.states),
            join_at_after_us=time_us(request.join_at_after) if request.HasField("join_at_after") else None,
            join_at_before_us=time_us(request.join_at_before) if request.HasField("join_at_before") else None,
            metadata=dict(request.metadata),
        )
        page = await self.store.list_bots(caller.project_id, filters, _cursor(request))
        return pb.ListBotsResponse(
            next=page.next, previous=page.previous, results=[bot_message(record) for record in page.results]
        )

    def _one_spelling(self, url: str) -> str:
        """A meeting's URL as it is stored; one that is none is looked for as it is, and not found."""
        try:
            return parse_meeting_url(url, self.places()).url
        except MeetingUrlError:
            return url

    async def leave_meeting(self, request: pb.LeaveMeetingRequest, caller: Caller) -> pb.LeaveMeetingResponse:
        """Raises NotFound, Changed, IllegalTransition. The agent hears of it through the bot's log."""
        etag = request.etag or None
        return _left(await self.store.request_leave(caller.project_id, request.bot_id, etag=etag, once=caller.once(_left)))

    async def get_recording(self, request: pb.GetRecordingRequest, caller: Caller) -> pb.GetRecordingResponse:
        """Raises NotFound where there is no file (yet)."""
        recording = await self.store.get_recording(caller.project_id, request.bot_id)
        if recording.file_path is None:
            raise NotFound("Recording", f"No recording file found for bot; its recording is {recording.state.value}")
        return pb.GetRecordingResponse(
            recording=pb.Recording(
                url=self.recording_url(request.bot_id, recording.file_path),
                start_timestamp_ms=recording.start_timestamp_ms,
            )
        )

    async def send_chat_message(self, request: pb.SendChatMessageRequest, caller: Caller) -> pb.SendChatMessageResponse:
        """Stores the wish; the agent hears of it through the bot's log. Raises NotFound, IllegalTransition."""
        command = agent_service_pb2.Command(
            send_chat=agent_service_pb2.SendChatCommand(
                message=request.message,
                to=request.to or bot_pb2.CHAT_MESSAGE_TO_EVERYONE,
                to_user_uuid=request.to_user_uuid,
            )
        )
        await self.store.add_command(
            caller.project_id, request.bot_id, command, Wish.SEND_CHAT_MESSAGE, once=caller.once(_on_its_way)
        )
        return pb.SendChatMessageResponse()

    async def list_participants(self, request: pb.ListParticipantsRequest, caller: Caller) -> pb.ListParticipantsResponse:
        """Raises NotFound, InvalidCursor."""
        page = await self.store.list_participants(
            caller.project_id,
            request.bot_id,
            is_host=request.is_host if request.HasField("is_host") else None,
            participant_id=request.id if request.HasField("id") else None,
            cursor=_cursor(request),
        )
        results = [participant_message(record) for record in page.results]
        return pb.ListParticipantsResponse(next=page.next, previous=page.previous, results=results)

    async def list_chat_messages(self, request: pb.ListChatMessagesRequest, caller: Caller) -> pb.ListChatMessagesResponse:
        """Raises NotFound, InvalidCursor."""
        page = await self.store.list_chat_messages(
            caller.project_id,
            request.bot_id,
            updated_after_us=time_us(request.updated_after) if request.HasField("updated_after") else None,
            cursor=_cursor(request),
        )
        return pb.ListChatMessagesResponse(next=page.next, previous=page.previous, results=page.results)

    async def list_participant_events(
        self, request: pb.ListParticipantEventsRequest, caller: Caller
    ) -> pb.ListParticipantEventsResponse:
        """Raises NotFound, InvalidCursor."""
        page = await self.store.list_participant_events(
            caller.project_id,
            request.bot_id,
            after_us=time_us(request.after) if request.HasField("after") else None,
            before_us=time_us(request.before) if request.HasField("before") else None,
            cursor=_cursor(request),
        )
        return pb.ListParticipantEventsResponse(next=page.next, previous=page.previous, results=page.results)

    async def _bot(self, bot_id: str, caller: Caller) -> BotRecord:
        return await self.store.get_bot(caller.project_id, bot_id)


def _created(record: BotRecord) -> pb.CreateBotResponse:
    return pb.CreateBotResponse(bot=bot_message(record))


def _left(record: BotRecord) -> pb.LeaveMeetingResponse:
    return pb.LeaveMeetingResponse(bot=bot_message(record))


def _on_its_way(_: Wished) -> pb.SendChatMessageResponse:
    return pb.SendChatMessageResponse()


_Listing = pb.ListBotsRequest | pb.ListParticipantsRequest | pb.ListChatMessagesRequest | pb.ListParticipantEventsRequest


def _cursor(request: _Listing) -> str | None:
    return request.cursor if request.HasField("cursor") else None


def _no_such_event(event_id: str) -> Unfulfilled:
    """Calendars are not served yet, so no project has an event; the answer is the one that will stay right."""
    return Unfulfilled(
        "CALENDAR_EVENT_NOT_FOUND",
        f"Calendar event with id {json.dumps(event_id[:64], ensure_ascii=False)[1:-1]} does not exist in this project: "
        "calendars are not available on this server yet. Give meeting_url and join_at instead.",
    )
