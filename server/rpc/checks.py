"""What the contract's rules cannot say of a request, in small functions. Each yields all that it finds wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from rollcall.v1 import bot_pb2, bot_settings_pb2
from rollcall.v1.bot_output_pb2 import OutputImageRequest, OutputVideoRequest
from rollcall.v1.bot_service_pb2 import CreateBotRequest, SendChatMessageRequest
from rollcall.v1.bot_update_pb2 import UpdateBotRequest
from server.domain import defaults
from server.domain.errors import Violation
from server.domain.limits import ProjectLimits
from server.domain.meeting_url import MeetingPlaces, MeetingUrlError, parse_meeting_url
from server.rpc import pictures
from server.rpc.convert import time_us
from server.rpc.wording import BLANK, REQUIRED

_DAY_US = 86_400 * 1_000_000
_MAGIC = {
    bot_settings_pb2.IMAGE_TYPE_PNG: (b"\x89PNG\r\n\x1a\n", "png"),
    bot_settings_pb2.IMAGE_TYPE_JPEG: (b"\xff\xd8\xff", "jpeg"),
}


def check_bot_name(request: CreateBotRequest) -> Iterator[Violation]:
    """Letters that no platform's name field breaks on, and something to see."""
    name = request.bot_name
    if any(ord(character) > defaults.BOT_NAME_HIGHEST_CHARACTER for character in name):
        yield Violation(
            "bot_name", "May not contain emojis or rare script characters (above U+FFFF); platforms cannot show them."
        )
    elif name and not name.strip():
        yield Violation("bot_name", BLANK)
    elif any(ord(character) < 32 or ord(character) == 127 for character in name):
        yield Violation("bot_name", "May not contain control characters, as line breaks or tabs.")


class MeetingUrlCheck:
    """The URL against the known platforms and what the operator allows."""

    def __init__(self, places: Callable[[], MeetingPlaces]) -> None:
        self._places = places

    def __call__(self, request: CreateBotRequest) -> Iterator[Violation]:
        """At most one violation."""
        if request.HasField("calendar_event_id"):
            return  # whether there is such an event is told first: docs/compatibility.md
        if not request.meeting_url:
            yield Violation("meeting_url", REQUIRED)
        else:
            try:
                parse_meeting_url(request.meeting_url, self._places())
            except MeetingUrlError as error:
                yield Violation("meeting_url", str(error))


class JoinAtCheck:
    """The time to join against the clock (microseconds since the Unix epoch)."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us

    def __call__(self, request: CreateBotRequest) -> Iterator[Violation]:
        """At most one violation."""
        if not request.HasField("join_at") or request.HasField("calendar_event_id"):
            return
        ahead_us = time_us(request.join_at) - self._now_us()
        if ahead_us <= 0:
            yield Violation("join_at", "Must be in the future; leave it out to join at once.")
        elif ahead_us > defaults.JOIN_AT_MOST_DAYS_AHEAD * _DAY_US:
            yield Violation("join_at", f"Must be at most {defaults.JOIN_AT_MOST_YEARS_AHEAD} years ahead.")


def check_metadata(request: Any, limits: ProjectLimits) -> Iterator[Violation]:
    """Its size as JSON, of any request that has metadata."""
    if not request.metadata:
        return
    length = len(json.dumps(dict(request.metadata), ensure_ascii=False, separators=(",", ":")))
    if length > limits.metadata_characters:
        yield Violation("metadata", f"Must have at most {limits.metadata_characters:,} characters as JSON; it has {length:,}.")


def check_image_size(request: CreateBotRequest | UpdateBotRequest, limits: ProjectLimits) -> Iterator[Violation]:
    """What the project may send, where that is less than the contract's own limit."""
    yield from _image_size("bot_image", request.bot_image.data, limits)


def check_output_image_size(request: OutputImageRequest, limits: ProjectLimits) -> Iterator[Violation]:
    """As check_image_size."""
    yield from _image_size("data", request.data, limits)


def _image_size(path: str, data: bytes, limits: ProjectLimits) -> Iterator[Violation]:
    if len(data) > limits.image_bytes:
        most = f"{limits.image_bytes:,}"
        yield Violation(path, f"An image may have at most {most} bytes in this project; this one has {len(data):,}.")


def check_bot_image(request: CreateBotRequest) -> Iterator[Violation]:
    """The first bytes against the type that was given."""
    problem = picture_problem(request.bot_image) if request.HasField("bot_image") else None
    if problem is not None:
        yield Violation("bot_image", problem)


def picture_problem(image: bot_settings_pb2.BotImage) -> str | None:
    """What is wrong with a picture whose type is given; None if its first bytes are those of its type and it is not too large."""
    magic, word = _MAGIC.get(image.type, (b"", ""))
    if not image.data.startswith(magic):
        return f"The data is not a {word} image: its first bytes are not those of a {word} file."
    width, height = pictures.size_of(image.data) or (0, 0)
    if width * height <= pictures.MOST_PIXELS:
        return None
    return f"The image has {width:,} × {height:,} pixels: at most {pictures.MOST_PIXELS:,} can be shown."


def is_mp3(data: bytes) -> bool:
    """Whether it begins with an ID3 tag or with the header of a frame of MPEG layer III (ISO 11172-3, 2.4.1.3)."""
    return data.startswith(b"ID3") or (len(data) > 2 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2)


def check_output_video(request: OutputVideoRequest) -> Iterator[Violation]:
    """What the film's URL is to be like."""
    if not request.url:
        return
    try:
        url = urlsplit(request.url)
        host = url.hostname or ""
        url.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        host = ""
    printable = all(character > " " and character != "\x7f" for character in request.url)
    if "." not in host.strip(".") or not printable:
        yield Violation("url", "Enter a valid URL, as https://example.com/film.mp4: with a full host name and without spaces.")
    elif url.scheme != "https":
        yield Violation("url", "Must start with https://.")
    elif not url.path.lower().endswith(".mp4"):
        yield Violation("url", "Must end with .mp4 (a query may follow).")


def check_bot_chat_message(request: CreateBotRequest) -> Iterator[Violation]:
    """To whom the first message goes."""
    if request.HasField("bot_chat_message"):
        yield from _addressee(request.bot_chat_message, "bot_chat_message.")


def check_send_chat_message(request: SendChatMessageRequest) -> Iterator[Violation]:
    """To whom the message goes."""
    yield from _addressee(request, "")


def _addressee(message: bot_settings_pb2.BotChatMessage | SendChatMessageRequest, prefix: str) -> Iterator[Violation]:
    to_one = message.to == bot_pb2.CHAT_MESSAGE_TO_SPECIFIC_USER
    if to_one and not message.to_user_uuid:
        yield Violation(f"{prefix}to_user_uuid", "Required where `to` is specific_user: the user_uuid of a participant.")
    if not to_one and message.HasField("to_user_uuid"):
        yield Violation(f"{prefix}to_user_uuid", "Only allowed where `to` is specific_user.")


def check_websocket_video(request: CreateBotRequest) -> Iterator[Violation]:
    """A stream of pictures has a picture."""
    video = request.websocket_settings.per_participant_video
    none = bot_settings_pb2.VIDEO_RESOLUTION_NONE
    if video.webcam_resolution == none and video.screenshare_resolution == none:
        yield Violation(
            "websocket_settings.per_participant_video",
            "At least one of webcam_resolution and screenshare_resolution must be other than none.",
        )


def check_voice_agent(request: CreateBotRequest) -> Iterator[Violation]:
    """One page at most."""
    if request.voice_agent_settings.url and request.voice_agent_settings.screenshare_url:
        yield Violation("voice_agent_settings", "Give `url` or `screenshare_url`, not both.")
