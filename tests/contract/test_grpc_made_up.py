"""Messages made up from the descriptors, for every method of the contract, new ones by themselves: none is a fault of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import contract
from server.rpc.methods import Access, Kind, Method, all_methods
from tests.contract.threaded import Threaded, threaded

MANY = int(os.environ.get("ROLLCALL_REQUESTS", "25"))
OURS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNAVAILABLE}
MOST_DEPTH = 4
TEXTS = st.sampled_from(
    ["", "\0", "x", "bot_", "a" * 300, "\U0001f642", "https://meet.google.com/abc-defg-hij", "start", "*", "wss://x"]
)
TEXT = TEXTS | st.text(max_size=20)
_Field = FieldDescriptor
INTEGERS = {
    _Field.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    _Field.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    _Field.CPPTYPE_UINT32: (0, 2**32 - 1),
    _Field.CPPTYPE_UINT64: (0, 2**64 - 1),
}
METHODS = {method.path: method for method in all_methods()}


def value(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    """One value of a field, right or wrong."""
    if field.message_type is not None:
        return made_up(field.message_type, depth - 1)
    if field.enum_type is not None:
        return st.sampled_from([*field.enum_type.values_by_number, 99, -1])
    if field.cpp_type in INTEGERS:
        low, high = INTEGERS[field.cpp_type]
        return st.sampled_from([low, high, 0, 1]) | st.integers(low, high)
    if field.cpp_type == _Field.CPPTYPE_BOOL:
        return st.booleans()
    if field.cpp_type in (_Field.CPPTYPE_DOUBLE, _Field.CPPTYPE_FLOAT):
        return st.floats(width=32)
    return st.binary(max_size=50) if field.type == _Field.TYPE_BYTES else TEXT


@st.composite
def made_up(draw: st.DrawFn, descriptor: Descriptor, depth: int = MOST_DEPTH) -> Message:
    """A message of a type, with some of its fields."""
    message: Any = GetMessageClass(descriptor)()
    fields = [field for field in descriptor.fields if depth > 0 or field.message_type is None]
    for field in draw(st.lists(st.sampled_from(fields), max_size=5, unique_by=lambda one: one.name)) if fields else ():
        if contract.is_map(field):
            for key in draw(st.lists(TEXT, max_size=3)):
                item = draw(value(contract.map_value(field), depth))
                if not isinstance(item, Message):
                    getattr(message, field.name)[key] = item
        elif field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(value(field, depth), max_size=3)))
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(draw(value(field, depth)))
        else:
            setattr(message, field.name, draw(value(field, depth)))
    return message  # type: ignore[no-any-return]  # built by its descriptor


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Threaded]:
    with threaded(tmp_path_factory.mktemp("made_up")) as one:
        yield one


@pytest.fixture(scope="module")
def channel(served: Threaded) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(served.grpc) as one:
        yield one


def code_of(channel: grpc.Channel, method: Method, messages: list[Message], secret: str) -> grpc.StatusCode:
    """How the call ended. A stream that has said something is sound, and is let go of; so is one that waits."""
    metadata = (("authorization", f"Token {secret}"),)
    coders = {"request_serializer": lambda one: one.SerializeToString(), "response_deserializer": method.response_type.FromString}
    try:
        if method.kind is Kind.UNARY:
            channel.unary_unary(method.path, **coders)(messages[0], metadata=metadata, timeout=20)
            return grpc.StatusCode.OK
        if method.kind is Kind.SERVER_STREAM:
            answers: Any = channel.unary_stream(method.path, **coders)(messages[0], metadata=metadata, timeout=1)
        else:
            answers = channel.stream_stream(method.path, **coders)(iter(messages), metadata=metadata, timeout=1)
        next(answers, None)
        answers.cancel()
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()  # type: ignore[attr-defined]  # it is a Call too
        return code
    return grpc.StatusCode.OK


@pytest.mark.parametrize("path", METHODS)
def test_no_message_is_a_fault_of_ours(
    served: Threaded, channel: grpc.Channel, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    method = METHODS[path]
    secret = {Access.WORKER: served.worker_token, Access.PROJECT: served.key, Access.PUBLIC: served.key}.get(
        method.access, served.admin_token
    )
    ids = [name for name in ("bot_id",) if name in method.request_type.DESCRIPTOR.fields_by_name]

    @settings(
        max_examples=MANY if method.kind is Kind.UNARY else MANY // 3,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        messages=st.lists(made_up(method.request_type.DESCRIPTOR), min_size=1, max_size=3),
        bot_id=st.sampled_from([*served.bots, None]),
    )
    def ask(messages: list[Message], bot_id: str | None) -> None:
        for name in ids:
            for message in messages if bot_id is not None else ():
                setattr(message, name, bot_id)
        code = code_of(channel, method, messages, secret)
        assert code not in OURS, (code, messages)

    ask()
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "internal_error" not in said.out
