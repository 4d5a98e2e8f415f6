"""Walks every call of the contract and every path made from it, with ids of another project: there is no such thing.

A new RPC is walked by itself. One whose request names a kind of thing that tests/contract/things.py cannot make fails here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx
import pytest
import pytest_asyncio
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status

from gateway import contract, routes
from gateway.app import create_app
from gateway.dialect.encode import compile_encode
from gateway.routes import Route
from gateway.serve import serving
from gateway.settings import GatewaySettings
from rollcall.transport import CallError, Transport
from server.domain.ids import new_id
from server.rpc.methods import Access, Kind, Method, all_methods
from tests.contract.harness import info_of, running_server
from tests.contract.things import KINDS, Tenant, example, id_fields

pytestmark = pytest.mark.asyncio(loop_scope="module")

METHODS = {method.path: method for method in all_methods()}
ROUTES = routes.build()
OPEN = {Access.PROJECT, Access.ADMIN_OR_PROJECT}
"""What a project's key opens at all."""
ABOUT_THINGS = [
    (path, field) for path, method in METHODS.items() if method.access in OPEN for field in id_fields(method.request_type)
]
ABOUT_ALL = [path for path, method in METHODS.items() if method.access in OPEN and not id_fields(method.request_type)]


class Two:
    """Two projects on one server, and its HTTP face."""

    def __init__(self, mine: Tenant, theirs: Tenant, url: str) -> None:
        self.mine = mine
        self.theirs = theirs
        self.url = url

    async def request(self, method: Method, foreign: str | None, stranger: Tenant) -> Any:
        """A request about things of mine, but for one field, whose thing is the stranger's."""
        message = example(method.request_type)
        for field in id_fields(method.request_type):
            setattr(message, field, await (stranger if field == foreign else self.mine).thing(field))
        return message


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def two(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Two]:
    tmp_path = tmp_path_factory.mktemp("two")
    async with running_server(tmp_path / "data", f"sqlite:///{tmp_path / 'rollcall.db'}") as running:
        app = create_app(running.local, GatewaySettings())
        async with serving(app, "127.0.0.1:0", drain_s=1) as port:
            mine, theirs = await Tenant.make(running, "mine"), await Tenant.make(running, "theirs")
            yield Two(mine, theirs, f"http://127.0.0.1:{port}")


async def answer_of(transport: Transport, method: Method, request: Any, tenant: Tenant) -> Any:
    """The answer, or the first of them, or the status of a refusal."""
    try:
        if method.kind is Kind.UNARY:
            return await transport.unary(method.path, request, tenant.auth)
        assert method.kind is Kind.SERVER_STREAM, f"say in this test how {method.path} is called"
        stream: Any = transport.stream(method.path, request, tenant.auth)
        async with aclosing(stream) as answers:
            return await anext(answers)
    except CallError as error:
        return error.status


def is_not_found(answer: Any, field: str) -> bool:
    """Whether the thing itself is told as not there (its recording may be missing all the same)."""
    if not isinstance(answer, Status) or answer.code != code_pb2.NOT_FOUND:
        return False
    return info_of(answer).metadata["kind"] == field.removesuffix("_id")


async def test_what_a_key_opens_is_all_that_it_should_not_open_of_others() -> None:
    """So that nothing is left out of the walk because somebody forgot to say who may call it."""
    closed = {method.path for method in METHODS.values() if method.access not in OPEN}
    assert {path for path in closed if METHODS[path].access is Access.PUBLIC} == {"/rollcall.v1.MediaService/ReadMedia"}
    assert {path for path in closed if METHODS[path].access is Access.WORKER} == {"/rollcall.v1.AgentService/Attend"}
    assert {path.split("/")[1] for path in closed if METHODS[path].access is Access.ADMIN} == {"rollcall.v1.ProjectService"}
    assert len(ABOUT_THINGS) > 20


@pytest.mark.parametrize(("path", "field"), ABOUT_THINGS)
@pytest.mark.parametrize("face", ["grpc", "local"])
async def test_a_thing_of_another_project_is_not_there(two: Two, face: str, path: str, field: str) -> None:
    method, transport = METHODS[path], getattr(two.mine.running, face)
    request = await two.request(method, field, two.theirs)
    answer = await answer_of(transport, method, request, two.mine)
    assert is_not_found(answer, field), answer
    nowhere = type(request)()
    nowhere.CopyFrom(request)
    setattr(nowhere, field, new_id(getattr(request, field).partition("_")[0]))
    assert await answer_of(transport, method, nowhere, two.mine) == answer, "and that tells nothing of whether there is one"
    own = await answer_of(transport, method, await two.request(method, None, two.theirs), two.mine)
    assert not is_not_found(own, field), "a thing of one's own is found by the same call"


@pytest.mark.parametrize("path", ABOUT_ALL)
async def test_what_is_about_all_of_a_project_shows_nothing_of_another(two: Two, path: str) -> None:
    method = METHODS[path]
    foreign = [two.theirs.key_id] + [await two.theirs.thing(kind) for kind in KINDS]
    request = example(method.request_type)
    for name in ("cursor",) if method.kind is Kind.SERVER_STREAM else ():
        setattr(request, name, "start")
    for narrowed in (False, True):
        if narrowed:
            if "bot_ids" not in method.request_type.DESCRIPTOR.fields_by_name:
                break
            request.bot_ids.append(await two.theirs.thing("bot_id"))
        answer = await answer_of(two.mine.running.grpc, method, request, two.mine)
        assert not any(word in str(answer) for word in foreign), answer


@pytest.mark.parametrize("path", [path for path, method in METHODS.items() if method.access is Access.ADMIN])
async def test_what_only_the_admin_may_do_is_refused_alike_for_everybody_elses_things(two: Two, path: str) -> None:
    method = METHODS[path]
    answers = []
    for tenant in (two.mine, two.theirs):
        request = example(method.request_type)
        for field in id_fields(method.request_type):
            if field in {"project_id", "key_id"}:
                setattr(request, field, await tenant.thing(field))
        answers.append(await answer_of(two.mine.running.grpc, method, request, two.mine))
    assert {answer.code for answer in answers} == {code_pb2.PERMISSION_DENIED}
    assert answers[0] == answers[1]


# -- The same over HTTP -------------------------------------------------------------------------------------------------


def about_things(route: Route) -> bool:
    return METHODS[route.call].access in OPEN and bool(id_fields(METHODS[route.call].request_type))


def body_of(route: Route, request: Any) -> dict[str, Any] | None:
    """The request's body in JSON, without what the path gives and what is not given."""
    if not route.body:
        return None
    given = compile_encode(request.DESCRIPTOR)(request)
    in_path = {contract.json_name(request.DESCRIPTOR.fields_by_name[name]) for name in route.template.fields}
    return {name: value for name, value in given.items() if value not in (None, {}, [], "") and name not in in_path}


def url_of(route: Route, request: Any) -> str:
    parts = [
        "/".join(getattr(request, capture.field).split("/")) if capture is not None else segment
        for segment, capture in _captured(route)
    ]
    return "/" + "/".join(parts) + (f":{route.template.verb}" if route.template.verb else "")


def _captured(route: Route) -> list[tuple[str, Any]]:
    at = {capture.start: capture for capture in route.template.captures}
    assert all(capture.end == capture.start + 1 for capture in at.values()), f"say in this test how {route.path} is written"
    return [(segment, at.get(place)) for place, segment in enumerate(route.template.segments)]


def query_of(route: Route, request: Any) -> dict[str, str]:
    """Ids that are neither in the path nor in a body."""
    left = [] if route.body else [name for name in id_fields(type(request)) if name not in route.template.fields]
    return {contract.json_name(request.DESCRIPTOR.fields_by_name[name]): getattr(request, name) for name in left}


async def sent(client: httpx.AsyncClient, route: Route, request: Any) -> httpx.Response:
    headers = {"Accept": "text/event-stream"} if route.streaming else {}
    url, body, query = url_of(route, request), body_of(route, request), query_of(route, request)
    async with client.stream(route.verb, url, params=query, json=body, headers=headers) as answer:
        if answer.status_code != 200 or not route.streaming:
            await answer.aread()
        return answer


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if about_things(route)], ids=lambda r: f"{r.verb} {r.path} {r.streaming}"
)
async def test_every_path_about_a_thing_of_another_project_is_404(two: Two, route: Route) -> None:
    method = METHODS[route.call]
    headers = {"Authorization": f"Token {two.mine.key}"}
    async with httpx.AsyncClient(base_url=two.url, headers=headers, timeout=20) as client:
        for field in id_fields(method.request_type):
            request = await two.request(method, field, two.theirs)
            answer = await sent(client, route, request)
            assert answer.status_code == 404, answer.text
            assert list(answer.json()) == ["error"]
            assert getattr(request, field) not in answer.text
            own = await sent(client, route, await two.request(method, None, two.theirs))
            assert own.status_code != 404 or own.json() != answer.json()
