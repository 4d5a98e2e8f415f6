"""The Python client for asyncio: method by method as `Client` in client.py; what they share is in client_plans.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from google.protobuf.message import Message

from rollcall import client_asks as asks
from rollcall.client_plans import (
    BOTS,
    READ_MEDIA,
    Backoff,
    Download,
    EventAt,
    Pages,
    Stream,
    WatchBot,
    WatchEvents,
    chat_request,
    create_request,
    unary_retry,
)
from rollcall.errors import error_of
from rollcall.grpc_transport import GrpcTransport, Tls
from rollcall.logins import AsyncLogins
from rollcall.transport import CallError, Transport
from rollcall.v1 import bot_service_pb2 as pb
from rollcall.v1.bot_pb2 import Bot, ChatMessage, Participant
from rollcall.v1.bot_transcript_pb2 import TranscriptUtterance
from rollcall.v1.event_pb2 import Event
from rollcall.webhooks import AsyncWebhooks

T = TypeVar("T")


class AsyncClient:
    """A project's bots, for asyncio. Must be made within a running event loop, and used by that one."""

    def __init__(
        self, address: str, key: str, *, tls: Tls | None = None, timeout_s: float = 30.0, transport: Transport | None = None
    ) -> None:
        """As Client; a `transport` of one's own stands in for the connection to `address`."""
        self._transport: Transport = transport or GrpcTransport(address, tls=tls)
        self._metadata = (("authorization", f"Token {key}"),)
        self._timeout_s = timeout_s

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """As `close`."""
        await self.close()

    async def close(self) -> None:
        """Ends streams and lets go of the connection."""
        await self._transport.close()

    @property
    def webhooks(self) -> AsyncWebhooks:
        """Where what happens is sent."""
        return AsyncWebhooks(lambda method, request: self._call(method, request, Message), self._pages)

    @property
    def logins(self) -> AsyncLogins:
        """Accounts with which bots sign in."""
        return AsyncLogins(lambda method, request: self._call(method, request, Message), self._pages)

    async def create_bot(self, **fields: Any) -> Bot:
        """Sends a bot to a meeting. As Client.create_bot."""
        return await self.create_bot_from(create_request(fields))

    async def create_bot_from(self, request: pb.CreateBotRequest) -> Bot:
        """As create_bot, from a message of the contract."""
        return (await self._call(BOTS + "CreateBot", request, pb.CreateBotResponse)).bot

    async def get_bot(self, bot_id: str) -> Bot:
        """One bot."""
        return (await self._read(BOTS + "GetBot", pb.GetBotRequest(bot_id=bot_id), pb.GetBotResponse)).bot

    def list_bots(self, **filters: Any) -> AsyncIterator[Bot]:
        """The project's bots, oldest first. As Client.list_bots."""
        return self._pages(Pages("ListBots", pb.ListBotsRequest, filters))

    async def leave(self, bot_id: str) -> Bot:
        """Tells a bot to leave its meeting."""
        return (await self._call(BOTS + "LeaveMeeting", pb.LeaveMeetingRequest(bot_id=bot_id), pb.LeaveMeetingResponse)).bot

    async def send_chat(self, bot_id: str, message: str, *, to_user_uuid: str | None = None) -> None:
        """Says something in the meeting's chat, to everyone or to one person."""
        await self._call(BOTS + "SendChatMessage", chat_request(bot_id, message, to_user_uuid), pb.SendChatMessageResponse)

    async def update_bot(self, bot_id: str, **fields: Any) -> Bot:
        """Changes a scheduled bot (fields as of UpdateBot, in plain Python), or the metadata of any. Raises as create_bot."""
        return (await self._call(*asks.update(bot_id, fields))).bot

    async def delete_bot(self, bot_id: str) -> None:
        """Cancels a scheduled bot: it is gone."""
        await self._call(*asks.delete(bot_id))

    async def delete_data(self, bot_id: str) -> Bot:
        """Deletes media, words and people of a bot that has ended, for good."""
        return (await self._call(*asks.delete_data(bot_id))).bot

    async def pause_recording(self, bot_id: str) -> Bot:
        """Pauses the recording; the bot's state follows once nothing is recorded any more."""
        return (await self._call(*asks.pause(bot_id))).bot

    async def resume_recording(self, bot_id: str) -> Bot:
        """Goes on recording; the bot's state follows."""
        return (await self._call(*asks.resume(bot_id))).bot

    async def output_audio(self, bot_id: str, data: bytes) -> None:
        """Plays an MP3, at most 10 MiB, into the meeting."""
        await self._call(*asks.audio(bot_id, data))

    async def output_image(self, bot_id: str, data: bytes) -> None:
        """Shows a PNG or JPEG, at most 10 MiB, as the bot's camera."""
        await self._call(*asks.image(bot_id, data))

    async def output_video(self, bot_id: str, url: str, *, loop: bool = False, mute: bool = False) -> None:
        """Plays a film (https://….mp4) as the bot's camera and voice."""
        await self._call(*asks.video(bot_id, url, loop=loop, mute=mute))

    async def transcript(
        self, bot_id: str, *, updated_after: datetime | None = None, split_on_turns: bool = False
    ) -> Sequence[TranscriptUtterance]:
        """What was said, in the order in which it was begun; only what will not change any more."""
        return (await self._read(*asks.transcript(bot_id, updated_after, split_on_turns=split_on_turns))).utterances

    async def delete_transcript(self, bot_id: str) -> None:
        """Deletes what was said so far, for good."""
        await self._call(*asks.delete_transcript(bot_id))

    def list_participants(self, bot_id: str) -> AsyncIterator[Participant]:
        """Who is or was in the meeting, oldest first."""
        return self._pages(Pages("ListParticipants", pb.ListParticipantsRequest, {"bot_id": bot_id}))

    def list_chat_messages(self, bot_id: str) -> AsyncIterator[ChatMessage]:
        """What was written in the meeting's chat, oldest first."""
        return self._pages(Pages("ListChatMessages", pb.ListChatMessagesRequest, {"bot_id": bot_id}))

    def watch_bot(
        self,
        bot_id: str,
        after_sequence: int | None = 0,
        *,
        kinds: Iterable[int | str] = (),
        states: Iterable[int | str] = (),
    ) -> AsyncIterator[Event]:
        """A bot's events until it has ended. As Client.watch_bot."""
        return self._follow(WatchBot(bot_id, after_sequence, kinds, states))

    def watch_events(
        self,
        cursor: str | None = None,
        *,
        kinds: Iterable[int | str] = (),
        states: Iterable[int | str] = (),
        bot_ids: Iterable[str] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> AsyncIterator[EventAt]:
        """The project's events. As Client.watch_events."""
        return self._follow(WatchEvents(cursor, kinds, bot_ids, metadata or {}, states))

    async def recording(self, bot_id: str) -> pb.Recording:
        """Where the finished recording can be fetched: a URL that expires."""
        request = pb.GetRecordingRequest(bot_id=bot_id)
        return (await self._read(BOTS + "GetRecording", request, pb.GetRecordingResponse)).recording

    async def download_recording(self, bot_id: str, path: Path | str) -> Path:
        """Fetches the finished recording into a file. As Client.download_recording."""
        with Download(Path(path)) as download:
            while not download.complete:
                request = download.request(await self.recording(bot_id))
                try:
                    async for response in self._transport.stream(READ_MEDIA, request, ()):
                        download.take(response)
                    download.ended()
                except CallError as error:
                    await asyncio.sleep(download.backoff.failed(error.status))
        return Path(path)

    async def _call(self, method: str, request: Message, answer: type[T]) -> T:
        try:
            response = await self._transport.unary(method, request, self._metadata, timeout_s=self._timeout_s)
        except CallError as error:
            raise error_of(error.status) from None
        assert isinstance(response, answer)
        return response

    async def _read(self, method: str, request: Message, answer: type[T]) -> T:
        """As _call, tried again where the service is away for a moment."""
        backoff, tries = Backoff(), 0
        while True:
            try:
                response = await self._transport.unary(method, request, self._metadata, timeout_s=self._timeout_s)
            except CallError as error:
                tries += 1
                await asyncio.sleep(unary_retry(backoff, error.status, tries))
            else:
                assert isinstance(response, answer)
                return response

    async def _pages(self, pages: Pages[T]) -> AsyncIterator[T]:
        while not pages.done:
            for found in pages.take(await self._read(pages.method, pages.request, Message)):
                yield found

    async def _follow(self, stream: Stream[T]) -> AsyncIterator[T]:
        while True:
            responses = self._transport.stream(stream.method, stream.request(), self._metadata)
            try:
                # Left early, the call is to end at once, and not when the iterator is collected.
                async with aclosing(cast("Any", responses)) as open_:
                    async for response in open_:
                        found = stream.take(response)
                        if found is not None:
                            yield found
                return
            except CallError as error:
                wait = stream.backoff.failed(error.status)
            await asyncio.sleep(wait)
