"""Whatever comes in, nothing is a 500; whatever is sent, comes back as it was."""

from __future__ import annotations

import json
from typing import Any

import httpx
import orjson
from google.protobuf.message import Message
from google.rpc import code_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.app import create_app
from gateway.dialect.decode import compile_fill
from gateway.dialect.encode import compile_encode
from gateway.dialect.problems import Problem, dotted, undotted
from gateway.settings import GatewaySettings
from rollcall.fake_transport import FakeTransport
from rollcall.v1 import bot_pb2, bot_settings_pb2, transcription_settings_pb2
from rollcall.v1 import bot_service_pb2 as pb
from tests.unit.gateway.conftest import KEY
from tests.unit.gateway.statuses import refused

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20).filter(str.strip)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [field.name for field in pb.CreateBotRequest.DESCRIPTOR.fields]
INNER = sorted(
    {inner.name for field in pb.CreateBotRequest.DESCRIPTOR.fields if field.message_type for inner in field.message_type.fields}
)
BODIES = st.dictionaries(
    st.sampled_from(FIELDS) | st.text(max_size=5), ANY | st.dictionaries(st.sampled_from(INNER), ANY, max_size=3), max_size=6
)

ROUND_TRIPS = st.one_of(
    st.builds(
        bot_settings_pb2.AutomaticLeaveSettings,
        silence_timeout_seconds=st.none() | st.integers(1, 2**31 - 1),
        bot_keywords=st.lists(TEXT, max_size=3),
    ),
    st.builds(
        bot_settings_pb2.RecordingSettings,
        format=st.none() | st.integers(1, 3),
        resolution=st.none() | st.integers(1, 2),
        reserve_additional_storage=st.none() | st.booleans(),
    ),
    st.builds(bot_settings_pb2.BotImage, type=st.integers(1, 2), data=st.binary(min_size=1, max_size=50)),
    st.builds(transcription_settings_pb2.ChunkingStrategy, type=TEXT, threshold=st.none() | NUMBERS),
    st.builds(
        bot_pb2.ChatMessage, id=TEXT, text=TEXT, timestamp_ms=st.integers(-(2**63), 2**63 - 1), to=st.integers(1, 4),
        additional_data=st.dictionaries(TEXT, TEXT, max_size=3),
    ),
)  # fmt: skip


@given(ROUND_TRIPS)
def test_what_is_written_as_json_is_read_back_as_it_was(message: Any) -> None:
    shown = orjson.loads(orjson.dumps(compile_encode(message.DESCRIPTOR)(message)))
    source = {name: value for name, value in shown.items() if value is not None}
    back, problems = type(message)(), list[Problem]()
    compile_fill(message.DESCRIPTOR)(source, back, (), problems)
    assert problems == []
    assert back == message


@given(
    st.lists(st.sampled_from(["a", "bc", "d_e"]) | st.integers(0, 99), min_size=1).filter(lambda path: isinstance(path[0], str))
)
def test_a_path_in_dots_is_read_back(path: list[str | int]) -> None:
    assert undotted(dotted(tuple(path))) == tuple(path)


def fake() -> FakeTransport:
    def answer(_request: Message, _metadata: dict[str, str]) -> Message:
        raise refused(code_pb2.NOT_FOUND, "Bot not found")

    transport = FakeTransport()
    transport.answers["/rollcall.v1.BotService/GetBot"] = answer
    transport.answers["/rollcall.v1.BotService/ListBots"] = lambda _request, _metadata: pb.ListBotsResponse()
    transport.answers["/rollcall.v1.BotService/CreateBot"] = lambda _request, _metadata: pb.CreateBotResponse(bot=bot_pb2.Bot())
    return transport


APP = create_app(fake(), GatewaySettings())
SLOW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)


async def send(method: str, path: str, content: bytes) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=APP), base_url="http://x", headers=KEY) as client:
        return await client.request(method, path, content=content, headers={"Content-Type": "application/json"})


@SLOW
@given(BODIES)
async def test_no_body_is_a_500(body: dict[str, Any]) -> None:
    answer = await send("POST", "/api/v1/bots", json.dumps(body).encode())
    assert answer.status_code in (201, 400)
    if answer.status_code == 400:
        assert set(answer.json()) <= {*FIELDS, "non_field_errors", "detail"}


@SLOW
@given(st.binary(max_size=200))
async def test_no_bytes_are_a_500(content: bytes) -> None:
    assert (await send("POST", "/api/v1/bots", content)).status_code in (201, 400)


@SLOW
@given(
    st.text("abc0/%:.{}*é ?&=-_", max_size=30),
    st.dictionaries(st.sampled_from(["states", "cursor", "join_at_after", "x"]), st.text(), max_size=3),
)
async def test_no_path_or_query_is_a_500(path: str, query: dict[str, str]) -> None:
    url = httpx.URL("http://x/api/v1/bots" + path.replace("?", "%3F").replace("#", ""), params=query)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=APP), headers=KEY) as client:
        assert (await client.get(url)).status_code in (200, 400, 404)
