"""Handlers of BotService for what was said, and for deleting what a bot knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from rollcall.v1 import bot_transcript_pb2 as pb
from rollcall.v1 import bot_update_pb2 as up
from rollcall.v1.event_pb2 import SpokenWord, Utterance
from server.domain.errors import DomainError, Unfulfilled
from server.domain.turns import Piece, Said, in_turns
from server.purger import Purger
from server.rpc.auth import Caller
from server.rpc.convert import bot_message, time_us
from server.store import BotRecord, Store

_log = structlog.get_logger(__name__)

_NO_CHUNKS = (
    "Cannot transcribe the recording again: recording_settings.record_async_transcription_audio_chunks was not enabled when the "
    "bot was created. Enable it for the next one, where the server offers it."
)


@dataclass(slots=True)
class Transcripts:
    """Handlers."""

    store: Store
    purger: Purger

    async def get_transcript(self, request: pb.GetTranscriptRequest, caller: Caller) -> pb.GetTranscriptResponse:
        """Raises NotFound, also for a transcription that is not there."""
        said = await self.store.read_transcript(
            caller.project_id,
            request.bot_id,
            transcription_id=request.async_transcription_id if request.HasField("async_transcription_id") else None,
            updated_after_us=time_us(request.updated_after) if request.HasField("updated_after") else None,
        )
        shown = _in_turns(said) if request.split_on_turns else map(_shown, said)
        return pb.GetTranscriptResponse(utterances=shown)

    async def create_transcript(self, request: pb.CreateTranscriptRequest, caller: Caller) -> pb.CreateTranscriptResponse:
        """Raises Unfulfilled: no bot has kept what it would be made of (availability.py refuses that at creation)."""
        await self.store.get_bot(caller.project_id, request.bot_id)
        raise Unfulfilled("AUDIO_CHUNKS_NOT_RECORDED", _NO_CHUNKS)

    async def delete_transcript(self, request: pb.DeleteTranscriptRequest, caller: Caller) -> pb.DeleteTranscriptResponse:
        """Raises NotFound."""
        await self.store.purges.delete_transcript(caller.project_id, request.bot_id)
        await self._purge(request.bot_id)
        return pb.DeleteTranscriptResponse()

    async def delete_bot_data(self, request: up.DeleteBotDataRequest, caller: Caller) -> up.DeleteBotDataResponse:
        """Raises NotFound, Changed, IllegalTransition."""
        record = await self.store.purges.delete_data(
            caller.project_id, request.bot_id, etag=request.etag or None, once=caller.once(_deleted)
        )
        await self._purge(record.id)
        return _deleted(record)

    async def _purge(self, bot_id: str) -> None:
        """At once, so that all is gone when the caller hears of it. Should that fail, it is noted and will be done."""
        try:
            await self.purger.purge(bot_id)
        except DomainError as error:
            _log.warning("purge_put_off", bot_id=bot_id, reason=error.reason)


def _deleted(record: BotRecord) -> up.DeleteBotDataResponse:
    return up.DeleteBotDataResponse(bot=bot_message(record))


def _shown(utterance: Utterance) -> pb.TranscriptUtterance:
    return _as_shown(utterance, utterance.timestamp_ms, utterance.duration_ms, utterance.transcript, utterance.words)


def _as_shown(
    utterance: Utterance, timestamp_ms: int, duration_ms: int, transcript: str, words: Iterable[SpokenWord]
) -> pb.TranscriptUtterance:
    return pb.TranscriptUtterance(
        speaker_name=utterance.speaker_name,
        speaker_uuid=utterance.speaker_uuid,
        speaker_user_uuid=utterance.speaker_user_uuid if utterance.HasField("speaker_user_uuid") else None,
        speaker_is_host=utterance.speaker_is_host,
        timestamp_ms=timestamp_ms,
        duration_ms=duration_ms,
        transcription=pb.Transcription(transcript=transcript, words=words),
    )


def _in_turns(said: Sequence[Utterance]) -> Iterable[pb.TranscriptUtterance]:
    def start_ms(utterance: Utterance, word: SpokenWord) -> int:
        return utterance.timestamp_ms + round(word.start * 1000)

    turns = in_turns([Said(one.speaker_uuid, one.timestamp_ms, tuple(start_ms(one, word) for word in one.words)) for one in said])
    return [_piece(said[piece.place], piece) for piece in turns]


def _piece(utterance: Utterance, piece: Piece) -> pb.TranscriptUtterance:
    """Some words of an utterance, their times counted from the first of them."""
    words = utterance.words[piece.first : piece.last]
    if len(words) == len(utterance.words):
        return _shown(utterance)
    offset = words[0].start
    moved = [SpokenWord(word=word.word, start=word.start - offset, end=word.end - offset) for word in words]
    text = " ".join(word.word for word in words)
    return _as_shown(utterance, piece.start_ms, round(moved[-1].end * 1000), text, moved)
