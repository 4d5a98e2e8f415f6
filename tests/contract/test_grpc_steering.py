"""Bots changed, asked for things and emptied, over gRPC and within the process: codes, reasons and violations."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status

from rollcall.transport import CallError, Transport
from rollcall.v1 import bot_output_pb2 as out
from rollcall.v1 import bot_settings_pb2
from rollcall.v1 import bot_update_pb2 as up
from rollcall.v1.bot_service_pb2 import PauseRecordingRequest, ResumeRecordingRequest
from rollcall.v1.bot_transcript_pb2 import CreateTranscriptRequest, GetTranscriptRequest
from tests.contract.harness import BOTS, FakeAgent, Running, info_of, violations_of

JOINED = {
    "joined_not_recording",
    "joined_recording",
    "joined_recording_paused",
    "joined_recording_permission_denied",
}
SPEECH = out.TextToSpeechSettings(google=out.GoogleTextToSpeech(voice_language_code="en-US"))
IMAGE = {"type": bot_settings_pb2.IMAGE_TYPE_PNG, "data": b"\x89PNG\r\n\x1a\n"}


async def refusal(caller: Transport, running: Running, method: str, request: Message) -> Status:
    with pytest.raises(CallError) as caught:
        await caller.unary(BOTS + method, request, running.auth)
    return caught.value.status


@pytest.mark.parametrize(
    ("method", "request_", "told"),
    [
        ("PauseRecording", PauseRecordingRequest(), ("pause recording", {"joined_recording"})),
        ("ResumeRecording", ResumeRecordingRequest(), ("resume recording", {"joined_recording_paused"})),
        ("OutputAudio", out.OutputAudioRequest(type=out.AUDIO_TYPE_MP3, data=b"ID3"), ("play media", JOINED)),
        ("OutputImage", out.OutputImageRequest(**IMAGE), ("play media", JOINED)),  # type: ignore[arg-type]
        ("OutputVideo", out.OutputVideoRequest(url="https://x.com/a.mp4"), ("play media", JOINED)),
        ("Speech", out.SpeechRequest(text="hi", text_to_speech_settings=SPEECH), ("play media", JOINED)),
        ("UpdateVoiceAgentSettings", up.UpdateVoiceAgentSettingsRequest(), ("update voice agent settings", JOINED)),
        ("UpdateBot", up.UpdateBotRequest(bot_name="x"), ("change its bot_name; that is possible only while", {"scheduled"})),
        ("DeleteBot", up.DeleteBotRequest(), ("be deleted; that is possible only while", {"scheduled"})),
        ("DeleteBotData", up.DeleteBotDataRequest(), ("have its data deleted", {"ended", "fatal_error"})),
    ],
)
async def test_a_state_that_does_not_allow_it_is_told_with_those_that_would(
    caller: Transport, running: Running, method: str, request_: Any, told: tuple[str, set[str]]
) -> None:
    words, allowed = told
    request_.bot_id = (await running.create()).id
    status = await refusal(caller, running, method, request_)
    assert status.code == code_pb2.FAILED_PRECONDITION
    assert status.message.startswith(f"Bot is in state joining and cannot {words}")
    info = info_of(status)
    assert (info.reason, info.metadata["state"]) == ("ILLEGAL_STATE", "joining")
    assert set(info.metadata["allowed_states"].split(",")) == allowed


@pytest.mark.parametrize(
    ("method", "request_", "fields"),
    [
        ("OutputAudio", out.OutputAudioRequest(), {"type", "data"}),
        ("OutputAudio", out.OutputAudioRequest(type=9, data=bytes(10 * 1024 * 1024 + 1)), {"type", "data"}),  # type: ignore[arg-type]
        ("OutputVideo", out.OutputVideoRequest(url="ftp://x.com/a.mp4"), {"url"}),
        ("Speech", out.SpeechRequest(), {"text", "text_to_speech_settings"}),
        (
            "Speech",
            out.SpeechRequest(text="hi", text_to_speech_settings=out.TextToSpeechSettings()),
            {"text_to_speech_settings.google"},
        ),
        ("UpdateBot", up.UpdateBotRequest(bot_name="", meeting_url="nonsense"), {"bot_name", "meeting_url"}),
        ("UpdateBot", up.UpdateBotRequest(metadata={"k": "v" * 1000}), {"metadata"}),
    ],
)
async def test_all_that_is_wrong_is_told_at_once_by_path(
    caller: Transport, running: Running, method: str, request_: Any, fields: set[str]
) -> None:
    request_.bot_id = (await running.create()).id
    status = await refusal(caller, running, method, request_)
    assert status.code == code_pb2.INVALID_ARGUMENT
    assert violations_of(status).keys() == fields
    request_.bot_id = "bot_nope"
    assert (await refusal(caller, running, method, request_)).code == code_pb2.NOT_FOUND


async def test_what_is_not_there_yet_says_so_by_its_reason(caller: Transport, running: Running) -> None:
    bot = await running.create()
    transcribe = CreateTranscriptRequest(bot_id=bot.id)
    assert info_of(await refusal(caller, running, "CreateTranscript", transcribe)).reason == "AUDIO_CHUNKS_NOT_RECORDED"
    admit = up.AdmitFromWaitingRoomRequest(bot_id=bot.id)
    assert info_of(await refusal(caller, running, "AdmitFromWaitingRoom", admit)).reason == "NOT_SUPPORTED"
    later = GetTranscriptRequest(bot_id=bot.id, async_transcription_id="tran_0123456789abcdef")
    status = await refusal(caller, running, "GetTranscript", later)
    assert (status.code, info_of(status).metadata["kind"]) == (code_pb2.NOT_FOUND, "async transcription")
    agent = FakeAgent(running, bot.id)
    await agent.join()
    speech = out.SpeechRequest(bot_id=bot.id, text="hi", text_to_speech_settings=SPEECH)
    assert info_of(await refusal(caller, running, "Speech", speech)).reason == "NOT_AVAILABLE"
    await agent.close()
