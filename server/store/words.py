"""The domain's words as the contract's numbers, and back: by name, so that a word missing on one side fails at import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rollcall.v1 import bot_pb2
from server.domain.state import BotState, RecordingState, SubType, TranscriptionState, Trigger

STATE: Final[Mapping[str, bot_pb2.BotState.ValueType]] = {
    word.value: bot_pb2.BotState.Value(f"BOT_STATE_{word.name}") for word in BotState
}
TRIGGER: Final[Mapping[Trigger, bot_pb2.BotEventType.ValueType]] = {
    word: bot_pb2.BotEventType.Value(f"BOT_EVENT_TYPE_{word.name}") for word in Trigger
}
SUB_TYPE: Final[Mapping[SubType | None, bot_pb2.BotEventSubType.ValueType]] = {
    None: bot_pb2.BOT_EVENT_SUB_TYPE_UNSPECIFIED,
    **{word: bot_pb2.BotEventSubType.Value(f"BOT_EVENT_SUB_TYPE_{word.name}") for word in SubType},
}
RECORDING: Final[Mapping[str, bot_pb2.RecordingState.ValueType]] = {
    word.value: bot_pb2.RecordingState.Value(f"RECORDING_STATE_{word.name}") for word in RecordingState
}
TRANSCRIPTION: Final[Mapping[str, bot_pb2.TranscriptionState.ValueType]] = {
    word.value: bot_pb2.TranscriptionState.Value(f"TRANSCRIPTION_STATE_{word.name}") for word in TranscriptionState
}

TRIGGER_OF: Final[Mapping[int, Trigger]] = {number: word for word, number in TRIGGER.items()}
SUB_TYPE_OF: Final[Mapping[int, SubType]] = {number: word for word, number in SUB_TYPE.items() if word is not None}
RECORDING_OF: Final[Mapping[int, RecordingState]] = {number: RecordingState(word) for word, number in RECORDING.items()}
TRANSCRIPTION_OF: Final[Mapping[int, TranscriptionState]] = {
    number: TranscriptionState(word) for word, number in TRANSCRIPTION.items()
}
