"""What a caller may wish of a bot, and where the bot has to be for it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from server.domain.errors import IllegalTransition
from server.domain.state import JOINED, BotState


class Wish(StrEnum):
    """A wish, in the word that its media_request events carry."""

    SEND_CHAT_MESSAGE = "send_chat_message"
    PAUSE_RECORDING = "pause_recording"
    RESUME_RECORDING = "resume_recording"
    OUTPUT_AUDIO = "output_audio"
    OUTPUT_IMAGE = "output_image"
    OUTPUT_VIDEO = "output_video"
    SPEECH = "speech"
    UPDATE_VOICE_AGENT_SETTINGS = "update_voice_agent_settings"
    UPDATE_TRANSCRIPTION_SETTINGS = "update_transcription_settings"


class Rule(NamedTuple):
    """`words` finish the sentence “Bot is in state … and cannot …”."""

    words: str
    states: frozenset[BotState]


_PLAY: Final = Rule("play media", JOINED)
RULES: Final[Mapping[Wish, Rule]] = MappingProxyType(
    {
        Wish.SEND_CHAT_MESSAGE: Rule("send chat messages", JOINED),
        Wish.PAUSE_RECORDING: Rule("pause recording", frozenset({BotState.JOINED_RECORDING})),
        Wish.RESUME_RECORDING: Rule("resume recording", frozenset({BotState.JOINED_RECORDING_PAUSED})),
        Wish.OUTPUT_AUDIO: _PLAY,
        Wish.OUTPUT_IMAGE: _PLAY,
        Wish.OUTPUT_VIDEO: _PLAY,
        Wish.SPEECH: _PLAY,
        Wish.UPDATE_VOICE_AGENT_SETTINGS: Rule("update voice agent settings", JOINED),
        Wish.UPDATE_TRANSCRIPTION_SETTINGS: Rule("update transcription settings", JOINED),
    }
)


def require(state: str, wish: Wish) -> None:
    """Raises IllegalTransition unless a bot in this state can be asked for it."""
    rule = RULES[wish]
    if state not in rule.states:
        raise IllegalTransition(state, rule.words, (allowed.value for allowed in BotState if allowed in rule.states))
