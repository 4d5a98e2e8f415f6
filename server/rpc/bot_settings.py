"""A bot's settings as they are stored: what its creator chose, and the contract's defaults for the rest."""

from __future__ import annotations

from typing import Final

from rollcall.v1 import bot_pb2, bot_settings_pb2
from rollcall.v1.bot_service_pb2 import CreateBotRequest
from rollcall.v1.bot_settings_pb2 import AutomaticLeaveSettings, BotSettings, RecordingSettings
from server.domain import defaults

_FORMAT: Final = bot_settings_pb2.RecordingFormat.Value(f"RECORDING_FORMAT_{defaults.RECORDING_FORMAT.upper()}")
_VIEW: Final = bot_settings_pb2.RecordingView.Value(f"RECORDING_VIEW_{defaults.RECORDING_VIEW.upper()}")
_RESOLUTION: Final = bot_settings_pb2.RecordingResolution.Value(f"RECORDING_RESOLUTION_{defaults.RECORDING_RESOLUTION.upper()}")
_TO: Final = bot_pb2.ChatMessageTo.Value(f"CHAT_MESSAGE_TO_{defaults.CHAT_MESSAGE_TO.upper()}")


def _defaults() -> BotSettings:
    return BotSettings(
        automatic_leave_settings=AutomaticLeaveSettings(
            silence_timeout_seconds=defaults.SILENCE_TIMEOUT_SECONDS,
            silence_activate_after_seconds=defaults.SILENCE_ACTIVATE_AFTER_SECONDS,
            only_participant_in_meeting_timeout_seconds=defaults.ONLY_PARTICIPANT_IN_MEETING_TIMEOUT_SECONDS,
            wait_for_host_to_start_meeting_timeout_seconds=defaults.WAIT_FOR_HOST_TO_START_MEETING_TIMEOUT_SECONDS,
            waiting_room_timeout_seconds=defaults.WAITING_ROOM_TIMEOUT_SECONDS,
            authorized_user_not_in_meeting_timeout_seconds=defaults.AUTHORIZED_USER_NOT_IN_MEETING_TIMEOUT_SECONDS,
        ),
        recording_settings=RecordingSettings(
            format=_FORMAT,
            view=_VIEW,
            resolution=_RESOLUTION,
            record_chat_messages_when_paused=False,
            record_async_transcription_audio_chunks=False,
            record_participant_speech_start_stop_events=False,
            reserve_additional_storage=False,
        ),
    )


_DEFAULTS = _defaults().SerializeToString()
_UNSPECIFIED = 0


def settings_of(request: CreateBotRequest) -> BotSettings:
    """The settings to store. Both messages give a field the same number (a test holds them to it): one is merged as the other."""
    settings = BotSettings.FromString(_DEFAULTS)
    settings.MergeFromString(request.SerializeToString())
    settings.DiscardUnknownFields()
    _mend(settings)
    return settings


def _mend(settings: BotSettings) -> None:
    """An enum sent as its zero means the default as well."""
    recording = settings.recording_settings
    if recording.format == _UNSPECIFIED:
        recording.format = _FORMAT
    if recording.view == _UNSPECIFIED:
        recording.view = _VIEW
    if recording.resolution == _UNSPECIFIED:
        recording.resolution = _RESOLUTION
    if settings.HasField("bot_chat_message") and settings.bot_chat_message.to == _UNSPECIFIED:
        settings.bot_chat_message.to = _TO
