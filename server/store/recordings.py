"""What is told of a bot's recording: how far it is stands in the bot's row, its file in the table `recording`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rollcall.v1 import agent_service_pb2, event_pb2
from server.domain.ids import new_id
from server.domain.state import RecordingState
from server.store import words
from server.store.batch import Batch
from server.store.rows import BotRow
from server.store.texts import storable

_NEXT: Final[Mapping[RecordingState, frozenset[RecordingState]]] = {
    RecordingState.NOT_STARTED: frozenset(RecordingState),
    RecordingState.IN_PROGRESS: frozenset(RecordingState) - {RecordingState.NOT_STARTED},
    RecordingState.PAUSED: frozenset(RecordingState) - {RecordingState.NOT_STARTED},
    RecordingState.COMPLETE: frozenset(),
    RecordingState.FAILED: frozenset({RecordingState.COMPLETE}),
}
"""What a report can make of a recording: it does not go back to its beginning, and one that is finished does not begin again; a
failed one may yet be completed, a complete one stays so."""


def change(batch: Batch, row: BotRow, state: RecordingState, *, detail: str = "") -> None:
    """Notes a new state that no agent reported."""
    report = agent_service_pb2.RecordingReport(state=words.RECORDING[state.value], detail=detail)
    store_report(batch, row, report)


def store_report(batch: Batch, row: BotRow, report: agent_service_pb2.RecordingReport) -> None:
    """Takes a report in and adds its event."""
    state = words.RECORDING_OF.get(report.state)
    if state is not None and state != row.recording_state and state in _NEXT[RecordingState(row.recording_state)]:
        row.recording_state = state.value
        row.changed()
    row.recording_start_timestamp_ms = row.recording_start_timestamp_ms or report.start_timestamp_ms
    row.recording_impaired = row.recording_impaired or report.impaired
    batch.new.recordings.append(
        {
            "bot_id": row.id,
            "id": new_id("rec"),
            "file_path": storable(report.file_path) or None,
            "content_type": storable(report.content_type) or None,
            "duration_ms": report.duration_ms,
            "size_bytes": report.size_bytes,
        }
    )
    payload = batch.event(row, event_pb2.EVENT_KIND_RECORDING).recording
    payload.state = words.RECORDING[row.recording_state]
    payload.detail = report.detail
    payload.start_timestamp_ms = row.recording_start_timestamp_ms
    payload.duration_ms = report.duration_ms
    payload.size_bytes = report.size_bytes
    payload.impaired = row.recording_impaired
    batch.move(row)


def mark_impaired(batch: Batch, row: BotRow, health: event_pb2.CaptureHealth) -> None:
    """Marks the recording once the capture was found silent or black while people spoke, or not coming at all."""
    bad = (event_pb2.CAPTURE_CONDITION_SILENT, event_pb2.CAPTURE_CONDITION_BLACK, event_pb2.CAPTURE_CONDITION_STALLED)
    if health.condition in bad and not row.recording_impaired:
        row.recording_impaired = True
        batch.move(row)
