"""docs/api.md is true: each request on it is sent to a server, and answered with the status, keys and types that stand there."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from gateway import contract, examples
from rollcall.v1 import agent_service_pb2, bot_pb2
from rollcall.v1.bot_service_pb2 import CreateBotRequest
from rollcall.v1.event_pb2 import Utterance
from server.rpc.availability import NOT_AVAILABLE
from tests.contract.harness import MEET, FakeAgent
from tests.contract.rest import Face, face
from tests.contract.things import KINDS, Tenant
from tests.tables import ROOT
from tools.write_fields import fields

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^### (?P<verb>[A-Z]+) `(?P<template>\S+)`\n\n\*\*(?P<name>\w+)\.\*\*(?:(?!^### ).)*?"
    r"```http\n[A-Z]+ \S+(?:\n\n(?P<body>.*?))?\n```\n\nAnswer: `(?P<status>\d+)`(?:\n\n```json\n(?P<answer>.*?)\n```)?",
    re.MULTILINE | re.DOTALL,
)
ADMIN = {"CreateProject", "ListProjects", "UpdateProject", "CreateKey", "ListKeys", "GetKey", "RevokeKey", "ListAuditEntries"}
TEXTS = {"metadata", "additional_data", "event_data", "details"}
"""Objects whose keys are the caller's own."""


class Example(NamedTuple):
    """What stands on the page of one RPC."""

    verb: str
    template: str
    name: str
    body: str | None
    status: str
    answer: str | None


EXAMPLES = [Example(*found.groups()) for found in BLOCK.finditer(PAGE)]


class Scene:
    """A project in which there is one of everything, and a bot in the state that a call is about."""

    def __init__(self, served: Face, tenant: Tenant) -> None:
        self.served = served
        self.tenant = tenant
        self.client = served.client(tenant.key)
        self.agents: list[FakeAgent] = []

    async def close(self) -> None:
        await self.client.aclose()
        for agent in self.agents:
            await agent.close()

    async def in_meeting(self) -> str:
        """A bot that records, hears, and has company."""
        bot_id = await self.tenant.bot()
        agent = FakeAgent(self.served.running, bot_id)
        self.agents.append(agent)
        await agent.join()
        uuid, at = "u", 1_800_262_800_000
        await agent.report(
            participant=bot_pb2.ParticipantEvent(
                participant_uuid=uuid,
                participant_name="Ada",
                event_type=bot_pb2.PARTICIPANT_EVENT_TYPE_JOIN,
                timestamp_ms=at,
            )
        )
        await agent.report(chat=bot_pb2.ChatMessage(text="Hello", sender_name="Ada", sender_uuid=uuid, timestamp_ms=at))
        said = Utterance(
            speaker_name="Ada", speaker_uuid=uuid, transcript="Good morning.", timestamp_ms=at, duration_ms=9, final=True
        )
        await agent.stored(await agent.report(utterance=said))
        return bot_id

    async def paused(self) -> str:
        bot_id = await self.in_meeting()
        await self.agents[-1].stored(await self.agents[-1].move("recording_paused"))
        return bot_id

    async def recorded(self) -> str:
        bot_id = await self.in_meeting()
        folder = self.served.running.settings.media_dir / bot_id
        folder.mkdir(parents=True)
        (folder / "recording.mp4").write_bytes(b"x")
        report = agent_service_pb2.RecordingReport(
            state=bot_pb2.RECORDING_STATE_COMPLETE, file_path=f"{bot_id}/recording.mp4", start_timestamp_ms=1_800_262_800_000
        )
        await self.agents[-1].stored(await self.agents[-1].report(recording=report))
        return bot_id

    async def ended(self) -> str:
        bot_id = await self.in_meeting()
        await self.agents[-1].move("meeting_ended")
        await self.agents[-1].stored(await self.agents[-1].move("post_processing_completed"))
        return bot_id

    async def scheduled(self) -> str:
        body = {"meeting_url": MEET, "bot_name": "B", "join_at": "2027-01-18T09:00:00Z"}
        return str((await self.client.post("/api/v1/bots", json=body)).json()["id"])

    async def place(self, example: Example) -> str:
        """The example's path with the ids of things that are there."""
        path = example.template
        for name in re.findall(r"\{(\w+)\}", path):
            make = BOTS.get(example.name, Scene.in_meeting)
            found = await make(self) if name == "bot_id" else await self.tenant.thing(name)
            path = path.replace(f"{{{name}}}", found)
        return path


BOTS: dict[str, Callable[[Scene], Awaitable[str]]] = {
    "UpdateBot": Scene.scheduled,
    "DeleteBot": Scene.scheduled,
    "DeleteBotData": Scene.ended,
    "ResumeRecording": Scene.paused,
    "GetRecording": Scene.recorded,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with face("in_process", tmp_path_factory.mktemp("page")) as served:
        one = Scene(served, await Tenant.make(served.running, "page"))
        for kind in KINDS:
            await one.tenant.thing(kind)
        yield one
        await one.close()


async def test_every_path_that_is_not_followed_has_an_example() -> None:
    headings = re.findall(r"^### ([A-Z]+ `/\S+`)$", PAGE, re.MULTILINE)
    assert sorted(f"{one.verb} `{one.template}`" for one in EXAMPLES) == sorted({*headings})
    assert len(EXAMPLES) > 50


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
async def test_the_example_is_answered_as_the_page_says(scene: Scene, example: Example) -> None:
    token = (scene.served.running.settings.data_dir / "admin_token").read_text().strip()
    headers = {"Authorization": f"Token {token}"} if example.name in ADMIN else {}
    body = {"json": json.loads(example.body)} if example.body else {}
    answer = await scene.client.request(example.verb, await scene.place(example), headers=headers, **body)
    assert str(answer.status_code) == example.status, answer.text
    assert bool(answer.content) == (example.answer is not None)
    if example.answer is not None:
        assert differences(json.loads(example.answer), answer.json()) == []


def differences(written: Any, found: Any, where: str = "answer") -> list[str]:
    """Other keys or another JSON type; null stands for any value, and an empty list for any list."""
    if written is None or found is None:
        return []
    if isinstance(written, dict) and isinstance(found, dict):
        if where.rpartition(".")[2] in TEXTS:
            return []
        missing = [f"{where}.{name} is not there" for name in written if name not in found]
        unwritten = [f"{where}.{name} is not on the page" for name in found if name not in written and f"`{name}`" not in PAGE]
        return [
            *missing,
            *unwritten,
            *(line for name in written if name in found for line in differences(written[name], found[name], f"{where}.{name}")),
        ]
    if isinstance(written, list) and isinstance(found, list):
        return differences(written[0], found[0], f"{where}[]") if written and found else []
    return [] if type(written) is type(found) else [f"{where}: {found!r}, on the page {written!r}"]


HONEST = {row.message for row in NOT_AVAILABLE}
LEAVES = [
    (path, field)
    for path, field in fields(CreateBotRequest.DESCRIPTOR)
    if contract.in_requests(field) and path != "calendar_event_id"
]


@pytest.mark.parametrize(("path", "field"), LEAVES, ids=[path for path, _ in LEAVES])
async def test_the_example_of_a_field_is_taken_or_told_as_not_available(scene: Scene, path: str, field: Any) -> None:
    body: dict[str, Any] = {"meeting_url": MEET, "bot_name": "My Bot"}
    answer = await scene.client.post("/api/v1/bots", json={**body, **around(path, field)})
    said = [] if answer.status_code == 201 else texts(answer.json())
    assert [text for text in said if not any(text.endswith(message) for message in HONEST)] == []


def around(path: str, field: Any) -> dict[str, Any]:
    """The field's example in the objects that hold it, with what these require."""
    if path in IN_CONTEXT:
        return IN_CONTEXT[path]
    outer, _, name = path.rpartition(".")
    if field.message_type is not None and not contract.is_map(field) and not field.message_type.full_name.startswith("google."):
        value: Any = required(field.message_type)
        value = [value] if field.is_repeated else value
    else:
        value = examples.value(field)
    holder: Any = field.containing_type
    made = {**required(holder), name: value} if outer else {name: value}
    while outer:
        outer, _, name = outer.rpartition(".")
        inside = {name.removesuffix("[]"): [made] if name.endswith("[]") else made}
        made = {**required(HOLDERS[outer]), **inside} if outer else inside
    return made


def required(message: Any) -> dict[str, Any]:
    """What an object must have."""
    found = {contract.json_name(one): examples.value(one) for one in message.fields if contract.rules(one).required}
    repeated = {contract.json_name(one): examples.value(one) for one in message.fields if contract.rules(one).repeated.min_items}
    return {**found, **repeated, **FURTHER.get(message.name, {})}


HOLDERS: dict[str, Any] = {path: field.message_type for path, field in fields(CreateBotRequest.DESCRIPTOR)}
FURTHER = {"WebsocketParticipantVideo": {"webcam_resolution": "360p"}, "ChunkingStrategy": {"type": "server_vad"}}
"""What rules that stand in no field ask for."""
IN_CONTEXT: dict[str, dict[str, Any]] = {
    "bot_chat_message.to_user_uuid": {"bot_chat_message": {"message": "x", "to": "specific_user", "to_user_uuid": "u"}},
}


def texts(body: Any) -> list[str]:
    """All that was said."""
    if isinstance(body, str):
        return [body]
    return [text for item in (body.values() if isinstance(body, dict) else body) for text in texts(item)]
