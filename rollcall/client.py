"""The Python client: `Client` here, `AsyncClient` in client_async.py for asyncio; what they share is in client_plans.py."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from google.protobuf.message import Message

from rollcall import client_asks as asks
from rollcall.client_async import AsyncClient
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
from rollcall.grpc_transport import BlockingGrpcTransport, Tls
from rollcall.logins import Logins
from rollcall.transport import CallError
from rollcall.v1 import bot_service_pb2 as pb
from rollcall.v1.bot_pb2 import Bot, ChatMessage, Participant
from rollcall.v1.bot_transcript_pb2 import TranscriptUtterance
from rollcall.v1.event_pb2 import Event
from rollcall.webhooks import Webhooks

__all__ = ["AsyncClient", "Client", "EventAt", "Tls"]

T = TypeVar("T")


class Client:
    """A project's bots. Every method raises an error of rollcall.errors; the client may be used by several threads.

    >>> with Client("127.0.0.1:50051", key) as rollcall:
    ...     bot = rollcall.create_bot(meeting_url="https://meet.google.com/abc-defg-hij", bot_name="My Bot")
    ...     for event in rollcall.watch_bot(bot.id, after_sequence=0):
    ...         print(event.sequence, event.WhichOneof("payload"))
    """

    def __init__(self, address: str, key: str, *, tls: Tls | None = None, timeout_s: float = 30.0) -> None:
        """`address` is host:port, or https://host:port for TLS; nothing is connected before the first call. `timeout_s` is for
        each call but streams.
        """
        self._transport = BlockingGrpcTransport(address, tls=tls)
        self._metadata = (("authorization", f"Token {key}"),)
        self._timeout_s = timeout_s

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """As `close`."""
        self.close()

    def close(self) -> None:
        """Ends streams and lets go of the connection."""
        self._transport.close()

    @property
    def webhooks(self) -> Webhooks:
        """Where what happens is sent."""
        return Webhooks(lambda method, request: self._call(method, request, Message), self._pages)

    @property
    def logins(self) -> Logins:
        """Accounts with which bots sign in."""
        return Logins(lambda method, request: self._call(method, request, Message), self._pages)

    def create_bot(self, **fields: Any) -> Bot:
        """Sends a bot to a meeting: fields as of CreateBot, in plain Python (`recording_settings={"format": "mp3"}`).

        Raises ValueError for a field or word that the contract does not know. Never tried twice by itself: with a
        `deduplication_key` it may be by you.
        """
        return self.create_bot_from(create_request(fields))

    def create_bot_from(self, request: pb.CreateBotRequest) -> Bot:
        """As create_bot, from a message of the contract."""
        return self._call(BOTS + "CreateBot", request, pb.CreateBotResponse).bot

    def get_bot(self, bot_id: str) -> Bot:
        """One bot."""
        return self._read(BOTS + "GetBot", pb.GetBotRequest(bot_id=bot_id), pb.GetBotResponse).bot

    def list_bots(self, **filters: Any) -> Iterator[Bot]:
        """The project's bots, oldest first, page by page as they are iterated; filters as of ListBots."""
        return self._pages(Pages("ListBots", pb.ListBotsRequest, filters))

    def leave(self, bot_id: str) -> Bot:
        """Tells a bot to leave its meeting."""
        return self._call(BOTS + "LeaveMeeting", pb.LeaveMeetingRequest(bot_id=bot_id), pb.LeaveMeetingResponse).bot

    def send_chat(self, bot_id: str, message: str, *, to_user_uuid: str | None = None) -> None:
        """Says something in the meeting's chat, to everyone or to one person."""
        self._call(BOTS + "SendChatMessage", chat_request(bot_id, message, to_user_uuid), pb.SendChatMessageResponse)

    def update_bot(self, bot_id: str, **fields: Any) -> Bot:
        """Changes a scheduled bot (fields as of UpdateBot, in plain Python), or the metadata of any. Raises as create_bot."""
        return self._call(*asks.update(bot_id, fields)).bot

    def delete_bot(self, bot_id: str) -> None:
        """Cancels a scheduled bot: it is gone."""
        self._call(*asks.delete(bot_id))

    def delete_data(self, bot_id: str) -> Bot:
        """Deletes media, words and people of a bot that has ended, for good."""
        return self._call(*asks.delete_data(bot_id)).bot

    def pause_recording(self, bot_id: str) -> Bot:
        """Pauses the recording; the bot's state follows once nothing is recorded any more."""
        return self._call(*asks.pause(bot_id)).bot

    def resume_recording(self, bot_id: str) -> Bot:
        """Goes on recording; the bot's state follows."""
        return self._call(*asks.resume(bot_id)).bot

    def output_audio(self, bot_id: str, data: bytes) -> None:
        """Plays an MP3, at most 10 MiB, into the meeting."""
        self._call(*asks.audio(bot_id, data))

    def output_image(self, bot_id: str, data: bytes) -> None:
        """Shows a PNG or JPEG, at most 10 MiB, as the bot's camera."""
        self._call(*asks.image(bot_id, data))

    def output_video(self, bot_id: str, url: str, *, loop: bool = False, mute: bool = False) -> None:
        """Plays a film (https://….mp4) as the bot's camera and voice."""
        self._call(*asks.video(bot_id, url, loop=loop, mute=mute))

    def transcript(
        self, bot_id: str, *, updated_after: datetime | None = None, split_on_turns: bool = False
    ) -> Sequence[TranscriptUtterance]:
        """What was said, in the order in which it was begun; only what will not change any more."""
        return self._read(*asks.transcript(bot_id, updated_after, split_on_turns=split_on_turns)).utterances

    def delete_transcript(self, bot_id: str) -> None:
        """Deletes what was said so far, for good."""
        self._call(*asks.delete_transcript(bot_id))

    def list_participants(self, bot_id: str) -> Iterator[Participant]:
        """Who is or was in the meeting, oldest first."""
        return self._pages(Pages("ListParticipants", pb.ListParticipantsRequest, {"bot_id": bot_id}))

    def list_chat_messages(self, bot_id: str) -> Iterator[ChatMessage]:
        """What was written in the meeting's chat, oldest first."""
        return self._pages(Pages("ListChatMessages", pb.ListChatMessagesRequest, {"bot_id": bot_id}))

    def watch_bot(
        self,
        bot_id: str,
        after_sequence: int | None = 0,
        *,
        kinds: Iterable[int | str] = (),
        states: Iterable[int | str] = (),
    ) -> Iterator[Event]:
        """A bot's events, each once and in order, until it has ended; connects again by itself and goes on where it was.

        `after_sequence` 0 is for all that are kept, None for those from now on. `states`: only state events that lead to one of
        these. Raises OutOfRangeError, with `earliest` in its metadata, where later events are no longer kept. A service that
        never answered is given up after 10 s.
        """
        return self._follow(WatchBot(bot_id, after_sequence, kinds, states))

    def watch_events(
        self,
        cursor: str | None = None,
        *,
        kinds: Iterable[int | str] = (),
        states: Iterable[int | str] = (),
        bot_ids: Iterable[str] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> Iterator[EventAt]:
        """The project's events, each once and in order, without an end; connects again by itself and goes on where it was.

        `cursor` is that of an earlier EventAt, `start` for all that are kept, None for those from now on. All filters must hold.
        Raises OutOfRangeError as `watch_bot`.
        """
        return self._follow(WatchEvents(cursor, kinds, bot_ids, metadata or {}, states))

    def recording(self, bot_id: str) -> pb.Recording:
        """Where the finished recording can be fetched: a URL that expires."""
        return self._read(BOTS + "GetRecording", pb.GetRecordingRequest(bot_id=bot_id), pb.GetRecordingResponse).recording

    def download_recording(self, bot_id: str, path: Path | str) -> Path:
        """Fetches the finished recording into a file, going on where it broke off. The path holds it whole or not at all."""
        with Download(Path(path)) as download:
            while not download.complete:
                request = download.request(self.recording(bot_id))
                try:
                    for response in self._transport.stream(READ_MEDIA, request, ()):
                        download.take(response)
                    download.ended()
                except CallError as error:
                    time.sleep(download.backoff.failed(error.status))
        return Path(path)

    def _call(self, method: str, request: Message, answer: type[T]) -> T:
        try:
            response = self._transport.unary(method, request, self._metadata, timeout_s=self._timeout_s)
        except CallError as error:
            raise error_of(error.status) from None
        assert isinstance(response, answer)
        return response

    def _read(self, method: str, request: Message, answer: type[T]) -> T:
        """As _call, tried again where the service is away for a moment."""
        backoff, tries = Backoff(), 0
        while True:
            try:
                response = self._transport.unary(method, request, self._metadata, timeout_s=self._timeout_s)
            except CallError as error:
                tries += 1
                time.sleep(unary_retry(backoff, error.status, tries))
            else:
                assert isinstance(response, answer)
                return response

    def _pages(self, pages: Pages[T]) -> Iterator[T]:
        while not pages.done:
            yield from pages.take(self._read(pages.method, pages.request, Message))

    def _follow(self, stream: Stream[T]) -> Iterator[T]:
        while True:
            try:
                for response in self._transport.stream(stream.method, stream.request(), self._metadata):
                    found = stream.take(response)
                    if found is not None:
                        yield found
                return
            except CallError as error:
                wait = stream.backoff.failed(error.status)
            time.sleep(wait)
