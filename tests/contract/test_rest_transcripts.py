"""Transcripts over HTTP, and data deleted for good."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from rollcall.v1 import agent_service_pb2, bot_pb2, event_pb2
from tests.contract.harness import PATIENCE_S, FakeAgent
from tests.contract.rest import Face, create

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEGAN_MS = 1_800_000_000_000


def said(speaker: str, text: str, at_ms: int, *, every_ms: int = 500, final: bool = True) -> event_pb2.Utterance:
    """Words of which one begins every so many milliseconds."""
    times = [at * every_ms / 1000 for at in range(len(text.split()))]
    return event_pb2.Utterance(
        speaker_name=speaker.title(),
        speaker_uuid=speaker,
        speaker_is_host=speaker == "ada",
        timestamp_ms=BEGAN_MS + at_ms,
        duration_ms=every_ms * len(times),
        transcript=text,
        final=final,
        words=[
            event_pb2.SpokenWord(word=word, start=start, end=start + every_ms / 1000)
            for word, start in zip(text.split(), times, strict=True)
        ],
    )


async def joined(served: Face, client: httpx.AsyncClient, *utterances: event_pb2.Utterance) -> tuple[str, FakeAgent]:
    """A bot in its meeting, and what was said there; its path and its agent."""
    bot_id = (await create(client))["id"]
    agent = FakeAgent(served.running, bot_id)
    await agent.join()
    number = 0
    for utterance in utterances:
        number = await agent.report(utterance=utterance)
    await agent.stored(number)
    return f"/api/v1/bots/{bot_id}", agent


async def transcript(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{path}/transcript", params=query)
    assert answer.status_code == 200, answer.text
    shown: list[dict[str, Any]] = answer.json()
    return shown


async def test_a_transcript_is_an_array_of_what_is_final(served: Face, client: httpx.AsyncClient) -> None:
    bare = event_pb2.Utterance(speaker_name="Ben", speaker_uuid="ben", transcript="Yes.", timestamp_ms=BEGAN_MS + 9, final=True)
    path, agent = await joined(served, client, said("ada", "not yet", 0, final=False), said("ada", "Well then.", 0), bare)
    shown = await transcript(client, path)
    assert shown == [
        {
            "speaker_name": "Ada",
            "speaker_uuid": "ada",
            "speaker_user_uuid": None,
            "speaker_is_host": True,
            "timestamp_ms": BEGAN_MS,
            "duration_ms": 1000,
            "transcription": {
                "transcript": "Well then.",
                "words": [{"word": "Well", "start": 0.0, "end": 0.5}, {"word": "then.", "start": 0.5, "end": 1.0}],
            },
        },
        {
            "speaker_name": "Ben",
            "speaker_uuid": "ben",
            "speaker_user_uuid": None,
            "speaker_is_host": False,
            "timestamp_ms": BEGAN_MS + 9,
            "duration_ms": 0,
            "transcription": {"transcript": "Yes."},
        },
    ]
    await agent.close()


async def test_turns_are_told_apart_where_that_is_asked(served: Face, client: httpx.AsyncClient) -> None:
    path, agent = await joined(served, client, said("ada", "I think that we should", 0), said("ben", "No!", 900))
    whole = [one["transcription"]["transcript"] for one in await transcript(client, path)]
    assert whole == ["I think that we should", "No!"]
    split = await transcript(client, path, split_on_turns="true")
    assert [(one["speaker_name"], one["transcription"]["transcript"]) for one in split] == [
        ("Ada", "I think"),
        ("Ben", "No!"),
        ("Ada", "that we should"),
    ]
    assert (split[2]["timestamp_ms"], split[2]["duration_ms"]) == (BEGAN_MS + 1000, 1500)
    assert split[2]["transcription"]["words"][0] == {"word": "that", "start": 0.0, "end": 0.5}
    await agent.close()


async def test_only_what_is_newer_is_read_where_that_is_asked(served: Face, client: httpx.AsyncClient) -> None:
    path, agent = await joined(served, client, said("ada", "early", 0))
    events = (await client.get(f"{path}/events", params={"kinds": "utterance"})).json()["results"]
    then = events[-1]["created_time"]
    assert await transcript(client, path, updated_after=then) == []
    await agent.stored(await agent.report(utterance=said("ada", "late", 10)))
    assert [one["transcription"]["transcript"] for one in await transcript(client, path, updated_after=then)] == ["late"]
    await agent.close()


async def test_transcribing_again_says_what_it_would_have_needed(client: httpx.AsyncClient) -> None:
    bot = await create(client)
    answer = await client.post(f"/api/v1/bots/{bot['id']}/transcript", json={"transcription_settings": {"local": {}}})
    assert answer.status_code == 400
    assert "record_async_transcription_audio_chunks" in answer.json()["error"]
    for method in ("GET", "POST", "DELETE"):
        answer = await client.request(method, "/api/v1/bots/bot_nope/transcript", json={} if method == "POST" else None)
        assert (answer.status_code, answer.json()) == (404, {"error": "Bot not found"})


async def test_a_deleted_transcript_is_gone_from_the_log_too(served: Face, client: httpx.AsyncClient) -> None:
    path, agent = await joined(served, client, said("ada", "perfectly secret", 0))
    answer = await client.delete(f"{path}/transcript")
    assert (answer.status_code, answer.content) == (200, b"")
    assert await transcript(client, path) == []
    assert "secret" not in (await client.get(f"{path}/events")).text
    assert (await client.get(path)).json()["state"] == "joined_recording"
    await agent.stored(await agent.report(utterance=said("ada", "goes on", 10)))
    assert len(await transcript(client, path)) == 1
    await agent.close()


async def _ended(served: Face, client: httpx.AsyncClient) -> tuple[str, FakeAgent, Path]:
    """A bot that has ended, with something secret in every place; its path, its agent, and its folder."""
    path, agent = await joined(served, client, said("ada", "perfectly secret", 0))
    folder = served.running.settings.media_dir / path.rpartition("/")[2]
    folder.mkdir(parents=True)
    (folder / "recording.mp4").write_bytes(b"secret film")
    join = bot_pb2.PARTICIPANT_EVENT_TYPE_JOIN
    await agent.report(
        participant=bot_pb2.ParticipantEvent(participant_uuid="u", participant_name="secret name", event_type=join)
    )
    await agent.report(chat=bot_pb2.ChatMessage(text="secret chat"))
    await agent.move("meeting_ended")
    file_path = f"{folder.name}/recording.mp4"
    report = agent_service_pb2.RecordingReport(state=bot_pb2.RECORDING_STATE_COMPLETE, file_path=file_path)
    await agent.report(recording=report)
    await agent.stored(await agent.move("post_processing_completed"))
    return path, agent, folder


async def test_deleted_data_are_gone_on_every_path(served: Face, client: httpx.AsyncClient) -> None:
    path, agent, folder = await _ended(served, client)
    link = (await client.get(f"{path}/recording")).json()["url"]
    media = served.url + "/media/" + link.rpartition("/media/")[2]
    assert (await client.get(media)).content == b"secret film"
    before = (await client.get(f"{path}/events", params={"after_sequence": 0})).json()["results"]

    answer = await client.post(f"{path}/delete_data", json={})
    assert (answer.status_code, answer.json()["state"]) == (200, "data_deleted"), answer.text
    assert not folder.exists()
    for word in ("participants", "participant_events", "chat_messages"):
        assert (await client.get(f"{path}/{word}")).json()["results"] == []
    assert await transcript(client, path) == []
    assert (await client.get(f"{path}/recording")).status_code == 404
    assert (await client.get(media)).status_code == 404
    assert (await client.get(path)).json()["state"] == "data_deleted"

    page = await client.get(f"{path}/events")
    assert "secret" not in page.text
    after = page.json()["results"]
    assert [(event["sequence"], event["kind"]) for event in after[:-1]] == [(one["sequence"], one["kind"]) for one in before]
    assert all(event["redacted"] for event in after)
    assert "redacted" not in before[0]
    streamed = await client.get(f"{path}/events", params={"after_sequence": 0}, headers={"Accept": "text/event-stream"})
    assert "secret" not in streamed.text
    assert streamed.text.count("\nevent: ") + streamed.text.startswith("event: ") >= len(after)
    assert "secret" not in (await client.get("/api/v1/events")).text

    async with asyncio.timeout(PATIENCE_S):  # who still ran the bot is told to forget it
        status = await agent.end()
    assert status is None or status.code == 10
    answer = await client.post(f"{path}/delete_data", json={})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Bot is in state data_deleted and cannot have its data deleted")
    await agent.close()


async def test_another_projects_data_cannot_be_deleted(served: Face, client: httpx.AsyncClient) -> None:
    path, agent, folder = await _ended(served, client)
    async with await served.project() as other:
        for method, word in (("POST", "delete_data"), ("DELETE", "transcript"), ("GET", "transcript")):
            answer = await other.request(method, f"{path}/{word}", json={} if method == "POST" else None)
            assert (answer.status_code, answer.json()) == (404, {"error": "Bot not found"})
    assert folder.exists()
    assert len(await transcript(client, path)) == 1
    await agent.close()


async def test_a_deletion_that_comes_again_gets_the_first_answer(served: Face, client: httpx.AsyncClient) -> None:
    path, agent, _ = await _ended(served, client)
    key = {"Idempotency-Key": "one"}
    first = await client.post(f"{path}/delete_data", json={}, headers=key)
    again = await client.post(f"{path}/delete_data", json={}, headers=key)
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (200, first.json())
    await agent.close()


async def test_the_transcriptions_state_is_what_the_agent_tells_and_is_complete_with_the_bot(
    served: Face, client: httpx.AsyncClient
) -> None:
    path, agent = await joined(served, client)

    async def state() -> str:
        return str((await client.get(path)).json()["transcription_state"])

    await agent.stored(await agent.move("recording_permission_granted"))
    assert await state() == "not_started", "a recording has no words yet"
    failed = agent_service_pb2.TranscriptionReport(state=bot_pb2.TRANSCRIPTION_STATE_FAILED, detail="There are none.")
    await agent.stored(await agent.report(transcription=failed))
    assert await state() == "failed"
    begun = agent_service_pb2.TranscriptionReport(state=bot_pb2.TRANSCRIPTION_STATE_IN_PROGRESS)
    await agent.stored(await agent.report(transcription=begun))
    assert await state() == "in_progress"
    codes = [one["log"]["code"] for one in (await client.get(f"{path}/events", params={"kinds": "log"})).json()["results"]]
    assert codes == ["transcription_failed", "transcription_in_progress"]
    await agent.stored(await agent.move("meeting_ended"))
    await agent.stored(await agent.move("post_processing_completed"))
    assert await state() == "complete"
    await agent.stored(await agent.report(transcription=failed))
    assert await state() == "complete"
