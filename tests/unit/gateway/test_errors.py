from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import code_pb2

from gateway import errors
from gateway.contract import methods
from gateway.routes import Route, build
from rollcall.v1 import bot_service_pb2, bot_settings_pb2
from tests.unit.gateway.statuses import bad_request, info, refused, retry

HTTP = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 400,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 400,
    "OUT_OF_RANGE": 410,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
    "UNAUTHENTICATED": 401,
}
DETAIL = {"UNAUTHENTICATED", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED"}


def create_bot() -> Route:
    return next(route for route in build() if route.rpc.name == "CreateBot")


def test_every_code_has_its_status() -> None:
    assert {code_pb2.Code.Name(code): row.status for code, row in errors.TABLE.items()} == HTTP
    assert set(HTTP) == set(code_pb2.Code.keys()) - {"OK"}


@pytest.mark.parametrize("name", sorted(HTTP))
def test_the_text_stands_under_one_key(name: str) -> None:
    answer = errors.answer(refused(code_pb2.Code.Value(name), "Words for the user.").status)
    assert list(answer.payload) == ["detail" if name in DETAIL else "error"]


@pytest.mark.parametrize("name", ["INTERNAL", "UNKNOWN", "DATA_LOSS"])
def test_the_text_of_a_fault_of_ours_stays_inside(name: str) -> None:
    answer = errors.answer(refused(code_pb2.Code.Value(name), "postgres://user:secret@host", info("X", error_id="abc123")).status)
    assert "secret" not in str(answer.payload)
    assert "abc123" in answer.payload["error"]


def test_a_code_that_nobody_knows_is_a_fault_of_ours() -> None:
    assert errors.answer(refused(77, "?").status).status == 500


def test_headers_that_go_with_a_status() -> None:
    assert (b"www-authenticate", b"Token") in errors.answer(refused(code_pb2.UNAUTHENTICATED, "x").status).headers
    assert (b"retry-after", b"3") in errors.answer(refused(code_pb2.RESOURCE_EXHAUSTED, "x", retry(2.1)).status).headers
    assert (b"retry-after", b"1") in errors.answer(refused(code_pb2.UNAVAILABLE, "x").status).headers
    assert (b"x-error-reason", b"BOT_STATE") in errors.answer(
        refused(code_pb2.FAILED_PRECONDITION, "x", info("BOT_STATE")).status
    ).headers


def test_violations_are_shown_by_the_fields_of_the_body() -> None:
    status = refused(
        code_pb2.INVALID_ARGUMENT,
        "x",
        bad_request(bot_name="a", recording_settings__view="b", automatic_leave_settings__bot_keywords="c", bot_image__type="d"),
    ).status
    assert errors.answer(status, route=create_bot()).payload == {
        "bot_name": ["a"],
        "recording_settings": {"view": "b"},
        "automatic_leave_settings": ["bot_keywords: c"],
        "bot_image": {"type": ["d"]},
    }


def test_a_nested_object_that_was_given_has_errors_of_its_own_below_it() -> None:
    given = bot_service_pb2.CreateBotRequest(bot_image=bot_settings_pb2.BotImage())
    status = refused(code_pb2.INVALID_ARGUMENT, "x", bad_request(bot_image="not a png", bot_image__type="t")).status
    assert errors.answer(status, route=create_bot(), given=given).payload == {
        "bot_image": {"non_field_errors": ["not a png"], "type": ["t"]}
    }
    status = refused(code_pb2.INVALID_ARGUMENT, "x", bad_request(bot_image="missing")).status
    assert errors.answer(status, route=create_bot()).payload == {"bot_image": ["missing"]}


def test_an_instant_has_no_fields_that_could_be_wrong() -> None:
    given = bot_service_pb2.CreateBotRequest(join_at=Timestamp(seconds=1))
    status = refused(code_pb2.INVALID_ARGUMENT, "x", bad_request(join_at="Must be in the future.")).status
    assert errors.answer(status, route=create_bot(), given=given).payload == {"join_at": ["Must be in the future."]}


def test_violations_of_a_query_are_one_sentence() -> None:
    status = refused(code_pb2.INVALID_ARGUMENT, "x", bad_request(after_sequence="Must be 0 or more.")).status
    assert errors.answer(status).payload == {"error": "Invalid after_sequence value. Must be 0 or more."}


def test_the_contract_has_methods() -> None:
    assert len(list(methods())) >= 14
