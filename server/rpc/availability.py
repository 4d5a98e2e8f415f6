"""What the contract knows and this server does not do yet. One table: what is accepted does something, the rest is refused.

Whoever builds the machinery for a setting takes its row out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from google.protobuf.message import Message

from rollcall.v1 import bot_settings_pb2
from rollcall.v1.bot_service_pb2 import CreateBotRequest
from server.domain import defaults
from server.domain.errors import Violation


class Row(NamedTuple):
    """A setting that is not available: its path, what a person reads, and whether a request asks for it."""

    path: str
    message: str
    asked: Callable[[CreateBotRequest], bool]


def _given(name: str) -> Callable[[CreateBotRequest], bool]:
    """Whether a message field asks for anything: an empty object does not, nor does one that says no to everything."""
    return lambda request: _asks(getattr(request, name))


def _asks(message: Message) -> bool:
    return any(_asks(value) if isinstance(value, Message) else bool(value) for _, value in message.ListFields())


def _provider(name: str, by: str) -> Row:
    return Row(
        f"transcription_settings.{name}",
        f"Not available on this server yet; it would be by {by}. Leave transcription_settings out.",
        lambda request: request.transcription_settings.WhichOneof("provider") == name,
    )


def _says(message: str) -> str:
    return f"{message} Leave it out."


NOT_AVAILABLE: tuple[Row, ...] = (
    Row(
        "automatic_leave_settings.authorized_user_not_in_meeting_timeout_seconds",
        _says("Authorized users are not known to this server yet, so there is nobody to wait for."),
        # Its default is harmless, and some callers always send all defaults.
        lambda request: (
            request.automatic_leave_settings.HasField("authorized_user_not_in_meeting_timeout_seconds")
            and request.automatic_leave_settings.authorized_user_not_in_meeting_timeout_seconds
            != defaults.AUTHORIZED_USER_NOT_IN_MEETING_TIMEOUT_SECONDS
        ),
    ),
    Row(
        "recording_settings.reserve_additional_storage",
        _says("This server cannot reserve storage yet; recordings use what the media folder has."),
        lambda request: request.recording_settings.reserve_additional_storage,
    ),
    Row(
        "recording_settings.record_async_transcription_audio_chunks",
        _says("Transcription after the meeting is not available on this server yet."),
        lambda request: request.recording_settings.record_async_transcription_audio_chunks,
    ),
    _provider("deepgram", "an account with Deepgram"),
    _provider("gladia", "an account with Gladia"),
    _provider("openai", "an account with OpenAI, or the URL of a service that speaks its API"),
    _provider("assembly_ai", "an account with AssemblyAI"),
    _provider("sarvam", "an account with Sarvam"),
    _provider("elevenlabs", "an account with ElevenLabs"),
    _provider("kyutai", "the URL of a Kyutai server"),
    _provider("custom_async", "the URL of a service of the operator's own"),
    _provider("custom_async_v2", "the URL of a service of the operator's own"),
    _provider("local", "a model on the worker"),
    Row(
        "zoom_settings.sdk",
        "Only Zoom's web client is available on this server; use web or leave it out.",
        lambda request: request.zoom_settings.sdk == bot_settings_pb2.ZOOM_SDK_NATIVE,
    ),
    Row(
        "zoom_settings.meeting_settings",
        _says("A bot in Zoom's web client is a guest and cannot change the meeting's settings."),
        lambda request: bool(request.zoom_settings.meeting_settings.ListFields()),
    ),
    Row(
        "zoom_settings.onbehalf_token",
        _says("Bots of this server cannot join on behalf of a Zoom user yet."),
        lambda request: request.zoom_settings.HasField("onbehalf_token"),
    ),
    Row(
        "external_media_storage_settings",
        _says("Copying recordings to a bucket is not available here yet; it would be by the project's storage credentials."),
        _given("external_media_storage_settings"),
    ),
    Row("websocket_settings", _says("Sending media out is not available on this server yet."), _given("websocket_settings")),
    Row("rtmp_settings", _says("Live streams are not available on this server yet."), _given("rtmp_settings")),
    Row("voice_agent_settings", _says("Voice agents are not available on this server yet."), _given("voice_agent_settings")),
)


def check_availability(request: CreateBotRequest) -> Iterator[Violation]:
    """A violation for each setting that is asked for and not there."""
    for row in NOT_AVAILABLE:
        if row.asked(request):
            yield Violation(row.path, row.message)
