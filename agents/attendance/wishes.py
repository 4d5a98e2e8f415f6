"""What a bot's settings wish of the meeting's page, in the words of adapters. Pure."""

from __future__ import annotations

from agents.platforms.base import CaptionWish
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import bot_settings_pb2 as settings

_VIEWS = {
    settings.RECORDING_VIEW_GALLERY_VIEW: "gallery_view",
    settings.RECORDING_VIEW_SPEAKER_VIEW_NO_SIDEBAR: "speaker_view_no_sidebar",
}
"""Speaker view is what platforms show by themselves: it is nothing to ask for."""


def caption_wish(spec: agent.BotSpec) -> CaptionWish | None:
    """How captions are wanted; None where something else transcribes. Without a word about it, captions do."""
    given = spec.settings.transcription_settings
    if given.WhichOneof("provider") not in {None, "meeting_closed_captions"}:
        return None
    captions = given.meeting_closed_captions
    languages = {
        bot.PLATFORM_GOOGLE_MEET: captions.google_meet_language,
        bot.PLATFORM_TEAMS: captions.teams_language,
        bot.PLATFORM_ZOOM: captions.zoom_language,
    }
    return CaptionWish(languages.get(spec.platform, ""), merge=captions.merge_consecutive_captions)


def captions_asked_for(spec: agent.BotSpec) -> bool:
    """Whether the bot's owner counts on captions, and must hear where there are none."""
    leave = spec.settings.automatic_leave_settings
    asked = spec.settings.transcription_settings.WhichOneof("provider") == "meeting_closed_captions"
    return asked or (caption_wish(spec) is not None and leave.HasField("enable_closed_captions_timeout_seconds"))


def view_wish(spec: agent.BotSpec) -> str:
    """The layout asked for by `recording_settings.view`; empty for the platform's own."""
    recording = spec.settings.recording_settings
    return _VIEWS.get(recording.view, "") if recording.format == settings.RECORDING_FORMAT_MP4 else ""
