"""`rollcall bots …`: what a person types reaches the service, and is shown for people."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2
from typer.testing import CliRunner

from rollcall.cli.app import app
from rollcall.cli.terminal import UserError, explain
from rollcall.fake_transport import FakeTransport
from rollcall.v1 import bot_output_pb2 as out
from rollcall.v1 import bot_pb2, bot_settings_pb2, bot_transcript_pb2
from rollcall.v1 import bot_service_pb2 as bots
from rollcall.v1 import bot_update_pb2 as changes
from tests.unit.gateway.statuses import refused
from tests.unit.rollcall.grpc_fake import served

BOTS = "/rollcall.v1.BotService/"
BOT = bot_pb2.Bot(id="bot_1", state=bot_pb2.BOT_STATE_JOINED_RECORDING)
ANSWERS: dict[str, Message] = {
    "UpdateBot": changes.UpdateBotResponse(bot=BOT),
    "DeleteBot": changes.DeleteBotResponse(),
    "DeleteBotData": changes.DeleteBotDataResponse(bot=BOT),
    "PauseRecording": bots.PauseRecordingResponse(bot=BOT),
    "ResumeRecording": bots.ResumeRecordingResponse(bot=BOT),
    "SendChatMessage": bots.SendChatMessageResponse(),
    "OutputAudio": out.OutputAudioResponse(),
    "OutputImage": out.OutputImageResponse(),
    "GetTranscript": bot_transcript_pb2.GetTranscriptResponse(
        utterances=[
            bot_transcript_pb2.TranscriptUtterance(
                speaker_name="A\x1bda",
                timestamp_ms=3_723_000,
                transcription=bot_transcript_pb2.Transcription(transcript="Well\x07 then."),
            )
        ]
    ),
}


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeTransport]:
    fake = FakeTransport()
    for name, answer in ANSWERS.items():
        fake.answers[BOTS + name] = lambda _request, _metadata, answer=answer: answer  # type: ignore[misc]
    async with served(fake) as port:
        monkeypatch.setenv("ROLLCALL_SERVER_ADDRESS", f"127.0.0.1:{port}")
        monkeypatch.setenv("ROLLCALL_API_KEY", "my-key")
        yield fake


async def run(*words: str, says: str = "") -> str:
    """What is printed. Raises UserError with what a person is told instead."""

    def invoke() -> str:
        answer = CliRunner().invoke(app, ["bots", *words], input=says)
        if isinstance(answer.exception, Exception):
            raise explain(answer.exception) or answer.exception
        assert answer.exit_code == 0, answer.output
        return answer.stdout

    return await asyncio.to_thread(invoke)


async def test_a_change_is_sent_as_it_was_typed(fake: FakeTransport) -> None:
    body = {
        "bot_name": "Scribe",
        "join_at": "2027-01-01T00:00:00Z",
        "metadata": {"a": "b"},
        "recording_settings": {"format": "mp3"},
    }
    shown = json.loads(await run("update", "bot_1", json.dumps(body)))
    assert (shown["id"], shown["state"]) == ("bot_1", "joined_recording")
    request: Any = fake.asked[-1].request
    assert (request.bot_id, request.bot_name, request.join_at.seconds) == ("bot_1", "Scribe", 1798761600)
    assert dict(request.metadata) == {"a": "b"}
    assert request.recording_settings == bot_settings_pb2.RecordingSettings(format=bot_settings_pb2.RECORDING_FORMAT_MP3)


@pytest.mark.parametrize("settings", ["{", '{"bot_nmae": "x"}', '{"join_at": "soon"}'])
async def test_a_slip_in_what_was_typed_is_told_before_anything_is_asked(fake: FakeTransport, settings: str) -> None:
    with pytest.raises(UserError, match="SETTINGS is not right"):
        await run("update", "bot_1", settings)
    assert fake.asked == []


@pytest.mark.parametrize(
    ("words", "method", "told"),
    [
        (("cancel", "bot_1"), "DeleteBot", "bot_1 is gone"),
        (("pause", "bot_1"), "PauseRecording", "on its way"),
        (("resume", "bot_1"), "ResumeRecording", "on its way"),
        (("say", "bot_1", "hello"), "SendChatMessage", "on its way"),
        (("delete-data", "bot_1", "--yes"), "DeleteBotData", '"id": "bot_1"'),
    ],
)
async def test_each_word_is_one_call(fake: FakeTransport, words: tuple[str, ...], method: str, told: str) -> None:
    assert told in await run(*words)
    assert [asked.method for asked in fake.asked] == [BOTS + method]
    request: Any = fake.asked[0].request
    assert request.bot_id == "bot_1"
    assert fake.asked[0].metadata["authorization"] == "Token my-key"


async def test_a_message_may_be_for_one_person(fake: FakeTransport) -> None:
    await run("say", "bot_1", "hello", "--to", "u1")
    request: Any = fake.asked[0].request
    assert (request.message, request.to, request.to_user_uuid) == ("hello", bot_pb2.CHAT_MESSAGE_TO_SPECIFIC_USER, "u1")


async def test_files_are_sent_whole_and_pictures_by_what_they_are(fake: FakeTransport, tmp_path: Path) -> None:
    for word, data in (("play", b"ID3 sound"), ("show", b"\x89PNG picture"), ("show", b"\xff\xd8\xff picture")):
        (tmp_path / "file").write_bytes(data)
        await run(word, "bot_1", str(tmp_path / "file"))
    asked: list[Any] = [asked.request for asked in fake.asked]
    assert [request.data for request in asked] == [b"ID3 sound", b"\x89PNG picture", b"\xff\xd8\xff picture"]
    assert [request.type for request in asked] == [
        out.AUDIO_TYPE_MP3,
        bot_settings_pb2.IMAGE_TYPE_PNG,
        bot_settings_pb2.IMAGE_TYPE_JPEG,
    ]
    with pytest.raises(UserError, match="cannot be read"):
        await run("play", "bot_1", str(tmp_path / "nothing"))


async def test_a_transcript_cannot_steer_the_terminal(fake: FakeTransport) -> None:
    assert await run("transcript", "bot_1", "--turns") == "01:02:03  A\ufffdda: Well\ufffd then.\n"
    request: Any = fake.asked[0].request
    assert request.split_on_turns
    shown = json.loads(await run("transcript", "bot_1", "--json"))
    assert shown[0]["transcription"] == {"transcript": "Well\x07 then."}


async def test_nothing_is_deleted_for_good_unless_it_was_meant(fake: FakeTransport) -> None:
    with pytest.raises(UserError, match="nothing was deleted"):
        await run("delete-data", "bot_1", says="n\n")
    assert fake.asked == []
    await run("delete-data", "bot_1", says="y\n")
    assert len(fake.asked) == 1


async def test_a_refusal_is_told_in_the_services_own_words(fake: FakeTransport) -> None:
    def refuse(_request: Message, _metadata: dict[str, str]) -> Message:
        raise refused(code_pb2.FAILED_PRECONDITION, "Bot is in state joining and cannot pause recording")

    fake.answers[BOTS + "PauseRecording"] = refuse
    with pytest.raises(UserError, match="cannot pause recording"):
        await run("pause", "bot_1")
