"""Stored values as messages of the contract, and back. Words to numbers once at import, not at each call."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, cast

from google.protobuf.timestamp_pb2 import Timestamp

from rollcall.v1 import agent_service_pb2, bot_pb2
from rollcall.v1.bot_settings_pb2 import AutomaticLeaveSettings, BotSettings
from server.domain.leave_rules import LeaveRules, Phase, Situation
from server.domain.state import BotState, RecordingState, SubType, TranscriptionState
from server.store import BotRecord, Lease, ParticipantRecord, Task

_YEAR_1 = -62_135_596_800
_YEAR_9999 = 253_402_300_799


def _numbers(enum: Any, prefix: str, words: type[StrEnum]) -> dict[str, Any]:
    return {word.value: enum.Value(prefix + word.value.upper()) for word in words}


STATES = _numbers(bot_pb2.BotState, "BOT_STATE_", BotState)
RECORDING_STATES = _numbers(bot_pb2.RecordingState, "RECORDING_STATE_", RecordingState)
TRANSCRIPTION_STATES = _numbers(bot_pb2.TranscriptionState, "TRANSCRIPTION_STATE_", TranscriptionState)
SUB_TYPES = _numbers(bot_pb2.BotEventSubType, "BOT_EVENT_SUB_TYPE_", SubType)
STATE_WORDS = {number: BotState(word) for word, number in STATES.items()}

_TASKS = {Task.ATTEND: agent_service_pb2.AGENT_TASK_ATTEND, Task.FINISH: agent_service_pb2.AGENT_TASK_FINISH}
_PHASES = {
    agent_service_pb2.AGENT_PHASE_WAITING_ROOM: Phase.WAITING_ROOM,
    agent_service_pb2.AGENT_PHASE_WAITING_FOR_HOST: Phase.WAITING_FOR_HOST,
    agent_service_pb2.AGENT_PHASE_IN_MEETING: Phase.IN_MEETING,
}


def platform_number(word: str) -> int:
    """A platform's word as its number in the contract."""
    return bot_pb2.Platform.Value("PLATFORM_" + word.upper())


def set_time(time: Timestamp, at_us: int) -> None:
    """Writes microseconds since the Unix epoch into a Timestamp."""
    time.seconds, rest = divmod(at_us, 1_000_000)
    time.nanos = rest * 1_000


def time_us(time: Timestamp) -> int:
    """A Timestamp as microseconds since the Unix epoch; one outside the years 1 to 9999 as the nearest of these."""
    return min(max(time.seconds, _YEAR_1), _YEAR_9999) * 1_000_000 + min(max(time.nanos, 0), 999_999_999) // 1_000


def bot_message(record: BotRecord) -> bot_pb2.Bot:
    """A bot as its owner sees it."""
    bot = bot_pb2.Bot(
        id=record.id,
        meeting_url=record.meeting_url,
        state=STATES[record.state],
        transcription_state=TRANSCRIPTION_STATES[record.transcription_state],
        recording_state=RECORDING_STATES[record.recording_state],
        deduplication_key=record.deduplication_key,
        etag=record.etag,
    )
    if record.metadata_json:
        bot.metadata.update(json.loads(record.metadata_json))
    if record.join_at_us is not None:
        set_time(bot.join_at, record.join_at_us)
    bot.MergeFromString(record.state_events)
    return bot


def participant_message(record: ParticipantRecord) -> bot_pb2.Participant:
    """A participant."""
    return bot_pb2.Participant(
        id=record.id, name=record.name, uuid=record.uuid, user_uuid=record.user_uuid, is_host=record.is_host
    )


def granted_message(lease: Lease, lease_seconds: float) -> agent_service_pb2.LeaseGranted:
    """What a worker gets to know with its lease."""
    bot = lease.bot
    return agent_service_pb2.LeaseGranted(
        epoch=lease.epoch,
        task=_TASKS[lease.task],
        lease_ms=lease.lease_ms,
        heartbeat_ms=round(lease_seconds * 1000 / 3),
        last_report_number=lease.last_report_number,
        bot=agent_service_pb2.BotSpec(
            bot_id=bot.id,
            project_id=bot.project_id,
            bot_name=bot.bot_name,
            meeting_url=bot.meeting_url,
            platform=cast("bot_pb2.Platform.ValueType", bot.platform),
            platform_name=bot.platform_name,
            settings=BotSettings.FromString(lease.settings),
            state=STATES[bot.state],
            recording_state=RECORDING_STATES[bot.recording_state],
            recording_start_timestamp_ms=bot.recording_start_timestamp_ms,
            attempt=bot.attempt,
            join_in_ms=lease.join_in_ms,
            joined_timestamp_ms=_first_joined_ms(bot),
        ),
    )


def _first_joined_ms(bot: BotRecord) -> int:
    """When the bot was in for the first time, by its state events; 0 for never."""
    events = bot_pb2.Bot.FromString(bot.state_events).events
    joined = (one for one in events if one.type == bot_pb2.BOT_EVENT_TYPE_JOINED_MEETING)
    return next((one.created_at.ToMilliseconds() for one in joined), 0)


def leave_rules(settings: AutomaticLeaveSettings) -> LeaveRules:
    """A bot's limits; stored settings have their defaults filled in, and what they lack all the same takes the default here."""
    given = {field.name: value for field, value in settings.ListFields() if field.name in LeaveRules.__dataclass_fields__}
    return LeaveRules(**given)


def situation(message: agent_service_pb2.Situation) -> Situation:
    """What an agent says of how things are, for the leave rules."""
    return Situation(
        phase=_PHASES.get(message.phase, Phase.OTHER),
        phase_ms=message.phase_ms,
        people=message.people,
        alone_ms=message.alone_ms,
        silent_ms=message.silent_ms,
        in_meeting_ms=message.in_meeting_ms,
        people_known=message.people_known,
        captions_off_ms=message.captions_off_ms,
    )
