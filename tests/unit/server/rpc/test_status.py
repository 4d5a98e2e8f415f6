"""Every error has its code, its reason and its details, and nothing of a foreign exception gets out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import structlog
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status

from rollcall.transport import CallError
from server.domain import errors
from server.rpc.status import CODES, GRPC_CODES, fitted, status_of


def detail(status: Status, kind: type[Any]) -> Any:
    for packed in status.details:
        found = kind()
        if packed.Unpack(found):
            return found
    return None


ROWS = [
    (errors.Unauthenticated("KEY_MISSING", "no key"), code_pb2.UNAUTHENTICATED, "KEY_MISSING"),
    (errors.PermissionDenied("no"), code_pb2.PERMISSION_DENIED, "PERMISSION_DENIED"),
    (errors.InvalidFields([("a.b", "wrong")]), code_pb2.INVALID_ARGUMENT, "INVALID_FIELDS"),
    (errors.NotAvailable("webhooks"), code_pb2.INVALID_ARGUMENT, "NOT_AVAILABLE"),
    (errors.InvalidCursor(), code_pb2.INVALID_ARGUMENT, "INVALID_CURSOR"),
    (errors.ProtocolError("out of turn"), code_pb2.INVALID_ARGUMENT, "PROTOCOL"),
    (errors.NotFound("Bot"), code_pb2.NOT_FOUND, "NOT_FOUND"),
    (errors.DuplicateKey("bot_1"), code_pb2.ALREADY_EXISTS, "DEDUPLICATION_KEY_IN_USE"),
    (errors.OutOfRange(5), code_pb2.OUT_OF_RANGE, "OUT_OF_RANGE"),
    (errors.IllegalTransition("joining", "leave", ("a", "b")), code_pb2.FAILED_PRECONDITION, "ILLEGAL_STATE"),
    (errors.Unfulfilled("CALENDAR_EVENT_NOT_FOUND", "no"), code_pb2.FAILED_PRECONDITION, "CALENDAR_EVENT_NOT_FOUND"),
    (errors.LeaseNotAvailable("held"), code_pb2.FAILED_PRECONDITION, "LEASE_NOT_AVAILABLE"),
    (errors.LeaseLost(3), code_pb2.ABORTED, "LEASE_LOST"),
    (errors.QuotaExceeded("too many", retry_after_s=2.5), code_pb2.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED"),
    (errors.SlowReader(), code_pb2.RESOURCE_EXHAUSTED, "SLOW_READER"),
    (errors.Draining(), code_pb2.UNAVAILABLE, "DRAINING"),
    (errors.DatabaseAway(), code_pb2.UNAVAILABLE, "DATABASE_AWAY"),
    (TimeoutError(), code_pb2.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
    (asyncio.CancelledError(), code_pb2.CANCELLED, "CANCELLED"),
    (ZeroDivisionError("secret"), code_pb2.INTERNAL, "INTERNAL"),
]


@pytest.mark.parametrize(("error", "code", "reason"), ROWS, ids=[type(row[0]).__name__ for row in ROWS])
def test_an_error_has_its_code_and_reason(error: BaseException, code: int, reason: str) -> None:
    status = status_of(error)
    assert status.code == code
    assert code in GRPC_CODES
    info = detail(status, ErrorInfo)
    assert (info.reason, info.domain) == (reason, "rollcall")


def test_every_error_that_a_call_can_raise_is_in_the_table() -> None:
    def kinds(base: type[errors.DomainError]) -> set[type[errors.DomainError]]:
        return {base}.union(*(kinds(one) for one in base.__subclasses__()))

    in_calls = kinds(errors.DomainError) - {errors.DomainError} - kinds(errors.StartError)
    missing = {kind for kind in in_calls if not any(base in CODES for base in kind.__mro__)}
    assert not missing


def test_all_violations_come_in_one_bad_request() -> None:
    status = status_of(errors.InvalidFields([("recording_settings.format", "a"), ("webhooks[0].url", "b")]))
    found = [(violation.field, violation.description) for violation in detail(status, BadRequest).field_violations]
    assert found == [("recording_settings.format", "a"), ("webhooks[0].url", "b")]


def test_a_state_error_names_the_allowed_states() -> None:
    status = status_of(errors.IllegalTransition("joining", "send chat messages", ("joined_recording", "leaving")))
    assert status.message == "Bot is in state joining and cannot send chat messages"
    metadata = detail(status, ErrorInfo).metadata
    assert dict(metadata) == {"state": "joining", "allowed_states": "joined_recording,leaving"}


def test_a_limit_says_of_whom_and_when_to_try_again() -> None:
    status = status_of(errors.QuotaExceeded("300 a minute", subject="project", retry_after_s=2.5))
    assert detail(status, QuotaFailure).violations[0].subject == "project"
    delay = detail(status, RetryInfo).retry_delay
    assert (delay.seconds, delay.nanos) == (2, 500_000_000)


def test_nothing_of_a_foreign_exception_gets_out_but_its_id_is_logged() -> None:
    with structlog.testing.capture_logs() as logs:
        status = status_of(RuntimeError("postgresql://user:hunter2@db/x"))
    assert "hunter2" not in status.SerializeToString().decode("latin-1")
    error_id = detail(status, ErrorInfo).metadata["error_id"]
    assert error_id in status.message
    assert [log["error_id"] for log in logs] == [error_id]


def test_a_status_that_is_one_already_stays_as_it_is() -> None:
    status = Status(code=code_pb2.ABORTED, message="x")
    assert status_of(CallError(status)) is status


def test_a_long_status_is_cut_to_what_clients_accept() -> None:
    violations = [(f"field_{index}", "x" * 5_000) for index in range(300)]
    status = fitted(status_of(errors.InvalidFields(violations)), 5_000)
    assert status.ByteSize() <= 5_000
    found = detail(status, BadRequest).field_violations
    assert found[0].field == "field_0"
    assert found[-1].description.endswith("more.")
    assert detail(status, ErrorInfo).reason == "INVALID_FIELDS"


def test_a_short_status_is_not_touched() -> None:
    status = status_of(errors.NotFound("Bot"))
    assert fitted(status, 5_000) is status
