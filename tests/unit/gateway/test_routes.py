"""A new RPC needs no gateway code: here is one that the gateway was never told of."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from google.api import annotations_pb2 as http_annotations
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from gateway import contract, routes
from gateway.app import create_app
from gateway.settings import GatewaySettings
from rollcall.fake_transport import FakeTransport
from rollcall.v1 import annotations_pb2
from tests.unit.gateway.conftest import KEY

_Field = descriptor_pb2.FieldDescriptorProto


def _message(file: descriptor_pb2.FileDescriptorProto, name: str, *fields: tuple[str, int, str]) -> None:
    message = file.message_type.add(name=name)
    for at, (field, kind, type_name) in enumerate(fields, 1):
        message.field.add(name=field, number=at, type=kind, type_name=type_name or None, label=_Field.LABEL_OPTIONAL)


@pytest.fixture(scope="module")
def methods() -> list[MethodDescriptor]:
    file = descriptor_pb2.FileDescriptorProto(name="test/shelf.proto", package="shelves.v1", syntax="proto3")
    file.dependency.extend(["google/api/annotations.proto", "rollcall/v1/annotations.proto"])
    text, number, nested = _Field.TYPE_STRING, _Field.TYPE_INT64, _Field.TYPE_MESSAGE
    _message(file, "Book", ("title", text, ""), ("pages", number, ""))
    _message(file, "WriteBookRequest", ("name", text, ""), ("book", nested, ".shelves.v1.Book"), ("dry", _Field.TYPE_BOOL, ""))
    _message(file, "WriteBookResponse", ("name", text, ""), ("book", nested, ".shelves.v1.Book"))
    _message(file, "FindBookRequest", ("book", nested, ".shelves.v1.Book"), ("shelf", number, ""))
    service = file.service.add(name="ShelfService")
    write = service.method.add(
        name="WriteBook", input_type=".shelves.v1.WriteBookRequest", output_type=".shelves.v1.WriteBookResponse"
    )
    rule: Any = write.options.Extensions[http_annotations.http]
    rule.put, rule.body = "/v1/{name=shelves/*/books/*}", "book"
    rule.additional_bindings.add(patch="/v1/books/{name}:write", body="*")
    write.options.Extensions[annotations_pb2.method_json].success_status = 202
    write.options.Extensions[annotations_pb2.method_json].public = True
    find = service.method.add(name="FindBook", input_type=".shelves.v1.FindBookRequest", output_type=".shelves.v1.Book")
    find.options.Extensions[http_annotations.http].get = "/api/shelves/{shelf}/find"
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return list(pool.FindServiceByName("shelves.v1.ShelfService").methods)


@pytest.fixture
def shelf(methods: list[MethodDescriptor], monkeypatch: pytest.MonkeyPatch) -> FakeTransport:
    monkeypatch.setattr(contract, "methods", lambda: iter(methods))
    transport = FakeTransport()
    answer = message_factory.GetMessageClass(methods[0].output_type)

    def echo(request: Any, _metadata: dict[str, str]) -> Message:
        return answer(name=request.name, book=request.book)

    transport.answers["/shelves.v1.ShelfService/WriteBook"] = echo
    transport.answers["/shelves.v1.ShelfService/FindBook"] = lambda request, _metadata: request.book  # type: ignore[attr-defined]
    return transport


async def ask(transport: FakeTransport, method: str, path: str, **more: Any) -> httpx.Response:
    app = create_app(transport, GatewaySettings())._api
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        return await client.request(method, path, **more)


async def test_the_body_can_be_one_field_and_the_rest_comes_from_path_and_query(shelf: FakeTransport) -> None:
    answer = await ask(shelf, "PUT", "/v1/shelves/s1/books/b%2F1?dry=true", json={"title": "T", "pages": 5})
    assert answer.status_code == 202
    assert answer.json() == {"name": "shelves/s1/books/b/1", "book": {"title": "T", "pages": 5}}
    request: Any = shelf.asked[0].request
    assert request.dry is True


async def test_an_additional_binding_is_a_route_of_its_own(shelf: FakeTransport) -> None:
    answer = await ask(shelf, "PATCH", "/v1/books/b1:write", json={"book": {"title": "T"}, "dry": False})
    assert answer.json()["name"] == "b1"
    assert (await ask(shelf, "PATCH", "/v1/books/b1", json={})).status_code == 404


async def test_errors_of_a_body_that_is_one_field_are_those_of_the_field(shelf: FakeTransport) -> None:
    answer = await ask(shelf, "PUT", "/v1/shelves/s/books/b", json={"pages": "5"})
    assert answer.json() == {"pages": ["Must be an integer, not a string."]}


async def test_nested_query_parameters_are_dotted_and_path_fields_are_typed(shelf: FakeTransport) -> None:
    answer = await ask(shelf, "GET", "/api/shelves/7/find?book.title=T&book.pages=9", headers=KEY)
    assert answer.json() == {"title": "T", "pages": 9}
    assert (await ask(shelf, "GET", "/api/shelves/x/find", headers=KEY)).status_code == 404


def test_two_rpcs_cannot_take_one_place(methods: list[MethodDescriptor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "methods", lambda: iter([*methods, *methods]))
    with pytest.raises(ValueError, match="both take PUT"):
        routes.tree(routes.build())


def test_every_public_rpc_of_the_contract_has_a_path() -> None:
    bound = {route.rpc.full_name for route in routes.build()}
    unbound = {method.full_name for method in contract.methods()} - bound
    # Workers speak gRPC alone, and media has ranges and no JSON: gateway/media.py.
    assert unbound == {"rollcall.v1.AgentService.Attend", "rollcall.v1.MediaService.ReadMedia"}


def test_the_probe_of_a_key_reads_nothing() -> None:
    every = routes.build()
    probes = {route.call: found.call for route in every if (found := routes.probe(route, every))}
    assert set(probes.values()) >= {"/rollcall.v1.BotService/GetBot", "/rollcall.v1.EventService/ListBotEvents"}
    own = {route.call: route.access for route in every}
    assert all(own[call] == own[found] for call, found in probes.items()), "a probe is refused as the call itself would be"
