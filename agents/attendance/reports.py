"""Makes reports for the log out of what is seen, and hands them to the link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import structlog

from agents.attendance.clock import Clock
from agents.attendance.people import Change, PersonChange
from agents.attendance.text import clean
from agents.capture.base import FinishedFile
from agents.platforms.base import CaptionSeen, ChatSeen, PersonSeen
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import event_pb2 as event

Trigger: TypeAlias = bot.BotEventType.ValueType
SubType: TypeAlias = bot.BotEventSubType.ValueType
Level: TypeAlias = event.LogLevel.ValueType

_DETAIL_LIMIT = 1000
_CHAT_LIMIT = 20_000
_FIELD_LIMIT = 500

_CHANGES = {
    Change.JOIN: bot.PARTICIPANT_EVENT_TYPE_JOIN,
    Change.LEAVE: bot.PARTICIPANT_EVENT_TYPE_LEAVE,
    Change.UPDATE: bot.PARTICIPANT_EVENT_TYPE_UPDATE,
}
_LEVELS = {
    event.LOG_LEVEL_DEBUG: "debug",
    event.LOG_LEVEL_INFO: "info",
    event.LOG_LEVEL_WARNING: "warning",
    event.LOG_LEVEL_ERROR: "error",
}


class Reporter:
    """Reports of one bot; `send` takes each, as Link.report does. After `fall_silent` nothing is sent."""

    def __init__(self, bot_id: str, clock: Clock, send: Callable[[agent.Report], None]) -> None:
        self._clock = clock
        self._send = send
        self._silent = False
        self._log = structlog.get_logger().bind(bot_id=bot_id)

    def fall_silent(self) -> None:
        """The lease is lost: nothing more may be written."""
        self._silent = True

    def _report(self, *, at_ms: int | None = None, **body: object) -> None:
        if self._silent:
            return
        report = agent.Report(**body)  # type: ignore[arg-type]  # one keyword of the oneof, given by the methods below
        report.observed_time.FromMilliseconds(at_ms or self._clock.unix_ms())
        self._send(report)

    def transition(
        self,
        trigger: Trigger,
        sub_type: SubType = bot.BOT_EVENT_SUB_TYPE_UNSPECIFIED,
        detail: str = "",
        *,
        at_ms: int | None = None,
        page: Mapping[str, str] | None = None,
    ) -> None:
        """The bot moved, at `at_ms` of the Unix clock or now, by what a page showed (`url`, `text`) where one did."""
        self._log.info("bot_moved", trigger=bot.BotEventType.Name(trigger), sub_type=bot.BotEventSubType.Name(sub_type))
        move = agent.Transition(trigger=trigger, sub_type=sub_type, detail=clean(detail, _DETAIL_LIMIT))
        if page:
            move.page.url, move.page.text = (clean(page.get(name, ""), _FIELD_LIMIT) for name in ("url", "text"))
        self._report(at_ms=at_ms, transition=move)

    def person(self, change: PersonChange) -> None:
        """A participant came, went or changed."""
        self._participant(change.person, _CHANGES[change.kind], change.data)

    def speech(self, person: PersonSeen, *, speaking: bool) -> None:
        """A participant began or stopped to speak."""
        kind = bot.PARTICIPANT_EVENT_TYPE_SPEECH_START if speaking else bot.PARTICIPANT_EVENT_TYPE_SPEECH_STOP
        self._participant(person, kind, {})

    def _participant(self, person: PersonSeen, kind: bot.ParticipantEventType.ValueType, data: dict[str, str]) -> None:
        fact = bot.ParticipantEvent(
            participant_name=person.name,
            participant_uuid=person.uuid,
            participant_is_host=person.is_host,
            event_type=kind,
            event_data=data,
            timestamp_ms=self._clock.unix_ms(),
        )
        if person.user_uuid:
            fact.participant_user_uuid = person.user_uuid
        self._report(participant=fact)

    def chat(self, message: ChatSeen, sender: PersonSeen | None) -> None:
        """A chat message of somebody else's."""
        now = self._clock.unix_ms()
        to = bot.CHAT_MESSAGE_TO_ONLY_BOT if message.to_bot_only else bot.CHAT_MESSAGE_TO_EVERYONE
        fact = bot.ChatMessage(
            text=clean(message.text, _CHAT_LIMIT),
            timestamp_ms=now,
            timestamp=now // 1000,
            to=to,
            sender_name=clean(message.sender_name, 255),
            sender_uuid=clean(message.sender_uuid, 255),
        )
        if sender is not None and sender.user_uuid:
            fact.sender_user_uuid = sender.user_uuid
        self._report(chat=fact)

    def utterance(self, identifier: str, caption: CaptionSeen, *, speaker: PersonSeen | None, began_ms: int, final: bool) -> None:
        """A piece of what somebody said; `speaker` is None where the page does not say whom it shows."""
        fact = event.Utterance(
            id=identifier,
            speaker_name=speaker.name if speaker else clean(caption.speaker_name, 255),
            speaker_uuid=speaker.uuid if speaker else clean(caption.speaker_uuid, 255),
            speaker_is_host=speaker is not None and speaker.is_host,
            timestamp_ms=began_ms,
            duration_ms=round(caption.lasted_seconds * 1000),
            transcript=clean(caption.text, _CHAT_LIMIT),
            final=final,
        )
        if speaker is not None and speaker.user_uuid:
            fact.speaker_user_uuid = speaker.user_uuid
        self._report(utterance=fact)

    def transcription(self, state: bot.TranscriptionState.ValueType, detail: str) -> None:
        """Words are listened to from now on, or cannot be."""
        self._report(transcription=agent.TranscriptionReport(state=state, detail=clean(detail, _DETAIL_LIMIT)))

    def recording_started(self, start_ms: int) -> None:
        """The first frame or sound was taken at `start_ms` of the Unix clock."""
        self._report(recording=agent.RecordingReport(state=bot.RECORDING_STATE_IN_PROGRESS, start_timestamp_ms=start_ms))

    def recording_finished(self, file: FinishedFile, *, path: str, start_ms: int, impaired: bool, detail: str) -> None:
        """The recording is one file, `path` relative to the media folder."""
        self._report(
            recording=agent.RecordingReport(
                state=bot.RECORDING_STATE_COMPLETE,
                start_timestamp_ms=start_ms,
                file_path=path,
                content_type=file.content_type,
                duration_ms=file.duration_ms,
                size_bytes=file.size_bytes,
                impaired=impaired,
                detail=clean(detail, _DETAIL_LIMIT),
            )
        )

    def recording_failed(self, detail: str, *, start_ms: int) -> None:
        """Nothing playable is there."""
        report = agent.RecordingReport(
            state=bot.RECORDING_STATE_FAILED, start_timestamp_ms=start_ms, impaired=True, detail=clean(detail, _DETAIL_LIMIT)
        )
        self._report(recording=report)

    def health(self, health: event.CaptureHealth) -> None:
        """What the capture delivers."""
        self._report(capture_health=health)

    def remark(self, code: str, message: str, *, level: Level = event.LOG_LEVEL_INFO, **fields: str) -> None:
        """A remark for the bot's log; `code` is for programs, and is all that goes to the worker's own log."""
        getattr(self._log, _LEVELS[level])("remark", code=code)
        entry = event.LogEntry(
            level=level,
            code=clean(code, 100),
            message=clean(message, _DETAIL_LIMIT),
            fields={name: clean(value, _FIELD_LIMIT) for name, value in fields.items()},
        )
        self._report(log=entry)
