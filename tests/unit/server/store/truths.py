"""What is true of every bot and its log at any time, whatever was done and in what order."""

from __future__ import annotations

from dataclasses import replace

from rollcall.v1 import bot_pb2, event_pb2
from server.domain.state import (
    TERMINAL,
    BotState,
    RecordingState,
    Standing,
    SubType,
    Trigger,
    carries,
    move,
)
from server.store import BotRecord, StoredEvent
from server.store.records import task_of

DONE = {RecordingState.COMPLETE, RecordingState.FAILED}


def check_bot(bot: BotRecord, log: list[StoredEvent]) -> None:
    """The log has no gap, each event follows from the one before by the table, and the row is what they add up to."""
    events = [stored.message() for stored in log]
    assert [event.sequence for event in events] == list(range(1, bot.last_sequence + 1))
    assert all(event.bot_id == bot.id for event in events)
    standing = _fold(Standing(BotState.READY if bot.join_at_us is None else BotState.SCHEDULED), events)
    assert bot.standing == standing
    shown = bot_pb2.Bot.FromString(bot.state_events).events
    moved = [event for event in events if event.HasField("state")]
    assert [(one.type, one.sub_type, one.created_at) for one in shown] == [
        (event.state.type, event.state.sub_type, event.created_time) for event in moved
    ]
    epochs = [event.state.epoch for event in moved]
    assert epochs == sorted(epochs)
    assert not epochs or epochs[-1] <= bot.epoch
    waits = bot.state is BotState.FATAL_ERROR and bot.recording_state not in {RecordingState.NOT_STARTED, *DONE}
    assert bot.settled is (bot.state in TERMINAL and not waits and bot.worker_id is None)
    assert bot.wants_worker is (bot.worker_id is None and task_of(standing) is not None)
    assert (bot.worker_id is None) is (bot.lease_expires_us is None)
    _check_ends(log)


def _fold(standing: Standing, events: list[event_pb2.Event]) -> Standing:
    for event in events:
        if event.HasField("state"):
            standing = _moved(standing, event.state)
        elif event.HasField("recording"):
            name = bot_pb2.RecordingState.Name(event.recording.state)
            recording = RecordingState(name.removeprefix("RECORDING_STATE_").lower())
            assert recording is not RecordingState.NOT_STARTED or recording is standing.recording, "nothing is unmade"
            assert standing.recording is not RecordingState.FAILED or recording in DONE, "what is finished does not begin again"
            assert standing.recording is not RecordingState.COMPLETE or recording is standing.recording, "complete stays complete"
            standing = replace(standing, recording=recording)
    return standing


def _moved(before: Standing, change: event_pb2.StateChange) -> Standing:
    trigger = Trigger(bot_pb2.BotEventType.Name(change.type).removeprefix("BOT_EVENT_TYPE_").lower())
    sub_type = None
    if change.sub_type:
        sub_type = SubType(bot_pb2.BotEventSubType.Name(change.sub_type).removeprefix("BOT_EVENT_SUB_TYPE_").lower())
    assert carries(trigger, sub_type), (trigger, sub_type)
    assert before.state not in TERMINAL or trigger is Trigger.DATA_DELETED, "terminal is terminal"
    after = move(before, trigger, sub_type)
    assert bot_pb2.BotState.Name(change.old_state) == f"BOT_STATE_{before.state.name}"
    assert bot_pb2.BotState.Name(change.new_state) == f"BOT_STATE_{after.state.name}"
    assert bot_pb2.RecordingState.Name(change.recording_state) == f"RECORDING_STATE_{after.recording.name}"
    assert bot_pb2.TranscriptionState.Name(change.transcription_state) == f"TRANSCRIPTION_STATE_{after.transcription.name}"
    return after


def _check_ends(log: list[StoredEvent]) -> None:
    """After the event that is marked as the last one nothing happens to the bot but the deletion of its data."""
    final = next((at for at, stored in enumerate(log) if stored.final), len(log))
    for stored in log[final + 1 :]:
        assert stored.state == BotState.DATA_DELETED


def check_project(log: list[StoredEvent]) -> None:
    """Positions have no gap, and each bot's events stand in their own order."""
    assert [stored.position for stored in log] == list(range(1, len(log) + 1))
    for bot_id in {stored.bot_id for stored in log}:
        sequences = [stored.sequence for stored in log if stored.bot_id == bot_id]
        assert sequences == list(range(1, len(sequences) + 1))
