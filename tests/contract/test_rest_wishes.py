"""What is wished of a bot in its meeting, over HTTP and on to its agent."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_output_pb2, bot_pb2, bot_settings_pb2
from tests.contract.harness import PATIENCE_S, FakeAgent, until
from tests.contract.rest import Face, create

pytestmark = pytest.mark.asyncio(loop_scope="module")

MP3 = b"ID3\x04\x00" + bytes(200)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
SOUND = {"type": "audio/mp3", "data": base64.b64encode(MP3).decode()}
PICTURE = {"type": "image/png", "data": base64.b64encode(PNG).decode()}
FILM = {"url": "https://example.com/a.mp4", "loop": True}
GOOGLE = {"google": {"voice_language_code": "en-US"}}
SPEECH = {"text": "hi", "text_to_speech_settings": GOOGLE}


@asynccontextmanager
async def attended(served: Face, client: httpx.AsyncClient) -> AsyncIterator[tuple[str, FakeAgent]]:
    """A bot in its meeting, recording; its path and its agent."""
    bot_id = (await create(client))["id"]
    one = FakeAgent(served.running, bot_id)
    try:
        await one.join()
        yield f"/api/v1/bots/{bot_id}", one
    finally:
        await one.close()


async def _last_wish(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    pages = await client.get(f"{path}/events", params={"kinds": "media_request"})
    wish: dict[str, Any] = pages.json()["results"][-1]["media_request"]
    return wish


async def test_the_state_follows_a_pause_once_the_agent_has_paused(served: Face, client: httpx.AsyncClient) -> None:
    async with attended(served, client) as (path, one):
        answer = await client.post(f"{path}/pause_recording", json={})
        assert (answer.status_code, answer.json()["state"]) == (200, "joined_recording")
        command = await one.command("pause_recording")
        await one.say(result=agent.CommandResult(command_id=command.command_id, done=True))
        await one.stored(await one.move("recording_paused"))
        bot = (await client.get(path)).json()
        assert (bot["state"], bot["recording_state"]) == ("joined_recording_paused", "paused")
        answer = await client.post(f"{path}/pause_recording", json={})
        assert answer.json() == {"error": "Bot is in state joined_recording_paused and cannot pause recording"}

        answer = await client.post(f"{path}/resume_recording", json={})
        assert (answer.status_code, answer.json()["state"]) == (200, "joined_recording_paused")
        await one.command("resume_recording")
        await one.stored(await one.move("recording_resumed"))
        assert (await client.get(path)).json()["state"] == "joined_recording"
        answer = await client.post(f"{path}/resume_recording", json={})
        assert answer.json() == {"error": "Bot is in state joined_recording and cannot resume recording"}


async def test_what_is_to_be_played_and_shown_reaches_the_agent_whole(served: Face, client: httpx.AsyncClient) -> None:
    async with attended(served, client) as (path, one):
        for word, body in (("output_audio", SOUND), ("output_image", PICTURE), ("output_video", FILM)):
            answer = await client.post(f"{path}/{word}", json=body)
            assert (answer.status_code, answer.content) == (200, b""), answer.text
            assert (await _last_wish(client, path))["action"] == word
        sound = (await one.command("output_audio")).output_audio
        assert (sound.type, sound.data) == (bot_output_pb2.AUDIO_TYPE_MP3, MP3)
        image = (await one.command("output_image")).output_image.image
        assert (image.type, image.data) == (bot_settings_pb2.IMAGE_TYPE_PNG, PNG)
        command = await one.command("output_video")
        assert command.output_video == agent.OutputVideoCommand(url=FILM["url"], loop=True)
        await one.say(result=agent.CommandResult(command_id=command.command_id, done=True))
        async with asyncio.timeout(PATIENCE_S):
            while (await _last_wish(client, path))["state"] != "done":
                pass


async def test_ten_mebibytes_reach_the_agent_and_are_in_no_event(served: Face, client: httpx.AsyncClient) -> None:
    async with attended(served, client) as (path, one):
        big = MP3 + b"\xaa" * (10 * 1024 * 1024 - len(MP3))
        answer = await client.post(f"{path}/output_audio", json={**SOUND, "data": base64.b64encode(big).decode()})
        assert answer.status_code == 200, answer.text
        assert (await one.command("output_audio")).output_audio.data == big
        assert len((await client.get(f"{path}/events")).content) < 10_000
        answer = await client.post(f"{path}/output_audio", json={**SOUND, "data": base64.b64encode(big + b"x").decode()})
        assert answer.status_code == 400
        assert "10,240 KiB" in answer.json()["error"]


async def test_a_wish_whose_worker_died_goes_to_the_next_one(served: Face, client: httpx.AsyncClient) -> None:
    async with attended(served, client) as (path, one):
        await client.post(f"{path}/output_audio", json=SOUND)
        told = await one.command("output_audio")
        await one.close()
        await client.post(f"{path}/output_image", json=PICTURE)
        async with asyncio.timeout(PATIENCE_S):
            while (await client.get(path)).json()["state"] != "joining":  # noqa: ASYNC110 - as its owner sees it
                await asyncio.sleep(0.05)
        next_one = FakeAgent(served.running, one.bot_id, "worker_2")
        await next_one.join()
        assert await next_one.command("output_audio") == told
        assert (await next_one.command("output_image")).output_image.image.data == PNG
        await next_one.close()


@pytest.mark.parametrize(
    ("word", "body", "expected"),
    [
        ("output_audio", {"type": "audio/mp3"}, {"error"}),
        ("output_audio", {"type": "audio/mp3", "data": None}, {"error"}),
        ("output_audio", {**SOUND, "data": "aGVsbG8="}, {"error"}),
        ("output_image", {}, {"type", "data"}),
        ("output_image", {"type": "image/gif", "data": "!"}, {"type", "data"}),
        ("output_image", {**PICTURE, "data": "aGVsbG8="}, {"non_field_errors"}),
        ("output_image", {**PICTURE, "type": "image/jpeg"}, {"non_field_errors"}),
        ("output_video", {"url": "nonsense"}, {"url"}),
        ("output_video", {"url": "https://x.com:nine/a.mp4"}, {"url"}),
        ("output_video", {"url": "https://x.com/a b.mp4"}, {"url"}),
        ("output_video", {"url": "https://x.com/" + "a" * 2048 + ".mp4"}, {"url"}),
        ("output_video", {**FILM, "loop": "yes"}, {"loop"}),
        ("speech", {"text": "x" * 5001, "text_to_speech_settings": {}}, {"text", "text_to_speech_settings"}),
        ("speech", SPEECH, {"error"}),
    ],
)
async def test_what_cannot_be_played_is_refused_by_name(
    served: Face, client: httpx.AsyncClient, word: str, body: dict[str, Any], expected: set[str]
) -> None:
    async with attended(served, client) as (path, one):
        answer = await client.post(f"{path}/{word}", json=body)
        assert (answer.status_code, set(answer.json())) == (400, expected), answer.text
        assert one.commands == []


@pytest.mark.parametrize(("to", "user_uuid"), [("everyone", ""), ("specific_user", "u1"), ("everyone_but_host", "")])
async def test_chat_reaches_the_agent_with_whom_it_is_for(
    served: Face, client: httpx.AsyncClient, to: str, user_uuid: str
) -> None:
    async with attended(served, client) as (path, one):
        body = {"message": "hi", "to": to} | ({"to_user_uuid": user_uuid} if user_uuid else {})
        answer = await client.post(f"{path}/send_chat_message", json=body)
        assert (answer.status_code, answer.content) == (200, b"")
        said = (await one.command("send_chat")).send_chat
        assert (said.message, said.to_user_uuid) == ("hi", user_uuid)
        assert said.to == bot_pb2.ChatMessageTo.Value(f"CHAT_MESSAGE_TO_{to.upper()}")


async def test_a_film_may_have_a_query(served: Face, client: httpx.AsyncClient) -> None:
    async with attended(served, client) as (path, _):
        assert (await client.post(f"{path}/output_video", json={"url": "https://x.com/A.MP4?sig=1"})).status_code == 200


async def test_speech_says_which_setting_it_would_need(served: Face, client: httpx.AsyncClient) -> None:
    async with attended(served, client) as (path, _):
        answer = await client.post(f"{path}/speech", json=SPEECH)
        assert "ROLLCALL_GOOGLE_TTS_CREDENTIALS" in answer.json()["error"]


@pytest.mark.parametrize("body", [{}, {"type": "image/gif", "data": "!"}, PICTURE])
async def test_a_picture_for_a_bot_on_its_way_is_refused_for_its_state_alone(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    bot = await create(client)
    answer = await client.post(f"/api/v1/bots/{bot['id']}/output_image", json=body)
    assert answer.json() == {"error": "Bot is in state joining and cannot play media"}


@pytest.mark.parametrize("word", ["output_audio", "output_image", "output_video", "speech", "send_chat_message"])
@pytest.mark.parametrize("body", [{}, {"data": "!", "text": 1, "url": 2, "message": 3}])
async def test_a_bot_that_is_not_there_is_told_before_what_is_wrong_with_the_body(
    client: httpx.AsyncClient, word: str, body: dict[str, Any]
) -> None:
    answer = await client.post(f"/api/v1/bots/bot_nope/{word}", json=body)
    assert (answer.status_code, answer.json()) == (404, {"error": "Bot not found"})


async def test_unknown_fields_are_passed_over_only_where_nothing_is_asked_for(served: Face, client: httpx.AsyncClient) -> None:
    async with attended(served, client) as (path, one):
        assert (await client.post(f"{path}/pause_recording", json={"foo": 1})).status_code == 200
        await until(lambda: one.commands)
        answer = await client.post(f"{path}/output_video", json={**FILM, "muted": True})
        assert (answer.status_code, set(answer.json())) == (400, {"non_field_errors"})
