"""The numbers of the contract (docs/contract.md, section 4) that hold where a bot's creator says nothing. All in one place."""

from __future__ import annotations

from typing import Final

SILENCE_TIMEOUT_SECONDS: Final = 600
SILENCE_ACTIVATE_AFTER_SECONDS: Final = 1200
ONLY_PARTICIPANT_IN_MEETING_TIMEOUT_SECONDS: Final = 60
WAIT_FOR_HOST_TO_START_MEETING_TIMEOUT_SECONDS: Final = 600
WAITING_ROOM_TIMEOUT_SECONDS: Final = 900
AUTHORIZED_USER_NOT_IN_MEETING_TIMEOUT_SECONDS: Final = 600

RECORDING_FORMAT: Final = "mp4"
RECORDING_VIEW: Final = "speaker_view"
RECORDING_RESOLUTION: Final = "1080p"

CHAT_MESSAGE_TO: Final = "everyone"

BOT_NAME_HIGHEST_CHARACTER: Final = 0xFFFF
"""The last character of the basic plane: some platforms' name fields break on what lies above."""
METADATA_MOST_CHARACTERS: Final = 1_000
"""As JSON without spaces, characters not escaped."""
IMAGE_MOST_BYTES: Final = 10 * 1024 * 1024
JOIN_AT_MOST_YEARS_AHEAD: Final = 3
JOIN_AT_MOST_DAYS_AHEAD: Final = JOIN_AT_MOST_YEARS_AHEAD * 366
MEETING_URL_MOST_CHARACTERS: Final = 2_048

PAGE_SIZE: Final = 25
