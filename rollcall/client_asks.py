"""Calls that change a bot or ask something of it, as both clients make them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

from google.protobuf.message import Message

from rollcall.client_plans import BOTS, from_plain
from rollcall.v1 import bot_output_pb2 as out
from rollcall.v1 import bot_service_pb2 as bots
from rollcall.v1 import bot_settings_pb2
from rollcall.v1 import bot_transcript_pb2 as words
from rollcall.v1 import bot_update_pb2 as changes

T = TypeVar("T", bound=Message)

_PNG: Final = b"\x89PNG"


class Ask(NamedTuple, Generic[T]):
    """One call: its method, its request, and the type of its answer."""

    method: str
    request: Message
    answer: type[T]


def update(bot_id: str, fields: Mapping[str, Any]) -> Ask[changes.UpdateBotResponse]:
    """From names and plain values, as create_request. Raises ValueError or TypeError."""
    request = from_plain(changes.UpdateBotRequest, {**fields, "bot_id": bot_id})
    return Ask(BOTS + "UpdateBot", request, changes.UpdateBotResponse)


def delete(bot_id: str) -> Ask[changes.DeleteBotResponse]:
    """A scheduled bot is canceled."""
    return Ask(BOTS + "DeleteBot", changes.DeleteBotRequest(bot_id=bot_id), changes.DeleteBotResponse)


def delete_data(bot_id: str) -> Ask[changes.DeleteBotDataResponse]:
    """What a bot that has ended knows is deleted."""
    return Ask(BOTS + "DeleteBotData", changes.DeleteBotDataRequest(bot_id=bot_id), changes.DeleteBotDataResponse)


def pause(bot_id: str) -> Ask[bots.PauseRecordingResponse]:
    """The recording is paused."""
    return Ask(BOTS + "PauseRecording", bots.PauseRecordingRequest(bot_id=bot_id), bots.PauseRecordingResponse)


def resume(bot_id: str) -> Ask[bots.ResumeRecordingResponse]:
    """The recording goes on."""
    return Ask(BOTS + "ResumeRecording", bots.ResumeRecordingRequest(bot_id=bot_id), bots.ResumeRecordingResponse)


def audio(bot_id: str, data: bytes) -> Ask[out.OutputAudioResponse]:
    """An MP3 is played."""
    request = out.OutputAudioRequest(bot_id=bot_id, type=out.AUDIO_TYPE_MP3, data=data)
    return Ask(BOTS + "OutputAudio", request, out.OutputAudioResponse)


def image(bot_id: str, data: bytes) -> Ask[out.OutputImageResponse]:
    """A PNG or JPEG is shown; which of them it is, its first bytes say."""
    png = data.startswith(_PNG)
    kind = bot_settings_pb2.IMAGE_TYPE_PNG if png else bot_settings_pb2.IMAGE_TYPE_JPEG
    return Ask(BOTS + "OutputImage", out.OutputImageRequest(bot_id=bot_id, type=kind, data=data), out.OutputImageResponse)


def video(bot_id: str, url: str, *, loop: bool, mute: bool) -> Ask[out.OutputVideoResponse]:
    """A film is played."""
    request = out.OutputVideoRequest(bot_id=bot_id, url=url, loop=loop or None, mute_video=mute or None)
    return Ask(BOTS + "OutputVideo", request, out.OutputVideoResponse)


def transcript(bot_id: str, updated_after: datetime | None, *, split_on_turns: bool) -> Ask[words.GetTranscriptResponse]:
    """What was said; a time without a zone is UTC."""
    request = words.GetTranscriptRequest(bot_id=bot_id, split_on_turns=split_on_turns or None)
    if updated_after is not None:
        request.updated_after.FromDatetime(updated_after.astimezone(UTC) if updated_after.tzinfo else updated_after)
    return Ask(BOTS + "GetTranscript", request, words.GetTranscriptResponse)


def delete_transcript(bot_id: str) -> Ask[words.DeleteTranscriptResponse]:
    """What was said so far is deleted."""
    return Ask(BOTS + "DeleteTranscript", words.DeleteTranscriptRequest(bot_id=bot_id), words.DeleteTranscriptResponse)
