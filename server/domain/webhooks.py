"""What webhooks can tell of, when they are tried again, and when they are given up. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class WebhookTrigger(StrEnum):
    """What a webhook can subscribe to."""

    BOT_STATE_CHANGE = "bot.state_change"
    TRANSCRIPT_UPDATE = "transcript.update"
    CHAT_MESSAGES_UPDATE = "chat_messages.update"
    PARTICIPANT_JOIN_LEAVE = "participant_events.join_leave"
    PARTICIPANT_SPEECH = "participant_events.speech_start_stop"
    BOT_LOGS_UPDATE = "bot_logs.update"
    CALENDAR_EVENTS_UPDATE = "calendar.events_update"
    CALENDAR_STATE_CHANGE = "calendar.state_change"
    ASYNC_TRANSCRIPTION_STATE_CHANGE = "async_transcription.state_change"
    ZOOM_OAUTH_STATE_CHANGE = "zoom_oauth_connection.state_change"


BIT: Final = {trigger: 1 << place for place, trigger in enumerate(WebhookTrigger)}
"""A set of triggers is stored as one number; so the order above is never changed, only added to."""


def mask_of(triggers: Iterable[str]) -> int:
    """A set of triggers as a number. Raises ValueError for a word that is none."""
    return sum(BIT[trigger] for trigger in {WebhookTrigger(word) for word in triggers})


def triggers_of(mask: int) -> list[WebhookTrigger]:
    """The triggers of a number, in the order above."""
    return [trigger for trigger, bit in BIT.items() if mask & bit]


RETRY_S: Final = (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
"""Seconds before each attempt, counted from the failure before it. After the last one a delivery has failed."""


def wait_after(failures: int) -> int | None:
    """Seconds to wait after so many failures in a row; None where no further attempt is made."""
    return RETRY_S[failures] if failures < len(RETRY_S) else None


class DeliveryState(StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """All attempts failed."""
    CANCELED = "canceled"
    """Never tried again: its webhook was disabled, or what it would tell was deleted."""


class DisabledReason(StrEnum):
    """Why nothing is sent to a webhook."""

    USER = "user"
    FAILING = "failing"
    """Nothing was taken for days."""
