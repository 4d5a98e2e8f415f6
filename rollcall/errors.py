"""What the Python client raises."""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status


class FieldViolation(NamedTuple):
    """What is wrong with one field of a request."""

    field: str
    """As `recording_settings.format`; empty for the request as a whole."""
    description: str


class RollcallError(Exception):
    """The base of all; its text is written for people. `reason` is google.rpc.ErrorInfo's word, empty where none was given."""

    def __init__(self, message: str, *, reason: str = "", metadata: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.metadata = metadata or {}
        self.violations: tuple[FieldViolation, ...] = ()
        """What is wrong with which field, all at once."""
        self.retry_after_s: float | None = None
        """When to try again, where the service said so."""


class InvalidRequestError(RollcallError):
    """Raised when the request is wrong in itself; `violations` names the fields."""


class UnauthenticatedError(RollcallError):
    """Raised when the key is missing or wrong."""


class PermissionDeniedError(RollcallError):
    """Raised when the key does not open this."""


class NotFoundError(RollcallError):
    """Raised when there is no such thing in the key's project."""


class AlreadyExistsError(RollcallError):
    """Raised when the deduplication key is taken by a bot that has not ended."""


class StateError(RollcallError):
    """Raised when the bot is in a state that does not allow this; `metadata` lists those that do."""


class OutOfRangeError(RollcallError):
    """Raised when the position to resume after is not in the log any more; `metadata` names the earliest."""


class LimitError(RollcallError):
    """Raised when there is too much of something; `retry_after_s` says when to try again."""


class UnavailableError(RollcallError):
    """Raised when the service cannot be reached, or stops."""


class TimedOutError(RollcallError):
    """Raised when the answer took too long; whether anything was done is not known."""


class ServiceError(RollcallError):
    """Raised for a fault of the service's own."""


_CLASSES: dict[int, type[RollcallError]] = {
    code_pb2.INVALID_ARGUMENT: InvalidRequestError,
    code_pb2.UNAUTHENTICATED: UnauthenticatedError,
    code_pb2.PERMISSION_DENIED: PermissionDeniedError,
    code_pb2.NOT_FOUND: NotFoundError,
    code_pb2.ALREADY_EXISTS: AlreadyExistsError,
    code_pb2.FAILED_PRECONDITION: StateError,
    code_pb2.ABORTED: StateError,
    code_pb2.OUT_OF_RANGE: OutOfRangeError,
    code_pb2.RESOURCE_EXHAUSTED: LimitError,
    code_pb2.UNAVAILABLE: UnavailableError,
    code_pb2.DEADLINE_EXCEEDED: TimedOutError,
}


def error_of(status: Status) -> RollcallError:
    """The error of a failed call: its class is the code, its attributes are the details."""
    info, bad, retry = ErrorInfo(), BadRequest(), RetryInfo()
    found = [_unpack(status, detail) for detail in (info, bad, retry)]
    violations = tuple(FieldViolation(one.field, one.description) for one in bad.field_violations)
    text = status.message or code_pb2.Code.Name(status.code).lower().replace("_", " ")
    if violations:
        text = "; ".join(f"{one.field}: {one.description}" if one.field else one.description for one in violations)
    error = _CLASSES.get(status.code, ServiceError)(text, reason=info.reason, metadata=dict(info.metadata))
    error.violations = violations
    if found[2]:
        error.retry_after_s = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    return error


def _unpack(status: Status, into: Message) -> bool:
    for detail in status.details:
        try:
            if detail.Unpack(into):
                return True
        except DecodeError:
            return False
    return False
