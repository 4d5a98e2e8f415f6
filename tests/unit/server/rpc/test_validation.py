"""What is said of a request: all at once, each with its path, its limit and what would be right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rollcall.outward import Policy
from rollcall.third_party.buf.validate import validate_pb2
from rollcall.v1 import bot_pb2, bot_settings_pb2
from rollcall.v1.bot_service_pb2 import CreateBotRequest, SendChatMessageRequest
from rollcall.v1.bot_settings_pb2 import BotImage
from rollcall.v1.transcription_settings_pb2 import TranscriptionSettings
from server.domain.errors import InvalidFields
from server.domain.meeting_url import MeetingPlaces
from server.rpc import checks
from server.rpc.availability import NOT_AVAILABLE, check_availability
from server.rpc.bot_settings import settings_of
from server.rpc.honoured import HONOURED, WITHOUT_EFFECT
from server.rpc.methods import all_methods
from server.rpc.validation import Validator
from server.rpc.webhook_service import BotsUrls

NOW_US = 1_700_000_000_000_000
MEET = "https://meet.google.com/abc-defg-hij"
PNG = b"\x89PNG\r\n\x1a\nrest"

VALIDATOR = Validator(
    {
        CreateBotRequest: (
            checks.check_bot_name,
            checks.MeetingUrlCheck(MeetingPlaces),
            checks.JoinAtCheck(lambda: NOW_US),
            checks.check_bot_image,
            checks.check_bot_chat_message,
            BotsUrls(Policy()),
            checks.check_websocket_video,
            checks.check_voice_agent,
            check_availability,
        ),
        SendChatMessageRequest: (checks.check_send_chat_message,),
    },
    {CreateBotRequest: (checks.check_metadata, checks.check_image_size)},
)


def problems(request: CreateBotRequest | SendChatMessageRequest) -> dict[str, str]:
    try:
        VALIDATOR.validate(request)
    except InvalidFields as error:
        return {violation.path: violation.message for violation in error.violations}
    return {}


def create(change: Callable[[CreateBotRequest], object] | None = None) -> CreateBotRequest:
    request = CreateBotRequest(bot_name="Bot", meeting_url=MEET)
    if change:
        change(request)
    return request


def test_the_shortest_request_is_right() -> None:
    assert problems(create()) == {}


def test_everything_that_is_wrong_is_said_at_once() -> None:
    request = CreateBotRequest(meeting_url="https://example.com", deduplication_key="")
    request.automatic_leave_settings.max_uptime_seconds = 0
    request.recording_settings.format = 77  # type: ignore[assignment]  # on purpose
    request.bot_image.data = b"x"
    request.bot_chat_message.to_user_uuid = "u"
    request.join_at.FromSeconds(1)
    for _ in range(3):
        request.webhooks.add(url="http://x", triggers=["nope", "nope"])
    found = problems(request)
    assert set(found) >= {
        "bot_name",
        "meeting_url",
        "deduplication_key",
        "automatic_leave_settings.max_uptime_seconds",
        "recording_settings.format",
        "bot_image.type",
        "bot_chat_message.message",
        "bot_chat_message.to_user_uuid",
        "join_at",
        "webhooks",
        "webhooks[0].url",
        "webhooks[0].triggers",
        "webhooks[0].triggers[0]",
    }
    assert found["bot_name"] == "This field is required."
    assert found["deduplication_key"] == "This field may not be blank."
    assert found["recording_settings.format"] == "Must be one of: mp4, mp3, none."
    assert found["automatic_leave_settings.max_uptime_seconds"] == "Must be a whole number, 1 or more."
    assert found["webhooks"] == "May hold at most 2 items; it holds 3."
    assert found["webhooks[0].url"] == "Must start with https://."
    assert found["webhooks[0].triggers"] == "No item may come twice."
    assert "bot.state_change" in found["webhooks[0].triggers[0]"]


def test_an_empty_request_lacks_a_name_and_a_meeting() -> None:
    assert problems(CreateBotRequest()) == {
        "bot_name": "This field is required.",
        "meeting_url": "This field is required.",
    }


def set_join_at(seconds_ahead: float) -> Callable[[CreateBotRequest], None]:
    return lambda request: request.join_at.FromMicroseconds(NOW_US + int(seconds_ahead * 1e6))


RIGHT: dict[str, Callable[[CreateBotRequest], object]] = {
    "a name of 255 characters": lambda r: setattr(r, "bot_name", "x" * 255),
    "a name in Japanese": lambda r: setattr(r, "bot_name", "会議ボット"),
    "a calendar event without a meeting": lambda r: (r.ClearField("meeting_url"), setattr(r, "calendar_event_id", "evt_x")),
    "a time to join": set_join_at(60),
    "almost three years ahead": set_join_at(3 * 365 * 86_400),
    "metadata of 1,000 characters": lambda r: r.metadata.update({"k": "x" * 992}),
    "a picture": lambda r: r.bot_image.CopyFrom(BotImage(type=bot_settings_pb2.IMAGE_TYPE_PNG, data=PNG)),
    "a jpeg": lambda r: r.bot_image.CopyFrom(BotImage(type=bot_settings_pb2.IMAGE_TYPE_JPEG, data=b"\xff\xd8\xff\xe0")),
    "empty transcription settings": lambda r: r.transcription_settings.SetInParent(),
    "captions": lambda r: r.transcription_settings.meeting_closed_captions.SetInParent(),
    "empty rtmp-less objects": lambda r: (r.callback_settings.SetInParent(), r.voice_agent_settings.SetInParent()),
    "zoom's web client": lambda r: setattr(r.zoom_settings, "sdk", bot_settings_pb2.ZOOM_SDK_WEB),
    "no login": lambda r: setattr(r.google_meet_settings, "use_login", False),
    "the default of a rule that is not there": lambda r: setattr(
        r.automatic_leave_settings, "authorized_user_not_in_meeting_timeout_seconds", 600
    ),
    "a debug recording": lambda r: setattr(r.debug_settings, "create_debug_recording", True),
    "a message to one": lambda r: (
        setattr(r.bot_chat_message, "message", "hi"),
        setattr(r.bot_chat_message, "to", bot_pb2.CHAT_MESSAGE_TO_SPECIFIC_USER),
        setattr(r.bot_chat_message, "to_user_uuid", "u"),
    ),
}


@pytest.mark.parametrize("change", RIGHT.values(), ids=RIGHT.keys())
def test_it_is_right(change: Callable[[CreateBotRequest], object]) -> None:
    assert problems(create(change)) == {}


WRONG: dict[str, tuple[str, Callable[[CreateBotRequest], object]]] = {
    "a name of 256 characters": ("bot_name", lambda r: setattr(r, "bot_name", "x" * 256)),
    "an emoji in the name": ("bot_name", lambda r: setattr(r, "bot_name", "hi 😀")),
    "a name of blanks": ("bot_name", lambda r: setattr(r, "bot_name", "   ")),
    "a line break in the name": ("bot_name", lambda r: setattr(r, "bot_name", "a\nb")),
    "a long URL": ("meeting_url", lambda r: setattr(r, "meeting_url", MEET + "?" + "x" * 2048)),
    "a private address": ("meeting_url", lambda r: setattr(r, "meeting_url", "http://10.0.0.1/")),
    "a file": ("meeting_url", lambda r: setattr(r, "meeting_url", "file:///etc/passwd")),
    "a time in the past": ("join_at", set_join_at(-1)),
    "four years ahead": ("join_at", set_join_at(4 * 365 * 86_400)),
    "metadata of 1,001 characters": ("metadata", lambda r: r.metadata.update({"k": "x" * 993})),
    "a picture that is none": (
        "bot_image",
        lambda r: r.bot_image.CopyFrom(BotImage(type=bot_settings_pb2.IMAGE_TYPE_PNG, data=b"hello")),
    ),
    "a picture of 10 MiB and a byte": (
        "bot_image.data",
        lambda r: r.bot_image.CopyFrom(BotImage(type=bot_settings_pb2.IMAGE_TYPE_PNG, data=PNG + bytes(10 * 1024 * 1024))),
    ),
    "a message to one, who is not named": (
        "bot_chat_message.to_user_uuid",
        lambda r: (
            setattr(r.bot_chat_message, "message", "hi"),
            setattr(r.bot_chat_message, "to", bot_pb2.CHAT_MESSAGE_TO_SPECIFIC_USER),
        ),
    ),
    "a webhook to this machine": (
        "webhooks[0].url",
        lambda r: r.webhooks.add(url="https://127.0.0.1/hook", triggers=["bot.state_change"]),
    ),
    "pictures without a picture": (
        "websocket_settings.per_participant_video",
        lambda r: (
            setattr(r.websocket_settings.per_participant_video, "url", "wss://x"),
            setattr(r.websocket_settings.per_participant_video, "webcam_resolution", bot_settings_pb2.VIDEO_RESOLUTION_NONE),
            setattr(r.websocket_settings.per_participant_video, "screenshare_resolution", bot_settings_pb2.VIDEO_RESOLUTION_NONE),
        ),
    ),
    "two pages": (
        "voice_agent_settings",
        lambda r: (
            setattr(r.voice_agent_settings, "url", "https://a.com"),
            setattr(r.voice_agent_settings, "screenshare_url", "https://b.com"),
        ),
    ),
    "a stream to nowhere": (
        "rtmp_settings.destination_url",
        lambda r: (setattr(r.rtmp_settings, "destination_url", "http://x"), setattr(r.rtmp_settings, "stream_key", "k")),
    ),
}


@pytest.mark.parametrize(("path", "change"), WRONG.values(), ids=WRONG.keys())
def test_it_is_wrong_and_the_message_stands_at_its_field(path: str, change: Callable[[CreateBotRequest], object]) -> None:
    found = problems(create(change))
    assert list(found) == [path]
    assert len(found[path]) > 10


def take_provider(request: CreateBotRequest, provider: str) -> None:
    """With what the provider requires."""
    chosen = getattr(request.transcription_settings, provider)
    chosen.SetInParent()
    for name, value in {"openai": {"model": "gpt-4o-transcribe"}, "elevenlabs": {"model_id": "scribe_v1"}}.get(
        provider, {}
    ).items():
        setattr(chosen, name, value)


LANGUAGES: dict[str, list[str]] = json.loads((Path(__file__).parents[3] / "data/caption_languages.json").read_text())

UNAVAILABLE: dict[str, Callable[[CreateBotRequest], object]] = {
    "automatic_leave_settings.authorized_user_not_in_meeting_timeout_seconds": lambda r: setattr(
        r.automatic_leave_settings, "authorized_user_not_in_meeting_timeout_seconds", 5
    ),
    "recording_settings.reserve_additional_storage": lambda r: setattr(r.recording_settings, "reserve_additional_storage", True),
    "recording_settings.record_async_transcription_audio_chunks": lambda r: setattr(
        r.recording_settings, "record_async_transcription_audio_chunks", True
    ),
    **{
        f"transcription_settings.{provider}": partial(take_provider, provider=provider)
        for provider in (field.name for field in TranscriptionSettings.DESCRIPTOR.oneofs[0].fields)
        if provider != "meeting_closed_captions"
    },
    "zoom_settings.sdk": lambda r: setattr(r.zoom_settings, "sdk", bot_settings_pb2.ZOOM_SDK_NATIVE),
    "zoom_settings.meeting_settings": lambda r: setattr(r.zoom_settings.meeting_settings, "enable_focus_mode", False),
    "zoom_settings.onbehalf_token": lambda r: setattr(r.zoom_settings.onbehalf_token, "zoom_oauth_connection_user_id", "u"),
    "external_media_storage_settings": lambda r: setattr(r.external_media_storage_settings, "bucket_name", "b"),
    "websocket_settings": lambda r: setattr(r.websocket_settings.audio, "url", "wss://x"),
    "rtmp_settings": lambda r: (
        setattr(r.rtmp_settings, "destination_url", "rtmp://x"),
        setattr(r.rtmp_settings, "stream_key", "k"),
    ),
    "voice_agent_settings": lambda r: setattr(r.voice_agent_settings, "url", "https://x.com"),
}


@pytest.mark.parametrize(("path", "change"), UNAVAILABLE.items(), ids=UNAVAILABLE.keys())
def test_what_nothing_would_act_on_is_refused_with_words(path: str, change: Callable[[CreateBotRequest], object]) -> None:
    assert list(problems(create(change))) == [path]


def test_every_row_of_the_table_is_tried_above() -> None:
    assert {row.path for row in NOT_AVAILABLE} == set(UNAVAILABLE)


@pytest.mark.parametrize("path", LANGUAGES)
def test_every_recorded_language_is_known_and_no_other(path: str) -> None:
    """Known, and some refused for want of anybody who reads captions."""
    _, provider, name = path.split(".")
    for word, known in [*((word, True) for word in LANGUAGES[path]), ("no-such", False)]:
        request = create(lambda r: take_provider(r, provider))
        setattr(getattr(request.transcription_settings, provider), name, word)
        found = problems(request)
        assert all("available" in text or "not read" in text for text in found.values()) is known, word
    field = TranscriptionSettings.DESCRIPTOR.fields_by_name[provider].message_type.fields_by_name[name]
    assert set(getattr(field.GetOptions().Extensions[validate_pb2.field].string, "in")) == set(LANGUAGES[path])


def test_what_asks_for_nothing_is_not_refused() -> None:
    assert problems(create(lambda r: setattr(r.voice_agent_settings, "reserve_resources", False))) == {}
    assert problems(create(lambda r: r.transcription_settings.meeting_closed_captions.SetInParent())) == {}
    assert problems(create(lambda r: r.zoom_settings.meeting_settings.SetInParent())) == {}
    assert problems(create(lambda r: setattr(r.google_meet_settings, "use_login", False))) == {}


@pytest.mark.parametrize(("path", "file"), HONOURED.items())
def test_the_file_that_is_named_for_a_field_speaks_of_it(path: str, file: str) -> None:
    text = (Path(__file__).parents[4] / file).read_text()
    assert re.search(rf"\b{path.rpartition('.')[2]}(_us)?\b", text), f"{file} says nothing of {path}"


def test_a_field_is_honoured_or_refused_and_never_both() -> None:
    refused = {row.path for row in NOT_AVAILABLE}
    assert not refused & {*HONOURED, *WITHOUT_EFFECT}
    assert not [path for path in HONOURED if any(path.startswith(row + ".") for row in refused)]


def test_a_field_that_is_wrong_already_is_not_called_unavailable_too() -> None:
    found = problems(create(lambda r: setattr(r.rtmp_settings, "destination_url", "rtmp://x")))
    assert found == {"rtmp_settings.stream_key": "This field is required."}


@pytest.mark.parametrize(
    ("to", "uuid", "path"),
    [
        (bot_pb2.CHAT_MESSAGE_TO_SPECIFIC_USER, None, "to_user_uuid"),
        (bot_pb2.CHAT_MESSAGE_TO_EVERYONE, "u", "to_user_uuid"),
        (None, "u", "to_user_uuid"),
        (bot_pb2.CHAT_MESSAGE_TO_ONLY_BOT, None, "to"),
        (bot_pb2.CHAT_MESSAGE_TO_SPECIFIC_USER, "u", None),
        (None, None, None),
    ],
)
def test_a_chat_message_names_one_person_if_and_only_if_it_goes_to_one(
    to: bot_pb2.ChatMessageTo.ValueType | None, uuid: str | None, path: str | None
) -> None:
    found = problems(SendChatMessageRequest(message="hi", to=to, to_user_uuid=uuid))
    assert list(found) == ([path] if path else [])


def test_settings_are_stored_with_their_defaults() -> None:
    request = create()
    request.automatic_leave_settings.silence_timeout_seconds = 5
    request.automatic_leave_settings.bot_keywords.append("notetaker")
    request.recording_settings.resolution = bot_settings_pb2.RECORDING_RESOLUTION_720P
    request.bot_chat_message.message = "hello"
    settings = settings_of(request)
    leave = settings.automatic_leave_settings
    assert (leave.silence_timeout_seconds, leave.waiting_room_timeout_seconds) == (5, 900)
    assert list(leave.bot_keywords) == ["notetaker"]
    assert not leave.HasField("max_uptime_seconds")
    assert settings.recording_settings.format == bot_settings_pb2.RECORDING_FORMAT_MP4
    assert settings.recording_settings.resolution == bot_settings_pb2.RECORDING_RESOLUTION_720P
    assert settings.bot_chat_message.to == bot_pb2.CHAT_MESSAGE_TO_EVERYONE
    assert MEET.encode() not in settings.SerializeToString()


def test_settings_have_the_numbers_and_types_that_the_request_gives_them() -> None:
    asked = CreateBotRequest.DESCRIPTOR.fields_by_name
    for field in bot_settings_pb2.BotSettings.DESCRIPTOR.fields:
        other = asked[field.name]
        assert (other.number, other.type, other.message_type) == (field.number, field.type, field.message_type)


def test_the_rules_of_every_request_compile() -> None:
    VALIDATOR.warm_up(method.request_type for method in all_methods())
