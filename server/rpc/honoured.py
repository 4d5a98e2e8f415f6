"""What becomes of each field of CreateBot that is not refused: where the code is that acts on it. docs/fields.md is made of this.

A test holds every field of the contract to be here or in availability.py, and the named code to speak of the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_RULES: Final = "server/domain/leave_rules.py"

HONOURED: Final[Mapping[str, str]] = {
    "bot_name": "agents/attendance/visit.py",
    "meeting_url": "agents/attendance/visit.py",
    "join_at": "server/store/attention.py",
    "calendar_event_id": "server/rpc/bot_service.py",
    "deduplication_key": "server/store/bots.py",
    "metadata": "server/store/bots.py",
    "request_id": "server/rpc/pipeline.py",
    "bot_image.type": "agents/attendance/output.py",
    "bot_image.data": "agents/attendance/output.py",
    "bot_chat_message.message": "agents/attendance/voice.py",
    "bot_chat_message.to": "agents/attendance/voice.py",
    "bot_chat_message.to_user_uuid": "agents/attendance/voice.py",
    "automatic_leave_settings.silence_timeout_seconds": _RULES,
    "automatic_leave_settings.silence_activate_after_seconds": _RULES,
    "automatic_leave_settings.only_participant_in_meeting_timeout_seconds": _RULES,
    "automatic_leave_settings.wait_for_host_to_start_meeting_timeout_seconds": _RULES,
    "automatic_leave_settings.waiting_room_timeout_seconds": _RULES,
    "automatic_leave_settings.max_uptime_seconds": _RULES,
    "automatic_leave_settings.enable_closed_captions_timeout_seconds": _RULES,
    "automatic_leave_settings.bot_keywords": "agents/runner.py",
    "recording_settings.format": "agents/runner.py",
    "recording_settings.resolution": "agents/runner.py",
    "recording_settings.view": "agents/attendance/wishes.py",
    "recording_settings.record_chat_messages_when_paused": "server/rpc/bot_service.py",
    "recording_settings.record_participant_speech_start_stop_events": "server/rpc/bot_service.py",
    "google_meet_settings.use_login": "agents/attendance/account.py",
    "google_meet_settings.login_mode": "agents/attendance/account.py",
    "google_meet_settings.login_group_name": "server/logins.py",
    "teams_settings.use_login": "agents/attendance/account.py",
    "teams_settings.login_mode": "agents/attendance/account.py",
    "teams_settings.login_group_name": "server/logins.py",
    "transcription_settings.meeting_closed_captions.google_meet_language": "agents/attendance/wishes.py",
    "transcription_settings.meeting_closed_captions.teams_language": "agents/attendance/wishes.py",
    "transcription_settings.meeting_closed_captions.zoom_language": "agents/attendance/wishes.py",
    "transcription_settings.meeting_closed_captions.merge_consecutive_captions": "agents/attendance/wishes.py",
    "callback_settings.zoom_tokens_url": "server/zoom_tokens.py",
    "webhooks.url": "server/webhooks/deliverer.py",
    "webhooks.triggers": "server/domain/webhooks.py",
    "debug_settings.create_debug_recording": "agents/runner.py",
}
"""The field -> the file that acts on it."""

WITHOUT_EFFECT: Final[Mapping[str, str]] = {
    "google_meet_settings.ui_interaction_mode": (
        "Taken for the sake of callers that send it; in both modes the page is worked with events of a real mouse and keyboard, "
        "and nothing is done to look like a person."
    ),
}
"""The field -> why nothing comes of it."""
