"""What agents report: each report's number, events and rows in one transaction, stored once however often it comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rollcall.v1 import agent_service_pb2, bot_pb2, event_pb2
from server.domain.errors import IllegalTransition
from server.domain.ids import new_id
from server.domain.state import BotState, TranscriptionState, Trigger, fitting_sub_type
from server.store import leases, moves, recordings, utterances, words
from server.store.batch import Batch
from server.store.rows import BotRow
from server.store.texts import indexable, storable
from server.store.writer import Op

Report = agent_service_pb2.Report

_NOT_AN_AGENTS: Final = frozenset({Trigger.STAGED, Trigger.DATA_DELETED, Trigger.AGENT_LOST})
_SPEECH: Final = frozenset({bot_pb2.PARTICIPANT_EVENT_TYPE_SPEECH_START, bot_pb2.PARTICIPANT_EVENT_TYPE_SPEECH_STOP})
_LATEST_MS: Final = 253_402_300_799_999  # the year 9999: an agent may say anything, a column holds 64 bits
_TRANSCRIBING: Final = frozenset({TranscriptionState.IN_PROGRESS, TranscriptionState.FAILED})
_UNFINISHED: Final = frozenset({TranscriptionState.NOT_STARTED, *_TRANSCRIBING})
_UTTERANCE_ID_LENGTH: Final = len("utt_") + 16


class StoreReports(Op[int]):
    """Stores reports of one epoch, in order."""

    def __init__(self, bot_id: str, epoch: int, reports: Sequence[Report]) -> None:
        self.bot_ids = (bot_id,)
        self._epoch = epoch
        self._reports = reports

    def run(self, batch: Batch) -> int:
        """The number up to which they are stored. Raises NotFound, LeaseLost."""
        row = leases.held(batch.bot(self.bot_ids[0]), self._epoch)
        for report in self._reports:
            if report.number <= row.last_report_number:
                continue
            if report.number != row.last_report_number + 1:
                break
            row.last_report_number = report.number
            _STORE[report.WhichOneof("body")](batch, row, report)
        leases.renew(batch, row)
        return row.last_report_number


def _transition(batch: Batch, row: BotRow, report: Report) -> None:
    """Moves the bot; where the table has no such move (the user was quicker), nothing happens."""
    given = report.transition
    trigger = words.TRIGGER_OF.get(given.trigger)
    if trigger is None or trigger in _NOT_AN_AGENTS:
        return
    late_ms = _late_ms(batch, row, trigger, report)
    sub_type = fitting_sub_type(trigger, words.SUB_TYPE_OF.get(given.sub_type))
    page = given.page if given.HasField("page") else None
    try:
        moves.apply(batch, row, trigger, sub_type, detail=given.detail, late_ms=late_ms, page=page)
    except IllegalTransition:
        return


def _late_ms(batch: Batch, row: BotRow, trigger: Trigger, report: Report) -> int | None:
    """How late a scheduled bot goes in, and is in for the first time. By the worker's clock where that is not ahead of ours: the
    server may have been away meanwhile, and the meeting did not wait for it.
    """
    if trigger is Trigger.JOIN_REQUESTED or (trigger is Trigger.JOINED_MEETING and row.attempt == 1):
        return moves.late_ms(row, min(_observed_ms(batch, report) * 1000, batch.now_us))
    return None


def _participant(batch: Batch, row: BotRow, report: Report) -> None:
    speech = report.participant.event_type in _SPEECH
    event = batch.event(row, event_pb2.EVENT_KIND_SPEECH if speech else event_pb2.EVENT_KIND_PARTICIPANT)
    payload = event.speech if speech else event.participant
    payload.CopyFrom(report.participant)
    payload.id = new_id("pe")
    payload.timestamp_ms = payload.timestamp_ms or _observed_ms(batch, report)
    if payload.participant_uuid:
        batch.new.participants.append(
            {
                "bot_id": row.id,
                "uuid": indexable(payload.participant_uuid),
                "id": new_id("par"),
                "sequence": event.sequence,
                "name": storable(payload.participant_name),
                "user_uuid": storable(payload.participant_user_uuid) if payload.HasField("participant_user_uuid") else None,
                "is_host": payload.participant_is_host,
            }
        )
    if not speech or row.record_speech_events:
        batch.new.participant_events.append(
            {
                "bot_id": row.id,
                "sequence": event.sequence,
                "happened_us": max(0, min(payload.timestamp_ms, _LATEST_MS)) * 1000,
                "data": payload.SerializeToString(),
            }
        )


def _utterance(batch: Batch, row: BotRow, report: Report) -> None:
    """An agent's id is kept, for the partial and the final words of one utterance share it."""
    event = batch.event(row, event_pb2.EVENT_KIND_UTTERANCE)
    payload = event.utterance
    payload.CopyFrom(report.utterance)
    if not (payload.id.startswith("utt_") and len(payload.id) == _UTTERANCE_ID_LENGTH and payload.id[4:].isalnum()):
        payload.id = new_id("utt")
    payload.timestamp_ms = payload.timestamp_ms or _observed_ms(batch, report)
    utterances.add(batch, row, event.sequence, payload)


def _chat(batch: Batch, row: BotRow, report: Report) -> None:
    if row.state == BotState.JOINED_RECORDING_PAUSED and not row.record_chat_when_paused:
        return
    event = batch.event(row, event_pb2.EVENT_KIND_CHAT)
    payload = event.chat
    payload.CopyFrom(report.chat)
    payload.id = new_id("msg")
    payload.timestamp_ms = payload.timestamp_ms or _observed_ms(batch, report)
    payload.timestamp = payload.timestamp_ms // 1000
    batch.new.chat_messages.append(
        {"bot_id": row.id, "sequence": event.sequence, "created_us": batch.now_us, "data": payload.SerializeToString()}
    )


def _recording(batch: Batch, row: BotRow, report: Report) -> None:
    recordings.store_report(batch, row, report.recording)


def _transcription(batch: Batch, row: BotRow, report: Report) -> None:
    """It begins, or is in vain; that it is complete follows from the bot's own end. The event is a remark in the log."""
    state = words.TRANSCRIPTION_OF.get(report.transcription.state)
    if state not in _TRANSCRIBING or row.transcription_state not in _UNFINISHED:
        return
    if row.transcription_state != state:
        row.transcription_state = state.value
        row.changed()
    entry = batch.event(row, event_pb2.EVENT_KIND_LOG).log
    entry.level = event_pb2.LOG_LEVEL_INFO if state is TranscriptionState.IN_PROGRESS else event_pb2.LOG_LEVEL_WARNING
    entry.code = f"transcription_{state.value}"
    entry.message = report.transcription.detail
    batch.move(row)


def _capture_health(batch: Batch, row: BotRow, report: Report) -> None:
    recordings.mark_impaired(batch, row, report.capture_health)
    batch.event(row, event_pb2.EVENT_KIND_CAPTURE_HEALTH).capture_health.CopyFrom(report.capture_health)


def _log(batch: Batch, row: BotRow, report: Report) -> None:
    batch.event(row, event_pb2.EVENT_KIND_LOG).log.CopyFrom(report.log)


def _nothing(batch: Batch, row: BotRow, report: Report) -> None:
    """A body that this server does not know (a newer agent): its number counts, that is all."""


_STORE: Final[Mapping[Any, Callable[[Batch, BotRow, Report], None]]] = {
    "transition": _transition,
    "participant": _participant,
    "utterance": _utterance,
    "chat": _chat,
    "recording": _recording,
    "capture_health": _capture_health,
    "log": _log,
    "transcription": _transcription,
    None: _nothing,
}


def _observed_ms(batch: Batch, report: Report) -> int:
    """When it was observed by the worker's clock, or now where it does not say."""
    if report.HasField("observed_time"):
        return report.observed_time.seconds * 1000 + report.observed_time.nanos // 1_000_000
    return batch.now_us // 1000
