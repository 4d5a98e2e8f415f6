"""The one place where an error becomes a google.rpc.Status. Nothing else of an exception ever leaves the server."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import grpc
import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2
from google.rpc.status_pb2 import Status

from rollcall.transport import CallError
from server.domain import errors
from server.domain.ids import random_word

_log = structlog.get_logger(__name__)

DOMAIN = "rollcall"

CODES: dict[type[errors.DomainError], int] = {
    errors.Unauthenticated: code_pb2.UNAUTHENTICATED,
    errors.PermissionDenied: code_pb2.PERMISSION_DENIED,
    errors.InvalidFields: code_pb2.INVALID_ARGUMENT,
    errors.ProtocolError: code_pb2.INVALID_ARGUMENT,
    errors.NotFound: code_pb2.NOT_FOUND,
    errors.DuplicateKey: code_pb2.ALREADY_EXISTS,
    errors.AlreadyAnswered: code_pb2.ALREADY_EXISTS,
    errors.RequestKeyReused: code_pb2.ALREADY_EXISTS,
    errors.NameInUse: code_pb2.ALREADY_EXISTS,
    errors.OutOfRange: code_pb2.OUT_OF_RANGE,
    errors.IllegalTransition: code_pb2.FAILED_PRECONDITION,
    errors.Changed: code_pb2.ABORTED,
    errors.Unfulfilled: code_pb2.FAILED_PRECONDITION,
    errors.LeaseNotAvailable: code_pb2.FAILED_PRECONDITION,
    errors.LeaseLost: code_pb2.ABORTED,
    errors.QuotaExceeded: code_pb2.RESOURCE_EXHAUSTED,
    errors.SlowReader: code_pb2.RESOURCE_EXHAUSTED,
    errors.Draining: code_pb2.UNAVAILABLE,
    errors.DatabaseAway: code_pb2.UNAVAILABLE,
}
"""The code of each error; an error that is not listed takes that of the nearest base that is."""

GRPC_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def status_of(error: BaseException) -> Status:
    """The status for an error of any kind; what is not ours becomes INTERNAL with an id to look for in the log."""
    if isinstance(error, CallError):
        return error.status
    if isinstance(error, errors.DomainError):
        code = _code(error)
        if code is not None:
            return _status(code, error.message, *_details(error))
    if isinstance(error, TimeoutError):
        return _status(code_pb2.DEADLINE_EXCEEDED, "The call did not finish before its deadline.", _info("DEADLINE_EXCEEDED", {}))
    if isinstance(error, asyncio.CancelledError):
        return _status(code_pb2.CANCELLED, "The call was cancelled.", _info("CANCELLED", {}))
    return _internal(error)


def fitted(status: Status, most_bytes: int) -> Status:
    """The same status in at most so many bytes, for trailing metadata, where clients refuse more than 8 KiB in all.

    Long messages of field violations are cut first; then the last ones give way to one that says how many there were.
    """
    if status.ByteSize() <= most_bytes:
        return status
    cut = Status(code=status.code, message=status.message[:500])
    for detail in status.details:
        request = error_details_pb2.BadRequest()
        if not detail.Unpack(request):
            cut.details.append(detail)
            continue
        packed = AnyMessage()
        packed.Pack(_fitted_violations(request, most_bytes - cut.ByteSize() - 200))
        cut.details.append(packed)
    return cut


def _fitted_violations(request: Any, most_bytes: int) -> Message:
    fitting = error_details_pb2.BadRequest()
    for index, violation in enumerate(request.field_violations):
        short = violation.description if len(violation.description) <= 200 else violation.description[:199] + "…"
        fitting.field_violations.add(field=violation.field, description=short)
        if fitting.ByteSize() > most_bytes:
            del fitting.field_violations[-1]
            fitting.field_violations.add(description=f"… and {len(request.field_violations) - index} more.")
            break
    message: Message = fitting
    return message


def unimplemented(method: str) -> Status:
    """The status for a method that this server does not have."""
    return _status(code_pb2.UNIMPLEMENTED, f"This server has no method {method}.", _info("UNIMPLEMENTED", {"method": method}))


def _internal(error: BaseException) -> Status:
    error_id = random_word()
    _log.error("internal_error", error_id=error_id, exc_info=error)
    message = f"Something went wrong on our side. Error ID: {error_id}"
    return _status(code_pb2.INTERNAL, message, _info("INTERNAL", {"error_id": error_id}))


def _code(error: errors.DomainError) -> int | None:
    for kind in type(error).__mro__:
        if kind in CODES:
            return CODES[kind]
    return None


def _details(error: errors.DomainError) -> list[Message]:
    details: list[Message] = [_info(error.reason, error.metadata)]
    if isinstance(error, errors.InvalidFields):
        details.append(
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(field=violation.path, description=violation.message)
                    for violation in error.violations
                ]
            )
        )
    if isinstance(error, errors.QuotaExceeded):
        violation = error_details_pb2.QuotaFailure.Violation(subject=error.subject, description=error.message)
        details.append(error_details_pb2.QuotaFailure(violations=[violation]))
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        details.append(_retry(retry_after_s))
    return details


def _info(reason: str, metadata: dict[str, str]) -> Message:
    info: Message = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)
    return info


def _retry(after_s: float) -> Message:
    whole = math.floor(after_s)
    delay = Duration(seconds=whole, nanos=round((after_s - whole) * 1e9))
    info: Message = error_details_pb2.RetryInfo(retry_delay=delay)
    return info


def _status(code: int, message: str, *details: Message) -> Status:
    status = Status(code=code, message=message)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return status
