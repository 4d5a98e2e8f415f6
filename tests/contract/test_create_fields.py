"""Every create field that was recorded of the API, by its row: type, list, bounds, default, null, unknown keys; all at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from gateway.dialect.decode import compile_fill
from gateway.dialect.problems import Problem
from rollcall.transport import CallError
from rollcall.v1.bot_service_pb2 import CreateBotRequest
from server.rpc.availability import NOT_AVAILABLE
from tests.contract.field_table import BY_PATH, CREATE_ROWS, SPEECH, VALUES, Row, around, without
from tests.contract.harness import BOTS, MEET, violations_of
from tests.contract.rest import Face, face

pytestmark = pytest.mark.asyncio(loop_scope="module")

HONEST = {row.message for row in NOT_AVAILABLE}
BODY = {"meeting_url": MEET, "bot_name": "My Bot"}
OPEN = {"transcription_settings.custom_async", "transcription_settings.custom_async_v2"}
"""Objects whose content is the caller's own."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Face]:
    async with face("in_process", tmp_path_factory.mktemp("fields")) as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(served: Face) -> AsyncIterator[httpx.AsyncClient]:
    async with await served.project() as one:
        yield one


async def refused(client: httpx.AsyncClient, settings: dict[str, Any]) -> Any:
    """The answer of a 400, by field; None for a bot."""
    answer = await client.post("/api/v1/bots", json={**BODY, **settings})
    assert answer.status_code in (201, 400), (settings, answer.text)
    return answer.json() if answer.status_code == 400 else None


def lines(body: Any) -> list[str]:
    """All texts in an answer, with the paths inside objects as in lists."""
    if isinstance(body, str):
        return [body]
    if isinstance(body, list):
        return [line for item in body for line in lines(item)]
    return [f"{name}: {line}" for name, item in body.items() for line in lines(item)]


def is_honest(body: Any) -> bool:
    """Whether all that was said is that this server has nothing for it yet."""
    return body is None or all(any(line.endswith(message) for message in HONEST) for line in lines(body))


def names(path: str, body: Any) -> bool:
    """Whether the answer is about this path alone: by the field at the top, and the way inside."""
    top, _, inner = path.replace("[]", "[0]").partition(".")
    top, bracket, rest = top.partition("[")
    inner = f"[{rest}.{inner}" if bracket and inner else f"[{rest}" if bracket else inner
    said = lines(body[top]) if set(body) == {top} else []
    return bool(said) and (not inner or all(line.startswith(inner) for line in said))


@pytest.mark.parametrize("row", CREATE_ROWS, ids=lambda row: row.path)
async def test_a_right_value_is_not_called_wrong(client: httpx.AsyncClient, row: Row) -> None:
    """Of a list of languages the first, the last and some between; all of them: tests/unit/server/rpc/test_validation.py."""
    words = row.words or [row.example()]
    for value in words if len(words) < 20 else (words[0], *words[1::20], words[-1]):
        assert is_honest(await refused(client, around(row.path, value))), value


@pytest.mark.parametrize("row", CREATE_ROWS, ids=lambda row: row.path)
async def test_a_value_of_another_type_is_told_where_it_stands(client: httpx.AsyncClient, row: Row) -> None:
    for kind in VALUES.keys() - row.types:
        if kind == "null" and "null" in row.types:
            continue
        body = await refused(client, around(row.path, VALUES[kind]))
        assert body is not None, kind
        assert names(row.path, body), (kind, body)
        assert not is_honest(body), (kind, body)


@pytest.mark.parametrize("row", [row for row in CREATE_ROWS if row.words], ids=lambda row: row.path)
async def test_a_value_that_is_not_in_the_list_is_told_with_the_list(client: httpx.AsyncClient, row: Row) -> None:
    words = row.words or []
    for wrong in [99] if row.type == "integer" else ["no such word", "", str(words[0]).swapcase()]:
        if wrong in words:
            continue
        body = await refused(client, around(row.path, wrong))
        assert body is not None, wrong
        assert names(row.path, body), (wrong, body)
        assert wrong == "" or str(words[0]) in "".join(lines(body)), body


@pytest.mark.parametrize("row", [row for row in CREATE_ROWS if row.required and "." in row.path], ids=lambda row: row.path)
async def test_what_is_required_is_missed(client: httpx.AsyncClient, row: Row) -> None:
    body = await refused(client, without(row.path))
    assert body is not None
    assert names(row.path, body), body


@pytest.mark.parametrize("row", [row for row in CREATE_ROWS if "object" in row.types], ids=lambda row: row.path)
async def test_an_unknown_key_is_told_with_the_known_ones(client: httpx.AsyncClient, row: Row) -> None:
    if row.path in OPEN or row.path.rpartition(".")[0] in OPEN:
        return
    given = row.example() if isinstance(row.example(), dict) else {"type": "server_vad"}
    body = await refused(client, around(row.path, {**given, "no_such_key": 1}))
    assert body is not None
    assert names(row.path, body), body
    assert "no_such_key" in "".join(lines(body))


@pytest.mark.parametrize("row", [row for row in CREATE_ROWS if "^https://" in row.rules], ids=lambda row: row.path)
@pytest.mark.parametrize("wrong", ["http://a.example", "a.example", "", "ftp://a.example", "HTTPS//a"])
async def test_an_address_has_to_be_https(client: httpx.AsyncClient, row: Row, wrong: str) -> None:
    body = await refused(client, around(row.path, wrong))
    assert body is not None
    assert names(row.path, body), body


@pytest.mark.parametrize("row", [row for row in CREATE_ROWS if "unique" in row.rules], ids=lambda row: row.path)
async def test_no_item_comes_twice(client: httpx.AsyncClient, row: Row) -> None:
    item = BY_PATH[row.path + "[]"].example()
    body = await refused(client, around(row.path, [item, item]))
    assert body is not None
    assert names(row.path, body), body
    if "minItems 1" in row.rules:
        assert names(row.path, await refused(client, around(row.path, [])) or {})


@pytest.mark.parametrize("row", [row for row in CREATE_ROWS if row.has_default], ids=lambda row: row.path)
async def test_who_says_the_default_says_nothing_wrong(client: httpx.AsyncClient, row: Row) -> None:
    assert is_honest(await refused(client, around(row.path, row.default)))


@pytest.mark.parametrize("name", sorted({row.top for row in CREATE_ROWS}))
async def test_null_is_refused_in_the_conventional_words(client: httpx.AsyncClient, name: str) -> None:
    assert await refused(client, {name: None}) == {name: ["This field may not be null."]}


LEAVE = [
    "silence_timeout_seconds",
    "silence_activate_after_seconds",
    "only_participant_in_meeting_timeout_seconds",
    "wait_for_host_to_start_meeting_timeout_seconds",
    "waiting_room_timeout_seconds",
    "max_uptime_seconds",
    "enable_closed_captions_timeout_seconds",
    "authorized_user_not_in_meeting_timeout_seconds",
]


@pytest.mark.parametrize("name", LEAVE)
async def test_a_time_to_leave_is_a_whole_number_of_seconds(client: httpx.AsyncClient, name: str) -> None:
    for right in (1, 600, 2**31 - 1):
        assert is_honest(await refused(client, {"automatic_leave_settings": {name: right}})), right
    for wrong in (0, -1, 1.5, "1", True, None, [], {}, 2**31, 10**30):
        body = await refused(client, {"automatic_leave_settings": {name: wrong}})
        assert body is not None, wrong
        assert names(f"automatic_leave_settings.{name}", body), (wrong, body)


TOP: list[tuple[str, Any, bool]] = [
    ("bot_name", "x" * 255, True),
    ("bot_name", "x" * 256, False),
    ("bot_name", "", False),
    ("bot_name", "\uffff", True),
    ("bot_name", "\U00010000", False),
    ("bot_name", 5, False),
    ("meeting_url", "https://meet.google.com/abc-defg-hij?x=" + "y" * 2000, True),
    ("meeting_url", "https://meet.google.com/abc-defg-hij?x=" + "y" * 2048, False),
    ("meeting_url", [], False),
    ("join_at", "2020-01-01T00:00:00Z", False),
    ("join_at", "2999-01-01T00:00:00Z", False),
    ("join_at", 5, False),
    ("deduplication_key", "k" * 1024, True),
    ("deduplication_key", "k" * 1025, False),
    ("deduplication_key", "", False),
    ("metadata", {"k": "v" * 990}, True),
    ("metadata", {"k": "v" * 1000}, False),
    ("metadata", {}, False),
    ("metadata", {"k": 1}, False),
    ("metadata", {"k": None}, False),
    ("metadata", "k", False),
    ("bot_image", {"type": "image/gif", "data": "iVBORw0KGgo="}, False),
    ("bot_image", {"type": "image/png", "data": "not base64!"}, False),
    ("bot_image", {"type": "image/jpeg", "data": "iVBORw0KGgo="}, False),
    ("bot_image", {"type": "image/png", "data": "iVBORw0KGgo="}, True),
    ("bot_chat_message", {"message": "x" * 10_000}, True),
    ("bot_chat_message", {"message": "x" * 10_001}, False),
    ("bot_chat_message", {"message": ""}, False),
    ("bot_chat_message", {"message": "x", "to": "specific_user"}, False),
    ("bot_chat_message", {"message": "x", "to": "specific_user", "to_user_uuid": "u"}, True),
    ("bot_chat_message", {"message": "x", "to_user_uuid": "u"}, False),
    ("bot_chat_message", {"message": "x", "to": "only_bot"}, False),
    ("bot_chat_message", {"message": "x", "mesage": "y"}, False),
    ("automatic_leave_settings", {"bot_keywords": ["a", 5]}, False),
    ("automatic_leave_settings", {"bot_keywords": "a"}, False),
    ("webhooks", [{"url": "https://a.example", "triggers": ["bot.state_change"]}] * 3, False),
]


@pytest.mark.parametrize(("name", "value", "right"), TOP, ids=lambda value: str(value)[:40])
async def test_the_fields_at_the_top_have_their_bounds(client: httpx.AsyncClient, name: str, value: Any, right: bool) -> None:
    body = await refused(client, {name: value})
    assert is_honest(body) is right
    assert right or set(body) == {name}, body


def _wrongs() -> list[tuple[str, dict[str, Any]]]:
    """What a message can hold and a rule of the contract refuses."""
    found = [(row.path, without(row.path)) for row in CREATE_ROWS if row.required and "." in row.path]
    found += [(row.path, around(row.path, "http://a.example")) for row in CREATE_ROWS if "^https://" in row.rules]
    found += [(row.path, around(row.path, 99)) for row in CREATE_ROWS if row.words and row.type == "integer"]
    found += [(row.path, around(row.path, "no such word")) for row in CREATE_ROWS if row.words and row.type == "string"]
    return found


@pytest.mark.parametrize(("path", "settings"), _wrongs(), ids=lambda value: value if isinstance(value, str) else "")
async def test_by_grpc_it_is_told_by_its_path(served: Face, path: str, settings: dict[str, Any]) -> None:
    request = CreateBotRequest()
    problems: list[Problem] = []
    compile_fill(CreateBotRequest.DESCRIPTOR)({**BODY, **settings}, request, (), problems)
    if problems:
        return  # a word of an enum, which a message cannot hold
    with pytest.raises(CallError) as refusal:
        await served.running.grpc.unary(BOTS + "CreateBot", request, served.running.auth)
    assert set(violations_of(refusal.value.status)) == {path.replace("[]", "[0]")}


async def test_all_that_is_wrong_is_told_at_once(client: httpx.AsyncClient) -> None:
    wrong: dict[str, Any] = {row.top: 7 for row in CREATE_ROWS}
    wrong |= {"bot_name": 7, "meeting_url": 7, "join_at": 7, "metadata": 7, "bot_image": 7, "bot_chat_message": 7}
    wrong |= {"automatic_leave_settings": 7, "deduplication_key": 7, "no_such_field": 7}
    body = await refused(client, wrong)
    assert set(body) == {*wrong, "non_field_errors"} - {"no_such_field"}
    inner = dict.fromkeys(("format", "view", "resolution", "record_chat_messages_when_paused"), 7)
    several = await refused(client, {"recording_settings": inner, "webhooks": [{"url": "http://x"}, 5], "bot_name": "\U00010000"})
    assert set(several) == {"recording_settings", "webhooks", "bot_name"} or set(several) == {"recording_settings", "webhooks"}
    assert len(lines(several["recording_settings"])) == len(inner)


async def test_each_row_of_another_path_belongs_to_speech() -> None:
    assert {row.path for row in BY_PATH.values()} - {row.path for row in CREATE_ROWS} == {
        path for path in BY_PATH if path.startswith(SPEECH)
    }
    assert len(CREATE_ROWS) >= 115
    assert json.dumps(around("webhooks[].triggers[]", "x")) == (
        '{"webhooks": [{"url": "https://a.example/x", "triggers": ["x"]}]}'
    )
